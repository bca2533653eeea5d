"""Tables whose times are counts of days, as spreadsheets keep them: 46153.25 is six o'clock on 11 May 2026."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from engine.importing.cells.times import MIDNIGHT
from engine.importing.layout import Cell, Evidence
from engine.importing.tables.batches import Batch, RowBatch
from engine.importing.tables.opening import FileTable

COUNT = re.compile(r"\d{5}(?:[.,]\d{1,15})?")
YEARS = 32_874.0, 73_051.0
"""Counts of the years 1990 to 2099."""
NAMES = re.compile(r"date|datum|time|zeit|tijd|fecha|data\b|tid|heure|hora|day\b|tag\b|stamp", re.I)
"""Words that heads of times have."""
ORIGIN = MIDNIGHT - timedelta(days=25_569)
"""Day 0 of spreadsheets, 30 December 1899, for all days from March 1900 on."""
FEWEST = 2


def serial_column(rows: Sequence[Sequence[Cell]]) -> int | None:
    """Return the column that counts days; None if there is none.

    Its head names a time, all cells below are such counts, and they only rise.
    """
    for at, head in enumerate(rows[:60]):
        for place, name in enumerate(head):
            if type(name) is not str or not NAMES.search(name) or COUNT.fullmatch(name.strip()):
                continue
            counts = [_count(row[place]) for row in rows[at + 1 :] if place < len(row) and row[place] != ""]
            good = [count for count in counts if count is not None]
            if len(good) >= max(FEWEST, 0.9 * len(counts)) and good == sorted(good):
                return place
    return None


def _count(cell: Cell) -> float | None:
    """Return a cell as a count of days; None if it is none."""
    if isinstance(cell, float):
        return cell if YEARS[0] <= cell < YEARS[1] else None
    text = cell.strip() if isinstance(cell, str) else ""
    if not COUNT.fullmatch(text):
        return None
    count = float(text.replace(",", "."))
    return count if YEARS[0] <= count < YEARS[1] else None


def moment_of(count: float) -> datetime:
    """Return the moment of a count of days, to the second: the digits of most files tell no more.

    >>> moment_of(46153.0104166667), moment_of(46153.2604)
    (datetime.datetime(2026, 5, 11, 0, 15), datetime.datetime(2026, 5, 11, 6, 14, 59))
    """
    return ORIGIN + timedelta(seconds=round(count * 86_400))


def with_moments(table: FileTable, place: int) -> FileTable:
    """Return a table with times in the place of counts of days; other cells stay as they are."""

    def dated(row: Sequence[Cell]) -> list[Cell]:
        cells = [*row]
        count = _count(cells[place]) if place < len(cells) else None
        if count is not None:
            moment = moment_of(count)
            cells[place] = f"{moment:%Y-%m-%d}" if float(count).is_integer() else f"{moment:%Y-%m-%d %H:%M:%S}"
        return cells

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            yield RowBatch(batch.numbers, [dated(row) for row in batch.rows])

    about = Evidence("time-column", str(place), "its numbers count days since 1900, as spreadsheets do")
    return FileTable(batches, [*table.evidence, about], table.delimiter, table.sheets, table.notices, table.heads)
