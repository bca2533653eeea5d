"""Every field of a process changes the schedule as it says; by hand, for hours at 0.1, 0.4, 0.2 and 0.5 EUR/kWh."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.jobs.handlers.schedule import Planned
from db.sensors import Sensor
from engine.errors import FieldError, Infeasible, UnknownField
from engine.flex.process import ProcessModel
from engine.series.window import Window
from tests.assemble.homes import HOUR, QUARTER, START, Home

PRICES = [0.1, 0.4, 0.2, 0.5]
WASHING = {"power": "2 kW", "duration": "PT1H", "process-type": "SHIFTABLE"}
DISHES = {"power-profile": ["2 kW", "0.1 kW", "1 kW"], "profile-resolution": "PT1H", "process-type": "SHIFTABLE"}
HALF_HOURS = {**DISHES, "profile-resolution": "PT30M"}


@pytest.fixture
def house(home: Home) -> Home:
    home.asset("house", "building")
    for name in ("washer", "dryer"):
        home.asset(name, parent="house")
        home.sensor(name, "power", "kW", HOUR, consumption_is_positive=True)
    return home


def sensor(home: Home, name: str) -> int:
    query = select(Sensor.id).where(Sensor.asset_id == home.assets[name].id, Sensor.name == "power")
    return int(home.session.scalars(query).one())


def plan(home: Home, *models: dict[str, Any], context: Any = None, **more: Any) -> Planned:
    entries = [
        {"sensor": sensor(home, name), **model} for name, model in zip(("washer", "dryer"), models, strict=False)
    ]
    prices = {"consumption-price": {"sensor": home.price(PRICES * 6)}}
    return home.plan("house", entries, prices | (context or {}), **more)


def powers(planned: Planned, name: str = "washer") -> list[float]:
    return [round(float(value), 6) + 0.0 for value in planned.schedule.power[name]]


ROWS: list[tuple[str, dict[str, Any], list[float]]] = [
    ("power", {"power": "3 kW"}, [3, 0, 0, 0]),
    ("duration", {"duration": "PT2H", "time-restrictions": []}, [2, 2, 0, 0]),
    ("process-type", {"duration": "PT2H", "process-type": "BREAKABLE"}, [2, 0, 2, 0]),
    ("power-profile", {**DISHES, "power": None, "duration": None}, [2, 0.1, 1, 0]),
    ("profile-resolution", {**HALF_HOURS, "power": None, "duration": None}, [1.05, 0.5, 0, 0]),
    ("runs", {"runs": 2}, [2, 0, 2, 0]),
    ("pause", {"runs": 2, "pause": "PT2H"}, [2, 0, 0, 2]),
    ("price-ceiling", {"price-ceiling": "0.09 EUR/kWh"}, [0, 0, 0, 0]),
    ("started", {"duration": "PT3H", "started": "2030-01-13T23:00:00Z"}, [2, 2, 0, 0]),
    ("time-restrictions", {"time-restrictions": [{"start": "2030-01-14T00:00Z", "duration": "PT1H"}]}, [0, 0, 2, 0]),
    ("optimization-direction", {"optimization-direction": "MAX"}, [0, 0, 0, 2]),
]
ELSEWHERE = "sensor asset commodity group exclusion-group"  # below, in test_every_device and test_every_reference


@pytest.mark.parametrize(("name", "fields", "expected"), ROWS, ids=[row[0] for row in ROWS])
def test_a_field_has_the_effect_it_says(house, name, fields, expected):
    with house.session.begin_nested() as without:
        usual = powers(plan(house, WASHING))
        without.rollback()
    given = {key: value for key, value in {**WASHING, **fields}.items() if value is not None}
    assert powers(plan(house, given)) == expected != usual


def test_no_field_is_forgotten():
    assert {fact.name for fact in ProcessModel.facts()} == {row[0] for row in ROWS} | set(ELSEWHERE.split())


def test_two_of_an_exclusion_group_take_turns(house):
    wet = {**WASHING, "exclusion-group": "wet machines"}
    planned = plan(house, wet, wet)
    assert sorted([powers(planned), powers(planned, "dryer")]) == [[0, 0, 2, 0], [2, 0, 0, 0]]
    alone = plan(house, WASHING, WASHING)
    assert powers(alone) == powers(alone, "dryer") == [2, 0, 0, 0]


def test_a_run_that_has_begun_keeps_another_of_its_group_waiting(house):
    wet = {**WASHING, "duration": "PT2H", "exclusion-group": "wet machines"}
    planned = plan(house, {**wet, "started": "2030-01-13T23:00:00Z"}, wet)
    assert powers(planned) == [2, 0, 0, 0]
    assert powers(planned, "dryer") == [0, 2, 2, 0]


def test_of_several_runs_one_has_begun(house):
    planned = plan(house, {**WASHING, "duration": "PT2H", "runs": 2, "started": "2030-01-13T23:00:00Z"})
    assert powers(planned) == [2, 2, 2, 0]
    assert any("it runs already, for PT1H" in text for text in planned.warnings)


def test_a_profile_that_has_begun_goes_on_where_it_is(house):
    planned = plan(house, {**DISHES, "started": "2030-01-13T23:30:00Z"})
    assert powers(planned) == [1.05, 0.55, 0.5, 0]  # half of 2 and 0.1 kW, then of 0.1 and 1 kW, then of 1 kW and none


@pytest.mark.parametrize("step", [timedelta(minutes=7, seconds=30), timedelta(minutes=15), HOUR, 2 * HOUR])
def test_the_energy_of_a_profile_is_kept_at_any_resolution(house, step):
    planned = plan(house, {**DISHES, "profile-resolution": "PT10M"}, resolution=step)
    assert sum(powers(planned)) * (step / HOUR) == pytest.approx(3.1 / 6, abs=1e-4)


@pytest.mark.parametrize(
    ("ceiling", "runs"), [("0.2 EUR", 1), ("0.19 EUR", 0), ("0.1 EUR/kWh", 1), ("0.099 EUR/kWh", 0), ("10 ct/kWh", 1)]
)
def test_what_is_left_out_is_told_with_its_cost(house, ceiling, runs):
    planned = plan(house, {**WASHING, "price-ceiling": ceiling})
    assert sum(powers(planned)) == 2 * runs
    left_out = [text for text in planned.warnings if "it does not run" in text]
    assert len(left_out) == 1 - runs and all("price-ceiling" in text for text in left_out)
    assert bool(planned.schedule.costs["washer left out"]) == (not runs)


def test_the_currency_of_a_ceiling_is_that_of_the_prices(house):
    with pytest.raises(Exception, match="EUR, USD"):
        plan(house, {**WASHING, "price-ceiling": "0.1 USD/kWh"})


def test_what_began_long_ago_is_told_to_run_again(house):
    planned = plan(house, {**WASHING, "started": "2030-01-13T20:00:00Z"})
    assert powers(planned) == [2, 0, 0, 0]
    (told,) = planned.warnings
    assert "began at 2030-01-13T20:00+00:00 and has come to its end" in told and "to run again" in told


def test_a_process_without_a_sensor_is_told(house):
    prices = {"consumption-price": "0.1 EUR/kWh"}
    planned = house.plan("house", [{"asset": house.assets["washer"].id, **WASHING}], prices, resolution=HOUR)
    assert planned.warnings == ("washer: no sensor receives its power; name one.",)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"runs": 0}, "runs"),
    ({"runs": 101}, "runs"),
    ({"runs": True}, "runs"),
    ({"runs": 2, "process-type": "BREAKABLE"}, "runs"),
    ({"pause": "-PT1H", "runs": 2}, "pause"),
    ({"power-profile": ["2 kW"]}, "power-profile gives it"),
    ({"price-ceiling": "0.1 EUR/kW"}, "price-ceiling"),
    ({"price-ceiling": [{"value": "0.1 EUR/kWh", "start": "2030-01-14T00:00Z", "duration": "PT1H"}]}, "price-ceiling"),
    ({"price-ceiling": "1 EUR", "optimization-direction": "MAX"}, "price-ceiling"),
    ({"exclusion-group": "wet", "optimization-direction": "MAX"}, "exclusion-group"),
]
WRONG_PROFILES: list[tuple[dict[str, Any], str]] = [
    ({"process-type": "BREAKABLE"}, "power-profile"),
    ({"profile-resolution": "PT0S"}, "profile-resolution"),
    ({"profile-resolution": "P999999D"}, "profile-resolution"),
    ({"power-profile": [{"sensor": 1}]}, r"power-profile\[0\]"),
    ({"power-profile": ["2 EUR"]}, r"power-profile\[0\]"),
]


@pytest.mark.parametrize(
    ("model", "field"),
    [({**WASHING, **more}, field) for more, field in WRONG]
    + [({**DISHES, **more}, field) for more, field in WRONG_PROFILES],
)
def test_what_cannot_hold_together_is_refused_by_its_field(house, model, field):
    with pytest.raises(FieldError, match=field):
        plan(house, model)


def test_more_runs_than_fit_tell_how_many_do(house):
    with pytest.raises(Infeasible, match="room for 2 runs"):
        plan(house, {**WASHING, "runs": 3, "pause": "PT1H"})


def test_steps_of_a_plan_that_begins_within_one_are_whole_for_a_run(house):
    planned = plan(house, {**WASHING, "runs": 2}, start=START + QUARTER, duration=timedelta(hours=3))
    assert powers(planned) == [0, 2, 2, 0]  # until 03:15 of the clock, rounded up to 04:00, as a step is whole


def test_earlier_runs_are_found_in_the_sensor(house):
    washer = sensor(house, "washer")
    house.fill(washer, [2.0], Window.of_length(START - HOUR, HOUR, HOUR))
    assert powers(plan(house, {**DISHES, "power-profile": ["2 kW", "2 kW"]})) == [2, 0, 0, 0]


def test_an_unknown_name_suggests_the_right_one(house):
    with pytest.raises(UnknownField, match="price-ceiling"):
        plan(house, {**WASHING, "price-cieling": "1 EUR"})
