"""Forecasts with quantiles: the first steps do for all of them, on both databases."""

from datetime import timedelta

import numpy as np
import pytest

from db import sources
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.sensors import Sensor
from engine.devices.inflexible import Inflexible
from engine.errors import FieldError, Infeasible
from engine.schedulers.two_stage import quantile_scenarios
from engine.series.iso_time import to_us
from tests.assemble.homes import DAY, HOUR, KNOWN_AT, Home
from tests.assemble.test_every_field import hours

FLAT = {"consumption-price": "0.3 EUR/kWh", "production-price": "0 EUR/kWh", "relax-constraints": False}
MODEL = {"soc-at-start": "0 kWh", "soc-max": "5 kWh", "power-capacity": "2 kW"}


@pytest.fixture
def home(home: Home) -> Home:
    home.asset("house", "building")
    home.asset("battery", parent="house")
    return home


def foreseen(home: Home, name: str, quantiles: list[list[float]]) -> dict[str, int]:
    """Return a sensor of the house whose hours have quantiles 10, 50 and 90 % [kW]."""
    key = home.sensor("house", name, "kW", HOUR)
    by = sources.named(home.session, "forecaster", type="forecaster")
    values = np.array([*quantiles, *[quantiles[-1]] * (24 - len(quantiles))])
    times = np.full(24, to_us(KNOWN_AT))
    sensor = home.session.get(Sensor, key)
    store.save(home.session, sensor, by, Beliefs(DAY.starts, times, values, np.array([0.1, 0.5, 0.9])))
    return {"sensor": key}


@pytest.fixture
def battery(home: Home) -> int:
    return home.sensor("battery", "power", "kW", HOUR, consumption_is_positive=True)


def test_the_first_hour_makes_room_for_a_load_that_may_come(home, battery):
    # In the second hour the load may be 5 kW behind 4 kW: then 1 kWh must be there, which is dearer now than later.
    load = foreseen(home, "load", [[1, 1, 1], [1, 2, 5], [1, 1, 1]])
    prices = {"consumption-price": hours(*(f"{price} EUR/kWh" for price in (0.4, 0.3, 0.3, 0.3)))}
    context = {**FLAT, **prices, "site-consumption-capacity": "4 kW", "inflexible-consumption": [load]}
    with home.session.begin_nested() as likely:
        assert (
            home.plan("house", [{"sensor": battery, **MODEL}], context, resolution=HOUR).schedule.power["battery"][0]
            == 0
        )
        likely.rollback()
    planned = home.plan("house", [{"sensor": battery, **MODEL}], {**context, "hedge-for": "PT1H"})
    assert next(iter(home.stored(battery).values())) == pytest.approx(1)
    mean = 0.4 * 2 + 0.3 * (0.3 * 2 + 0.4 * 3 + 0.3 * 6)  # what is bought in the first hour, and later in each case
    assert planned.schedule.costs["electricity net energy"] == pytest.approx(mean)


def test_much_sun_is_little_power_taken(home, battery):
    sun = foreseen(home, "sun", [[1, 2, 5]])
    context = {**FLAT, "inflexible-production": [sun], "hedge-for": "PT1H"}
    ways = quantile_scenarios(home.read("house", [{"sensor": battery, **MODEL}], context).site)
    powers = [each.power[0] for way in ways for each in way.site.devices if isinstance(each, Inflexible)]
    assert (powers, [way.probability for way in ways]) == ([-5, -2, -1], pytest.approx([0.3, 0.4, 0.3]))


def test_without_quantiles_a_plan_is_as_ever(home, battery):
    load = {"sensor": home.fill(home.sensor("house", "load", "kW", HOUR), 1.0)}
    context = {**FLAT, "inflexible-consumption": [load], "hedge-for": "PT1H"}
    assert home.plan("house", [{"sensor": battery, **MODEL}], context).schedule.cost == pytest.approx(4 * 0.3)


def test_no_decision_that_does_for_all_is_told(home, battery):
    load = foreseen(home, "load", [[1, 1, 1], [1, 2, 9]])
    context = {**FLAT, "site-consumption-capacity": "4 kW", "inflexible-consumption": [load], "hedge-for": "PT1H"}
    with pytest.raises(Infeasible, match="takes 9 kW"):
        home.plan("house", [{"sensor": battery, **MODEL}], context)


def test_a_decision_that_holds_for_no_time_is_refused(home, battery):
    for lasts in ("-PT1H", "PT0S"):
        with pytest.raises(FieldError, match="hedge-for"):
            home.plan("house", [{"sensor": battery, **MODEL}], {**FLAT, "hedge-for": lasts})


def test_steps_that_do_not_fit_the_events_of_a_sensor_are_told(home, battery):
    seven = home.plan("house", [{"sensor": battery, **MODEL}], FLAT, resolution=timedelta(minutes=7))
    assert any("steps of PT7M do not fit sensor" in text and "PT1H" in text for text in seven.warnings)
    half = home.plan("house", [{"sensor": battery, **MODEL}], FLAT, resolution=timedelta(minutes=30))
    assert not half.warnings


def test_a_breach_that_costs_nothing_is_not_among_the_costs(home, battery):
    soft, other = {**FLAT, "relax-constraints": True}, home.sensor("battery", "other", "kW", HOUR)
    need = {**MODEL, "soc-minima": [{"value": "5 kWh", "datetime": "2030-01-14T02:00:00Z"}]}
    assert not [
        name
        for name in home.plan(
            "house", [{"sensor": battery, **MODEL}], {**soft, "site-consumption-capacity": "4 kW"}
        ).schedule.costs
        if "breach" in name
    ]
    broken = home.plan("house", [{"sensor": other, **need}], {**soft, "site-consumption-capacity": "1 kW"})
    assert [name for name in broken.schedule.costs if "breach" in name]
