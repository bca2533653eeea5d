"""A quantity as users write it: "15 kW" | a list of timed events | {"sensor": 5, ...}; prices in any currency."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

from engine.errors import FieldError, QuantityError, UnknownField
from engine.series.iso_time import after, duration, instant
from engine.units import units
from engine.units.grammar import CO2

REFERENCE_KEYS = ("sensor", "sources", "source-types", "exclude-source-types", "source-account", "default")
EVENT_KEYS = ("value", "datetime", "start", "end", "duration")
ANY_CURRENCY = "currency"
"""Stands for the currency in units of prices, such as ``currency/kWh``."""
WORD = re.compile(r"[^\W\d]+")


@dataclass(frozen=True, slots=True)
class Fixed:
    """One value at all times: a text with its unit, or a bare number."""

    value: str | float

    def number(self, unit: str, *, field: str, bare: str | None = None, whole: float | None = None) -> float:
        """Return the value in a unit.

        Args:
            unit: Unit wanted; ``currency/kWh`` stands for any currency.
            field: What it is, for errors.
            bare: Unit of a number written without one; None refuses it, unless a number without unit is wanted.
            whole: What 100 % is, in the unit wanted; None refuses percentages of something.

        Raises:
            UnitError: It cannot be written in this unit.
        """
        return _number(self.value, unit, field, bare, whole)


@lru_cache(maxsize=8192)  # reading a plan asks for each value about five times, and so does the next plan of the asset
def _number(value: str | float, unit: str, field: str, bare: str | None, whole: float | None) -> float:
    number = value if not isinstance(value, str) else units.bare_number(value, field=field)
    unit = unit_for(unit, value) if isinstance(value, str) else unit
    if isinstance(value, str) and value.strip().endswith("%") and unit and whole is not None:
        return units.quantity(value, "", field=field) * whole
    if number is None:
        return units.quantity(str(value), unit, field=field)
    if bare is not None:
        return units.magnitude(units.convert(number, bare, unit_for(unit, bare)), unit, field=field)
    units.magnitude(number, unit, field=field)
    if unit and number:
        raise QuantityError(field, f"{number:g} has no unit; write it like '{number:g} {unit_for(unit, 'EUR')}'.")
    return float(number)


@dataclass(frozen=True, slots=True)
class Event:
    """A value from a start to an end, or at one moment when both are the same."""

    start: datetime
    end: datetime
    value: Fixed


@dataclass(frozen=True, slots=True)
class Events:
    """Values at some times, in the order given."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class SensorReference:
    """The values of a sensor, as known when the plan is asked for."""

    sensor: int
    sources: tuple[int, ...] = ()
    """Sources to read, in order of precedence; empty for all."""
    source_types: tuple[str, ...] = ()
    """Types of source to read; empty for all."""
    exclude_source_types: tuple[str, ...] = ()
    """Types of source to leave out."""
    source_account: int | None = None
    """Account whose sources are read."""
    default: Fixed | None = None
    """Value where the sensor has none."""


Quantity: TypeAlias = Fixed | Events | SensorReference


def read(raw: object, *, field: str) -> Quantity:
    """Return the quantity that a user wrote in any of its forms.

    Raises:
        FieldError: It has none of the forms.
        UnknownName: An unknown key in a form.
    """
    match raw:
        case Fixed() | Events() | SensorReference():
            return raw
        case str() | int() | float():
            return _fixed(raw, field)
        case Mapping():
            return _reference(raw, field)
        case Sequence():
            return Events(tuple(_event(item, f"{field}[{at}]") for at, item in enumerate(raw)))
    raise FieldError(
        field, "write a text such as '15 kW', a list of timed events, or a reference such as {'sensor': 5}."
    )


