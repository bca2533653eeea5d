"""TimedValues of a clock on the wall → moments, over the changes of that clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.importing.cells.times import DAY_US, MIDNIGHT, NAIVE, ClockReadings
from engine.importing.layout import Mask
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds
from engine.series.resample import QUARTER_US

SKIPPED = "does not exist in {zone}: the clocks were put forward over it."
TWICE = "happened twice in {zone}, when the clocks were put back, but is given once; add an offset such as +01:00."


def clock_offsets(local: Microseconds, place: ZoneInfo) -> tuple[Microseconds, Microseconds]:
    """How far the clock of a place is ahead of UTC when it shows a time [us]: the first and the last time it does.

    Where both differ, the time is shown twice (the first is larger) or never.

    Args:
        local: What the clock shows [us since 1970 on that clock], shape (n,).
        place: Where the clock is.
    """
    days, which = np.unique(local // DAY_US, return_inverse=True)
    # Most days begin and end with one offset; only the others are looked at by the quarter of an hour.
    both = [[_offset(day * DAY_US, place, 0), _offset((day + 1) * DAY_US, place, 1)] for day in days.tolist()]
    edges = np.array(both, np.int64).reshape(-1, 2)
    first, last = edges[which, 0], edges[which, 0].copy()
    changing = np.flatnonzero((edges[:, 0] != edges[:, 1])[which])
    quarters, part = np.unique(local[changing] // QUARTER_US, return_inverse=True)
    for fold, offsets in ((0, first), (1, last)):
        by_quarter = np.array([_offset(quarter * QUARTER_US, place, fold) for quarter in quarters.tolist()], np.int64)
        offsets[changing] = by_quarter[part]
    return first, last


def _offset(local: int, place: ZoneInfo, fold: int) -> int:
    shown = MIDNIGHT + timedelta(microseconds=local)
    return (shown.replace(tzinfo=place, fold=fold).utcoffset() or timedelta(0)) // MICROSECOND


class LocalClock:
    """Makes moments of the clock readings of one file, batch by batch.

    A local time that happened twice is taken in the order of the file: the first row is before the clock change. So
    those times are put aside until all of the file is known; ``settle`` tells which they are.
    """

    def __init__(self, place: ZoneInfo) -> None:
        """Begin with a file; times without an offset are of a place."""
        self._place = place
        self._twice: list[NDArray[np.int64]] = []
        self._first: int | None = None
        self._names_ends = False
        self._last = 0

    def moments(
        self, times: ClockReadings, *, begin: int, key_of: Callable[[int], object] = lambda row: 0
    ) -> tuple[Microseconds, Mask]:
        """Return moments [us since 1970 UTC], and which times were skipped by the clock.

        Args:
            times: What cells say, shape (n,).
            begin: How many rows of the file came before.
            key_of: Row of the batch → what tells rows with the same time apart.
        """
        naive = times.offset == NAIVE
        offset = np.where(naive, 0, times.offset)
        skipped = np.zeros(len(offset), bool)
        rows = np.flatnonzero(naive & times.good)
        if not len(rows) or self._place.key == "UTC":
            return times.local - offset, skipped
        local = times.local[rows]
        first, last = clock_offsets(local, self._place)
        self._first, self._last = int(local[0]) if self._first is None else self._first, int(local[-1])
        offset[rows] = np.where(times.fold[rows] == 1, last, first)
        skipped[rows] = first < last
        marked = rows[(first == last) & (times.fold[rows] >= 0)]
        if len(marked):  # 3A ends the hour that 2A begins, and is two hours before 4
            summer, winter = clock_offsets(times.local[marked] - HOUR_US, self._place)
            offset[marked] = np.where(times.fold[marked] == 1, winter, summer)
            self._names_ends |= bool((summer > winter).any())
        twice = rows[(first > last) & (times.fold[rows] < 0)]
        if len(twice):
            keys = [hash(key_of(row)) for row in twice.tolist()]
            self._twice.append(np.stack([twice + begin, times.local[twice], np.array(keys, np.int64)]))
        return times.local - offset, skipped

    def settle(self, moments: Microseconds) -> list[int]:
        """Correct the moments of a whole file, and return the rows that still cannot be told."""
        if not self._twice:
            return []
        row, local, key = np.concatenate(self._twice, axis=1)
        rank, count = _ranks(local)
        # Rows of several series share a time; told apart by their keys, each series has it twice.
        keyed_rank, keyed_count = _ranks(key ^ (local * 31))
        keyed = (count != 2) & (keyed_count == 2)
        rank, count = np.where(keyed, keyed_rank, rank), np.where(keyed, keyed_count, count)
        # A file with the newest row first shows the later of both times first.
        backwards = self._first is not None and self._last < self._first
        first, last = clock_offsets(local, self._place)
        # Where 3A and 3B end the hours, a single 2 ends the one before both.
        before = self._names_ends & (count == 1)
        moments[row] = local - np.where(((rank == 0) == backwards) & ~before, last, first)
        unsure: list[int] = np.sort(row[(count != 2) & ~before]).tolist()
        return unsure


def _ranks(keys: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How many equal keys come before each one, and how many there are of it, shape (n,)."""
    _, which, counts = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.argsort(which, kind="stable")
    ranks = np.empty(len(which), np.intp)
    ranks[order] = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return ranks, counts[which]


def winter_zone(place: ZoneInfo) -> str:
    """Return the zone of a clock that shows winter time of a place all year, such as ``Etc/GMT-1``."""
    # Winter time is less ahead than summer time, on either side of the equator.
    offsets = [datetime(2026, month, 1, tzinfo=place).utcoffset() or timedelta(0) for month in (1, 7)]
    hours = min(offsets) // timedelta(hours=1)
    # Names of this kind count to the west, so the sign is turned.
    return f"Etc/GMT{-hours:+d}" if hours else "UTC"
