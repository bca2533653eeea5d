"""A new kind of device is one class: planned, read, diagnosed and explained without a word elsewhere."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pytest

from engine.devices.device import Device
from engine.devices.port import Port
from engine.devices.ported import PortedDevice
from engine.devices.running import OperatingRange
from engine.diagnosis.infeasibility import NoPlan
from engine.errors import InputError
from engine.model.block import Limit
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
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


@pytest.mark.parametrize("device", [generator(), Shedding(name="lamps", demand=np.full(24, 3.0), price=0.2)])
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
    # But what plans without a search, as it knows the physics of some classes, what simulates past time, as it refuses
    # sites with other classes, what leaves only those to their own ways that would be planned, what asks for more of a
    # load, and what tells of targets for stored energy, or puts single fields of a class back.
    kinds = r"\b(Device|PortedDevice|Storage|Process|Inflexible|Adjustable|Port)\b"
    asks = re.compile(rf"isinstance\([^)]*{kinds}|type\([^)]*\) is (not )?{kinds}")
    root = Path(__file__).parents[3]
    modules = [path for folder in ("app", "engine") for path in (root / folder).rglob("*.py")]
    asking = {str(path.relative_to(root)) for path in modules if asks.search(path.read_text())}
    searching = {f"engine/search/{module}.py" for module in ("advice", "mixtures", "several_stores", "store_site")}
    planning = {f"engine/schedulers/{module}.py" for module in ("fallback_scheduler", "storage_dp", "uncontrolled")}
    simulating = {f"engine/simulation/{module}.py" for module in ("rolling", "site_parts")}
    editing = {"app/pages/what_if/knobs.py"}
    telling = {f"engine/explain/{module}.py" for module in ("headlines", "changes/earlier_inputs")}
    assert asking == searching | planning | simulating | editing | telling | {"engine/operation/setpoints.py"}
