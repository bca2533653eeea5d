"""Series of a plan are read by their kind, whatever their resolution; what is missing is never assumed in silence."""

from datetime import timedelta

import pytest

from engine.devices.inflexible import Inflexible
from engine.errors import FieldError
from engine.series.window import Window
from tests.assemble.homes import HOUR, START, Home
from tests.assemble.test_site import BATTERY, FLAT, battery, only

__all__ = ["battery"]  # the fixture
NAN = float("nan")
FOUR_HOURS = Window.of_length(START, timedelta(hours=4), HOUR)


def sensor(home: Home, unit: str, values: list[float], minutes: int = 60) -> dict[str, int]:
    """Return a reference to a sensor with values from the start on."""
    step = timedelta(minutes=minutes)
    key = home.sensor("house", f"series [{unit}]", unit, step)
    home.fill(key, values, Window.of_length(START, len(values) * step, step))
    return {"sensor": key}


@pytest.mark.parametrize(
    "unit, minutes, values, expected",
    [
        ("kW", 10, [0, 6, 0], [2, 2]),
        ("kW", 20, [0, 6, 0], [0, 4, 4, 0]),
        ("kWh", 10, [0, 1, 0], [2, 2]),
        ("kWh", 60, [3], [3, 3, 3, 3]),
        ("Wh", 5, [500, 0, 250], [3]),
    ],
)
def test_the_energy_of_a_load_is_kept(home, battery, unit, minutes, values, expected):
    load = sensor(home, unit, values, minutes)
    site = home.read("house", [{"sensor": battery, **BATTERY}], {**FLAT, "inflexible-consumption": [load]}).site
    assert only(site, Inflexible).power[: len(expected)] == pytest.approx(expected)


def test_a_capacity_is_the_least_that_touches_a_step(home, battery):
    least = sensor(home, "kW", [6, 6, 0] * 16, 5)
    context = {**FLAT, "site-consumption-capacity": least, "site-power-capacity": least}
    planned = home.read("house", [{"sensor": battery, **BATTERY, "production-capacity": least}], context)
    (connection,) = planned.site.connections
    assert not connection.consumption_limit.any() and not connection.production_limit.any()
    assert not connection.soft_consumption.limit.any()


def test_a_stored_energy_is_the_tightest_until_the_next_tick(home, battery):
    bound = sensor(home, "kWh", [2, 7, 3] * 16, 5)
    model = {"sensor": battery, **BATTERY, "soc-min": bound, "soc-minima": bound, "soc-max": "10 kWh"}
    store = home.read("house", [model], FLAT).site.devices[0]
    assert store.soc_min[:-1].tolist() == [7] * 16


def test_a_price_holds_its_last_value_over_a_hole(home, battery):
    price = sensor(home, "EUR/kWh", [0.1, NAN, 0.3, 0.2])
    planned = home.read("house", [{"sensor": battery, **BATTERY}], {"consumption-price": price})
    paid = planned.site.connections[0].tariffs[0].consumption_price
    assert paid[::4].tolist() == [0.1, 0.1, 0.3, 0.2]
    assert list(planned.warnings) == [
        (
            f"consumption-price: sensor {price['sensor']} (series [EUR/kWh]) has no value from "
            "2030-01-14T01:00+00:00 to 2030-01-14T02:00+00:00; its last value, 0.1 EUR/kWh, counts."
        )
    ]


@pytest.mark.parametrize(
    "field, unit, told",
    [
        ("consumption-price", "EUR/MWh", "its last value, 2 EUR/kWh, counts"),
        ("site-power-capacity", "kW", "nothing limits the power there"),
        ("site-consumption-capacity", "kW", "nothing limits the power there"),
        ("site-production-breach-price", "EUR/kW", "its last value, 2000 EUR/kW, counts"),
        ("site-peak-consumption-price", "EUR/kW", "its last value, 2000 EUR/kW, counts"),
        ("site-peak-consumption", "W", ""),
        ("soc-minima-breach-price", "EUR/kWh", "its last value, 2000 EUR/kWh, counts"),
        ("wear-price", "EUR/kWh", "its last value, 2000 EUR/kWh, counts"),
        ("charging-efficiency", "%", "its last value, 20, counts"),
        ("storage-efficiency", "%", "its last value, 20, counts"),
        ("soc-usage", "kW", "taken as 0 kW"),
        ("soc-max", "kWh", "nothing limits what is stored there"),
        ("consumption-capacity", "kW", "power-capacity counts, 5 kW"),
    ],
)
def test_what_is_missing_is_told_with_sensor_time_and_value(home, battery, field, unit, told):
    gap = sensor(home, unit, [2000.0, 2000.0])
    of_site = field in ("consumption-price",) or field.startswith(("site-", "soc-minima-"))
    context = {**FLAT, "site-production-capacity": "3 kW", **({field: gap} if of_site else {})}
    model = {"sensor": battery, **BATTERY, "soc-minima": "1 kWh", **({} if of_site else {field: gap})}
    warnings = [text for text in home.read("house", [model], context).warnings if field in text and "sensor" in text]
    assert bool(warnings) == bool(told)
    for text in warnings:
        assert text.endswith(f"; {told}.") and f"sensor {gap['sensor']} (series" in text
        assert "from 2030-01-14T02:00+00:00 to" in text


def test_a_part_of_a_step_is_told(home, battery):
    load = sensor(home, "kW", [3, NAN, 6, *[1] * 45], 5)
    planned = home.read("house", [{"sensor": battery, **BATTERY}], {**FLAT, "inflexible-consumption": [load]})
    assert only(planned.site, Inflexible).power[0] == 4.5
    assert list(planned.warnings) == [
        (
            f"sensor {load['sensor']} (series [kW]) is known for a part only of 1 of 16 steps, first at "
            "2030-01-14T00:00+00:00; the mean of that part counts."
        )
    ]


@pytest.mark.parametrize(
    "field, unit",
    [
        ("consumption-price", "EUR/kW"),
        ("site-peak-consumption-price", "EUR/kWh"),
        ("soc-minima", "kW"),
        ("soc-max", "kW"),
        ("site-power-capacity", "EUR"),
    ],
)
def test_a_sensor_is_refused_where_its_unit_would_be_as_text(home, battery, field, unit):
    wrong = sensor(home, unit, [1.0] * 4)
    of_device = {field: wrong} if field.startswith("soc") else {}
    of_site = {} if of_device else {field: wrong}
    with pytest.raises(FieldError, match=f"{field}: .*'{unit}'"):
        home.read("house", [{"sensor": battery, **BATTERY, **of_device}], {**FLAT, **of_site})
