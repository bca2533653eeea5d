"""Interval data of Australian meters (NEM12, AEMO's Meter Data File Format): records as the rows of a table."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import repeat

from engine.errors import InputError
from engine.importing.layout import Cell, Evidence
from engine.importing.tables.batches import in_batches
from engine.importing.tables.opening import FileTable

DAY = 24 * 60
LENGTHS = (5, 15, 30)
"""Minutes of an interval."""
AHEAD = timedelta(hours=10)
"""How far the clock of the market is ahead of UTC; it knows no summer time."""
HEAD: list[Cell] = ["NMI", "suffix", "start", "end", "value", "unit", "quality"]
MOST_INTERVALS = 1_500_000
"""A short record makes 288 of them: this is fourteen years of five minutes, which take 270 MB to read."""
NOTHING = "N"
"""Quality of intervals without data."""


def is_nem12(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return whether a file begins as these do."""
    return [str(cell).strip().upper() for cell in rows[0][:2]] == ["100", "NEM12"]


def with_intervals(table: FileTable, most: int) -> FileTable:
    """Return a table with one row for each interval, with its start and end in UTC.

    Registers of a meter, such as E1 of what is taken and B1 of what is given, are told apart by ``suffix``.

    Args:
        table: The records.
        most: Intervals that are taken.
    """
    about = Evidence("file", "NEM12", "its first record says so; times are those of the market, UTC+10 all year")
    return FileTable(lambda: in_batches(interval_rows(table, min(most, MOST_INTERVALS))), [*table.evidence, about], "")


def interval_rows(table: FileTable, most: int) -> Iterator[tuple[int, list[Cell]]]:
    """Give a head and the intervals, each with the number of its record 300; one day at a time is in memory.

    Raises:
        InputError: A record cannot be read, or there are more intervals than allowed.
    """
    yield 1, HEAD
    stream: list[str] = []
    day: list[list[Cell]] = []  # of the last record 300, which records 400 below it may still change
    day_number = count = 0
    for batch in table.batches():
        for number, row in zip(batch.numbers, batch.rows, strict=True):
            cells = [str(cell).strip() for cell in row]
            if cells[0] == "200":
                stream = cells
            elif cells[0] == "300":
                yield from zip(repeat(day_number), day, strict=False)
                day_number, day = number, day_intervals(number, cells, stream)
                count += len(day)
                if count > most:
                    raise InputError(
                        f"The file holds too much: more intervals than the {most} allowed; save fewer days."
                    )
            elif cells[0] == "400":
                mark_quality(number, cells, day)
    yield from zip(repeat(day_number), day, strict=False)


def day_intervals(number: int, cells: Sequence[str], stream: Sequence[str]) -> list[list[Cell]]:
    """Return the rows of a record with the values of a day.

    Raises:
        InputError: The record has no day, or other values than its register says.
    """
    try:
        minutes, unit = int(stream[8]), stream[7]
        day = datetime.fromisoformat(cells[1] if len(cells[1]) == 8 else "").replace(tzinfo=UTC) - AHEAD
    except (IndexError, ValueError, OverflowError):  # the clock of the market leads out of the year 1
        raise InputError(f"Row {number}: a record 300 needs a date, and a record 200 with unit and length.") from None
    count = DAY // minutes if minutes in LENGTHS else 0
    values, quality = cells[2 : 2 + count], "".join(cells[2 + count : 3 + count])
    if not count or len(values) < count or not quality[:1].isalpha():
        raise InputError(f"Row {number}: {count} values of {minutes} minutes and their quality make a record 300.")
    absent = quality.startswith(NOTHING)
    dates = [f"{day:%Y-%m-%d}", f"{day + timedelta(days=1):%Y-%m-%d}"]
    moments = [dates[later] + clock for later, clock in clocks(minutes)]
    name, suffix = stream[1], stream[4]
    return [
        [name, suffix, start, end, "" if absent else value, unit, quality]
        for start, end, value in zip(moments, moments[1:], values, strict=False)
    ]


@cache
def clocks(minutes: int) -> list[tuple[int, str]]:
    """Return the clock in UTC between the intervals of a day of the market, and whether the day in UTC is the next."""
    begin = DAY - AHEAD // timedelta(minutes=1)
    bounds = [divmod(begin + at, DAY) for at in range(0, DAY + 1, minutes)]
    return [(later, f"T{of_day // 60:02}:{of_day % 60:02}:00Z") for later, of_day in bounds]


def mark_quality(number: int, cells: Sequence[str], day: Sequence[list[Cell]]) -> None:
    """Note the quality that a record tells for some intervals of the day before it.

    Raises:
        InputError: It tells no interval of that day.
    """
    try:
        first, last, quality = int(cells[1]), int(cells[2]), cells[3]
    except (IndexError, ValueError):
        first, last, quality = 0, 0, ""
    if not 1 <= first <= last <= len(day):
        raise InputError(
            f"Row {number}: a record 400 needs the first and last interval of the day before, and quality."
        )
    for row in day[first - 1 : last]:
        row[-1] = quality
        if quality.startswith(NOTHING):
            row[4] = ""
