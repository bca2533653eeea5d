"""The language of units and quantities: what it reads, what it refuses, and that no text is more than a text."""

import sys
from fractions import Fraction
from types import FrameType
from typing import Any

import pint
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.errors import UnitError
from engine.units import units
from engine.units.grammar import LONGEST, _definitions, read, registry
from engine.units.table import CURRENCIES, PREFIXES, WITH_PREFIX, WITHOUT_PREFIX

PINT: "pint.UnitRegistry[float]" = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
PREFIXED, PLAIN = (sorted(_definitions(table)) for table in (WITH_PREFIX, WITHOUT_PREFIX))
OURS = {"pu", "p.u.", "bit", "dB", "dBm", "decibel", "decibelmilliwatt", "decibels", "decibelmilliwatts"}
"""What Pint reads otherwise: a unit of mass; and levels, which it counts in powers of ten."""
ALSO_OURS = {"mcd", "hbar", "dat", "Tt", "pt", "at", "act", "ct"}
"""What Pint takes for something else than a unit with a prefix: candela, bar and tonnes."""


def pint_of(name: str) -> "pint.Quantity[float] | None":
    """Return a unit in Pint's base units; None where Pint has none of this name."""
    try:
        return PINT.Quantity(1, PINT.parse_units(name)).to_base_units()
    except Exception:
        return None


def base(text: str) -> float:
    """Return our factor in kg where we count in g."""
    unit = units.unit(text)
    return float(unit.factor * Fraction(1, 1000) ** dict(unit.dimensions).get("g", 0))


NAMES = [name for name in PREFIXED + PLAIN if name not in OURS and pint_of(name) is not None]
SHORT = {prefix for prefix in PREFIXES if len(prefix) < 3}
SPELLED = [
    prefix + name
    for prefix in ("", *sorted(PREFIXES))
    for name in (NAMES if not prefix else [name for name in PREFIXED if (len(name) < 3) == (prefix in SHORT)])
    if prefix + name not in OURS | ALSO_OURS and pint_of(prefix + name) is not None
]


@pytest.mark.parametrize("part", range(8))
def test_every_name_means_what_it_means_in_pint(part: int) -> None:
    for name in SPELLED[part::8]:
        known = pint_of(name)
        assert known is not None and base(name) == pytest.approx(known.magnitude, rel=1e-9), name
    assert len(SPELLED) > 900


@pytest.mark.parametrize(
    "word", ["second", "minute", "hour", "day", "week", "month", "year", "litre", "kilowatt", "degree"]
)
def test_many_of_a_unit_are_the_same_unit(word: str) -> None:
    assert units.unit(f"{word}s") == units.unit(word)


POWERS = st.sampled_from(["", "", "^2", "**2", "²", "⁻¹", "^-1", "**-3", "^3"])
FACTORS = st.builds(lambda name, power: name + power, st.sampled_from(SPELLED), POWERS)


@st.composite
def products(draw: st.DrawFn) -> str:
    """Units of up to four names, as people write them."""
    text = draw(FACTORS)
    for _ in range(draw(st.integers(0, 3))):
        text += draw(st.sampled_from([" ", "*", " * ", "/", " / "])) + draw(FACTORS)
    return text if draw(st.booleans()) else f"1/({text})"


@given(text=products())
@settings(max_examples=300)
def test_products_quotients_and_powers_are_those_of_pint(text: str) -> None:
    try:
        known = PINT.Quantity(1, PINT.parse_units(text)).to_base_units()
        expected = float(known.magnitude)
    except Exception:  # temperatures with a zero of their own in products, and numbers beyond those of a computer
        return
    if len(text) <= LONGEST and 1e-290 < abs(expected) < 1e290:
        assert base(text) == pytest.approx(expected, rel=1e-9), text


