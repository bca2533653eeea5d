"""Chargers on one phase and on three behind limits of each phase, worked out by hand."""

import numpy as np
import pytest

from app.jobs.handlers.kinds import plan_result
from engine.errors import EngineError, FieldError
from engine.packing import pack, unpack
from tests.assemble.homes import HOUR, Home

FLAT = {"consumption-price": "0.1 EUR/kWh"}


@pytest.fixture
def street(home: Home) -> Home:
    home.asset("street", "building")
    for name in ("one", "two", "three"):
        home.asset(name, parent="street")
    return home


def plan(street: Home, cars: dict[str, str], context, *, need: float = 8.0, most: float = 22.0):
    model = []
    for name, phases in cars.items():
        power = street.sensor(name, f"power {len(context)} {need}", "kW", HOUR, consumption_is_positive=True)
        due = [{"value": f"{need} kWh", "datetime": "2030-01-14T04:00:00Z"}]
        entry = {"sensor": power, "soc-at-start": "0 kWh", "soc-max": "90 kWh", "soc-minima": due, "phases": phases}
        model.append(entry | {"consumption-capacity": f"{most} kW", "production-capacity": "0 kW"})
    return street.plan("street", model, {**FLAT, **context})


def powers(planned, *names):
    return [planned.schedule.power[name].round(4) for name in names]


def test_a_phase_carries_its_current_only(street):
    (one,) = powers(plan(street, {"one": "L1"}, {"site-phase-capacity": "10 A"}), "one")
    assert one.max() == pytest.approx(2.3) and one.sum() == pytest.approx(8.0)
    (three,) = powers(plan(street, {"one": "L1 L2 L3"}, {"site-phase-capacity": "3 kW"}, need=12.0), "one")
    assert three.tolist() == pytest.approx([9.0, 3.0, 0.0, 0.0])


def test_cars_on_other_phases_do_not_disturb_each_other_and_those_on_one_share_it(street):
    apart = plan(street, {"one": "L1", "two": "L2"}, {"site-phase-capacity": "2 kW"})
    assert [each.tolist() for each in powers(apart, "one", "two")] == [[2.0] * 4] * 2
    together = plan(street, {"one": "L1", "two": "L1"}, {"site-phase-capacity": "4 kW", "site-power-capacity": "99 kW"})
    assert np.sum(powers(together, "one", "two"), axis=0).tolist() == [4.0] * 4


def test_a_load_is_spread_over_all_phases(street):
    load = street.fill(street.sensor("street", "load", "kW", HOUR), 3.0)
    context = {"site-phase-capacity": "3 kW", "inflexible-consumption": [{"sensor": load}]}
    (one,) = powers(plan(street, {"one": "L1"}, context), "one")
    assert one.tolist() == pytest.approx([2.0] * 4)


def test_two_phases_do_not_lie_further_apart_than_they_may(street):
    cars = {"one": "L1", "two": "L2", "three": "L3"}
    alone = plan(street, {"one": "L1"}, {"site-phase-unbalance": "4.6 kVA"}, need=10.0)
    assert powers(alone, "one")[0].max() == pytest.approx(4.6)
    all_three = plan(street, cars, {"site-phase-unbalance": "1 kVA", "site-power-capacity": "99 kW"}, need=10.0)
    table = np.array(powers(all_three, *cars))
    assert (table.max(axis=0) - table.min(axis=0)).max() <= 1.0 + 1e-6


def test_what_a_phase_cannot_carry_is_told_by_phase(street):
    planned = plan(street, {"one": "L2"}, {"site-phase-capacity": "1 kW", "soc-minima-breach-price": "99999 EUR/kWh"})
    assert {each.limit for each in planned.schedule.breaches} == {"electricity.phase-capacity L2"}
    assert any("phase-capacity L2" in text for text in planned.warnings)
    assert plan_result(planned)["status"] == "optimal"
    assert unpack(pack(planned.site)).additions[0].phases == {"one": ("L2",)}


@pytest.mark.parametrize(("need", "most"), [(5.6, 2.0), (14.0, 6.0)])
def test_a_charger_switches_between_one_phase_and_three(street, need, most):
    # A phase carries 2 kW: 1.4 to 2 kW on one phase, 4.2 to 6 kW on three, and nothing in between.
    power = street.sensor("one", f"switched {need}", "kW", HOUR, consumption_is_positive=True)
    ranges = {"L1": ["1.4 kW", "3.7 kW"], "L1 L2 L3": ["4.2 kW", "11 kW"]}
    modes = [{"consumption-range": ["0 kW", "0 kW"]}]
    modes += [{"consumption-range": each, "phases": phases} for phases, each in ranges.items()]
    due = [{"value": f"{need} kWh", "datetime": "2030-01-14T04:00:00Z"}]
    car = {"sensor": power, "soc-at-start": "0 kWh", "soc-max": f"{need} kWh", "soc-minima": due}
    car |= {"consumption-capacity": "11 kW", "production-capacity": "0 kW", "operation-modes": modes}
    # A dear peak spreads what is needed as evenly as the ranges allow.
    peak = {"site-peak-consumption-price": "9 EUR/kW"} if most == 2.0 else {}
    planned = street.plan("street", [car], {**FLAT, **peak, "site-phase-capacity": "2 kW"})
    (one,) = powers(planned, "one")
    assert one.sum() == pytest.approx(need) and not planned.schedule.breaches
    assert all(p == 0 or 1.4 <= p <= 2.0 or 4.2 <= p <= 6.0 for p in one) and one.max() <= most
    assert unpack(pack(planned.site)).additions[0].switching["one"][1][1] == ("L1",)


@pytest.mark.parametrize("phases", ["L4", "", "L1 L1", "three"])
def test_what_is_no_phase_is_refused(street, phases):
    with pytest.raises(EngineError, match="phases"):
        plan(street, {"one": phases}, {"site-phase-capacity": "10 A"})


def test_a_phase_without_a_limit_means_nothing(street):
    with pytest.raises(FieldError, match="site-phase-capacity"):
        plan(street, {"one": "L1"}, {})


def test_phases_of_a_site_without_electric_devices_limit_nothing(street):
    power = street.sensor("one", "heat", "kW", HOUR, consumption_is_positive=True)
    tank = {"sensor": power, "commodity": "heat", "power-capacity": "2 kW", "soc-at-start": "1 kWh", "soc-max": "4 kWh"}
    planned = street.plan("street", [tank], {**FLAT, "site-phase-capacity": "10 A", "site-phase-unbalance": "2 kW"})
    assert planned.schedule.power["one"].tolist() == [0.0] * 4
