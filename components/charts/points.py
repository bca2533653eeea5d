"""Points of a line: a path through its events, or the lowest, highest and mean value of runs of many of them."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.local_time import MILLISECOND
from engine.series.iso_time import Microseconds

Floats = NDArray[np.float64]
FINEST = 16
"""Values in a run of the finest level that is kept; those of shorter runs are computed when asked for."""


@dataclass(frozen=True, eq=False)
class Path:
    """Path of a line through its events: one or two corners for each, and a break where the next value is missing."""

    x: Floats
    """Of each point [ms since 1970 UTC], shape (p,)."""
    event: NDArray[np.intp]
    """The event each point belongs to, shape (p,)."""
    broken: NDArray[np.bool_]
    """Whether a point is at one of the two sides of a break, shape (p,)."""

    @classmethod
    def along(cls, events: Microseconds, pace: int | None, gaps: NDArray[np.bool_]) -> "Path":
        """Path through events [µs], shape (n,); steps are ``pace`` long; ``gaps`` has shape (n - 1,)."""
        n = len(events)
        gap = np.append(gaps, False)[:n]
        following = np.append(np.arange(1, n), n - 1)[:n]
        after = events if pace is None else events + pace
        keep = np.column_stack([np.ones(n, dtype=bool), np.full(n, pace is not None), gap, gap]).ravel()
        x = np.column_stack([events, after, after, events[following]]).ravel()[keep] / MILLISECOND
        own = np.arange(n)
        event = np.column_stack([own, own, own, following]).ravel()[keep]
        side = np.column_stack([np.zeros((n, 2), dtype=bool), gap, gap]).ravel()[keep]
        return cls(x, event, side)

    def held(self, values: Floats) -> Floats:
        """Value of the event at each point, shape (p,)."""
        return values[self.event]

    def line(self, values: Floats) -> Floats:
        """Value of the event at each point, NaN at breaks, shape (p,)."""
        return np.where(self.broken, np.nan, values[self.event])

    def edge(self, values: Floats, closed: Floats) -> Floats:
        """Edge of an area, which has no height at breaks: there all its edges are at ``closed``, shape (p,)."""
        return np.where(self.broken, closed[self.event], values[self.event])


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of values that follow each other; shapes (r,)."""

    first: NDArray[np.intp]
    """Index of the first value of each."""
    last: NDArray[np.intp]
    """Index of the last value of each."""
    low: Floats
    high: Floats
    mean: Floats


@dataclass(eq=False)
class Pyramid:
    """A pyramid over values: each level holds runs twice as long as the one below, which it is made from.

    Together they are an eighth of the values in number, and drawing a part of them costs the same for a day as for
    years. A tree of this kind is known as min-max pyramid or mipmap.
    """

    values: Floats
    """Without NaN, shape (n,)."""

    def runs(self, first: int, last: int, most: int) -> Runs:
        """Runs that cover the values from ``first`` up to, not including, ``last``.

        Args:
            first: Index of a value; runs begin at multiples of their length, so the first may begin before it.
            last: Index after a value; the last run may end after it.
            most: Number of runs, about: there are between half as many and two more.
        """
        length = -(-(last - first) // most)
        if length > FINEST:
            level = min(int(np.ceil(np.log2(length / FINEST))), len(self._levels) - 1)
            length = FINEST << level
        # At multiples of the length, as the runs of the pyramid begin there.
        start = first // length * length
        begins = np.arange(start, last, length)
        ends = np.minimum(begins + length, len(self.values))
        if length < FINEST:
            low, high, total = _reduced((self.values[start : ends[-1]],) * 3, begins - start)
        else:
            level = (length // FINEST).bit_length() - 1
            low, high, total = (column[start // length : begins[-1] // length + 1] for column in self._levels[level])
        return Runs(begins, ends - 1, low, high, total / (ends - begins))

    @cached_property
    def _levels(self) -> list[tuple[Floats, Floats, Floats]]:
        """Lowest, highest and sum of each run, level by level, from the finest to one of a single run."""
        levels = [_reduced((self.values,) * 3, np.arange(0, len(self.values), FINEST))]
        while len(levels[-1][0]) > 1:
            levels.append(_reduced(levels[-1], np.arange(0, len(levels[-1][0]), 2)))
        return levels


def _reduced(columns: tuple[Floats, Floats, Floats], begins: NDArray[np.intp]) -> tuple[Floats, Floats, Floats]:
    """Lowest, highest and sum of the runs that begin at some indices."""
    return (
        np.minimum.reduceat(columns[0], begins),
        np.maximum.reduceat(columns[1], begins),
        np.add.reduceat(columns[2], begins),
    )


def short(value: float) -> str:
    """A number with four digits that count, and commas between thousands."""
    return f"{float(f'{value:.4g}'):,.10g}"


@dataclass(frozen=True, kw_only=True)
class InView:
    """Figures of some values, in their unit."""

    low: float
    mean: float
    high: float
    count: int

    def text(self, *, total: float = 0.0, energy: float = 0.0, unit: str = "") -> str:
        """The figures in words.

        Args:
            total: What each value adds to a total, such as 1 of amounts; 0: there is none.
            energy: Hours for which each power holds; 0: they are no powers.
            unit: Of the total or the energy.
        """
        told = f"min {short(self.low)}, mean {self._beside_values(self.mean)}, max {short(self.high)}"
        for word, share in (("total", total), ("energy", energy)):
            if share:
                told += f", {word} {self._beside_values(self.mean * self.count * share)} {unit}"
        return told

    def _beside_values(self, figure: float) -> str:
        """Write a figure no more finely than the values it is made from: 0 where they cancel out but for noise."""
        largest = max(abs(self.low), abs(self.high))
        return short(round(figure, 3 - math.floor(math.log10(largest))) + 0.0 if largest else figure)
