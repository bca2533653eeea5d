"""Colours: one meaning each, and contrast enough on both backgrounds."""

from collections import Counter

import pytest

from components import theme

BACKGROUND = {False: "#ffffff", True: "#121212"}


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", theme.QUANTITIES)
def test_every_line_stands_out_from_its_background(name, dark):
    # WCAG 2.2, success criterion 1.4.11: graphical objects need 3:1.
    assert contrast(theme.QUANTITIES[name].on(dark), BACKGROUND[dark]) >= 3


@pytest.mark.parametrize(
    ("unit", "name", "asset_type", "expected"),
    [
        ("EUR/MWh", "day-ahead prices", "transmission zone", "price"),
        ("kW", "production", "solar", "production"),
        ("MW", "power", "solar", "production"),
        ("kW", "power", "building", "consumption"),
        ("MW", "discharging", "battery", "power"),
        ("MWh", "state of charge", "battery", "state of charge"),
        ("%", "battery soc", "battery", "state of charge"),
        ("°C", "temperature", "building", "other"),
        ("kg/kWh", "CO2 intensity", "transmission zone", "other"),
        ("not a unit", "x", "building", "other"),
    ],
)
def test_a_sensor_s_quantity_is_found(unit, name, asset_type, expected):
    assert theme.quantity(unit=unit, name=name, asset_type=asset_type) == expected


def test_sensors_of_one_chart_never_share_a_colour():
    colours = theme.distinct({"battery": "power", "sun": "production", "site": "power", "car": "power"})
    assert len(set(colours.values())) == 4
    assert colours["battery"] == theme.QUANTITIES["power"]
    assert colours["sun"] == theme.QUANTITIES["production"]


def test_of_more_sensors_than_colours_each_colour_serves_as_often_as_any_other():
    uses = Counter(
        theme.distinct({f"battery {i}": "power" for i in range(3 * len(set(theme.QUANTITIES.values())))}).values()
    )
    assert set(uses.values()) == {3}
