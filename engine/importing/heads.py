"""What the rows above the data say: names of columns, units, zones; and where the data begin."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

import numpy as np

from engine.errors import UnitError
from engine.importing.cells.numbers import CURRENCY, LOOK_ALIKES, MISSING, number_in
from engine.importing.cells.texts import original
from engine.importing.cells.time_texts import is_clock, is_time
from engine.importing.cells.times import DAY_US, read_times
from engine.importing.layout import Cell
from engine.units import units

BRACKETED = re.compile(r"[\[(]([^\[\]()]{1,24})[\])]")
NAKED_UNITS = re.compile(
    r"^(?:[kMGT]?W(?:h|p)?|[kMG]?VAh?|k?varh?|(?:[€$£]|ct|c|EUR|USD|GBP|CHF|SEK|NOK|DKK)/[kM]?Wh|°C|°F|%|m³|m3|[kM]J|W/m²|W/m2|m/s|hPa|€|[kMG]?Wh/h|p/kWh)$"
)
"""Units that a head may say without brackets; a single letter such as t, h or J (jour) is rather a name."""
PHASES = {"A", "B", "C"}
"""What stands in brackets behind a unit for a phase."""
CAMEL = re.compile(r"([a-z]{2})([kKMG]?Wh|Kwh|[kK]?W)$")
"""Where the unit begins in heads such as ``energyWh``."""
SPELLINGS = [
    (re.compile(rf"(?<![^\W_]){pattern}(?![^\W_])"), written)
    for pattern, written in (
        (r"(?i:kilowatt[-_ ]?(?:hours?|stunden?|uur|heures?))", "kWh"),
        (r"(?i:watt[-_ ]?(?:hours?|stunden?|uur|heures?))", "Wh"),
        (r"(?i:kilowatts?)", "kW"),
        (r"(?i:watts?)", "W"),
        (r"(?:kwh|Kwh|KWH|KWh|kWhs|kWHr|kWhr)", "kWh"),
        (r"(?:mwh|Mwh|MWH|MWHr|MWhr)", "MWh"),
        (r"(?:wh|WH)", "Wh"),
        (r"(?:kw|Kw)", "kW"),  # not KW: to Germans the week of the year
        (r"(?<=_)mw", "MW"),
        (r"(?<=_)w", "W"),
        (r"(?i:percent|pct|prozent|procent)", "%"),
        (r"(?i:(?:degrees? |grad )?celsius|deg_?c)|(?i:(?<=temp_)|(?<=temperature_))c", "°C"),
        (r"(?i:(?:€|euro)?[ -]?(?:cents?|ct)|(?<!\w)c)\s?(?:/|[ _]per[ _])\s?kWh", "ct/kWh"),
        (r"(?i:pence|pennies)\s?(?:/|[ _]per[ _])\s?kWh", "p/kWh"),
        *((f"(?i:{code})[ _]per[ _]([kM]?Wh)", rf"{code}/\1") for code in ("EUR", "USD", "GBP", "SEK", "NOK", "DKK")),
        (r"([€$£])[ _]per[ _]([kM]?Wh)", r"\1/\2"),
        (r"([kM]?Wh) ?/ ?(?:15|30|60) ?[Mm]in(?:ute[ns]?)?", r"\1"),
    )
]
"""Units as people spell them in heads, and as they are; replaced in this order, as some build on those before."""
OLDEST_COUNT = 600_000_000
"""Counts of seconds since 1970 from here on, the year 1989, are taken for times; less is rather a number."""
UNIT_WORDS = re.compile(
    r"^(units?([ _](type|of[ _]measure(ment)?))?|(mess)?einheit|eenheid|unité|unite|uom|unidad|unità|enhet|"
    r"(måle)?enhed|unidade|jednostka|yksikkö|jednotka)$",
    re.IGNORECASE,
)
ZONE_HEADS = {
    "utc": "UTC", "gmt": "UTC", "cet/cest": "Europe/Brussels", "mez/mesz": "Europe/Berlin", "cet": "Etc/GMT-1",
    "eet/eest": "Europe/Helsinki", "wet/west": "Europe/Lisbon",
}  # fmt: skip
"""Zones as heads write them."""
UTC_INSIDE = re.compile(r"(?<![A-Z])(?:UTC|GMT|Utc)(?![a-z])")
"""In heads such as ``HourUTC``, where no blank stands before it."""
ZONE_NAMES = frozenset(name for name in available_timezones() if "/" in name)
YEARS = 1800 * 366 * DAY_US, 230 * 366 * DAY_US
"""How far before and after 1970 a text that looks like a time is taken for one, when columns are told apart [us]."""


@dataclass(frozen=True)
class FileHead:
    """The rows above the data."""

    rows: int
    """How many rows come before the first one that is read."""
    names: list[str]
    """Of the columns; their numbers where the file has no heads."""
    others: list[list[str]]
    """More names of the columns, each of all columns, that people may call them by."""
    is_written: bool
    """Whether the file has heads."""
    row: int = 0
    """Position of the row that the columns are counted in."""
    width: int = 0
    """Its cells."""

    def call(self, place: int) -> str:
        """Name of a column, for people."""
        return self.names[place] or f"column {place}"

    def find(self, name: str) -> int | None:
        """Return the column of a number from 0 or of a name; None if there is none."""
        if name.isdecimal() and len(name) < 10 and int(name) < len(self.names):
            return int(name)
        for names in (self.names, *self.others):
            plain = [entry.strip() for entry in names]
            if name in plain:
                return plain.index(name)
        return None


def kinds_of(cells: Sequence[Cell]) -> str:
    """Return a letter for each cell: T time, D day, C clock, N number, X other text, blank for none."""
    texts = [cell for cell in cells if type(cell) is str]
    good = set()
    looks = {text for text in set(texts) if is_time(text)}
    if looks:
        ordered = sorted(looks)
        # Which order of day and month the file has is not known yet: what is a time in either order is one.
        read = [read_times(ordered, month_first=month_first)[0] for month_first in (False, True)]
        fine = np.zeros(len(ordered), bool)
        for times in read:
            fine |= times.good & (times.local > -YEARS[0]) & (times.local < YEARS[1])
        good = {text for text, is_good in zip(ordered, fine, strict=True) if is_good}
    return "".join(_kind(cell, good) for cell in cells)


def _kind(cell: Cell, good: set[str]) -> str:
    if type(cell) is not str:
        return {"float": "N", "datetime": "T", "date": "D", "time": "C"}[type(cell).__name__]
    text = cell.strip()
    if text.lower() in MISSING:
        return " "
    if cell in good and not (text.isdecimal() and int(text[:10]) < OLDEST_COUNT and len(text) >= 10):
        return "T" if ":" in text or len(text) > 11 or (text.isdecimal() and len(text) > 9) else "D"
    if number_in(text.translate(LOOK_ALIKES))[0]:
        return "C" if is_clock(text) else "N"
    return "C" if is_clock(text) else "X"


def read_head(rows: Sequence[Sequence[Cell]], kinds: Sequence[str], first: int) -> FileHead:
    """Return what stands above the data.

    Args:
        rows: The first rows of the file.
        kinds: The kinds of the cells of each.
        first: The first row with a time where times stand.
    """
    width = max(map(len, rows[first : first + 50]), default=0)
    if not first:
        return FileHead(0, [str(place) for place in range(width)], [], False, 0, len(rows[0]))
    named = [place for place in range(first) if names_columns(rows[place], kinds[place])]
    at = named[-1] if named else first - 1
    if width > 1 and len(kinds[at].strip()) == 1 and sum(map(bool, map(str, rows[at]))) == 1:
        # A title alone names no columns.
        return FileHead(first, [str(place) for place in range(width)], [], False, first, len(rows[first]))

    def texts(place: int) -> list[str]:
        cells = [original(cell).strip() if type(cell) is str else str(cell) for cell in rows[place]]
        return cells + [""] * (width - len(cells))

    last, above = texts(at), texts(at - 1) if at else []
    written = [cell for cell in last if cell]
    are_units = bool(written) and all(BRACKETED.fullmatch(cell) or NAKED_UNITS.match(cell) for cell in written)
    if at and are_units and any(above):
        names = [f"{name} {unit}".strip() if unit else name for name, unit in zip(above, last, strict=False)]
        return FileHead(at + 1, names, [above, last], True, at, len(rows[at]))
    if at and sum(map(bool, above)) > 1 and any(not name and up for name, up in zip(last, above, strict=False)):
        return FileHead(
            at + 1, [name or up for name, up in zip(last, above, strict=False)], [last, above], True, at, len(rows[at])
        )
    return FileHead(at + 1, last, [], True, at, len(rows[at]))


def names_columns(row: Sequence[Cell], kinds: str) -> bool:
    """Return whether a row may name columns: it has texts, and no number but in a name such as ``30 day mean``."""
    numbers = [cell for cell, kind in zip(row, kinds, strict=False) if kind == "N"]
    words = kinds.count("X") > 1 and all(type(cell) is str and re.search("[A-Za-z]{2}", cell) for cell in numbers)
    return bool(kinds.strip()) and (not numbers or words)


def unit_in(head: str) -> str | None:
    """Return the unit that a head tells, such as that of ``Day-ahead Price (EUR/MWh)``; None if it tells none.

    >>> [unit_in(head) for head in ("Leistung in kW", "Energy [Wh]", "kWh reading", "power_w", "Price", "Prévision J")]
    ['kW', 'Wh', 'kWh', 'W', None, None]
    """
    for text in BRACKETED.findall(head):
        unit = None if text in PHASES and unit_in(BRACKETED.sub(" ", head)) else as_unit(text)
        if unit == "C" and "temp" in head.lower():  # to physics an electric charge
            return "°C"
        if unit is not None:
            return unit
    plain = CAMEL.sub(r"\1 \2", head.strip())
    for pattern, written in SPELLINGS:
        plain = pattern.sub(written, plain)
    words = re.split(r"[\s_|,:]+", plain)
    naked = [word for word in words if NAKED_UNITS.match(word)]
    return as_unit(naked[-1]) if naked and (len(naked) == 1 or naked[-1] == words[-1]) else None


def as_unit(text: str) -> str | None:
    """Return a unit as it is known here, however the file spells it; None if it is none."""
    plain = text.strip()
    for pattern, written in SPELLINGS:
        plain = pattern.sub(written, plain)
    plain = plain.replace("m2", "m²").replace("m3", "m³")
    for sign, code in CURRENCY.items():
        plain = plain.replace(sign, code)
    for candidate in (text.strip(), plain):
        try:
            if (candidate and units.unit(candidate).dimensions) or candidate == "%":
                return candidate
        except UnitError:
            continue
    return None


def zone_in(head: str) -> str | None:
    """Return the zone that the head of times tells, such as that of ``MTU (CET/CEST)``; None if it tells none."""
    texts: list[str] = [*BRACKETED.findall(head), *re.split(r"[\s_]+", head)]
    for text in texts:
        if text.strip().lower() in ZONE_HEADS:
            return ZONE_HEADS[text.strip().lower()]
        if text.strip() in ZONE_NAMES:
            return text.strip()
    return "UTC" if UTC_INSIDE.search(head) else None
