"""Time as a table of days: rows that begin where the forecast begins, on the clock that the series follows."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import ArrayLike, NDArray

from engine.forecasting.history import Floats
from engine.series.iso_time import MICROSECOND, Microseconds

if TYPE_CHECKING:  # a server starts without pandas, whose import takes 70 MB
    import pandas as pd

DAY_US = 86_400_000_000
LONGEST_FILL = 14
"""Days over which a missing value is taken from an earlier day at the same time."""


@dataclass(frozen=True)
class Days:
    """Days of S equal steps on a local clock.

    A day begins at the clock time of the *origin*, the moment from which on nothing is known, so that every earlier
    day asks the same question as the one to forecast: the same hours ahead, with the same newest value.
    """

    first: int
    """Start of the first day on the clock [us since 1970, local]."""
    step: int
    """[us]."""
    past: int
    """Days before the origin."""
    ahead: int
    """Days from the origin on."""
    zone: ZoneInfo

    @classmethod
    def around(cls, origin: int, past: int, ahead: int, step: timedelta, zone: ZoneInfo) -> "Days":
        """The days before and after an origin [us since 1970 UTC]."""
        first = int(local_ticks(np.array([origin]), zone)[0]) - past * DAY_US
        return cls(first, step // MICROSECOND, past, ahead, zone)

    @property
    def steps(self) -> int:
        """Steps of a day."""
        return DAY_US // self.step

    @property
    def rows(self) -> int:
        """Days in all."""
        return self.past + self.ahead

    def cells(self, ticks: Microseconds) -> NDArray[np.int64]:
        """Cell of each moment, row by row, shape (n,); below 0 and from rows · S on it lies outside."""
        return (local_ticks(ticks, self.zone) - self.first) // self.step

    def table(self, events: Microseconds, values: Floats) -> Floats:
        """Values by day and step, NaN where nothing is known, shape (rows, S).

        The hour that a clock change doubles is averaged; the one that it leaves out stays missing.
        """
        known = np.isfinite(values)
        cells, size = self.cells(events[known]), self.rows * self.steps
        inside = (cells >= 0) & (cells < size)
        cells = cells[inside]
        count = np.bincount(cells, minlength=size)
        total = np.bincount(cells, weights=values[known][inside], minlength=size)
        mean: Floats = np.divide(total, count, out=np.full(size, np.nan), where=count > 0)
        return mean.reshape(self.rows, self.steps)

    @cached_property
    def clock(self) -> "pd.DatetimeIndex":
        """Local time of each cell, without a zone, length rows · S."""
        import pandas as pd

        ticks = self.first + self.step * np.arange(self.rows * self.steps, dtype=np.int64)
        return pd.DatetimeIndex(ticks.view("datetime64[us]"))

    def by_cell(self, values: ArrayLike) -> Floats:
        """One number per cell as a table of days, shape (rows, S)."""
        return np.asarray(values, dtype=float).reshape(self.rows, self.steps)


def local_ticks(ticks: Microseconds, zone: ZoneInfo) -> Microseconds:
    """Local clock at each moment [us since 1970, local], shape (n,)."""
    import pandas as pd

    moments = pd.DatetimeIndex(ticks.astype(np.int64).view("datetime64[us]")).tz_localize("UTC")
    return np.asarray(moments.tz_convert(zone).tz_localize(None).asi8, dtype=np.int64)


def filled(table: Floats) -> Floats:
    """A table without gaps: each taken from earlier days alone, shape (rows, S).

    From the nearest of the last 14 days at the same step; else the mean of all earlier days at that step; else 0.
    An interpolation would look ahead.
    """
    known, rows = np.isfinite(table), np.arange(len(table))[:, None]
    if known.all():
        return table
    newest = np.maximum.accumulate(np.where(known, rows, -LONGEST_FILL - 1), axis=0)
    near = np.take_along_axis(table, np.maximum(newest, 0), axis=0)
    count = np.cumsum(known, axis=0)
    mean = np.divide(np.cumsum(np.where(known, table, 0.0), axis=0), count, out=np.zeros_like(table), where=count > 0)
    return np.where(rows - newest <= LONGEST_FILL, near, mean)


def earlier(table: Floats, days: int) -> Floats:
    """The table as it was so many days before, NaN in the first rows, shape (rows, S)."""
    moved = np.full_like(table, np.nan)
    moved[days:] = table[: max(len(table) - days, 0)]
    return moved
