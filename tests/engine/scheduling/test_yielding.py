"""Physics gives way where no plan keeps all of it: as little as can be, told, and never as energy from nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.reach import settled
from engine.devices.running import OperatingRange
from engine.devices.storage import Storage
from engine.errors import Infeasible
from engine.flex.commodity import SOC_BREACH_PRICE, breach_price
from engine.model.limits import SoftLimit
from engine.model.linear import full
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler, yielding_site
from engine.site import Connection
from engine.tariffs import EnergyTariff
from tests.effort import effort
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.reference import Reference
from tests.engine.scheduling.samples import at, site, store


def yielding(site_, above=0.25):
    return site_.with_devices(lambda each: replace(each, yields_above=above) if type(each) is Storage else each)


def broken(schedule):
    """Return what is broken in all, by limit: the sum over the steps."""
    sums = {}
    for each in schedule.breaches:
        sums[each.limit] = sums.get(each.limit, 0.0) + each.amount
    return {limit: pytest.approx(amount, abs=1e-6) for limit, amount in sums.items()}


@pytest.mark.parametrize("seed", range(effort(40, 200)))
def test_a_site_with_a_plan_keeps_it_where_physics_may_give_way(seed):
    kind = ("plain", "negative", "soft", "groups")[seed % 4]
    here = draw(kind, 100 + seed)
    try:
        hard = StorageScheduler().compute(here)
    except Infeasible:
        pytest.skip("no plan to keep")
    may = StorageScheduler().compute(yielding(here))
    assert {name: power.tolist() for name, power in may.power.items()} == {
        name: power.tolist() for name, power in hard.power.items()
    }
    does = StorageScheduler().compute(yielding_site(yielding(here), "physics"))
    assert does.cost == pytest.approx(hard.cost, rel=1e-6, abs=1e-6)


def test_a_start_just_below_the_minimum_stays_there_if_nothing_can_be_taken():
    here = yielding(site(store(soc_at_start=0.95, soc_min=1.0), load=np.full(24, 8.0), capacity=8.0))
    schedule = StorageScheduler().compute(here)
    assert schedule.soc["car"] == pytest.approx(np.full(25, 0.95))
    assert [breach.amount for breach in schedule.breaches] == pytest.approx([0.05] * 24)
    assert {breach.limit for breach in schedule.breaches} == {"car.soc-min"}


@pytest.mark.parametrize("efficiency", [1.0, 0.9])
@pytest.mark.parametrize("soft", [True, False])
def test_a_start_just_above_the_maximum_is_neither_burnt_nor_sold_at_the_price_of_a_breach(efficiency, soft):
    full_one = store(soc_at_start=10.05, soc_max=10.0, discharger=4.0)
    port = replace(full_one.ports[0], charging_efficiency=efficiency, discharging_efficiency=efficiency)
    here = yielding(site(replace(full_one, ports=(port,)), load=np.zeros(24), capacity=np.inf if soft else 0.0))
    if soft:
        no_export = SoftLimit(limit=0.0, highest_price=10_000.0, hourly_price=10_000.0)
        here = replace(here, connections=(replace(here.connections[0], soft_production=no_export),))
    for schedule in (StorageScheduler().compute(here), LiveProblem().solve(here)):
        assert schedule.soc["car"] == pytest.approx(np.full(25, 10.05))
        assert broken(schedule) == {"car.soc-max": 0.05 * 24}


def test_use_beyond_the_supply_empties_the_tank_first():
    # 1.5 kWh and 2 kW against a use of 3 kW: empty after an hour and a half, then 1 kW is not met.
    schedule = StorageScheduler().compute(yielding(site(store(soc_at_start=1.5, charger=2.0, gain=-3.0))))
    assert schedule.soc["car"] == pytest.approx([1.5, 0.5] + [0.0] * 23, abs=1e-6)
    assert [breach.amount for breach in schedule.breaches] == pytest.approx([0.5] + [1.0] * 22)
    assert {(breach.limit, breach.unit) for breach in schedule.breaches} == {("car.soc-usage", "kW")}


@pytest.mark.parametrize("solver", ["highspy", "appsi_highs"])
@pytest.mark.parametrize("kind", ["plain", "whole numbers", "hedged"])
def test_it_gives_way_with_whole_numbers_quantiles_and_another_solver(solver, kind):
    tank = store(soc_at_start=1.5, charger=2.0, gain=-3.0)
    if kind == "whole numbers":
        off, on = OperatingRange(low=0.0, high=0.0), OperatingRange(low=1.0, high=2.0)
        tank = replace(tank, ports=(replace(tank.ports[0], bands=(off, on), min_on=2.0),))
    if kind == "hedged":
        levels = {level: np.full(24, 4 * level) for level in (0.1, 0.5, 0.9)}
        here = site(tank, Inflexible(name="use", power=levels[0.5], quantiles=levels), hedged=2)
    else:
        here = site(tank)
    schedule = StorageScheduler(solver=solver).compute(yielding(here))
    assert schedule.soc["car"] == pytest.approx([1.5, 0.5] + [0.0] * 23, abs=1e-6)
    assert broken(schedule) == {"car.soc-usage": 22.5}


def test_use_is_met_before_a_soft_minimum():
    soft = SoftBound(at=np.full(25, 4.0), highest_price=1000.0, hourly_price=1000.0)
    tank = store(soc_at_start=4.0, charger=2.0, gain=-3.0, soft_minima=soft)
    schedule = StorageScheduler().compute(yielding(site(tank)))
    assert schedule.soc["car"][:6] == pytest.approx([4, 3, 2, 1, 0, 0], abs=1e-6)
    assert broken(schedule)["car.soc-usage"] == 20.0


@pytest.mark.parametrize("dearest", [0.0, 1500.0, 42_000.0])
def test_it_gives_way_in_any_currency(dearest):
    price = breach_price(SOC_BREACH_PRICE, dearest)
    soft = SoftBound(at=at(6, 50.0), highest_price=price, hourly_price=price)
    tank = store(soc_at_start=1.5, charger=2.0, gain=-3.0, soft_targets=(soft, None))
    schedule = StorageScheduler().compute(yielding(site(tank, buy=dearest, sell=dearest / 2), dearest))
    assert broken(schedule)["car.soc-usage"] == 22.5
    assert schedule.soc["car"][:4] == pytest.approx([1.5, 0.5, 0.0, 0.0], abs=1e-6)


def test_gain_into_a_full_store_overflows_and_no_more():
    schedule = StorageScheduler().compute(yielding(site(store(soc_at_start=39.0, gain=2.0))))
    assert broken(schedule) == {"car.soc-gain": 47.0}
    assert schedule.power["car"] == pytest.approx(np.zeros(24))


def test_a_store_below_its_minimum_holds_no_less_than_nothing():
    # It starts below its minimum, and more is used than flows in: the way back leads nowhere.
    slow = store(soc_at_start=2.0, soc_min=5.0, charger=0.5, gain=-1.0)
    with pytest.raises(Infeasible):
        StorageScheduler().compute(site(slow))
    schedule = StorageScheduler().compute(yielding(site(slow)))
    assert schedule.soc["car"].min() == pytest.approx(0.0, abs=1e-6)
    assert broken(schedule)["car.soc-usage"] == 10.0


def test_a_target_above_the_maximum_is_approached():
    short = SoftBound(at=at(6, 50.0), highest_price=1000.0, hourly_price=1000.0)
    schedule = StorageScheduler().compute(yielding(site(store(soc_at_start=30.0, soft_targets=(short, None)))))
    assert schedule.soc["car"][6] == pytest.approx(40.0)
    assert broken(schedule) == {"car.soc-targets": 10.0}


def test_hard_limits_of_the_site_do_not_give_way():
    with pytest.raises(Infeasible, match=r"electricity\.consumption-capacity"):
        StorageScheduler().compute(yielding(site(store(), load=np.full(24, 12.0), capacity=10.0)))


def test_a_value_learned_for_the_end_is_one_of_energy():
    # The tank runs dry before noon only, where a kWh would save the price of use that is not met.
    use = np.where(np.arange(24) < 6, -5.0, 0.0)
    tank = store(soc_at_start=0.0, gain=use, end_value="learned", discharger=4.0)
    schedule = StorageScheduler().compute(yielding(site(tank)))
    assert broken(schedule) == {"car.soc-usage": 6.0}
    assert abs(schedule.costs.get("car end value", 0.0)) < 0.3 * 40


@pytest.mark.parametrize("seed", range(effort(20, 80)))
def test_no_energy_comes_from_nothing(seed):
    rng = np.random.default_rng(seed)
    here = draw("negative" if seed % 2 else "plain", seed)
    flow = rng.uniform(-9, 9, here.window.n)  # more than the ports can bring or take away
    here = here.with_devices(lambda d: replace(d, gain=flow, soc_targets=None) if type(d) is Storage else d)
    schedule = StorageScheduler().compute(yielding(here))
    n, hours = here.window.n, here.window.hours
    for each in (device for device in here.devices if type(device) is Storage):
        gain, (port,) = flow.copy(), each.ports
        for breach in schedule.breaches:
            if breach.limit in (f"{each.name}.soc-usage", f"{each.name}.soc-gain"):
                assert breach.amount <= abs(flow[int(breach.step)]) + 1e-6
                gain[int(breach.step)] -= np.sign(flow[int(breach.step)]) * breach.amount
        power, soc = schedule.power[each.name], schedule.soc[each.name]
        kept = full(each.storage_efficiency, n)
        stored = np.maximum(power, 0) * port.charging_efficiency + np.minimum(power, 0) / port.discharging_efficiency
        assert soc[1:] == pytest.approx(soc[:-1] * kept + settled(kept) * hours * (stored + gain), abs=1e-5)
        assert soc.min() >= -1e-6 and soc.max() <= max(each.soc_max, each.soc_at_start) + 1e-6


@pytest.mark.parametrize("seed", range(effort(16, 120)))
def test_it_costs_and_gives_way_as_the_reference_says(seed):
    rng = np.random.default_rng([14, seed])
    here = draw("negative" if seed % 2 else "plain", 300 + seed)
    port = replace(here.devices[0].ports[0], consumption_limit=1.0, production_limit=1.0)
    flow = rng.uniform(-6, 6, here.window.n)
    tank = replace(here.devices[0], ports=(port,), gain=flow, soc_targets=None, storage_efficiency=1.0)
    here = replace(here, devices=(tank, here.devices[-1]))
    schedule = StorageScheduler().compute(yielding(here))
    left = tank.gain.copy()
    for breach in schedule.breaches:
        left[int(breach.step)] -= np.sign(left[int(breach.step)]) * breach.amount
    missing = float(np.abs(tank.gain - left).sum()) * here.window.hours
    assert missing == pytest.approx(least_missing(here, tank), abs=1e-5)
    paid = schedule.cost - sum(cost for name, cost in schedule.costs.items() if name.endswith("breaches"))
    assert paid == pytest.approx(Reference(here.with_device(tank, replace(tank, gain=left))).cost(), abs=1e-5)


def least_missing(here, tank):
    """Return the least use not met and gain that overflows [kWh], by ports for them that nothing else costs."""
    unmet = Port(name="unmet", commodity="unmet", consumption_limit=np.maximum(-tank.gain, 0), production_limit=0.0)
    over = Port(name="over", commodity="over", consumption_limit=0.0, production_limit=np.maximum(tank.gain, 0))
    priced = EnergyTariff(consumption_price=1.0, production_price=-1.0)
    grids = [replace(each, tariffs=()) for each in here.connections]
    ways = [Connection(commodity=name, tariffs=(priced,)) for name in ("unmet", "over")]
    ports = (*(replace(port, wear_price=0.0) for port in tank.ports), unmet, over)
    helped = replace(tank, ports=ports, end_value=0.0)
    return Reference(replace(here.with_device(tank, helped), connections=(*grids, *ways))).cost()
