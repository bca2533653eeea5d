"""Lines of so many values that each point stands for a chunk of them, as they are stored."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from components.charts.points import Floats, InView
from components.charts.traces import Trace


@dataclass(frozen=True, kw_only=True, eq=False)
class SummedTrace(Trace):
    """A line whose values are means of chunks, in a band from the lowest to the highest value of each."""

    counts: Floats
    """Number of values that each stands for, shape (n,)."""
    length: timedelta
    """Of the event of one of those values; zero for instantaneous ones."""

    def summary(self, start_us: int, end_us: int) -> str:
        """Lowest, mean and highest value in a time range [µs], to the chunk, and the total where there is one."""
        first, last = (int(at) for at in np.searchsorted(self.events, (start_us - self.pace + 1, end_us)))
        if last <= first or self.band is None:
            return ""
        counts, values = self.counts[first:last], self.values[first:last]
        low, high = float(self.band.low[first:last].min()), float(self.band.high[first:last].max())
        mean = float(np.average(values, weights=counts))
        view = InView(low=low, mean=mean, high=high, count=int(counts.sum()))
        return self.text_in_view(view, length=self.length)
