"""Prices are in any currency: find it in a text, and put it where a unit leaves it open."""

import re

from engine.units.grammar import CO2
from engine.units.units import currency_in

ANY = "currency"
"""Stands for the currency in units of prices, such as ``currency/kWh``."""

_WORD = re.compile(r"[^\W\d]+")


def currency_of(text: str) -> str | None:
    """Return the currency in a text such as ``0.3 EUR/kWh``; without money, its unit (``g`` in ``400 gCO2/kWh``).

    Of a cent or a thousand euros this is the euro: ``EUR`` in ``30 ct/kWh`` and ``0.1 kEUR/MWh``.
    """
    money = currency_in(text)
    if money or "/" not in text:
        return money
    words = _WORD.findall(CO2.sub("", text).split("/")[0])
    return words[-1] if words else None


def unit_for(unit: str, text: str) -> str:
    """Return a unit with the currency of a text in the place of the open one."""
    if ANY not in unit:
        return unit
    return unit.replace(ANY, currency_of(text) or "EUR")
