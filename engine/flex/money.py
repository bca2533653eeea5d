"""Prices are in any currency: find it in a text, and put it where a unit leaves it open."""

import re

from engine.units import CURRENCIES

ANY = "currency"
"""Stands for the currency in units of prices, such as ``currency/kWh``."""

_WORD = re.compile(r"[A-Za-z_]+")


def currency_of(text: str) -> str | None:
    """Return the currency in a text such as ``0.3 EUR/kWh``; without money, its unit (``g`` in ``g/kWh``)."""
    words = _WORD.findall(text)
    money = next((word for word in words if word in CURRENCIES), None)
    if money or "/" not in text:
        return money
    words = _WORD.findall(text.split("/")[0])
    return words[-1] if words else None


def unit_for(unit: str, text: str) -> str:
    """Return a unit with the currency of a text in the place of the open one."""
    if ANY not in unit:
        return unit
    return unit.replace(ANY, currency_of(text) or "EUR")
