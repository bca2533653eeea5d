"""A new kind of device is one class: planned, read, diagnosed and explained without a word elsewhere."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from engine.devices.answers import DevicePlan
from engine.devices.device import Device
from engine.devices.port import Port
from engine.devices.ported import PortedDevice
from engine.devices.running import OperatingRange
from engine.diagnosis.infeasibility import NoPlan
from engine.errors import FieldError, InputError
from engine.explain.changes.earlier_inputs import EarlierInputs
from engine.explain.changes.edits import SiteEdits
from engine.model.block import Limit
from engine.model.linear import Linear
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.schedulers.uncontrolled import uncontrolled_schedule
from engine.simulation.site_parts import check_rollable
from engine.site import raised, with_limit
from engine.testing import check_device
from tests.effort import effort
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.samples import bumped, site

PRICES = np.repeat([0.1, 0.5, 0.3], 8)


@dataclass(frozen=True, kw_only=True, eq=False)
class Generator(PortedDevice):
    """A diesel generator: what it gives burns fuel, Σ_t p_t · hours · litres_per_kwh ≤ tank."""

    name: str
    ports: tuple[Port, ...]
    litres_per_kwh: float = 0.25
    price: float = 1.6
    """Price of fuel [currency/l]."""
    tank: float = 8.0
    """Fuel that is there [l]."""

    def add_to(self, problem):
        (port,) = self.ports
        flow = port.add_to(problem)
        litres = problem.variable(f"{self.name}.fuel", upper=self.tank, size=1)
        burnt = (flow.production * (problem.window.hours * self.litres_per_kwh)).total()
        problem.equal(f"{self.name}.fuel", litres - burnt)
        problem.limit(Limit(f"{self.name}.tank", f"{self.name}.fuel", "upper", "l"))
        problem.cost(f"{self.name} fuel", litres * self.price)
        return {port.name: flow.power}

    def with_limit(self, owner, field, change):
        if (owner, field) == (self.name, "tank"):
            return replace(self, tank=change(self.tank))
        return super().with_limit(owner, field, change)


@dataclass(frozen=True, kw_only=True, eq=False)
class Shedding(Device):
    """A load of which some may be left out at a price: 0 ≤ p_t ≤ demand_t."""

    name: str
    demand: np.ndarray
    price: float
    """Price of what is left out [currency/kWh]."""
    commodity: str = "electricity"
    group: str | None = None

    @property
    def ports(self) -> tuple[Self, ...]:
        return (self,)

    def add_to(self, problem):
        left_out = problem.variable(f"{self.name}.left-out", upper=self.demand)
        problem.cost(f"{self.name} left out", left_out * (self.price * problem.window.hours))
        return {self.name: self.demand - left_out}


@dataclass(frozen=True, kw_only=True, eq=False)
class Feeder(Device):
    """A load that nobody plans, in a class of its own."""

    name: str
    demand: np.ndarray
    commodity: str = "electricity"
    group: str | None = None

    @property
    def ports(self) -> tuple[Self, ...]:
        return (self,)

    @property
    def load(self):
        return self.demand

    def add_to(self, problem):
        return {self.name: Linear(problem.window.n, (), self.demand)}

    def fallback(self, window):
        return DevicePlan({self.name: self.demand}, {})

    def with_load(self, power):
        return replace(self, demand=power)

    def scaled(self, factor):
        return replace(self, demand=self.demand * factor)

    def fields_of(self, kind):
        return ("demand",) if kind == "forecasts" else ()


def generator(power=4.0, **fields):
    port = Port(name="genset", consumption_limit=0.0, production_limit=power)
    return Generator(name="genset", ports=(port,), **fields)


def test_it_runs_when_its_fuel_is_cheaper_than_the_grid():
    # 0.40 per kWh beats 0.50, not 0.30; the 8 hours take 8 l of the load of 4 kW, and 8 l are there.
    plan = StorageScheduler().compute(site(generator(), load=np.full(24, 4.0), buy=PRICES))
    np.testing.assert_allclose(plan.power["genset"], -4.0 * (PRICES == 0.5), atol=1e-9)
    assert plan.costs["genset fuel"] == pytest.approx(8 * 1.6)


def test_the_shadow_price_of_its_limit_is_what_more_fuel_saves():
    plan = StorageScheduler().compute(site(generator(tank=5.0), load=np.full(24, 4.0), buy=PRICES))
    assert plan.limit_shadow_prices["genset.tank"] == pytest.approx(4 * 0.5 - 1.6)


def test_a_limit_of_its_own_clashes_and_gives_way():
    # Three hours of 12 kW behind 10 kW take 6 kWh, so 1.5 l.
    here = site(generator(tank=1.0), load=bumped(12.0, 3, 5), capacity=10.0)
    with pytest.raises(NoPlan, match=r"raise genset\.tank by 0\.5 l to 1\.5 l") as refused:
        StorageScheduler().compute(here)
    report = refused.value.report
    assert set(report.clashing) == {"genset.tank", "electricity.consumption-capacity"}
    assert [cause.name for cause in report.causes] == ["load"]
    (repair,) = (repair for repair in report.repairs if repair.limits == ("genset.tank",))
    assert StorageScheduler().compute(repair.site).cost == pytest.approx(repair.cost)


def test_rules_of_its_port_give_way_as_those_of_any_other():
    # Once on it gives 4 kW for four hours, which burns 4 l of the 2 l that are there; two hours are needed.
    ways = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=-4.0, high=-4.0))
    port = Port(name="genset", consumption_limit=0.0, production_limit=4.0, bands=ways, min_on=4.0)
    here = site(replace(generator(tank=2.0), ports=(port,)), load=bumped(12.0, 3, 4), capacity=10.0)
    with pytest.raises(NoPlan) as refused:
        StorageScheduler().compute(here)
    texts = {repair.text for repair in refused.value.report.repairs}
    assert {"shorten genset.min-on to 2 h", "leave out genset.operation-modes"} <= texts


def test_an_edit_of_its_limit_is_solved_live():
    here, live = site(generator(tank=5.0), load=np.full(24, 4.0), buy=PRICES), LiveProblem()
    live.solve(here)
    more = with_limit(here, "genset.tank", raised(1.0))
    assert live.solve(more).cost == pytest.approx(StorageScheduler().compute(more).cost)
    assert live.warm == 1


def test_a_device_of_nothing_but_rows_is_planned_and_rests_where_there_is_no_plan():
    shedding = Shedding(name="lamps", demand=np.full(24, 3.0), price=0.2)
    plan = StorageScheduler().compute(site(shedding, buy=PRICES))
    np.testing.assert_allclose(plan.power["lamps"], 3.0 * (PRICES < 0.2), atol=1e-9)
    assert plan.costs["lamps left out"] == pytest.approx(16 * 3 * 0.2)
    assert not StorageFallbackScheduler().compute(site(shedding)).power["lamps"].any()


def test_it_is_left_free_where_nobody_plans_and_rolled_only_where_it_can_be():
    here = site(generator(), load=np.full(24, 4.0), buy=PRICES)
    free = uncontrolled_schedule(here, StorageScheduler())
    assert free.cost == pytest.approx(StorageScheduler().compute(here).cost)
    with pytest.raises(InputError, match="also has genset"):
        check_rollable(here)


def test_a_load_of_a_new_kind_is_scaled_in_a_what_if():
    here = site(Feeder(name="feeder", demand=np.full(24, 3.0)), buy=PRICES)
    doubled = SiteEdits(loads={"feeder": 2.0}).on(here)
    np.testing.assert_allclose(StorageScheduler().compute(doubled).power["feeder"], 6.0)
    with pytest.raises(FieldError, match="there is no 'lamps'; name feeder, load"):
        SiteEdits(loads={"lamps": 2.0}).on(here)


def test_what_it_foresees_is_put_back_as_it_was():
    before, later = (site(Feeder(name="feeder", demand=np.full(24, power)), buy=PRICES) for power in (3.0, 5.0))
    earlier = EarlierInputs(site=before, schedule=StorageScheduler().compute(before), offset=6, n=24)
    back = earlier.put_back(later, "forecasts").devices[0].load
    np.testing.assert_allclose(back, np.repeat([3.0, 5.0], [18, 6]))
    assert earlier.put_back(later, "targets") is later


@pytest.mark.parametrize(
    "device",
    [
        generator(),
        Shedding(name="lamps", demand=np.full(24, 3.0), price=0.2),
        Feeder(name="feeder", demand=np.full(24, 3.0)),
    ],
)
def test_a_new_device_keeps_its_promises(device):
    check_device(device)


@pytest.mark.parametrize("kind", KINDS)
def test_our_devices_keep_theirs(kind):
    for seed in range(effort(1, 3)):
        here = draw(kind, seed)
        for device in here.devices:
            check_device(device, here)


class Forgetful(Generator):
    """Tells of a limit that it cannot change."""

    def with_limit(self, owner, field, change):
        return PortedDevice.with_limit(self, owner, field, change)


class Peeking(Shedding):
    """Depends on the limit of the device before it, which the contract of reuse forbids."""

    def add_to(self, problem):
        _, _, upper = problem.blocks[0].bounds[0]
        return {self.name: super().add_to(problem)[self.name] * float(np.max(upper))}


def test_a_device_that_breaks_a_promise_is_told_so():
    with pytest.raises(InputError, match=r"no limit called genset\.tank"):
        check_device(Forgetful(**vars(generator())))
    peeking = Peeking(name="lamps", demand=np.full(24, 3.0), price=0.2)
    with pytest.raises(AssertionError, match="reads more than itself"):
        check_device(peeking, site(generator(), peeking))


def test_nobody_asks_for_the_class_of_a_device():
    # But what finds plans by itself: it knows the equations of some classes, and is refused by any heir of them.
    kinds = r"\b(Device|PortedDevice|Storage|Process|Inflexible|Adjustable|Port)\b"
    asks = re.compile(rf"isinstance\([^)]*{kinds}|type\([^)]*\) is (not )?{kinds}")
    root = Path(__file__).parents[3]
    modules = [path for folder in ("app", "engine") for path in (root / folder).rglob("*.py")]
    asking = {str(path.relative_to(root)) for path in modules if asks.search(path.read_text())}
    searching = {f"engine/search/{module}.py" for module in ("advice", "mixtures", "several_stores", "store_site")}
    assert asking == searching | {"engine/schedulers/storage_dp.py"}
