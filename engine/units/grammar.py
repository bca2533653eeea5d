"""The language of units and quantities: ``15 kW``, ``(30/2 - 1) kW``, ``EUR/(kW*h)``, ``W/m²``, ``g CO₂/kWh``.

::

    sum      = product { ("+" | "-") product }
    product  = factor { ["*" | "·" | "×" | "/"] factor }
    factor   = ["+" | "-"] atom [power]
    atom     = number | name | "(" sum ")"
    power    = ("^" | "**") [sign] digit | superscript

A text is read in one pass: at most 100 characters, parentheses at most ten deep, powers from -9 to 9. What it stands
for is a factor, kept as a fraction, and powers of the units that all others are made of. What one unit is of the others
is Pint's knowledge, which is asked for known names only.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from engine.errors import UnitError
from engine.units.algebra import ONE, Unit
from engine.units.table import (
    BASE,
    CURRENCIES,
    HUNDREDTHS,
    LEVELS,
    MULTIPLES,
    OFFSET,
    PREFIXES,
    SYMBOLS,
    WITH_PREFIX,
    WITHOUT_PREFIX,
)

if TYPE_CHECKING:
    import pint

LONGEST = 100
"""Longest text of a unit or a quantity [characters]."""
DEEPEST = 10
"""Most parentheses inside each other."""


LETTERS = r"A-Za-z_%‰°º℃℉ΔµμΩΩℓ¢€£$¥₹₩₺₽₪₴₫₱฿łčK"
TOKEN = re.compile(
    rf"[ \t\u00a0\u2009\u202f]*(?:(?P<number>(?:[0-9]|[.,][0-9])[0-9.,_']*(?:[eE][-+−]?[0-9]+)?)"
    rf"|(?P<name>p\.u\.|[{LETTERS}]+)(?P<power_of_name>[23](?![0-9.,]))?"
    r"|(?P<power>(?:\*\*|\^)[ ]?[-+−]?[0-9](?![0-9.,])|[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹](?![⁰¹²³⁴⁵⁶⁷⁸⁹]))"
    r"|(?P<sign>[-+−*·⋅×/()]))"
)
CO2 = re.compile(r"(?<=[A-Za-z%])[ _\u00a0\u202f]*CO[2₂](?:[ -]?(?:equivalents?|eq\.?|e))?(?![A-Za-z0-9])")
SUPERSCRIPTS = str.maketrans("⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹−", "-+0123456789-")
PLAIN = re.compile(r"[0-9]+\.?[0-9]*|\.[0-9]+|[0-9]{1,3}(?:_[0-9]{3})+(?:\.[0-9]*)?")
EXPONENT = re.compile(r"[-+]?[0-9]{1,3}")
COMMA = re.compile(r"([0-9]*),([0-9]+)")


def read(text: str, *, only_unit: bool = False) -> Unit:
    """Return what a text stands for; an empty one is the number 1.

    Args:
        text: As a user wrote it.
        only_unit: Whether numbers other than 1, and sums, are refused.

    Raises:
        UnitError: It is not in this language; the message says what is wrong, without the text itself.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise UnitError(f"it must be a text of at most {LONGEST} characters.")
    mass = CO2.sub("", text.strip())  # of what it is, a unit does not say
    if not mass:
        return replace(ONE, bare=not only_unit)
    try:
        return _UnitReader(mass, only_unit).all()
    except ZeroDivisionError:
        raise UnitError("it divides by 0.") from None


