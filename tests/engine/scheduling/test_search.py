"""First plans and bounds: valid, no dearer than they say, and near enough to the best plan to spare a search."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.process import Process, ProcessType
from engine.devices.storage import Storage
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.model.limits import SoftLimit
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.search.advice import SiteAdviser
from engine.search.levels import levels_of
from engine.search.mixtures import Mixture, StorePath, mix_paths
from engine.search.several_stores import (
    plain_connection,
    planned_as_one,
    planned_in_turn,
    stores_of,
    with_others_held,
)
from engine.search.start_times import Costs, best_times
from engine.site import Group, Status, Timings
from engine.solution import read_schedule
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.first_plan import advised
from engine.solve.highs import Model
from engine.solve.optimum import finish
from engine.tariffs import Commitment, EnergyTariff, PeakTariff
from engine.testing import check_device
from tests.effort import LONG, effort
from tests.engine.scheduling import hard_sites
from tests.engine.scheduling.any_price_sites import draw
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.random_sites import draw as draw_any
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import bumped, store
from tests.engine.scheduling.samples import site as sample
from tests.engine.scheduling.test_budget import inverted
from tests.engine.scheduling.test_process_rules import random_process


@pytest.mark.parametrize("peak", [False, True])
@pytest.mark.parametrize("seed", range(effort(6, 200)))
def test_one_store_is_planned_at_any_prices(seed, peak):
    site, scheduler = draw(seed, peak=peak), StorageScheduler()
    expected = Reference(site).cost()
    if expected is None:
        with pytest.raises(Infeasible):
            scheduler.compute(site)
        return
    plan = scheduler.compute(site)
    assert plan.status in (Status.OPTIMAL, Status.WITHIN_GAP)
    assert check(site, plan) == pytest.approx(plan.cost, rel=1e-6, abs=1e-5)
    assert expected <= plan.cost + 1e-5
    assert plan.cost - plan.gap * abs(plan.cost) <= expected + 1e-5
    assert plan.shadow_prices["electricity"].shape == (site.window.n,)


@pytest.mark.parametrize("seed", range(effort(8, 100)))
def test_all_stores_as_one_cost_no_more_than_the_best_plan(seed):
    site = draw_any("inverted", seed)
    stores, expected = stores_of(site), Reference(site).cost()
    if not stores or expected is None:
        return
    one = planned_as_one(site, stores, Budget())
    assert one is None or one.bound <= expected + 1e-6


@pytest.mark.parametrize("seed", range(effort(4, 40)))
def test_machines_beside_prices_turned_round_are_planned_as_by_the_reference(seed):
    site = inverted(draw_any("work", seed), share=0.7)
    expected = Reference(site).cost()
    if expected is not None:
        assert StorageScheduler().compute(site).cost == pytest.approx(expected, rel=2e-6, abs=1e-5)


def first_plan(site):
    """Return the plan of a site that advice alone gives."""
    built = build_problem(site)
    plain, cells = built.problem.arrays(), Cells.of(built.problem.pairs)
    model = Model(plain, Budget(60.0, 0.001))
    answer = advised(model, plain, cells, SiteAdviser(site, built, model.budget))
    return read_schedule(site, built, finish(built.problem, model, answer, cells, preferences=False), Timings(0.0, 0.0))


@pytest.mark.parametrize(
    ("site", "gap"),
    [
        (hard_sites.batteries(1, 96, 0.2, 0.9), 0.0),
        (hard_sites.batteries(5, 192, 0.2, 0.25), 0.001),
        (hard_sites.batteries(5, 96, hard_sites.hourly(96, 0.1, 0.4), 0.5, alike=False), 0.3),
        (hard_sites.bent_batteries(1, 48, *hard_sites.day(48)[:1] * 2), 0.0),
        (hard_sites.bent_batteries(3, 48, *hard_sites.day(48)[:1] * 2), 0.05),
        (hard_sites.cars(2, 96), 0.08),
        (hard_sites.cars(10, 96, alike=False), 0.01),
        (hard_sites.cars(20, 96), 0.001),
        (hard_sites.cars(20, 96, alike=False), 0.003),
        (hard_sites.machines(10, 96), 0.2),
        *([(hard_sites.bent_batteries(2, 48, hard_sites.hourly(48, 0.1, 0.4), 0.08, peak=0.5), 0.25)] if LONG else []),
    ],
)
def test_a_first_plan_is_valid_and_near_to_the_best_one(site, gap):
    plan = first_plan(site)
    assert check(site, plan) == pytest.approx(plan.cost, rel=1e-6)
    assert plan.gap <= gap


@pytest.mark.parametrize("limit", [0.0, 0.3])
def test_however_short_the_time_curves_have_a_plan(limit):
    site = hard_sites.bent_batteries(4, 96, hard_sites.hourly(96, 0.1, 0.4), 0.08, peak=1.0)
    plan = StorageScheduler(time_limit=limit).compute(site)
    assert check(site, plan) == pytest.approx(plan.cost, rel=1e-6)
    assert np.isfinite(plan.gap)


@pytest.mark.parametrize("seed", range(effort(4, 60)))
def test_a_mix_of_paths_costs_no_more_than_the_best_plan(seed):
    site = draw_any("curves", seed)
    expected, budget = Reference(site).cost(), Budget(3.0)
    (connection,), n = site.connections, site.window.n
    powers = {port.name: np.zeros(n) for device in site.devices for port in device.ports}
    beside = with_others_held(site, plain_connection(connection), powers)
    stores = [device for device in beside.devices if isinstance(device, Storage)]
    if not stores:  # a limit that rises too steeply with the energy is left to a search
        return
    plans = planned_in_turn(beside, stores, powers, budget)
    mix = mix_paths(site, plans, {store.name: np.zeros(n) for store in stores}, budget)
    if expected is not None and mix is not None:
        assert -np.inf < mix.bound <= expected + 1e-5


def test_a_mixture_keeps_the_promises_of_a_device():
    here = store("battery", charger=5.0, discharger=5.0)
    paths = tuple(StorePath(np.full(24, power), 0.1) for power in (0.0, 2.0))
    check_device(Mixture(name="battery", port=here.ports[0], paths=paths))


def test_stores_alike_that_are_paid_more_than_they_pay_need_no_search():
    plan = StorageScheduler().compute(hard_sites.batteries(5, 96, 0.2, 0.25))
    assert (plan.status, plan.gap) == (Status.OPTIMAL, 0.0)


@pytest.mark.parametrize("count", [2, 4])
def test_processes_find_their_best_times_beside_a_peak(count):
    site = hard_sites.machines(count, 24)
    (connection,), (*works, load) = site.connections, site.devices
    costs = Costs.of(connection, levels_of(connection, 24), 24, 0.25)
    places = best_times(works, load.power, costs, Budget())
    net = load.power + sum(place.power for place in places.values())
    assert {work.process.name for work in places} == {work.name for work in works}
    for work, place in places.items():
        assert place.running.sum() == work.process.steps
        assert np.abs(np.diff(place.running, prepend=0, append=0)).sum() == 2
    assert costs.total(net) == pytest.approx(Reference(site).cost(), rel=0.02)


@pytest.mark.parametrize("seed", range(effort(10, 300)))
def test_runs_with_all_their_rules_have_a_first_plan_near_to_the_best_one(seed):
    rng = np.random.default_rng([17, seed])
    works = [replace(random_process(rng, f"work {at}"), blocked=None) for at in range(3)]
    price = rng.uniform(0.05, 0.4, 12).round(2)
    tariffs = (
        EnergyTariff(consumption_price=price, production_price=0.0), PeakTariff(direction="consumption", price=0.2)
    )  # fmt: skip
    here = hard_sites.site(works, price, 0.0, np.zeros(12), capacity=20.0)
    here = replace(here, connections=(replace(here.connections[0], tariffs=tariffs),))
    expected = Reference(here).cost()
    if expected is None or not build_problem(here).problem.arrays().integers.any():
        return
    plan = first_plan(here)
    assert check(here, plan) == pytest.approx(plan.cost, abs=1e-6)
    assert expected - 1e-6 <= plan.cost <= expected + 0.3 * abs(expected) + 0.05


def test_the_most_of_a_flow_is_what_stands_behind_it():
    battery = store("battery", charger=5.0, discharger=5.0, group="fuse", soc_at_start=5.0, soc_max=10.0)
    limit = SoftLimit(limit=4.0, hourly_price=100.0)
    fuse = Group(name="fuse", soft_consumption=limit)
    earning = sample(battery, capacity=np.inf, buy=0.2, sell=0.25, groups=(fuse,))
    bid = Commitment(name="bid", baseline=2.0, down_price=0.3)
    alone = store("battery", charger=5.0, discharger=5.0, soc_at_start=5.0, soc_max=10.0)
    promised = sample(alone, capacity=np.inf, commitments=(bid,))
    for site in (earning, promised):
        plan = StorageScheduler().compute(site)
        assert check(site, plan) == pytest.approx(plan.cost, abs=1e-6)


def test_a_soft_limit_in_one_direction_and_sun_that_is_not_wanted_give_a_plan():
    battery = store("battery", charger=5.0, discharger=5.0, soc_at_start=10.0, soc_min=1.0, soc_max=10.0)
    port = replace(battery.ports[0], charging_efficiency=0.9**0.5, discharging_efficiency=0.9**0.5)
    here = sample(replace(battery, ports=(port,)), load=bumped(-3.0, 0, 3), buy=0.25, sell=-0.05)
    soft = SoftLimit(limit=8.0, highest_price=1000.0, hourly_price=100.0)
    site = replace(here, connections=(replace(here.connections[0], soft_consumption=soft),))
    plan = StorageScheduler().compute(site)
    assert check(site, plan) == pytest.approx(plan.cost, abs=1e-6)
    assert plan.cost == pytest.approx(Reference(site).cost(), abs=1e-6)


def test_a_site_with_whole_numbers_and_no_plan_is_refused_with_the_reason():
    targets = np.full(25, np.nan)
    targets[1], targets[2] = 0.41, 30.0
    work = Process(name="work", power=2.0, steps=1, kind=ProcessType.BREAKABLE)
    here = sample(store("battery", charger=2.0, discharger=2.0, soc_at_start=7.8, soc_targets=targets), work)
    with pytest.raises(Infeasible, match="battery"):
        StorageScheduler().compute(here)


def test_a_store_with_several_ports_is_no_matter_of_planning_stores_in_turn():
    ports = tuple(Port(name=f"plug {at}", consumption_limit=2.0, production_limit=2.0) for at in range(2))
    shared = store("shared", ports=ports)
    alike = store(discharger=2.0), store("other", discharger=2.0)
    assert stores_of(sample(*alike)) == list(alike)
    assert stores_of(sample(*alike, shared)) == []
