"""The only place that converts units: text to number and unit, and one unit to another (Pint).

Currencies are units of a dimension of their own each, so EUR and USD never mix. Pint takes a third of a second to
import, so it is loaded when the first unit that needs it is met.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnitError

if TYPE_CHECKING:
    import pint

Numbers = TypeVar("Numbers", float, NDArray[np.float64])

CURRENCIES = (
    "AED AUD BGN BRL CAD CHF CLP CNY CZK DKK EUR GBP HKD HUF IDR ILS INR ISK JPY KRW MXN MYR NOK NZD PHP PLN RON RSD "
    "RUB SAR SEK SGD THB TRY TWD UAH USD VND ZAR"
).split()


@cache
def registry() -> "pint.UnitRegistry[float]":
    """Return the one registry: SI, offset temperatures, percent, volt-ampere, watt-peak, currencies of ISO 4217."""
    import pint

    made: pint.UnitRegistry[float] = pint.UnitRegistry(autoconvert_offset_to_baseunit=True)
    for code in CURRENCIES:
        made.define(f"{code} = [currency_{code}]")
    made.define("watt_peak = watt = Wp")
    made.define("volt_ampere_reactive = volt * ampere = var")
    return made


SPELLINGS = [  # as people write them → as Pint reads them
    (re.compile(r"\s*CO(?:2|₂)[- ]?(?:eq?)?(?![a-zA-Z0-9])"), ""),  # the mass says it
    (re.compile(r"(?<![a-zA-Z])([cdkm]*m)([23])(?![0-9])"), r"\1**\2"),
    (re.compile(r"(?<![a-zA-Z])ct(?![a-zA-Z])"), "cEUR"),  # on energy bills, and not a carat
    (re.compile(r"p\.u\."), ""),
    (re.compile("º"), "°"),
    (re.compile("·"), "*"),
    (re.compile("€"), "EUR"),
    (re.compile("£"), "GBP"),
]


def _spelled(text: str) -> str:
    for pattern, spelling in SPELLINGS:
        text = pattern.sub(spelling, text)
    return text.strip()


@cache
def unit(text: str) -> "pint.Unit":
    """Return the unit a text names; an empty text is the number one.

    Raises:
        UnitError: No such unit.
    """
    try:
        return registry().parse_units(_spelled(text))
    except Exception as error:  # pint raises its own, but also ValueError, TypeError and tokenizer errors on odd text
        raise UnitError(f"{text!r} is not a unit; write it like kW, kWh, EUR/MWh, % or °C.") from error


def same_kind(one: str, other: str) -> bool:
    """Return whether values in one unit can be written in the other without knowing more."""
    return bool(unit(one).dimensionality == unit(other).dimensionality)


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


@cache
def _linear(source: str, target: str, hours: float | None, whole: str | None) -> tuple[float, float]:
    """Return scale and offset from one unit to another."""
    have, want = unit(source), unit(target)
    for through, scale in _ways(have, want, hours, whole):
        if through.dimensionality == want.dimensionality:
            zero, one, many = (registry().Quantity(x, through).to(want).magnitude for x in (0.0, 1.0, 1e6))
            slope = (float(many) - float(zero)) / 1e6 if zero else float(one)  # far apart, where offsets cost digits
            return slope * scale, float(zero)
    raise UnitError(f"Values in {source!r} cannot be written in {target!r}: the two measure different things.")


def _ways(
    have: "pint.Unit", want: "pint.Unit", hours: float | None, whole: str | None
) -> "Iterator[tuple[pint.Unit, float]]":
    """Give units that values can be read as, with what they must be multiplied by to that end."""
    yield have, 1.0
    hour = registry().Unit("h")
    over_time = [(hour, hours), (hour**-1, 1 / hours)] if hours else []
    for factor, number in over_time:
        yield have * factor, number
    if whole is None or have.dimensionless == want.dimensionless:
        return
    amount: pint.Quantity[float] = registry().Quantity(_spelled(whole))
    factor, number = (
        (amount.units, amount.magnitude) if have.dimensionless else (amount.units**-1, 1 / amount.magnitude)
    )
    yield have * factor, number
    for more, times in over_time:
        yield have * factor * more, number * times


def quantity(text: str, target: str, *, field: str) -> float:
    """Return the number that a text with unit, such as ``15 kW`` or ``(30/2 - 1) kW``, stands for in another unit.

    Raises:
        UnitError: The text is no quantity, has no unit, or one that measures something else.
    """
    try:
        return _number(text, target)
    except UnitError as error:
        raise UnitError(f"{field}: {error}") from error


@lru_cache(maxsize=4096)  # a plan reads the same texts many times, and the next plan of the asset reads them again
def _number(text: str, target: str) -> float:
    try:
        read: pint.Quantity[float] = registry().Quantity(_spelled(text))
    except Exception as error:  # as in unit()
        raise UnitError(f"{text!r} is not a quantity; write a number and a unit, such as '15 kW'.") from error
    if read.unitless and unit(target).dimensionality:
        raise UnitError(f"{text!r} has no unit; write it in {target}, such as '15 {target}'.")
    if read.dimensionality != unit(target).dimensionality:
        raise UnitError(f"{text!r} cannot be written in {target}; the two measure different things.")
    return float(read.to(target).magnitude)