def _fixed(raw: str | float, field: str) -> Fixed:
    """Return one value as a user wrote it; its unit is looked at when it is used."""
    if isinstance(raw, bool):
        raise FieldError(field, "true and false are not quantities; write a number and a unit, such as '15 kW'.")
    if raw == "":
        raise FieldError(field, "it is empty; write a number and a unit, such as '15 kW', or leave it out.")
    if not isinstance(raw, str) and not abs(raw) <= units.LARGEST:
        raise FieldError(field, f"write a number from {-units.LARGEST:g} to {units.LARGEST:g}.")
    return Fixed(raw if isinstance(raw, str) else float(raw))


def _reference(raw: Mapping[str, object], field: str) -> SensorReference:
    _known_keys(raw, REFERENCE_KEYS, f"key of the sensor reference {field}", field)
    sensor = raw.get("sensor")
    if type(sensor) is not int:  # true is an int as well
        raise FieldError(field, "a sensor reference needs the id of the sensor, such as {'sensor': 5}.")
    default = raw.get("default")
    if default is not None and not isinstance(default, str | int | float):
        raise FieldError(f"{field}.default", "write one quantity, such as '15 kW'.")
    account = raw.get("source-account")
    if account is not None and type(account) is not int:
        raise FieldError(f"{field}.source-account", "write the id of an account.")
    sources = raw.get("sources", [])
    sources = [sources] if isinstance(sources, int) else sources
    if not isinstance(sources, list | tuple) or not all(type(source) is int for source in sources):
        raise FieldError(f"{field}.sources", "write a list of ids, such as [3, 5].")
    return SensorReference(
        sensor=sensor,
        sources=tuple(sources),
        source_types=tuple(_texts(raw.get("source-types", []), f"{field}.source-types")),
        exclude_source_types=tuple(_texts(raw.get("exclude-source-types", []), f"{field}.exclude-source-types")),
        source_account=account,
        default=None if default is None else _fixed(default, f"{field}.default"),
    )


def _event(raw: object, field: str) -> Event:
    if isinstance(raw, Event):
        return raw
    if not isinstance(raw, Mapping):
        raise FieldError(field, "an event is written like {'value': '3 kW', 'start': ..., 'end': ...}.")
    _known_keys(raw, EVENT_KEYS, f"key of the event {field}", field)
    value = raw.get("value")
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise FieldError(f"{field}.value", "an event needs a value, such as '3 kW'.")
    start, end = _span(raw, field)
    if end < start:
        raise FieldError(field, f"it ends ({end.isoformat()}) before it starts ({start.isoformat()}).")
    return Event(start, end, _fixed(value, f"{field}.value"))


def _span(raw: Mapping[str, object], field: str) -> tuple[datetime, datetime]:
    """Return the start and end of an event; both are one where it has only a datetime."""
    at: dict[str, datetime] = {}
    for key in ("datetime", "start", "end"):
        if key in raw:
            value = raw[key]
            if isinstance(value, datetime) and value.tzinfo is not None:
                at[key] = value
            else:
                text = value.isoformat() if isinstance(value, datetime) else str(value)
                at[key] = instant(text, field=f"{field}.{key}")
    match sorted([*at, *(["duration"] if "duration" in raw else [])]):
        case ["datetime"]:
            return at["datetime"], at["datetime"]
        case ["end", "start"]:
            return at["start"], at["end"]
        case ["duration", "start"]:
            lasts = duration(str(raw["duration"]), field=f"{field}.duration", start=at["start"])
            return at["start"], after(at["start"], lasts, field=field)
        case ["duration", "end"]:
            return after(at["end"], -duration(str(raw["duration"]), field=f"{field}.duration"), field=field), at["end"]
    raise FieldError(field, "say when with datetime, with start and end, or with duration and one of both.")


def _known_keys(raw: Mapping[str, object], known: Sequence[str], kind: str, field: str) -> None:
    for key in raw:
        if key not in known:
            raise UnknownField(kind, str(key), known, field=f"{field}.{key}")


def _texts(raw: object, field: str) -> list[str]:
    texts = [raw] if isinstance(raw, str) else raw
    if not isinstance(texts, list | tuple) or not all(isinstance(item, str) for item in texts):
        raise FieldError(field, "write a list of names, such as ['forecaster'].")
    return [str(item) for item in texts]