def number(text: str) -> Fraction:
    """Return the number that a text of digits stands for; a comma is a decimal mark where it can be nothing else.

    Raises:
        UnitError: It can be read in two ways, or is far too large.
    """
    digits, has_exponent, exponent = text.translate(SUPERSCRIPTS).lower().partition("e")
    if comma := COMMA.fullmatch(digits):
        before, after = comma.groups()
        if len(after) == 3 and 1 <= len(before) <= 3 and before[0] != "0":
            raise UnitError(f"{digits} may be {before}.{after} or {before}{after}; write one of these.")
        digits = f"{before}.{after}"
    if not PLAIN.fullmatch(digits):
        raise UnitError(f"{digits!r} is no number; write it without marks for thousands, such as 1234.5.")
    if has_exponent and not EXPONENT.fullmatch(exponent):
        raise UnitError(f"{exponent!r} is no exponent of three digits at most, such as 1e3.")
    return Fraction(digits.replace("_", "")) * Fraction(10) ** int(exponent or 0)


class _UnitReader:
    """Reads a text from left to right, one token ahead."""

    def __init__(self, text: str, only_unit: bool) -> None:
        self.text, self.only_unit, self.at, self.depth = text, only_unit, 0, 0
        self.kind, self.word, self.power = "", "", 1
        self.next()

    def next(self) -> str:
        """Go on to the next token; return the one before it."""
        before = self.word
        found = TOKEN.match(self.text, self.at)
        if found is None and self.at < len(self.text):
            raise UnitError(f"{self.text[self.at :].strip()[:10]!r} makes no sense in it.")
        self.kind, self.word = "", ""
        if found:
            self.at, kind = found.end(), "name" if found["name"] else str(found.lastgroup)
            self.kind, self.word, self.power = kind, found[kind], int(found["power_of_name"] or 1)
        return before

    def all(self) -> Unit:
        """Return what the whole text stands for."""
        unit = self.sum()
        if self.kind:
            raise UnitError(f"{self.word!r} is not expected where it is.")
        return replace(unit, bare=False) if self.only_unit else unit

    def sum(self) -> Unit:
        unit = self.product()
        while self.word in ("+", "-", "−") and not self.only_unit:
            minus = self.next() != "+"
            other = self.product()
            if unit.dimensions != other.dimensions:
                raise UnitError("it adds what measures different things.")
            if unit.offset or other.offset:
                raise UnitError("it adds temperatures; write the sum, or a difference such as 5 K.")
            bare = unit.bare and other.bare
            unit = replace(unit, factor=unit.factor + (-other.factor if minus else other.factor), bare=bare)
        return unit

    def product(self) -> Unit:
        numbered = self.kind == "number"
        unit = self.factor()
        while self.word in ("*", "·", "⋅", "×", "/", "(") or self.kind in ("number", "name"):
            written = self.next() if self.kind == "sign" and self.word != "(" else ""
            if not written and numbered and self.kind == "number":
                raise UnitError(f"{self.word!r} follows another number; write one number, such as 1000 or 7.4.")
            numbered = numbered or self.kind == "number"
            unit = unit / self.factor() if written == "/" else unit * self.factor()
        return unit

    def factor(self) -> Unit:
        if self.word in ("+", "-", "−") and not self.only_unit:
            minus = self.next() != "+"
            unit = self.deeper(self.factor)
            return replace(unit, factor=-unit.factor) if minus else unit
        unit = self.atom()
        if self.kind == "power":
            unit = unit ** int(self.next().translate(SUPERSCRIPTS).lstrip("*^ "))
            if self.kind == "power":
                raise UnitError("it has a power of a power.")
        return unit

    def atom(self) -> Unit:
        if self.word == "(":
            self.next()
            unit = self.deeper(self.sum)
            if self.next() != ")":
                raise UnitError("a parenthesis is not closed.")
            return unit
        if self.kind == "number":
            value = number(self.next())
            if self.only_unit and value != 1:
                raise UnitError("a unit has no number in it.")
            return Unit(value, bare=True)
        if self.kind != "name":
            raise UnitError(f"{self.word!r} is not expected where it is." if self.word else "it is not complete.")
        power, unit = self.power, named(self.next())
        if power != 1 and unit.dimensions not in ((("m", 1),), (("s", 1),)):
            raise UnitError(f"a power of it is written like {self.text[:20]}^{power}.")
        return unit**power if power != 1 else unit

    def deeper(self, part: Callable[[], Unit]) -> Unit:
        """Return a part that is inside another, if not too deep."""
        if self.depth == DEEPEST:
            raise UnitError(f"parentheses and signs are more than {DEEPEST} deep.")
        self.depth += 1
        unit = part()
        self.depth -= 1
        return unit


