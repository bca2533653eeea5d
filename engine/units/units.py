"""The only place that converts units: text to number and unit, and one unit to another.

What a text may be is the language of ``engine.units.grammar``; no text is handed to anything else. Currencies are
dimensions of their own each, so EUR and USD never mix.
"""

import math
import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import QuantityError, UnitError
from engine.units.algebra import Unit
from engine.units.grammar import LONGEST, number, read
from engine.units.table import CURRENCIES

Numbers = TypeVar("Numbers", float, NDArray[np.float64])

LARGEST = 1e15
"""Largest number that a quantity may be, in the unit it is wanted in: more is a slip, and no solver takes it."""
DIGIT = re.compile(r"(?<![\w^])(?<!\*\*)[0-9]")
"""One of a number; those of powers, as in m3, and of CO2 are none."""
MOST_BASE = 10**30
"""Largest amount that 100 % may stand for, in base units; 1e15 MW is 1e24 of them."""


def _quoted(text: object) -> str:
    """Return a text for an error, cut where it is too long to be shown."""
    shown = str(text)
    return repr(shown if len(shown) <= 40 else f"{shown[:40]}…")


@lru_cache(maxsize=4096)
def unit(text: str) -> Unit:
    """Return the unit a text names; an empty text is the number one.

    Raises:
        UnitError: No such unit.
    """
    try:
        return read(text, only_unit=True)
    except UnitError as error:
        raise UnitError(f"{_quoted(text)} is not a unit: {error}") from error


@lru_cache(maxsize=4096)  # a plan reads the same texts many times, and the next plan of the asset reads them again
def _read(text: str) -> Unit:
    try:
        return read(text)
    except UnitError as error:
        problem = f"{_quoted(text)} is not a quantity: {error} Write a number and a unit, such as '15 kW'."
        raise UnitError(problem) from error


def same_kind(one: str, other: str) -> bool:
    """Return whether values in one unit can be written in the other without knowing more."""
    return unit(one).dimensions == unit(other).dimensions


def currency_in(text: str) -> str | None:
    """Return the ISO 4217 code of the money in a unit or a quantity such as ``30 ct/kWh``; None without money."""
    try:
        return next((name for name, _ in _read(text).dimensions if name in CURRENCIES), None)
    except UnitError:
        return None


def measures(text: str, target: str) -> bool:
    """Return whether a quantity such as ``0.3 EUR/kWh`` can be written in a unit.

    Raises:
        UnitError: The text is no quantity.
    """
    return _read(text).dimensions == unit(target).dimensions


AMOUNTS = ("kWh", "kWh/m²", "kg", "m³", "Ah")
"""One unit of each kind of amount, except for money."""


@lru_cache(maxsize=4096)
def adds_up(text: str) -> bool:
    """Whether values of consecutive events in a unit add up to that of the whole time.

    Energy per event, money, mass, volume, charge and irradiation are extensive in time: a coarser event has the sum,
    finer ones share it out. Powers, prices, temperatures and shares are intensive: a coarser event has the mean, finer
    ones repeat it.

    >>> adds_up("kWh"), adds_up("kEUR"), adds_up("kW"), adds_up("EUR/kWh")
    (True, True, False, False)
    """
    try:
        return _is_amount(unit(text))
    except UnitError:  # a unit of an older release that is none: nothing is known of it
        return False


def convert(
    values: Numbers,
    source: str,
    target: str,
    *,
    hours: float | NDArray[np.float64] | None = None,
    whole: str | None = None,
) -> Numbers:
    """Return values given in one unit in another.

    Args:
        values: A number or an array of any shape; NaN stays NaN.
        source: Unit of the values.
        target: Unit wanted.
        hours: Length of the events, one for all or one of each [h]; with it an amount per event, such as an energy,
            becomes a mean flow, such as a power, and back.
        whole: The quantity that 100 % stands for, such as ``10 kW``; with it a share becomes an amount, and back.

    Raises:
        UnitError: The units measure different things.
    """
    if source == target:
        return values
    scale, offset, per_hour = _linear(source, target, hours is not None, whole)
    if hours is None or not per_hour:
        return values * scale + offset if offset else values * scale
    factor: Any = scale / hours if per_hour < 0 else scale * hours
    amounts: Numbers = values * factor
    return amounts


def hours_power(source: str, target: str, *, timed: bool) -> int:
    """Power of an event's hours in the factor between two units: -1 from an amount to its flow, 1 back, else 0.

    Raises:
        UnitError: The units measure different things.
    """
    return 0 if source == target else _linear(source, target, timed, None)[2]


