"""Profiles, runs, ceilings and exclusion groups of processes, against every way to run written out."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from engine.devices.process import Process, ProcessType
from engine.devices.running import cheapest_starts
from engine.errors import Infeasible
from engine.model.limits import SoftLimit
from engine.packing import pack, unpack
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.sequential_scheduler import SequentialScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Connection
from engine.tariffs import EnergyTariff, PeakTariff
from engine.testing import check_device
from tests.effort import effort
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import site, store

N = 12
WASH = np.array([2.0, 0.1, 1.5])
"""A dishwasher: it heats, washes and heats again [kW]."""


def washer(name="washer", **fields):
    return Process(**{"name": name, "power": WASH, "steps": 3, "kind": ProcessType.SHIFTABLE, **fields})


def on(schedule, name="washer"):
    return np.flatnonzero(schedule.power[name] > 1e-6).tolist()


def here(*devices, price, **more):
    price = np.asarray(price, dtype=float)
    return site(*devices, load=np.zeros(len(price)), buy=price, sell=0.0, window=hours(len(price)), **more)


def hours(n):
    whole = site(washer()).window
    return replace(whole, end=whole.start + n * whole.step)


def random_process(rng, name):
    kind = rng.choice(list(ProcessType))
    in_pieces = kind is ProcessType.BREAKABLE
    steps = int(rng.integers(1, 4))
    power = float(rng.integers(1, 4)) if in_pieces or rng.random() < 0.4 else rng.integers(1, 5, size=steps) / 2
    begun = np.zeros(N)
    if not in_pieces and rng.random() < 0.2:
        begun[: rng.integers(1, 3)] = 1.0
    return Process(
        name=name,
        kind=kind,
        steps=steps,
        power=power,
        runs=1 if in_pieces else int(rng.integers(1, 4)),
        pause=int(rng.integers(0, 3)),
        ceiling=float(rng.normal(0.5, 0.7)) * steps if rng.random() < 0.5 else None,
        exclusion="wet" if rng.random() < 0.6 else None,
        begun=begun,
        blocked=rng.random(N) < 0.1,
    )


def random_site(seed):
    rng = np.random.default_rng(seed)
    price = rng.normal(0.25, 0.3, size=N).round(2)
    tariffs = [EnergyTariff(consumption_price=price, production_price=price - 0.1)]
    if rng.random() < 0.4:
        tariffs.append(PeakTariff(direction="consumption", price=0.3))
    limit = SoftLimit(limit=np.full(N, 4.0), highest_price=0.0, hourly_price=1.0) if rng.random() < 0.4 else None
    devices = [random_process(rng, f"work {at}") for at in range(rng.integers(1, 4))]
    if rng.random() < 0.3:
        devices.append(store(soc_max=4.0, soc_at_start=1.0))
    connection = Connection(tariffs=tuple(tariffs), soft_consumption=limit, consumption_limit=20.0)
    return site(*devices, load=rng.random(N).round(1), window=hours(N), connections=(connection,))


@pytest.mark.parametrize(
    "scheduler", [StorageScheduler(gap=1e-6), ProcessScheduler(together=StorageScheduler(gap=1e-6))]
)
def test_schedules_of_random_processes_equal_the_reference(scheduler):
    planned = infeasible = left_out = 0
    for seed in range(effort(30, 120)):
        random = random_site(seed)
        best = Reference(random).cost()
        if best is None:
            infeasible += 1
            with pytest.raises(Infeasible):
                scheduler.compute(random)
            continue
        schedule = scheduler.compute(random)
        assert schedule.cost == pytest.approx(best, abs=1e-5), seed
        assert check(random, schedule) == pytest.approx(schedule.cost, abs=1e-5), seed
        planned += 1
        left_out += any(name.endswith("left out") and paid for name, paid in schedule.costs.items())
    assert planned > effort(15, 60) and infeasible > effort(0, 3) and left_out > effort(2, 10)


def test_several_starts_are_the_cheapest_of_all():
    rng = np.random.default_rng(5)
    for _ in range(60):
        n, runs, gap = int(rng.integers(6, 11)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
        cost = np.where(rng.random(n) < 0.2, np.inf, rng.normal(size=n).round(1))
        ways = [
            way
            for way in combinations(range(n), runs)
            if all(np.diff(way) >= gap) and np.isfinite(cost[list(way)].sum())
        ]
        if ways:
            best = min(round(cost[list(way)].sum(), 9) for way in ways)
            starts = cheapest_starts(cost, runs, gap)
            assert cost[starts].sum() == pytest.approx(best) and tuple(starts) in ways


def test_a_profile_heats_when_energy_is_cheap():
    schedule = StorageScheduler().compute(here(washer(), price=[0.3, 0.1, 0.5, 0.1, 0.3, 0.3]))
    assert schedule.power["washer"].round(6).tolist() == [0, 2, 0.1, 1.5, 0, 0]
    assert schedule.cost == pytest.approx(0.1 * 2 + 0.5 * 0.1 + 0.1 * 1.5)


@pytest.mark.parametrize(("ceiling", "runs"), [(0.4, [1, 2, 3]), (0.399, []), (None, [1, 2, 3])])
def test_a_run_takes_place_only_if_it_costs_no_more_than_it_may(ceiling, runs):
    # At its best time it costs 0.40, which is just as much as is allowed.
    schedule = StorageScheduler().compute(here(washer(ceiling=ceiling), price=[0.3, 0.1, 0.5, 0.1, 0.3, 0.3]))
    assert on(schedule) == runs
    assert schedule.cost == pytest.approx(0.4 if runs else ceiling)
    remarks = [text for device in (washer(ceiling=ceiling),) for text in device.remarks(schedule.power)]
    assert bool(remarks) == (not runs)
    assert all("it does not run, as a run would cost more than its price-ceiling, 0.399" in text for text in remarks)


def test_what_is_cheap_enough_alone_is_left_out_beside_a_peak():
    cheap = here(washer(ceiling=1.0), price=[0.1] * 6)
    assert on(StorageScheduler().compute(cheap)) == [0, 1, 2]
    connection = replace(
        cheap.connections[0], tariffs=(*cheap.connections[0].tariffs, PeakTariff(direction="consumption", price=0.5))
    )
    beside_peak = replace(cheap, connections=(connection,))  # 0.36 for energy and 1.00 for 2 kW
    assert on(StorageScheduler().compute(beside_peak)) == []


def test_two_of_an_exclusion_group_take_turns():
    pair = [washer(name, exclusion="wet", power=1.0) for name in ("washer", "dryer")]
    schedule = StorageScheduler().compute(here(*pair, price=[0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.9]))
    assert not set(on(schedule)) & set(on(schedule, "dryer"))
    assert schedule.cost == pytest.approx(3 * 0.1 + 3 * 0.2)
    apart = StorageScheduler().compute(
        here(*(replace(each, exclusion=None) for each in pair), price=[0.1] * 3 + [0.2] * 4)
    )
    assert on(apart) == on(apart, "dryer")


@pytest.mark.parametrize("scheduler", [SequentialScheduler(scheduler=StorageScheduler()), StorageFallbackScheduler()])
def test_those_planned_in_turn_or_plainly_keep_apart_too(scheduler):
    trio = [washer(name, exclusion="wet", power=1.0) for name in ("washer", "dryer", "other")]
    schedule = scheduler.compute(here(*trio, price=[0.1, 0.1, 0.1, 0.2, 0.2, 0.2, 0.9, 0.8, 0.7]))
    assert (on(schedule), on(schedule, "dryer"), on(schedule, "other")) == ([0, 1, 2], [3, 4, 5], [6, 7, 8])
    free = scheduler.compute(here(*(replace(each, exclusion=None) for each in trio), price=[0.1] * 9))
    assert on(free) == on(free, "dryer") == on(free, "other")


def test_a_plain_schedule_leaves_out_what_finds_no_time_beside_its_group():
    pair = [washer(name, exclusion="wet", power=1.0) for name in ("washer", "dryer")]
    schedule = StorageFallbackScheduler().compute(here(*pair, price=[0.1] * 5))
    assert (on(schedule), on(schedule, "dryer")) == ([0, 1, 2], [])


def test_a_run_that_has_begun_keeps_others_of_its_group_waiting():
    running = washer("running", runs=0, begun=np.array([1.0, 1.0, 0, 0, 0, 0]), exclusion="wet")
    schedule = StorageScheduler().compute(here(running, washer(exclusion="wet"), price=[0.1, 0.1, 0.1, 0.2, 0.2, 0.2]))
    assert on(schedule) == [2, 3, 4]
    assert on(schedule, "running") == [0, 1]


def test_too_many_runs_tell_how_many_fit_and_ways_out():
    with pytest.raises(Infeasible, match=r"runs 3 times, but there is room for 2 runs.*let washer run 2 times"):
        StorageScheduler().compute(here(washer(runs=3), price=[0.1] * 8))


def test_a_group_without_room_tells_that_the_rule_can_be_lifted():
    pair = [washer(name, exclusion="wet") for name in ("washer", "dryer")]
    with pytest.raises(Infeasible, match=r"lift washer\.exclusion-group"):
        StorageScheduler().compute(here(*pair, price=[0.1] * 5))


def test_the_plain_schedule_runs_early_and_leaves_out_what_is_optional():
    plain = StorageFallbackScheduler().compute(
        here(washer(runs=2, pause=1), washer("rare", ceiling=9.0), price=[0.1] * 8)
    )
    assert on(plain) == [0, 1, 2, 4, 5, 6]
    assert on(plain, "rare") == []


@pytest.mark.parametrize("fields", [{}, {"runs": 2, "pause": 1}, {"ceiling": 0.4, "exclusion": "wet"}])
def test_the_promises_of_a_device_hold(fields):
    check_device(washer(**fields))
    kept = unpack(pack(washer(**fields)))
    assert kept.power.tolist() == WASH.tolist() and kept.runs == fields.get("runs", 1)
