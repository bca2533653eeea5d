"""The way of a line through its events: corners of steps, breaks where values are missing, fewer points where many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from components.local_time import MILLISECOND
from engine.iso_time import Microseconds

Floats = NDArray[np.float64]


def lowest_and_highest(values: Floats, run: int) -> NDArray[np.intp]:
    """Return the places of the lowest and the highest value of each run of a length, in order, and of both ends."""
    runs = len(values) // run
    block = values[: runs * run].reshape(runs, run)
    base = np.arange(runs) * run
    ends = [0, len(values) - 1]
    return np.unique(np.concatenate([base + block.argmin(axis=1), base + block.argmax(axis=1), ends]))


@dataclass(frozen=True, eq=False)
class Path:
    """The way of a line through its events: one or two corners for each, and a break where none follows."""

    x: Floats
    """Of each point [ms since 1970 UTC], shape (p,)."""
    event: NDArray[np.intp]
    """The event each point belongs to, shape (p,)."""
    broken: NDArray[np.bool_]
    """Whether a point is at one of the two sides of a break, shape (p,)."""

    @classmethod
    def along(cls, events: Microseconds, pace: int | None, gaps: NDArray[np.bool_]) -> "Path":
        """Return the way through events [µs], shape (n,); steps are ``pace`` long; ``gaps`` has shape (n - 1,)."""
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
        """Return the value of the event at each point."""
        return values[self.event]

    def line(self, values: Floats) -> Floats:
        """Return the same, and nothing at breaks."""
        return np.where(self.broken, np.nan, values[self.event])

    def edge(self, values: Floats, closed: Floats) -> Floats:
        """Return the edge of an area, which has no height at breaks: there all its edges are at ``closed``."""
        return np.where(self.broken, closed[self.event], values[self.event])