@lru_cache(maxsize=4096)
def _linear(source: str, target: str, timed: bool, whole: str | None) -> tuple[float, float, int]:
    """Return scale and offset from one unit to another, and the power of the events' hours that comes with them."""
    have, want = unit(source), unit(target)
    for through, per_hour in _ways(have, want, timed, whole):
        if through.dimensions == want.dimensions:
            offset = _float((through.offset - want.offset) / want.factor)
            return _float(through.factor / want.factor), offset, per_hour
    raise UnitError(f"Values in {source!r} cannot be written in {target!r}: the two measure different things.")


def _ways(have: Unit, want: Unit, timed: bool, whole: str | None) -> Iterator[tuple[Unit, int]]:
    """Give units that values can be read as, each with the power of the events' hours.

    What an event holds becomes a flow, and a flow what an event holds. But a price per kW is none per kWh, whatever the
    events last.
    """
    yield have, 0
    yield from _over_time(have, have, want, timed)
    # A share becomes an amount, or an amount a share: one of the two has to be a share.
    if whole is None or (not have.dimensions) == (not want.dimensions):
        return
    try:
        amount = _read(whole)
    except UnitError as error:
        raise UnitError(f"The capacity that 100 % stands for: {error}") from error
    if not 0 < abs(amount.factor) <= MOST_BASE:
        raise UnitError(f"100 % cannot stand for {_quoted(whole)}.")
    part = have * amount if not have.dimensions else have / amount
    yield part, 0
    yield from _over_time(part, have, want, timed)


def _over_time(part: Unit, have: Unit, want: Unit, timed: bool) -> Iterator[tuple[Unit, int]]:
    priced = any(name in CURRENCIES for name, _ in have.dimensions)
    # Anything but a price goes, such as a depth of rain, which is a rate by the length of its event.
    if timed and (not priced or _is_amount(have) or _is_amount(want)):
        yield part * unit("h"), 1
        yield part / unit("h"), -1


def _is_amount(measure: Unit) -> bool:
    named = measure.dimensions
    money = len(named) == 1 and named[0][1] == 1 and named[0][0] in CURRENCIES
    return money or named in {unit(each).dimensions for each in AMOUNTS}


def _float(value: Fraction) -> float:
    """Return a fraction as a number.

    Raises:
        UnitError: It is too large for one.
    """
    try:
        return float(value)
    except OverflowError:
        raise UnitError(f"A number of more than {LARGEST:g} is too large.") from None


def magnitude(value: float, target: str, *, field: str) -> float:
    """Return a number of a field as it is, if it is one that can be computed with.

    Raises:
        UnitError: It is not finite, or beyond ``LARGEST``.
    """
    if math.isnan(value):
        raise QuantityError(field, "NaN is not a number; leave the field out, or write one.")
    if abs(value) > LARGEST:
        raise QuantityError(field, f"{value:g} is too large; the most is {LARGEST:g} {target}".rstrip() + ".")
    return value


def bare_number(text: str, *, field: str) -> float | None:
    """Return the number in a text without a unit, such as ``0.9`` or ``-7,4``; None where it is something else.

    Raises:
        UnitError: It is a number that can be read in two ways, or is far too large.
    """
    try:
        return _bare_number(text)
    except UnitError as error:
        raise QuantityError(field, str(error)) from None


@lru_cache(maxsize=4096)
def _bare_number(text: str) -> float | None:
    digits = text.strip().replace("−", "-")
    sign = -1.0 if digits.startswith("-") else 1.0
    digits = digits[1:] if digits[:1] in ("-", "+") else digits
    if not digits or len(digits) > LONGEST or not set(digits) <= set("0123456789.,_'eE+-"):
        return None
    return sign * _float(number(digits))


def quantity(text: str, target: str, *, field: str) -> float:
    """Return the number that a text with unit, such as ``15 kW`` or ``(30/2 - 1) kW``, stands for in another unit.

    Raises:
        UnitError: The text is no quantity, has no unit, or one that measures something else.
    """
    try:
        return _number(text, target)
    except UnitError as error:
        raise QuantityError(field, str(error)) from error


@lru_cache(maxsize=4096)
def _number(text: str, target: str) -> float:
    have, want = _read(text), unit(target)
    if have.bare and want.dimensions:
        raise UnitError(f"{_quoted(text)} has no unit; write it in {target}, such as '15 {target}'.")
    if not DIGIT.search(text):
        raise UnitError(f"{_quoted(text)} has no number; write it like '15 {text.strip()}'.")
    if have.dimensions != want.dimensions:
        raise UnitError(f"{_quoted(text)} cannot be written in {target}; the two measure different things.")
    number = (have.factor + have.offset - want.offset) / want.factor
    if abs(number) > LARGEST:
        raise UnitError(f"{_quoted(text)} is too large; the most is {LARGEST:g} {target}".rstrip() + ".")
    return float(number)
