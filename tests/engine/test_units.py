"""One unit in another: there and back, and as people write them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import UnitError
from engine.units import units

NUMBERS = st.floats(-1e9, 1e9)
HOURS = st.sampled_from([1 / 12, 0.25, 0.5, 1.0, 24.0])
PAIRS = [
    ("kW", "MW"), ("MWh", "kWh"), ("EUR/MWh", "EUR/kWh"), ("cEUR/kWh", "EUR/MWh"), ("%", ""), ("°C", "K"), ("°F", "°C"),
    ("W/m2", "kW/m²"), ("m3/h", "l/s"), ("kg CO2/kWh", "g/Wh"), ("m/s", "km/h"), ("kVA", "kW"), ("Wh", "J"),
]  # fmt: skip


@given(value=NUMBERS, pair=st.sampled_from(PAIRS))
def test_there_and_back_is_the_same(value: float, pair: tuple[str, str]) -> None:
    one, other = pair
    back = units.convert(units.convert(value, one, other), other, one)
    assert back == pytest.approx(value, rel=1e-12, abs=1e-9)


@given(value=NUMBERS, hours=HOURS)
def test_energy_of_an_event_and_its_mean_power_tell_the_same(value: float, hours: float) -> None:
    power = units.convert(value, "kWh", "MW", hours=hours)
    assert power == pytest.approx(value / hours / 1000, rel=1e-12)
    assert units.convert(power, "MW", "kWh", hours=hours) == pytest.approx(value, rel=1e-12)


@given(share=NUMBERS, capacity=st.floats(0.1, 1e6), hours=HOURS)
def test_a_share_of_a_capacity_is_an_amount(share: float, capacity: float, hours: float) -> None:
    whole = f"{capacity} kW"
    assert units.convert(share, "%", "W", whole=whole) == pytest.approx(share * capacity * 10, rel=1e-12)
    energy = units.convert(share, "%", "kWh", whole=whole, hours=hours)
    assert energy == pytest.approx(share / 100 * capacity * hours, rel=1e-12)
    assert units.convert(energy, "kWh", "%", whole=whole, hours=hours) == pytest.approx(share, rel=1e-12)


@given(values=st.lists(NUMBERS | st.just(float("nan")), max_size=9), pair=st.sampled_from(PAIRS))
def test_an_array_is_converted_like_its_numbers_and_gaps_stay(values: list[float], pair: tuple[str, str]) -> None:
    found = units.convert(np.array(values, float), *pair)
    assert found == pytest.approx([units.convert(value, *pair) for value in values], nan_ok=True)


@pytest.mark.parametrize(
    "value, source, target, expected",
    [
        (212, "°F", "°C", 100), (-40, "degF", "degC", -40), (0, "°C", "K", 273.15), (9, "delta_degF", "delta_degC", 5),
        (30, "ct/kWh", "EUR/MWh", 300), (50, "€/MWh", "EUR/kWh", 0.05), (1, "ºC", "degC", 1), (3, "kWh/h", "kW", 3),
        (0.5, "p.u.", "%", 50), (400, "g CO₂/kWh", "kg/MWh", 400), (7, "kWp", "W", 7000), (2, "kvar", "kVA", 2),
    ],
)  # fmt: skip
def test_units_are_read_as_people_write_them(value: float, source: str, target: str, expected: float) -> None:
    assert units.convert(float(value), source, target) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "source, target", [("EUR", "USD"), ("kWh", "kW"), ("%", "kW"), ("kW", "°C"), ("EUR/MWh", "EUR/h"), ("h", "kg")]
)
def test_what_measures_something_else_is_refused_by_name(source: str, target: str) -> None:
    with pytest.raises(UnitError, match=f"'{source}' cannot be written in '{target}'"):
        units.convert(1.0, source, target)


@pytest.mark.parametrize("text", ["kWW", "EURO", "kW per hour", "12 kW", "kW/", "__import__('os')", "1/0"])
def test_what_is_no_unit_is_refused(text: str) -> None:
    with pytest.raises(UnitError):
        units.convert(1.0, text, "kW")


@pytest.mark.parametrize("one, other", [("kWh", "MW"), ("EUR", "EUR/h"), ("mm", "mm/h"), ("m³", "l/h")])
def test_what_an_event_holds_is_a_flow_by_its_length(one: str, other: str) -> None:
    hours = np.array([0.25, 2.0])
    flows = units.convert(np.ones(2), one, other, hours=hours)
    assert flows[0] == pytest.approx(8 * flows[1])
    assert units.convert(flows, other, one, hours=hours) == pytest.approx([1, 1])


@pytest.mark.parametrize("one, other", [("EUR/kW", "EUR/kWh"), ("EUR/MWh", "EUR/MW")])
def test_a_price_of_power_is_none_of_energy(one: str, other: str) -> None:
    with pytest.raises(UnitError, match="measure different things"):
        units.convert(1.0, one, other, hours=0.25)


@pytest.mark.parametrize(
    "unit, adds", [("kWh", True), ("kEUR", True), ("m³", True), ("kW", False), ("EUR/kWh", False), ("%", False)]
)
def test_amounts_add_up_and_all_else_does_not(unit: str, adds: bool) -> None:
    assert units.adds_up(unit) == adds
