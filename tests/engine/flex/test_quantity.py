"""Quantities in all their forms, properties of reading them, and the way out of every mistake."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import EngineError, FieldError, TimeError, UnitError, UnknownName
from engine.flex.quantity import Events, Fixed, SensorReference, check, currency, per_energy, read

START = "2026-03-02T07:00:00+01:00"


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("15 kW", "kW", 15.0),
        ("0.29 EUR/kWh", "currency/kWh", 0.29),
        ("290 EUR/MWh", "currency/kWh", 0.29),
        ("(30/2 - 1) kW", "kW", 14.0),
        ("0.2 MW", "kW", 200.0),
        ("95%", "", 0.95),
        ("95 %", "", 0.95),
        ("0.95", "", 0.95),
        ("3.6 MJ", "kWh", 1.0),
        ("25 kVA", "kW", 25.0),
        ("450 g/kWh", "currency/kWh", 450.0),
    ],
)
def test_texts_with_units(text, unit, value):
    assert read(text, field="x").number(unit, field="x") == pytest.approx(value)


def test_bare_numbers_are_read_in_the_unit_told():
    assert Fixed(3.0).number("kWh", field="soc-max", bare="MWh") == 3000.0
    assert Fixed("3").number("kWh", field="soc-max", bare="kW*h") == 3.0
    with pytest.raises(UnitError, match=r"power-capacity: 3 has no unit; write it like '3 kW'"):
        Fixed(3.0).number("kW", field="power-capacity")


@pytest.mark.parametrize(("text", "unit"), [("%", ""), ("%", "kWh"), ("kW", "kW"), ("EUR/kWh", "currency/kWh")])
def test_a_unit_alone_is_no_quantity(text, unit):
    for use in (check, lambda it, unit, field: it.number(unit, field=field, whole=10.0)):
        with pytest.raises(UnitError, match=f"x: '{text}' has no number"):
            use(read(text, field="x"), unit, field="x")


def test_percentages_of_a_whole():
    assert Fixed("50%").number("kWh", field="soc-at-start", bare="MWh", whole=450.0) == 225.0


@given(st.floats(0.001, 1e6), st.sampled_from(["W", "kW", "MW"]))
def test_a_power_is_the_same_in_any_unit(value, unit):
    scale = {"W": 1e-3, "kW": 1.0, "MW": 1e3}[unit]
    assert read(f"{value!r} {unit}", field="x").number("kW", field="x") == pytest.approx(value * scale)


@given(
    st.one_of(st.none(), st.text(), st.integers(), st.lists(st.integers()), st.dictionaries(st.text(), st.integers()))
)
def test_anything_else_is_refused_in_one_sentence(raw):
    try:
        check(read(raw, field="power-capacity"), "kW", field="power-capacity")
    except EngineError as error:
        assert "power-capacity" in str(error)


@given(st.integers(0, 10**9), st.integers(1, 5000))
def test_a_span_is_the_same_however_it_is_told(second, minutes):
    start, length = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second), timedelta(minutes=minutes)
    text, end, duration = start.isoformat(), (start + length).isoformat(), f"PT{minutes}M"
    ways = [{"start": text, "end": end}, {"start": text, "duration": duration}, {"end": end, "duration": duration}]
    spans = {(e.start, e.end) for way in ways for e in read([{"value": "1 kW", **way}], field="x").events}
    assert spans == {(start, start + length)}


def test_an_event_at_one_moment():
    (event,) = read([{"value": 3, "datetime": START}], field="soc-targets").events
    assert event.start == event.end == datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_days_are_counted_on_the_clock_of_their_start():
    # The night of 29 March 2026 has one hour less in Amsterdam; an offset alone cannot know that, a zone can.
    (event,) = read([{"value": 3, "start": "2026-03-29T00:00+01:00", "duration": "P1D"}], field="x").events
    assert event.end - event.start == timedelta(days=1)


@pytest.mark.parametrize(
    ("raw", "error", "way_out"),
    [
        ([{"datetime": START}], FieldError, "needs a value"),
        ([{"value": 3}], FieldError, "say when with datetime"),
        ([{"value": 3, "start": START}], FieldError, "say when with datetime"),
        ([{"value": 3, "datetime": "2026-03-02T07:00"}], TimeError, "has no time zone"),
        ([{"value": 3, "datetime": "noon"}], TimeError, "is not a time"),
        ([{"value": 3, "start": START, "end": "2026-03-02T06:00:00+01:00"}], FieldError, "before it starts"),
        ([{"value": 3, "datetim": START}], UnknownName, "did you mean 'datetime'"),
        ([3], FieldError, "an event is written like"),
        ({"sensr": 3}, UnknownName, "did you mean 'sensor'"),
        ({"sensor": "three"}, FieldError, "needs the id of the sensor"),
        ({"sensor": 3, "sources": "mine"}, FieldError, "a list of ids"),
        ({"sensor": 3, "default": [1]}, FieldError, "write one quantity"),
        (True, FieldError, "true and false are not quantities"),
        (None, FieldError, "a reference such as"),
    ],
)
def test_mistakes_name_the_field_and_the_way_out(raw, error, way_out):
    with pytest.raises(error, match=way_out) as raised:
        read(raw, field="soc-targets")
    assert "soc-targets" in str(raised.value)


def test_a_sensor_reference_keeps_its_filters():
    raw = {"sensor": 5, "sources": [7, 3], "source-types": ["forecaster"], "exclude-source-types": "user",
           "source-account": 2, "default": "3 kW"}  # fmt: skip
    assert read(raw, field="x") == SensorReference(
        sensor=5, sources=(7, 3), source_types=("forecaster",), exclude_source_types=("user",), source_account=2,
        default=Fixed("3 kW"),
    )  # fmt: skip


def test_currencies_and_what_is_priced():
    assert currency(Fixed("3 USD/MWh")) == "USD"
    assert currency(Fixed("3 kg/MWh")) == "kg"
    assert currency(Fixed(0.0)) is None
    assert per_energy(Fixed("3 EUR/kW")) is False
    assert per_energy(read([{"value": "3 EUR/MWh", "datetime": START}], field="x")) is True
    assert isinstance(read([], field="x"), Events)
    assert np.isclose(read("1e-3 EUR/Wh", field="x").number("currency/kWh", field="x"), 1.0)