@given(
    value=st.floats(-1e6, 1e6), unit=st.sampled_from(["kW", "kWh", "EUR/MWh", "W/m²", "l/min", "%", "m3/h", "kW h/day"])
)
def test_a_quantity_is_its_number(value: float, unit: str) -> None:
    assert units.quantity(f"{value!r} {unit}", unit, field="x") == pytest.approx(value, rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(
    ("text", "target", "value"),
    [
        ("7,4 kW", "kW", 7.4), ("0,285 EUR/kWh", "EUR/kWh", 0.285), ("7,25 kW", "kW", 7.25),
        ("1234,567 kW", "kW", 1234.567),
        (",5 kW", "kW", 0.5), (".5 kW", "kW", 0.5), ("1e3 kW", "kW", 1000), ("1_000 kW", "kW", 1000),
        ("5. kW", "kW", 5),
        ("−5 kW", "kW", -5), ("-5kW", "kW", -5), ("+5 kW", "kW", 5), ("2e-3 MW", "kW", 2), ("2e−3 MW", "kW", 2),
        ("(30/2 - 1) kW", "kW", 14), ("2 * 3 kW", "kW", 6), ("2 kW + 500 W", "kW", 2.5), ("3 kWh / (2 h)", "kW", 1.5),
        ("€0.30/kWh", "EUR/kWh", 0.3), ("EUR 30 / MWh", "EUR/kWh", 0.03), ("$0.12/kWh", "USD/kWh", 0.12),
        ("30 ct/kWh", "EUR/kWh", 0.3), ("30 c€/kWh", "EUR/kWh", 0.3), ("30 cEUR/kWh", "EUR/kWh", 0.3),
        ("30 EURct/kWh", "EUR/kWh", 0.3), ("28 p/kWh", "GBP/kWh", 0.28), ("28 pence/kWh", "GBP/kWh", 0.28),
        ("1.2 kEUR", "EUR", 1200), ("1.2 MEUR", "EUR", 1.2e6), ("3 k€/MWh", "EUR/kWh", 3), ("2 k£", "GBP", 2000),
        ("400 gCO2/kWh", "kg/MWh", 400), ("400 kgCO2eq/MWh", "g/kWh", 400), ("400 g CO₂/kWh", "kg/MWh", 400),
        ("0.4 tCO2/MWh", "kg/MWh", 400), ("400 kg CO2e/MWh", "kg/MWh", 400), ("400 kg CO2-eq/MWh", "kg/MWh", 400),
        ("400 g_CO2/kWh", "kg/MWh", 400), ("900 lbs CO2/MWh", "lb/MWh", 900), ("5 °C", "K", 278.15),
        ("-5 °C", "°C", -5),
        ("41 °F", "°C", 5), ("3 W/(m² K)", "W/(m^2*K)", 3), ("3 W/(m2*°C)", "W/m²/K", 3),
        ("0.5 EUR/kW/month", "EUR/kW/yr", 6),
        ("2 kWh/°C", "kWh/K", 2), ("5 m³/h", "l/min", 5000 / 60), ("5 m3/h", "m^3/h", 5), ("9 m/s2", "m s⁻²", 9),
        ("50%", "", 0.5), ("50 %", "", 0.5), ("5 ‰", "%", 0.5), ("7.4 kWp", "kW", 7.4), ("3 kvarh", "kWh", 3),
        ("3 kW·h", "kWh", 3), ("3 kW h", "kWh", 3), ("1013 mbar", "hPa", 1013), ("1 MJ/kWh", "", 1 / 3.6),
        ("1 h^-1", "Hz", 1 / 3600), ("2 GWh/yr", "MWh/a", 2000), ("5 µA", "A", 5e-6), ("5 μA", "A", 5e-6),
        ("9 kΩ", "ohm", 9000),
    ],
)  # fmt: skip
def test_quantities_as_people_write_them(text: str, target: str, value: float) -> None:
    assert units.quantity(text, target, field="x") == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1,234 kW", "1.234 or 1234"), ("12,000 kW", "12.000 or 12000"), ("1.234,5 kW", "without marks for thousands"),
        ("1,234,567 kW", "without marks"), ("1'000 kW", "without marks"), ("1 000 kW", "follows another number"),
        ("7 4 kW", "follows another number"), ("7 kW 4", "follows another number"), ("7,4,2 kW", "without marks"),
        ("1e. kW", "sense|exponent"), ("1e kW", "no unit"),
        ("1_00 kW", "without marks"), ("７ kW", "makes no sense"), ("٣ kW", "makes no sense"),
        ("½ kW", "makes no sense"),
        ("nan kW", "finite number"), ("inf kW", "finite number"), ("1e308 kW", "the most is 1e"),
        ("1e16 kW", "the most is 1e"),
        ("1e999 kW", "the most is 1e"), ("1e99999999 kW", "exponent"), ("9" * 90 + " kW", "the most is 1e"),
        ("1e300 * 1e300 kW", "the most is 1e"), ("1e15 MW", "the most is 1e"), ("-1e16 kW", "the most is 1e"),
        ("5 k W", "no unit 'k'"), ("5 kwh", "did you mean kWh"), ("5 KW", "did you mean"), ("5", "has no unit"),
        ("kW**9**9", "power of a power"), ("2**9**9**9 kW", "power of a power"), ("5 kW**99999999", "not expected"),
        ("1/0 kW", "divides by 0"), ("5 kW/(1-1)", "divides by 0"), ("5 EUR", "different things"),
        ("5 kW + 3 h", "adds what"),
        ("5 °C + 3 °C", "adds temperatures"), ("(" * 60 + "5", "deep"), ("-" * 60 + "5", "deep"),
        ("(5 kW", "not closed"),
        ("5 kW)", "not expected"), ("", "has no unit"), ("kW" * 60, "at most 100"), ("5 TEUR", "kEUR"),
        ("5 ¥", "CNY or JPY"), ("kW", "has no number"), ("- kW", "has no number"), ("kW^1", "has no number"),
        ("5 kW2", "written like"), ("__import__('os')", "no unit"), ("5 kW\n", None), ("5 kW;", "makes no sense"),
        ("((((Ym^9)^9)^9)^9)^9", "too large"), ("5 CO2", "no sense|no unit"), ("5 kW^", "not|sense"),
        ("5 *", "complete"),
        ("5 k\x00W", "sense"), ("lambda: 5", "sense"), ("2 1/h", "follows another"), ("5 kW # x", "sense"),
    ],
)  # fmt: skip
def test_what_is_no_quantity_is_refused_with_the_way_out(text: str, said: str | None) -> None:
    if said is None:
        assert units.quantity(text, "kW", field="x") == 5
        return
    with pytest.raises(UnitError, match=said) as raised:
        units.quantity(text, "kW", field="power-capacity")
    assert str(raised.value).startswith("power-capacity: ") and len(str(raised.value)) < 300


