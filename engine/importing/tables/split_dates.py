"""Tables whose dates stand in three columns: year, month and day become one, and so do hour and minute."""

import re
from collections.abc import Iterator, Sequence

from engine.importing.layout import Cell, Evidence
from engine.importing.tables.batches import Batch, RowBatch
from engine.importing.tables.opening import FileTable

WORDS = tuple(
    re.compile(rf"^({words})$", re.I)
    for words in (
        "year|yr|jahr|jaar|année|annee|an|año|ano|anno|yyyy",
        "month|mo|monat|maand|mois|mes|mês|mese|mm",
        "day|dy|tag|dag|jour|día|dia|giorno|dd",
    )
)
"""Heads of years, months and days."""
CLOCKS = tuple(
    re.compile(rf"^({words})$", re.I) for words in ("hour|hr|hh|stunde|uur|heure|hora|ora", "minute|min|minuut")
)
"""Heads of hours and minutes."""
BOUNDS = ((1980, 2100), (1, 12), (1, 31))
MOSTLY = 0.8
"""Share of rows whose three cells are a date, at least."""


def date_columns(rows: Sequence[Sequence[Cell]]) -> list[int] | None:
    """Return the columns of year, month and day; None if dates stand in one cell.

    Without heads the three must stand beside each other, as in the files of the Iberian market.
    """
    heads = [row for row in rows[:60] if sum(any(words.match(cell_text(cell)) for words in WORDS) for cell in row) == 3]
    for head in heads:
        places = [next((at for at, cell in enumerate(head) if words.match(cell_text(cell))), -1) for words in WORDS]
        if min(places) >= 0 and _hold_dates(rows, places):
            return places
    first = next((place for place in range(3) if _hold_dates(rows, [place, place + 1, place + 2])), None)
    return None if first is None or heads else [first, first + 1, first + 2]


def hour_and_minute(rows: Sequence[Sequence[Cell]]) -> tuple[int, int] | None:
    """Return the columns of hours and minutes; None if times of day stand in one cell."""
    for row in rows[:60]:
        places = [next((at for at, cell in enumerate(row) if words.match(cell_text(cell))), -1) for words in CLOCKS]
        if min(places) >= 0:
            return places[0], places[1]
    return None


def cell_text(cell: Cell) -> str:
    """Return a cell as people write it: a whole number of a spreadsheet without a dot."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell).strip()


def _hold_dates(rows: Sequence[Sequence[Cell]], places: Sequence[int]) -> bool:
    """Return whether three columns of most rows hold a year, a month and a day."""
    good = sum(_date(row, places) is not None for row in rows)
    return good > 1 and good >= MOSTLY * sum(len(row) > max(places) for row in rows)


def _date(row: Sequence[Cell], places: Sequence[int]) -> str | None:
    """Return three cells of a row as a date in ISO 8601; None if they are none."""
    texts = [cell_text(row[place]) if place < len(row) else "" for place in places]
    if not all(text.isdecimal() and len(text) <= 4 for text in texts):
        return None
    parts = [int(text) for text in texts]
    if not all(low <= part <= high for part, (low, high) in zip(parts, BOUNDS, strict=True)):
        return None
    return "{:04}-{:02}-{:02}".format(*parts)


def with_dates(table: FileTable, places: Sequence[int], clock: tuple[int, int] | None = None) -> FileTable:
    """Return a table with one column of dates in the place of three; other rows keep their texts there.

    Args:
        table: The file.
        places: Columns of year, month and day.
        clock: Columns of hour and minute, of which the first one then holds times such as 07:30.
    """
    first, *dropped = sorted(places)
    dropped += clock[1:] if clock else ()

    def joined(row: Sequence[Cell]) -> list[Cell]:
        is_head = any(words.match(cell_text(cell)) for words in WORDS for cell in row)
        date = "date" if is_head else _date(row, places)
        cells = [*row]
        if len(cells) > first:
            cells[first] = date or " ".join(cell_text(cells[place]) for place in sorted(places) if place < len(cells))
        if clock and not is_head and len(cells) > max(clock):
            cells[clock[0]] = ":".join(cell_text(cells[place]).zfill(2) for place in clock)
        return [cell for place, cell in enumerate(cells) if place not in dropped]

    def batches() -> Iterator[Batch]:
        for batch in table.batches():
            yield RowBatch(batch.numbers, [joined(row) for row in batch.rows])

    about = Evidence("time-column", "year, month, day", "three columns hold the date")
    return FileTable(batches, [*table.evidence, about], table.delimiter, table.sheets, table.notices, table.heads)