@cache
def registry() -> "pint.UnitRegistry[Fraction]":
    """Return Pint's facts about units, as exact fractions; it is given names of ours only, never a text of a user.

    Pint takes a third of a second to load, so that is left to the first unit.
    """
    import pint

    return pint.UnitRegistry(non_int_type=Fraction, autoconvert_offset_to_baseunit=True)


@lru_cache(maxsize=1024)
def named(name: str) -> Unit:
    """Return the unit with a name.

    Raises:
        UnitError: There is none; the nearest is told.
    """
    # Before all prefixes: dB is a level, and no tenth of a byte.
    if name in LEVELS:
        return Unit(Fraction(1), ((LEVELS[name], 1),))
    if name in SYMBOLS or name in CURRENCIES:
        return Unit(Fraction(1), ((SYMBOLS.get(name, name), 1),))
    for code, names in HUNDREDTHS.items():
        if name in names:
            return Unit(Fraction(1, 100), ((code, 1),))
    prefixed = _definitions(WITH_PREFIX)
    # A whole name goes before one with a prefix: ft is a foot, and no femtotonne.
    for known in (_definitions(OFFSET), _definitions(WITHOUT_PREFIX), prefixed):
        if name in known:
            first, definition = known[name]
            return read(definition) if definition else _fact(first)
    for prefix, power in PREFIXES.items():
        rest = name.removeprefix(prefix)
        money = MULTIPLES.get(prefix) is not None and (rest in SYMBOLS or rest in CURRENCIES)
        if rest != name and (rest in prefixed or money):
            return Unit(Fraction(10) ** power) * named(rest)
    raise UnitError(f"there is no unit {name[:20]!r}; {_nearest(name)}")


def _fact(name: str) -> Unit:
    """Return what Pint knows of one of our names."""
    # A scale with a zero of its own, such as °C, is a line, which two points tell.
    none, one = (registry().Quantity(Fraction(count), name).to_root_units() for count in (0, 1))
    powers = [(BASE[base], int(str(power))) for base, power in one.unit_items() if BASE[base]]
    return Unit(Fraction(one.magnitude - none.magnitude), tuple(sorted(powers)), Fraction(none.magnitude))


@cache
def _definitions(table: str) -> dict[str, tuple[str, str]]:
    """Return the first name and our own definition, if any, of each name of a table, plurals of words included."""
    found = {}
    for line in table.strip().splitlines():
        names, _, definition = line.partition("=")
        for name in names.split():
            found[name] = names.split()[0], definition.strip()
            if len(name) > 3 and name.isascii() and not name.endswith("s"):
                found[f"{name}s"] = found[name]
    return found


UNCLEAR = {
    "TEUR": "write kEUR for a thousand euros.",
    "¥": "write CNY or JPY.",
    "kr": "write DKK, NOK, SEK or ISK.",
    **dict.fromkeys(("nan", "NaN", "inf", "Infinity"), "a finite number is wanted."),
}


def _nearest(name: str) -> str:
    """Return the way out of an unknown name: the one that differs in capitals, or looks alike."""
    common = "W kW MW GW Wh kWh MWh kVA kvar A V Hz bar Pa EUR °C m h".split()
    alike = [each for each in common if each.lower() == name.lower()]
    if alike:
        return f"did you mean {' or '.join(alike)}?"
    if name in UNCLEAR:
        return UNCLEAR[name]
    return "write it like kW, kWh, EUR/MWh, % or °C."
