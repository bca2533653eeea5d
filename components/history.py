"""Everything that was ever believed about a line, and what of it was known at a moment."""

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property

import numpy as np

from components.paths import Floats
from components.traces import Trace
from engine.iso_time import Microseconds


@dataclass(frozen=True, kw_only=True, eq=False)
class History:
    """All beliefs of one sensor from one source; the fields beside the arrays are those of a Trace."""

    label: str
    unit: str
    events: Microseconds
    """Start of the event of each belief [µs since 1970 UTC], increasing, shape (n,)."""
    times: Microseconds
    """When each belief was formed [µs since 1970 UTC], increasing for each event, shape (n,)."""
    values: Floats
    """[unit], shape (n,)."""
    step: timedelta
    source: str = ""
    source_type: str = "user"
    quantity: str = field(default="other")

    @cached_property
    def _starts(self) -> np.ndarray:
        """Where the beliefs about each event begin, shape (events,)."""
        return (
            np.flatnonzero(np.append(True, self.events[1:] != self.events[:-1]))
            if len(self.events)
            else np.zeros(0, int)
        )

    def known(self, moment: int) -> Trace:
        """Return the newest belief about each event that was formed until a moment [µs since 1970 UTC]."""
        if not len(self.events):
            return self._trace(np.zeros(0, dtype=int))
        places = np.where(self.times <= moment, np.arange(len(self.events)), -1)
        newest = np.maximum.reduceat(places, self._starts)
        return self._trace(newest[newest >= 0])

    def _trace(self, at: np.ndarray) -> Trace:
        return Trace(
            label=self.label,
            unit=self.unit,
            events=self.events[at],
            values=self.values[at],
            known=self.times[at],
            step=self.step,
            source=self.source,
            source_type=self.source_type,
            quantity=self.quantity,
        )
