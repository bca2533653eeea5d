"""Texts of numbers → numbers; which sign is the decimal one is decided for a whole column, or asked."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.errors import UnitError
from engine.importing.cells.texts import ZERO, by_shape, codes_of
from engine.importing.layout import Cell, Choice, Column, Evidence, FileQuestion, Floats, Layout
from engine.units import units

MISSING = {"", "nan", "na", "n/a", "null", "none", "-", "--", "unavailable", "unknown", "nil"} | {
    "#n/a", "#na", "#nv", "#div/0!", "#wert!", "#value!", "#ref!", "#bezug!", "#name?", "#num!", "#zahl!", "#null!"
}  # fmt: skip
"""Cells without a value, in lower case."""
LOOK_ALIKES = str.maketrans(
    {
        "\u2212": "-",
        "\u2013": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\u2007": " ",
        "\u2019": "'",
        "\ufeff": None,
    }
)
"""Signs that look like minus, blank and apostrophe."""
NUMBER = re.compile(
    r"(?P<before>[€$£]\s?)?(?P<minus>[+-]\s?)?(?P<before2>[€$£]\s?)?(?P<body>[0-9](?:[0-9.,' ]*[0-9])?[.,]?|[.,][0-9]+)"
    r"(?P<power>[eE][+-]?[0-9]+)?\s*(?P<unit>[^\d\s.,'+-][^\d]*[0-9²³]?)?"
)
CURRENCY = {"€": "EUR", "$": "USD", "£": "GBP"}
BRACKETED = re.compile(r"\(([^()]*\d[^()]*)\)")
"""A number in brackets: below zero to accountants, an estimate to grid operators."""
REASON = "is not a number; write it like 12.5, or give the decimal sign or the text for missing values."
NAMES = {",": "comma", ".": "dot"}


@dataclass(frozen=True)
class Notation:
    """How numbers are written."""

    decimal: str = "."
    thousands: str = ""
    """Sign between thousands, besides blanks and apostrophes; a number that it does not split into threes is none."""
    missing: frozenset[str] = frozenset()
    """Texts that stand for no value, in lower case."""
    mark: str = ""
    """Unit or sign of a currency that every number is written with, or most of them."""
    scales: Mapping[str, float] = field(default_factory=dict)
    """Other units of the same kind, and what 1 of each is in that one."""
    brackets: str = "minus"
    """What brackets around a number mean: minus, or nothing (plain)."""


@dataclass
class NumberFacts:
    """How the numbers of a column are written, as far as it decides what their signs mean."""

    decimal: dict[str, str] = field(default_factory=dict)
    """Sign → a number in which it can only be the decimal one."""
    thousands: dict[str, str] = field(default_factory=dict)
    """Sign → a number in which it can only lie between thousands."""
    open: dict[str, str] = field(default_factory=dict)
    """Sign → a number such as 1.000, in which it can be either."""
    plain: int = 0
    """Numbers of up to three digits without any sign."""
    long: int = 0
    """Numbers of more digits without any sign."""
    rounded: bool = False
    """Whether some of those that can be either end in 0, as shortened decimals never do."""
    suffixes: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    """Texts that stand for no value."""
    bracketed: str = ""
    """A number in brackets, if there are any."""
    read: int = 0

    def add(self, cells: Column) -> None:
        """Look at some more cells; numbers of a spreadsheet say nothing of signs."""
        if isinstance(cells, np.ndarray):
            self.read += len(cells) if cells.dtype.kind == "f" else 0
            return
        texts = [cell.strip().translate(LOOK_ALIKES) for cell in cells if type(cell) is str and cell]
        self.read += sum(type(cell) is float for cell in cells)
        codes = codes_of(texts)
        for shape, rows in by_shape(codes):
            number, is_bracketed = number_in(shape)
            if number is None:
                if shape.lower() in MISSING:
                    self.absent[shape] += len(rows)
                continue
            self.read += len(rows)
            self.bracketed = self.bracketed or (texts[rows[0]] if is_bracketed else "")
            mark = number["before"] or number["before2"] or number["unit"]
            if mark:
                self.suffixes[mark.strip()] += len(rows)
            begin = shape.index(number["body"])
            zeros = np.flatnonzero(codes[rows, begin] == ZERO)
            sample = texts[rows[zeros[0] if len(zeros) else 0]]
            last = begin + len(number["body"]) - 1
            self._add_body(number, len(rows), sample, len(zeros) > 0, bool((codes[rows, last] == ZERO).any()))

    def _add_body(self, number: re.Match[str], count: int, sample: str, zero_first: bool, zero_last: bool) -> None:
        """Look at numbers of one shape; whether one of them begins, or ends, with 0."""
        body = number["body"].replace(" ", "").replace("'", "")
        signs = [sign for sign in body if sign in ".,"]
        if not signs:
            self.plain, self.long = self.plain + count * (len(body) < 4), self.long + count * (len(body) > 3)
            return
        last = signs[-1]
        before, _, after = body.rpartition(last)
        if len(set(signs)) == 2:
            self.decimal[last] = self.thousands[signs[0]] = sample
        elif len(signs) > 1:
            self.thousands[last] = sample
        # What begins with 0 is no group of thousands.
        elif len(after) != 3 or len(before) > 3 or not before or number["power"] or zero_first:
            self.decimal[last] = sample
        else:
            self.open[last] = sample
            self.rounded |= zero_last


def bare(text: str) -> str:
    """Return a cell without what spreadsheets put around it to keep it a text."""
    return text[2:-1].strip() if text[:2] == '="' and text[-1:] == '"' else text.removeprefix("'")


def number_in(text: str) -> tuple[re.Match[str] | None, bool]:
    """Return the number that a cell holds, and whether it stands in brackets; a sign in them is one too many."""
    plain = bare(text)
    inside = BRACKETED.fullmatch(plain)
    number = NUMBER.fullmatch(inside[1].strip() if inside else plain)
    return (None if inside and number and number["minus"] else number), inside is not None


def _marks(facts: NumberFacts) -> tuple[str, Mapping[str, float]]:
    """Return the unit that numbers are written with, and others of its kind, if each has one, as 900 W and 1.2 kW."""
    if facts.suffixes.total() != facts.read or not facts.suffixes:
        return "", {}
    (mark, _), *others = facts.suffixes.most_common()
    try:
        scales = {other: float(units.convert(np.ones(1), other, mark)[0]) for other, _ in others}
    except UnitError:
        return "", {}
    return mark, scales


def decide_notation(
    facts: NumberFacts, layout: Layout, delimiter: str, *, dotted: bool = False
) -> tuple[Notation, list[Evidence], list[FileQuestion]]:
    """Return how the numbers of a column are read, why, and what is to be asked.

    Args:
        facts: What all cells say.
        layout: What is told of the file.
        delimiter: Between the cells of a CSV file; empty in any other.
        dotted: Whether dots stand between day and month.
    """
    missing = frozenset(MISSING | {word.lower() for word in layout.missing})
    mark, scales = _marks(facts)
    if layout.decimal is not None or layout.thousands:
        decimal = layout.decimal or ("," if layout.thousands == "." else ".")
        thousands = layout.thousands if layout.thousands is not None else {",": ".", ".": ","}.get(decimal, "")
        return Notation(decimal, thousands, missing, mark, scales), [], []
    for sign, sample in facts.decimal.items():
        other = "," if sign == "." else "."
        if other not in facts.decimal:
            because = f"no other reading fits a number such as {sample}"
            return Notation(sign, other, missing, mark, scales), [Evidence("decimal", sign, because)], []
    for sign, sample in facts.thousands.items():
        other = "," if sign == "." else "."
        because = f"the {NAMES[sign]} lies between thousands in a number such as {sample}"
        return Notation(other, sign, missing, mark, scales), [Evidence("decimal", other, because)], []
    for sign, sample in facts.open.items():
        other = "," if sign == "." else "."
        grouped, as_decimal = (Notation(*signs, missing, mark, scales) for signs in ((other, sign), (sign, other)))
        if delimiter == sign == "," or (delimiter == "," and sign == "."):
            chosen = grouped if sign == "," else as_decimal
            because = "commas between the cells go with a decimal dot"
            return chosen, [Evidence("decimal", chosen.decimal, because)], []
        if dotted and sign == ",":
            because = "who writes dates with dots writes a decimal comma"
            return as_decimal, [Evidence("decimal", ",", because)], []
        if facts.plain and facts.rounded and not facts.long:
            because = f"numbers below 1000 have no {NAMES[sign]}, and decimals would not be written as {sample}"
            return grouped, [Evidence("decimal", other, because)], []
        text = f"{sample} can be with decimals or in thousands; no other value shows which."
        one, thousand = Choice(sign, "decimal sign: 1.000 is one"), Choice(other, "1.000 is one thousand")
        return as_decimal, [], [FileQuestion("decimal", text, [one, thousand])]
    return Notation(missing=missing, mark=mark, scales=scales), [], []


def ask_about_brackets(sample: str) -> FileQuestion:
    """Return the question what brackets around numbers mean."""
    choices = [
        Choice("minus", "below zero, as accountants write"),
        Choice("plain", "as it stands: an estimate"),
    ]
    return FileQuestion("brackets", f"What do the brackets of {sample} mean?", choices)


def read_numbers(cells: Column, notation: Notation) -> tuple[Floats, list[int]]:
    """Return the numbers of cells, NaN where there is none, and the positions of those that are no numbers."""
    if isinstance(cells, np.ndarray):
        is_number = cells.dtype.kind == "f"
        return (cells.astype(np.float64), []) if is_number else (np.full(len(cells), np.nan), [*range(len(cells))])
    wrong: list[int] = []
    values = np.empty(len(cells))
    decimal, thousands, missing = notation.decimal, notation.thousands, notation.missing
    # A dot becomes a comma, so that Python refuses a number with a sign that is not the decimal one.
    swapped = str.maketrans({decimal: ".", ".": ","})
    grouped = re.compile(rf"[+-]?\d{{1,3}}(?:[{re.escape(thousands)} ']\d{{3}})+(?:{re.escape(decimal)}\d*)?")
    absent = {text for text in missing if NUMBER.fullmatch(text)}  # such as -999
    for place, cell in enumerate(cells):
        if absent and isinstance(cell, str) and cell.strip() in absent:
            values[place] = np.nan
            continue
        if not isinstance(cell, str):
            values[place] = cell if isinstance(cell, float) else np.nan
            continue
        text = cell if decimal == "." else cell.translate(swapped)
        try:
            values[place] = float("" if "_" in text else text)  # Python takes 1_000, a file does not
        except ValueError:
            values[place] = _number(cell, notation, grouped)
    odd = np.flatnonzero(~np.isfinite(values))
    for place in odd.tolist():
        cell = cells[place]
        if type(cell) is not str or cell.strip().lower() not in missing:
            wrong.append(place)
        values[place] = np.nan
    return values, wrong


def _number(cell: Cell, notation: Notation, grouped: re.Pattern[str]) -> float:
    """Return a number that is not written as Python writes it; NaN if it is none."""
    decimal, thousands = notation.decimal, notation.thousands
    if type(cell) is not str or cell.strip().lower() in notation.missing:
        return np.nan
    number, is_bracketed = number_in(cell.strip().translate(LOOK_ALIKES))
    if number is None:
        return np.nan
    mark = (number["before"] or number["before2"] or number["unit"] or "").strip()
    scale = 1.0 if mark == notation.mark else notation.scales.get(mark, np.nan)
    minus = "-" if is_bracketed and notation.brackets == "minus" else (number["minus"] or "").strip()
    text = minus + number["body"]
    if any(sign in text for sign in (thousands, " ", "'") if sign):
        if not grouped.fullmatch(text):
            return np.nan
        for sign in (thousands, " ", "'"):
            text = text.replace(sign, "") if sign else text
    if decimal != "." and "." in text:
        return np.nan
    try:
        return scale * float(text.replace(decimal, ".") + (number["power"] or ""))
    except ValueError:
        return np.nan


def unit_of_mark(notation: Notation) -> str | None:
    """Return the unit that every number is written with; None if there is no such."""
    text = CURRENCY.get(notation.mark, notation.mark)
    try:
        return text if text and units.unit(text).dimensions else None
    except UnitError:
        return None
