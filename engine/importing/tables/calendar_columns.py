"""Tables whose heads say what is counted, such as years and their weeks: each row gets one time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.importing.cells.time_texts import MONTHS
from engine.importing.heads import kinds_of
from engine.importing.layout import Cell, Evidence
from engine.importing.tables.batches import Batch, RowBatch
from engine.importing.tables.opening import FileTable
from engine.importing.tables.split_dates import WORDS, cell_text

PARTS: dict[str, tuple[re.Pattern[str], str, int]] = {
    "day of the year": (re.compile(r"^(day.?of.?(the.?)?year|doy|julian.?day|tag.?des.?jahres)$", re.I), "-{:03}", 366),
    "week": (re.compile(r"^(iso.?|calendar.?)?(week|wk|(kalender)?woche|kw|semaine|semana|uge)$", re.I), "-W{:02}", 53),
    "month": (WORDS[1], "-{:02}", 12),
    "quarter": (re.compile(r"^(quarter|quartal|kwartaal|trimestre|kvartal|qtr|q)$", re.I), "-Q{}", 4),
}
"""Heads of what is counted in a year, how that is written behind the year, and the largest count; the finest first."""
BOTH = re.compile(r"(?P<y>\d{4})[-/. ](?P<n>\d{1,2})|(?P<n2>\d{1,2})[-/. ](?P<y2>\d{4})")
"""A year and a count in one cell, such as 2026-05 or 05.2026: only the head tells what is counted."""
YEARS = (1980, 2100)
MOSTLY = 0.8
"""Share of the rows below the head that name a time so, at least."""


@dataclass(frozen=True)
class CalendarColumns:
    """Where the times of a table stand."""

    head: int
    """Row of the heads."""
    year: int | None
    """Column of the years; None if they stand beside the counts."""
    part: int | None
    """Column of the counts; None if rows are of whole years."""
    name: str
    """What is counted."""

    def time_of(self, row: Sequence[Cell]) -> str | None:
        """The time of a row in a form that is read without its head; None if there is none."""
        texts = [cell_text(row[at]) if at is not None and at < len(row) else "" for at in (self.year, self.part)]
        if self.year is None:
            both = BOTH.fullmatch(texts[1])
            texts = [both["y"] or both["y2"], both["n"] or both["n2"]] if both else texts
        year, count = texts
        if not (year.isdecimal() and YEARS[0] <= int(year) <= YEARS[1]):
            return None
        if self.part is None:
            return f"year {year}"
        _, form, most = PARTS[self.name]
        if self.name == "month" and count.lower() in MONTHS:
            count = str(MONTHS[count.lower()])
        return year + form.format(int(count)) if count.isdecimal() and 1 <= int(count) <= most else None


def calendar_columns(rows: Sequence[Sequence[Cell]]) -> CalendarColumns | None:
    """Return where years and their weeks, months, quarters or days stand; None where times need no head to be read."""
    for at, head in enumerate(rows[:60]):
        texts = [cell_text(cell) for cell in head]
        years = [place for place, text in enumerate(texts) if WORDS[0].match(text)]
        counted = [
            (place, name)
            for name, (words, _, _) in PARTS.items() for place, text in enumerate(texts) if words.match(text)
        ]  # fmt: skip
        candidates = [CalendarColumns(at, year, place, name) for place, name in counted for year in (*years[:1], None)]
        if years and not counted and not any(text.lower() in MONTHS for text in texts):
            candidates.append(CalendarColumns(at, years[0], None, "year"))
        below = rows[at + 1 :]
        for columns in candidates:
            count = sum(columns.time_of(row) is not None for row in below)
            if count and count >= MOSTLY * len(below) and not _tells_times(below, columns):
                return columns
    return None


def _tells_times(rows: Sequence[Sequence[Cell]], columns: CalendarColumns) -> bool:
    """Return whether another column holds times: then years and weeks only repeat them."""
    width = max(map(len, rows))
    kinds = [kinds_of(row).ljust(width) for row in rows]
    others = set(range(width)) - {columns.year, columns.part}
    return any(sum(row[place] in "TDC" for row in kinds) * 2 > len(rows) for place in others)


def with_times(table: FileTable, columns: CalendarColumns) -> FileTable:
    """Return a table with one column of times in the place of its years and counts."""
    kept = columns.part if columns.part is not None else columns.year

    def joined(row: Sequence[Cell]) -> list[Cell]:
        cells = [*row]
        if kept is not None and len(cells) > kept:
            cells[kept] = columns.time_of(row) or cells[kept]
        return [cell for place, cell in enumerate(cells) if place == kept or place != columns.year]

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            yield RowBatch(batch.numbers, [joined(row) for row in batch.rows])

    about = Evidence("time-column", columns.name, "the heads say what is counted")
    return FileTable(batches, [*table.evidence, about], table.delimiter, table.sheets, table.notices, table.heads)