def check(quantity: Quantity, unit: str, *, field: str, bare_is_fine: bool = False) -> None:
    """Raise what ``Fixed.number`` would raise for any value written in the quantity; sensors are checked when read.

    Args:
        quantity: As read.
        unit: Unit wanted.
        field: What it is, for errors.
        bare_is_fine: The unit of bare numbers is settled later.
    """
    for place, value in placed(quantity, field):
        value.number(unit, field=place, bare=unit_for(unit, "EUR") if bare_is_fine else None, whole=1.0)


def refuse_negative(quantity: Quantity, unit: str, *, field: str) -> None:
    """Raise FieldError if a value written in the quantity is below 0."""
    for place, value in placed(quantity, field):
        if value.number(unit, field=place, bare=unit_for(unit, "EUR"), whole=1.0) < 0:
            raise FieldError(place, f"{value.value} is below 0; give it as 0 or more.")


def written(quantity: Quantity) -> list[Fixed]:
    """Return the values written in a quantity: all but those of a sensor."""
    return [value for _, value in placed(quantity, "")]


def placed(quantity: Quantity, field: str) -> list[tuple[str, Fixed]]:
    """Return the values written in the quantity of a field, each with its place, such as ``soc-minima[0].value``."""
    match quantity:
        case Fixed():
            return [(field, quantity)]
        case Events():
            return [(f"{field}[{at}].value", event.value) for at, event in enumerate(quantity.events)]
        case SensorReference():
            return [] if quantity.default is None else [(f"{field}.default", quantity.default)]


def currency(quantity: Quantity) -> str | None:
    """Return the currency in which a price is written; None when a sensor decides."""
    codes = (currency_of(each.value) for each in written(quantity) if isinstance(each.value, str))
    return next((code for code in codes if code), None)


def per_energy(quantity: Quantity) -> bool | None:
    """Return whether a price is per energy (True) or per power (False); None when no unit is written."""
    for each in written(quantity):
        if isinstance(each.value, str) and "/" in each.value:
            return units.measures(each.value, unit_for("currency/kWh", each.value))
    return None


def price_or_amount(raw: object, *, field: str, example: str) -> Fixed:
    """Return a price of each kWh, or an amount of money, as it is written.

    Raises:
        InputError: It changes over time, or is something else.
    """
    price = read(raw, field=field)
    if not isinstance(price, Fixed):
        raise FieldError(field, f"write one amount, such as '0.05 EUR' or '{example}'.")
    number_of_price(price, field)
    return price


def number_of_price(price: Fixed, field: str) -> tuple[float, bool]:
    """Return a price [currency/kWh], or where False follows, an amount of money [currency]."""
    per_unit = per_energy(price) is not None
    return price.number("currency/kWh" if per_unit else "currency", field=field), per_unit


def span(raw: object, field: str) -> Event:
    """Return the time from a start to an end, as an event without a value."""
    if isinstance(raw, Event):
        return raw
    if not isinstance(raw, Mapping):
        raise FieldError(field, "a time is written like {'start': ..., 'duration': 'PT1H'}.")
    _known_keys(raw, EVENT_KEYS[1:], f"key of {field}", field)
    start, end = _span(raw, field)
    return Event(start, end, Fixed(0.0))


def currency_of(text: str) -> str | None:
    """Return the currency in a text such as ``0.3 EUR/kWh``; without money, its unit (``g`` in ``400 gCO2/kWh``).

    Of a cent or a thousand euros this is the euro: ``EUR`` in ``30 ct/kWh`` and ``0.1 kEUR/MWh``.
    """
    money = units.currency_in(text)
    if money or "/" not in text:
        return money
    words = WORD.findall(CO2.sub("", text).split("/")[0])
    return words[-1] if words else None


def unit_for(unit: str, text: str) -> str:
    """Return a unit with the currency of a text in the place of the open one."""
    if ANY_CURRENCY not in unit:
        return unit
    return unit.replace(ANY_CURRENCY, currency_of(text) or "EUR")
