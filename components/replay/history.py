"""Everything that was ever believed about a line, and what of it was known at a moment."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.charts.traces import Trace
from engine.iso_time import Microseconds


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """All beliefs of one sensor from one source."""

    every: Trace
    """A line with several values for an event, one for each belief, in order of the time it was formed."""

    @property
    def times(self) -> Microseconds:
        """When each belief was formed [µs since 1970 UTC], shape (n,)."""
        return np.zeros(0, np.int64) if self.every.known is None else self.every.known

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Where the beliefs about each event begin, shape (events,)."""
        events = self.every.events
        return np.flatnonzero(np.append(True, events[1:] != events[:-1])) if len(events) else np.zeros(0, np.intp)

    def known(self, moment: int) -> Trace:
        """Return the newest belief about each event that was formed until a moment [µs since 1970 UTC]."""
        if not len(self.times):
            return self._taken(np.zeros(0, np.intp))
        places = np.where(self.times <= moment, np.arange(len(self.times)), -1)
        newest = np.maximum.reduceat(places, self._starts)
        return self._taken(newest[newest >= 0])

    def _taken(self, at: NDArray[np.intp]) -> Trace:
        every = self.every
        band = every.band and replace(every.band, low=every.band.low[at], high=every.band.high[at])
        return replace(every, events=every.events[at], values=every.values[at], known=self.times[at], band=band)
