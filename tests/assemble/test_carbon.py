"""CO₂ as it is written in the flex-context: grams, tonnes and sensors, on both databases."""

from typing import Any

import pytest

from app.jobs.handlers.kinds import plan_result
from app.jobs.handlers.schedule import Planned
from db.schedules import StoredSchedule
from engine.errors import FieldError
from tests.assemble.homes import HOUR, Home
from tests.assemble.test_every_field import BATTERY, hours

PRICES = {"consumption-price": hours(*(f"{price} EUR/kWh" for price in (0.1, 0.4, 0.2, 0.5)))}
GRAMS = (600, 100, 400, 300)
CARBON = {"carbon-intensity": hours(*(f"{grams} gCO2/kWh" for grams in GRAMS))}


@pytest.fixture
def home(home: Home) -> Home:
    home.asset("house", "building")
    home.asset("battery", parent="house")
    return home


def plan(home: Home, context: dict[str, Any]) -> Planned:
    battery = home.sensor("battery", f"power {len(context)}", "kW", HOUR, consumption_is_positive=True)
    load = home.fill(home.sensor("house", f"load {len(context)}", "kW", HOUR), 1.0)
    fixed = {"production-price": "0 EUR/kWh", "inflexible-consumption": [{"sensor": load}]}
    return home.plan("house", [{"sensor": battery, **BATTERY}], {**PRICES, **fixed, **context})


def bought(planned: Planned) -> list[float]:
    return [round(float(power), 6) + 0.0 for power in planned.schedule.power["electricity"]]


def test_what_is_emitted_is_told_without_any_weight(home):
    planned = plan(home, CARBON)
    assert bought(planned) == [2, 0, 0, 0] or bought(planned)[0] == 2  # two of the four kWh are in the battery
    assert plan_result(planned)["emissions-kg"] == {"electricity": pytest.approx(2 * 0.6)}
    row = home.session.get(StoredSchedule, planned.id)
    assert row.connections[0]["emissions"] == pytest.approx(2 * 0.6)
    assert "electricity carbon" not in planned.schedule.costs


@pytest.mark.parametrize("price", ["2 EUR/kg", "2000 EUR/t", "0.2 ct/g", "sensor"])
def test_a_price_moves_what_is_bought_to_clean_hours(home, price):
    written = {"sensor": home.price(2000.0, "EUR/t")} if price == "sensor" else price
    planned = plan(home, {**CARBON, "carbon-price": written})  # an hour costs 1.3, 0.6, 1.0 and 1.1 EUR/kWh
    assert bought(planned) == [0, 2, 0, 0] or sum(bought(planned)[1:2]) == 2
    assert planned.schedule.costs["electricity carbon"] == pytest.approx(2 * 2 * 0.1)
    assert planned.schedule.costs["electricity net energy"] == pytest.approx(2 * 0.4)
    assert home.session.get(StoredSchedule, planned.id).connections[0]["consumption-price"] is not None


@pytest.mark.parametrize(("cap", "kg"), [("1 kg", 1.0), ("400 gCO2", 0.4)])
def test_a_cap_is_kept_at_the_least_cost(home, cap, kg):
    planned = plan(home, {**CARBON, "carbon-cap": cap})
    assert plan_result(planned)["emissions-kg"]["electricity"] == pytest.approx(kg)
    assert not planned.schedule.breaches and not planned.warnings


def test_a_cap_that_cannot_be_kept_is_told(home):
    planned = plan(home, {**CARBON, "carbon-cap": "0.15 kg"})
    assert planned.warnings == ("site: 0.05 kg of CO₂ more than carbon-cap are emitted.",)
    (device,) = plan_result(planned)["unresolved"]
    assert device["carbon-cap"][0]["violation"] == "0.05 kg"


def test_what_is_sold_saves_what_is_told(home):
    planned = plan(home, {**CARBON, "production-price": "0.6 EUR/kWh", "production-carbon-intensity": "0.5 kg/kWh"})
    flow = planned.schedule.power["electricity"]
    expected = sum(power * (grams / 1000 if power > 0 else 0.5) for power, grams in zip(flow, GRAMS, strict=True))
    assert min(flow) < 0
    assert plan_result(planned)["emissions-kg"]["electricity"] == pytest.approx(expected)


def test_all_commodities_count(home):
    home.asset("boiler", parent="house")
    gas = home.fill(home.sensor("boiler", "gas", "kW", HOUR), 3.0)
    burnt = {"commodity": "gas", "consumption-price": "0.05 EUR/kWh", "carbon-intensity": "0.2 kg/kWh"}
    planned = plan(home, {**CARBON, "commodities": [{**burnt, "inflexible-consumption": [{"sensor": gas}]}]})
    assert plan_result(planned)["emissions-kg"] == {
        "electricity": pytest.approx(1.2),
        "gas": pytest.approx(4 * 3 * 0.2),
    }


def test_a_sensor_of_grams_holds_its_last_value(home):
    key = home.fill(home.sensor("house", "intensity", "gCO2eq/kWh", HOUR), 600.0)
    assert plan_result(plan(home, {"carbon-intensity": {"sensor": key}}))["emissions-kg"][
        "electricity"
    ] == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("context", "field"),
    [
        ({"carbon-price": "1 EUR/kg"}, "carbon-price"),
        ({"carbon-cap": "1 kg"}, "carbon-cap"),
        ({**CARBON, "carbon-cap": "1 EUR"}, "carbon-cap"),
        ({**CARBON, "carbon-price": "-1 EUR/kg"}, "carbon-price"),
        ({**CARBON, "carbon-price": "1 EUR/kWh"}, "carbon-price"),
        ({"production-carbon-intensity": "1 kg/kWh"}, "production-carbon-intensity"),
        ({"commodities": [{"commodity": "heat", "carbon-intensity": "1 kg/kWh"}]}, "carbon-intensity"),
        ({**CARBON, "carbon-cap": {"sensor": 1}}, "carbon-cap"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(home, context, field):
    with pytest.raises(FieldError, match=field):
        plan(home, context)


def test_a_cap_that_binds_tells_the_price_it_stands_for(home):
    capped = plan(home, {**CARBON, "carbon-cap": "1 kg"})
    price = plan_result(capped)["implied-carbon-price"]
    priced = plan(home, {**CARBON, "carbon-price": f"{price + 1e-3} EUR/kg", "site-power-capacity": "99 kW"})
    assert plan_result(priced)["emissions-kg"]["electricity"] <= 1.0 + 1e-6
    cheaper = plan(home, {**CARBON, "carbon-price": f"{price - 1e-3} EUR/kg", "site-power-capacity": "98 kW",
                          "site-consumption-capacity": "98 kW"})  # fmt: skip
    assert plan_result(cheaper)["emissions-kg"]["electricity"] >= 1.0 - 1e-6
    assert "implied-carbon-price" not in plan_result(cheaper)
