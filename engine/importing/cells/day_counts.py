"""Steps of a day that a file counts, such as the hours 1 to 24 or the periods 1 to 48 → moments, also of days of 23 and
25 hours."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.importing.cells.times import DAY_US, MINUTE_US, NAIVE, ClockReadings
from engine.importing.layout import Cell, Choice, Column, FileQuestion
from engine.series import resample
from engine.series.iso_time import HOUR_US, Microseconds

COUNT = re.compile(r"(?P<before>\D{0,30}?)(?P<count>\d{1,3})(?:\.0)?\s?(?P<mark>[AB])?")
HOURS = re.compile(
    r"^(stunde|std|hour|hr|uur|heure|hora|ora|godzina|hodina|óra|timme|he|hh|hour.?(ending|beginning))(?![a-z])", re.I
)
QUARTERS = re.compile(r"quarter.?hour|viertelstunde|kwartier|quart d.heure|quarto", re.I)
PERIODS = re.compile(r"^((settlement|trading).?period|period|pte|ptu|isp|sp)(?![a-z])", re.I)
LENGTHS = {count: DAY_US // usual for usual in (24, 48, 96) for count in (usual * 23 // 24, usual, usual * 25 // 24)}
"""How many steps a day has, of 23, 24 or 25 hours, and how long each is [us]."""
FEWEST = 23
"""Heads that count the steps of a day, at least."""
Counted: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int8]]
"""Counts, -1 where there is none; and 0 or 1 for a mark A or B, else -1; each of shape (n,)."""


def names_counts(head: str) -> bool:
    """Return whether a head names something that is counted on each day."""
    return any(words.search(head.strip()) for words in (HOURS, QUARTERS, PERIODS))


def parse_count(cell: Cell) -> tuple[str, int, int] | None:
    """Return what stands before a count, the count, and 0 or 1 for its mark A or B, else -1; None if it is none.

    >>> parse_count("Hour 3A"), parse_count("24"), parse_count("1.5")
    (('Hour ', 3, 0), ('', 24, -1), None)
    """
    found = COUNT.fullmatch(f"{cell:g}" if isinstance(cell, float) else str(cell).strip())
    return (found["before"], int(found["count"]), "AB".find(found["mark"] or "-")) if found else None


def read_counts(cells: Column) -> Counted:
    """Return the counts of a column."""
    parsed = [parse_count(cell) for cell in (cells.tolist() if isinstance(cells, np.ndarray) else cells)]
    numbers = [-1 if each is None else each[1] for each in parsed]
    marks = [-1 if each is None else each[2] for each in parsed]
    return np.array(numbers, np.int64), np.array(marks, np.int8)


@dataclass(frozen=True)
class DayCounts:
    """What the counts of a file mean."""

    first: int
    """Count of the first step of a day."""
    step: int
    """Length of each [us]."""
    is_elapsed: bool
    """Whether they count on where the clock changes, so that days of 23 and 25 hours have fewer and more of them."""
    place: ZoneInfo

    def on_days(self, days: ClockReadings, cells: Column) -> ClockReadings:
        """Where the steps begin that cells count, on some days."""
        counts, marks = read_counts(cells)
        since = (counts - self.first) * self.step
        good = days.good & days.dated & (counts >= self.first) & (since < 25 * HOUR_US)
        local = days.local // DAY_US * DAY_US + since
        offset = days.offset.copy()
        if self.is_elapsed:
            offset = np.where(offset == NAIVE, _offsets_at_midnight(days.local, self.place), offset)
        else:
            good &= since < DAY_US
        return ClockReadings(local, offset, marks, good, days.dated)


def _offsets_at_midnight(local: Microseconds, place: ZoneInfo) -> Microseconds:
    """How far the clock of a place is ahead of UTC as days begin [us], shape (n,)."""
    days, which = np.unique(local // DAY_US, return_inverse=True)
    midnights = days * DAY_US
    moments = midnights - resample.utc_offsets(midnights, place)
    offsets: Microseconds = resample.utc_offsets(moments, place)[which]
    return offsets


def decide_counts(
    days: ClockReadings, counted: Counted, about: tuple[str, int | None, int], place: ZoneInfo
) -> tuple[DayCounts, list[FileQuestion]]:
    """Return what counts mean, and what is to be asked.

    Args:
        days: Their days.
        counted: The counts.
        about: Head of their column; count of the first step of a day, if that is told; resolution of the sensor [us].
        place: Where the days are.

    Raises:
        InputError: They count no steps that a day has.
    """
    head, first, resolution = about
    counts, marks = counted
    usable = days.good & (counts >= 0)
    if not usable.any():
        raise InputError(f"The column {head!r} counts no steps of days.")
    questions = []
    lowest, highest = int(counts[usable].min()), int(counts[usable].max())
    if first is None:
        first = 0 if lowest == 0 else 1
        if lowest > 1 and highest < 23 and HOURS.search(head.strip()):
            first = 0
            text = f"The column {head!r} counts hours from {lowest} to {highest}; what do they name?"
            choices = [Choice(word, f"hour {lowest} {word}s at {lowest}:00") for word in ("start", "end")]
            questions.append(FileQuestion("stamps", text, choices))
    dates, which = np.unique(days.local[usable] // DAY_US, return_inverse=True)
    most = np.zeros(len(dates), np.int64)
    np.maximum.at(most, which, counts[usable] - first + 1)
    step = _step(int(np.bincount(most).argmax()), int(most.max()), head, resolution)
    begin, end = (edge * DAY_US - _offsets_at_midnight(edge * DAY_US, place) for edge in (dates, dates + 1))
    lengths = end - begin
    changing = lengths != DAY_US
    is_elapsed = bool(changing.any() and (most[changing] * step == lengths[changing]).all() and (marks < 0).all())
    return DayCounts(first, step, is_elapsed, place), questions


def _step(usual: int, most: int, head: str, resolution: int) -> int:
    """Return how long a step is [us] of which days mostly have one number, and at most another."""
    for count in (usual, most):
        if count in LENGTHS:
            return LENGTHS[count]
    by_head = HOUR_US if HOURS.search(head.strip()) else 15 * MINUTE_US if QUARTERS.search(head) else resolution
    if by_head and DAY_US % by_head == 0 and most * by_head <= DAY_US + HOUR_US:
        return by_head
    raise InputError(f"The column {head!r} counts up to {most}, and no day has so many hours, half-hours or quarters.")


def counted_across(row: Sequence[Cell]) -> list[int]:
    """Return neighbouring columns whose heads count the steps of a day, such as ``Hour 3A`` or ``kWh_48``."""
    best: list[int] = []
    run: list[int] = []
    before = None
    for place, cell in enumerate(row):
        each = parse_count(cell)
        # After 2 comes 3, or 3A, and after 3A comes 3B.
        follows = before is not None and each is not None and each[0] == before[0] and (
            each[1] == before[1] + 1 or (each[1], before[2], each[2]) == (before[1], 0, 1)
        )  # fmt: skip
        run = [*run, place] if follows else [place] if each is not None and each[1] in (0, 1) else []
        before, best = each, max(best, run, key=len)
    return best if len(best) >= FEWEST else []
