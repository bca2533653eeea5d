"""Capacity charges: means by the clock, shares, the running interval and the highest days, against a reference."""

import numpy as np
import pytest

from engine.packing import pack, unpack
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Connection
from engine.tariffs import EnergyTariff, MeanPeakTariff
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import at, site, store

N = 24


def charged(tariff, *, load, buy=0.2, **fields):
    connection = Connection(tariffs=(EnergyTariff(consumption_price=buy, production_price=buy - 0.05), tariff))
    return site(store(soc_targets=at(24, 30.0), **fields), load=load, connections=(connection,))


def random_tariff(rng):
    interval = (np.arange(N) // rng.integers(1, 4)).astype(np.int32)
    by_day = rng.random() < 0.6
    return MeanPeakTariff(
        direction=rng.choice(["consumption", "production"]),
        price=float(rng.uniform(0.1, 2)),
        interval=interval,
        reached=float(rng.choice([0.0, 2.5])),
        billing=(np.arange(N) >= 18).astype(np.int32) if rng.random() < 0.4 else None,
        share=rng.choice([0.0, 0.5, 1.0], size=N) if rng.random() < 0.5 else 1.0,
        begun=(0.5, float(rng.uniform(0, 9))) if rng.random() < 0.5 else (0.0, 0.0),
        days=(np.arange(N) // 6).astype(np.int32) if by_day else None,
        count=int(rng.integers(1, 4)) if by_day else 1,
        earlier=tuple(rng.uniform(0, 6, size=rng.integers(0, 4)).round(1).tolist()) if by_day else (),
    )


def paid(tariff, flow):
    """Return the price of the peaks of a flow, by sorting what its intervals and days take."""
    one_way = np.maximum(flow if tariff.direction == "consumption" else -flow, 0.0)
    billing = np.zeros(N, int) if tariff.billing is None else tariff.billing
    share, total = np.broadcast_to(tariff.share, N), 0.0
    peaks = {}
    for number in np.unique(tariff.interval):
        steps = np.flatnonzero(tariff.interval == number)
        hours, passed = (tariff.begun[0], tariff.begun[0] * tariff.begun[1]) if steps[0] == 0 else (0.0, 0.0)
        mean = share[steps[0]] * (one_way[steps].sum() + passed) / (len(steps) + hours)
        day = 0 if tariff.days is None else tariff.days[steps[0]]
        peaks.setdefault(billing[steps[0]], []).append((day, mean))
    for period, means in peaks.items():
        if tariff.days is None:
            total += max(0.0, max(mean for _, mean in means) - tariff.reached)
            continue
        daily = {day: max(mean for each, mean in means if each == day) for day, _ in means}
        first = period == billing[0]
        if tariff.earlier and first:
            daily[tariff.days[0]] = max(daily[tariff.days[0]], tariff.earlier[-1])
        highest = sorted([*daily.values(), *(tariff.earlier[:-1] if first else ())])[-tariff.count :]
        total += max(0.0, sum(highest) / tariff.count - tariff.reached)
    return total * tariff.price


@pytest.mark.parametrize("seeds", [range(20), range(20, 40)])
def test_schedules_equal_the_reference_and_cost_what_their_peaks_do(seeds):
    for seed in seeds:
        rng = np.random.default_rng(seed)
        tariff = random_tariff(rng)
        load, buy = rng.uniform(0, 5, N).round(1), rng.uniform(0.1, 0.4, N).round(2)
        here = charged(tariff, load=load, buy=buy, discharger=4.0)
        schedule = StorageScheduler(gap=1e-6).compute(here)
        assert schedule.cost == pytest.approx(Reference(here).cost(), abs=1e-5), seed
        peak = schedule.costs[f"electricity {tariff.direction} peak"]
        assert peak == pytest.approx(paid(tariff, schedule.power["electricity"]), abs=1e-5), seed


def test_what_has_passed_of_the_running_interval_leaves_less_for_the_rest():
    # Half an hour at 6 kW makes 3 kWh; the peak of 3 kW paid for leaves 1.5 kWh for the hour to come.
    hours = np.arange(N).astype(np.int32)
    tariff = MeanPeakTariff(direction="consumption", price=9.0, interval=hours, reached=3.0, begun=(0.5, 6.0))
    flow = StorageScheduler().compute(charged(tariff, load=np.zeros(N))).power["electricity"]
    assert flow[0] == pytest.approx(1.5)
    assert flow[1:].max() <= 3.0 + 1e-6


def test_hours_that_do_not_count_take_what_is_needed():
    night = (np.arange(N) >= 6).astype(float)
    tariff = MeanPeakTariff(direction="consumption", price=9.0, interval=np.arange(N).astype(np.int32), share=night)
    flow = StorageScheduler().compute(charged(tariff, load=np.zeros(N))).power["electricity"]
    assert flow[:6].tolist() == [4.0] * 6  # the charger at its most, as only 4 kWh are left for the day
    assert flow[6:].max() == pytest.approx(4 / 18)


def test_a_schedule_of_a_tariff_can_be_computed_again():
    here = charged(random_tariff(np.random.default_rng(1)), load=np.zeros(N))
    assert StorageScheduler().compute(unpack(pack(here))).cost == StorageScheduler().compute(here).cost
