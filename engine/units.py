"""The only place that converts units: text to number and unit, and one unit to another (Pint).

Currencies are units of a dimension of their own each, so EUR and USD never mix. Pint takes a third of a second to
import, so it is loaded when the first unit that needs it is met.
"""

from functools import cache
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
    return made


@cache
def unit(text: str) -> "pint.Unit":
    """Return the unit a text names; an empty text is the number one.

    Raises:
        UnitError: No such unit.
    """
    try:
        return registry().parse_units(text.replace("·", "*").strip())
    except Exception as error:  # pint raises its own, but also ValueError, TypeError and tokenizer errors on odd text
        raise UnitError(f"{text!r} is not a unit; write it like kW, kWh, EUR/MWh, % or °C.") from error


def same_kind(one: str, other: str) -> bool:
    """Return whether values in one unit can be written in the other without knowing more."""
    return bool(unit(one).dimensionality == unit(other).dimensionality)


def convert(values: Numbers, source: str, target: str, *, hours: float | None = None) -> Numbers:
    """Return values given in one unit in another.

    Args:
        values: A number or an array of any shape; NaN stays NaN.
        source: Unit of the values.
        target: Unit wanted.
        hours: Length of the events [h]; with it an energy per event becomes a mean power, and back.

    Raises:
        UnitError: The units measure different things.
    """
    if source == target:
        return values
    scale, offset = _linear(source, target, hours)
    return values * scale + offset if offset else values * scale


@cache
def _linear(source: str, target: str, hours: float | None) -> tuple[float, float]:
    """Return scale and offset from one unit to another."""
    have, want = unit(source), unit(target)
    bridge = registry().Quantity(1.0, "h") * hours if hours else None
    for factor in (None, bridge, 1 / bridge if bridge is not None else None):
        through = have if factor is None else have * factor.units
        if through.dimensionality == want.dimensionality:
            scale = 1.0 if factor is None else float(factor.magnitude)
            zero = registry().Quantity(0.0, through).to(want).magnitude
            one = registry().Quantity(1.0, through).to(want).magnitude
            return (float(one) - float(zero)) * scale, float(zero)
    raise UnitError(f"Values in {source!r} cannot be written in {target!r}: the two measure different things.")


def quantity(text: str, target: str, *, field: str) -> float:
    """Return the number that a text with unit, such as ``15 kW`` or ``(30/2 - 1) kW``, stands for in another unit.

    Raises:
        UnitError: The text is no quantity, has no unit, or one that measures something else.
    """
    try:
        read: pint.Quantity[float] = registry().Quantity(text.strip())
    except Exception as error:  # as in unit()
        raise UnitError(f"{field}: {text!r} is not a quantity; write a number and a unit, such as '15 kW'.") from error
    if read.unitless and unit(target).dimensionality:
        raise UnitError(f"{field}: {text!r} has no unit; write it in {target}, such as '15 {target}'.")
    if read.dimensionality != unit(target).dimensionality:
        raise UnitError(f"{field}: {text!r} cannot be written in {target}; the two measure different things.")
    return float(read.to(target).magnitude)