ODD = st.text(st.sampled_from("0123456789.,_'eE+-−*/^()²⁻¹ kMWhVAEURct€$%°CO₂mgs\x00\n٣½"), max_size=120)


def lines_run(text: str, only_unit: bool) -> int:
    """Return how many lines of code reading a text takes, whatever comes of it."""
    count = 0

    def trace(_frame: FrameType, _event: str, _arg: Any) -> Any:
        nonlocal count
        count += 1
        return trace

    registry()  # loading Pint is no part of reading a text
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        read(text, only_unit=only_unit)
    except UnitError:
        pass
    finally:
        sys.settrace(before)
    return count


@given(text=st.one_of(ODD, st.text(max_size=120)), only_unit=st.booleans())
@settings(max_examples=300)
def test_any_text_is_read_or_refused_in_a_bounded_number_of_steps(text: str, only_unit: bool) -> None:
    assert lines_run(text, only_unit) < 60_000  # the first use of a table reads it


@given(text=st.one_of(ODD, st.text(max_size=120)))
@example(text="1e.")
def test_no_text_raises_anything_else(text: str) -> None:
    for use in (
        lambda: units.unit(text),
        lambda: units.quantity(text, "kW", field="x"),
        lambda: units.convert(1.0, text, "kW", hours=0.25, whole=text),
        lambda: units.bare_number(text, field="x"),
        lambda: units.measures(text, "kW"),
    ):
        try:
            use()
        except UnitError:
            continue
    assert units.currency_in(text) in (None, *CURRENCIES)


@pytest.mark.parametrize("code", CURRENCIES)
def test_a_currency_is_itself_and_no_other(code: str) -> None:
    assert units.convert(1.0, f"k{code}/MWh", f"{code}/kWh") == 1.0 == units.convert(100.0, f"c{code}", code)
    with pytest.raises(UnitError):
        units.convert(1.0, code, "EUR" if code != "EUR" else "USD")
