"""The only place that converts units: text to number and unit, and one unit to another.

What a text may be is the language of ``engine.units.grammar``; no text is handed to anything else. Currencies are
dimensions of their own each, so EUR and USD never mix.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnitError
from engine.units.algebra import Unit
from engine.units.grammar import LONGEST, number, read
from engine.units.table import CURRENCIES

Numbers = TypeVar("Numbers", float, NDArray[np.float64])

LARGEST = 1e15
"""Largest number that a quantity may be, in the unit it is wanted in: more is a slip, and no solver takes it."""
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


def convert(
    values: Numbers, source: str, target: str, *, hours: float | None = None, whole: str | None = None
) -> Numbers:
    """Return values given in one unit in another.

    Args:
        values: A number or an array of any shape; NaN stays NaN.
        source: Unit of the values.
        target: Unit wanted.
        hours: Length of the events [h]; with it an energy per event becomes a mean power, and back.
        whole: The quantity that 100 % stands for, such as ``10 kW``; with it a share becomes an amount, and back.

    Raises:
        UnitError: The units measure different things.
    """
    if source == target:
        return values
    scale, offset = _linear(source, target, hours, whole)
    return values * scale + offset if offset else values * scale


@lru_cache(maxsize=4096)
def _linear(source: str, target: str, hours: float | None, whole: str | None) -> tuple[float, float]:
    """Return scale and offset from one unit to another."""
    have, want = unit(source), unit(target)
    for through in _ways(have, want, hours, whole):
        if through.dimensions == want.dimensions:
            return _float(through.factor / want.factor), _float((through.offset - want.offset) / want.factor)
    raise UnitError(f"Values in {source!r} cannot be written in {target!r}: the two measure different things.")


def _ways(have: Unit, want: Unit, hours: float | None, whole: str | None) -> Iterator[Unit]:
    """Give units that values can be read as."""
    yield have
    over_time = [Unit(Fraction(hours)) * unit("h"), (Unit(Fraction(hours)) * unit("h")) ** -1] if hours else []
    for span in over_time:
        yield have * span
    if whole is None or (not have.dimensions) == (not want.dimensions):
        return
    try:
        amount = _read(whole)
    except UnitError as error:
        raise UnitError(f"The capacity that 100 % stands for: {error}") from error
    if not 0 < abs(amount.factor) <= MOST_BASE:
        raise UnitError(f"100 % cannot stand for {_quoted(whole)}.")
    part = have * amount if not have.dimensions else have / amount
    yield part
    for span in over_time:
        yield part * span


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
        raise UnitError(f"{field}: NaN is not a number; leave the field out, or write one.")
    if abs(value) > LARGEST:
        raise UnitError(f"{field}: {value:g} is too large; the most is {LARGEST:g} {target}".rstrip() + ".")
    return value


def bare_number(text: str, *, field: str) -> float | None:
    """Return the number in a text without a unit, such as ``0.9`` or ``-7,4``; None where it is something else.

    Raises:
        UnitError: It is a number that can be read in two ways, or is far too large.
    """
    digits = text.strip().replace("−", "-")
    sign = -1.0 if digits.startswith("-") else 1.0
    digits = digits[1:] if digits[:1] in ("-", "+") else digits
    if not digits or len(digits) > LONGEST or not set(digits) <= set("0123456789.,_'eE+-"):
        return None
    try:
        return sign * _float(number(digits))
    except UnitError as error:
        raise UnitError(f"{field}: {error}") from None


def quantity(text: str, target: str, *, field: str) -> float:
    """Return the number that a text with unit, such as ``15 kW`` or ``(30/2 - 1) kW``, stands for in another unit.

    Raises:
        UnitError: The text is no quantity, has no unit, or one that measures something else.
    """
    try:
        return _number(text, target)
    except UnitError as error:
        raise UnitError(f"{field}: {error}") from error


@lru_cache(maxsize=4096)
def _number(text: str, target: str) -> float:
    have, want = _read(text), unit(target)
    if have.bare and want.dimensions:
        raise UnitError(f"{_quoted(text)} has no unit; write it in {target}, such as '15 {target}'.")
    if have.dimensions != want.dimensions:
        raise UnitError(f"{_quoted(text)} cannot be written in {target}; the two measure different things.")
    number = (have.factor + have.offset - want.offset) / want.factor
    if abs(number) > LARGEST:
        raise UnitError(f"{_quoted(text)} is too large; the most is {LARGEST:g} {target}".rstrip() + ".")
    return float(number)
