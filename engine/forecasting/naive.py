"""The forecast every better one has to beat: what was last seen at the same time of day, or of the week."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from engine.series.iso_time import MICROSECOND, Microseconds
from engine.series.window import Window


@dataclass(frozen=True, kw_only=True)
class SeasonalNaive:
    """Foresees for each step what was last seen a whole number of seasons before it.

    Source:
        Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed. (2021), section 5.2.
    """

    season: timedelta = timedelta(days=1)
    """Length after which the series resembles itself; seven days for what people do on workdays and weekends."""
    reach: int = 4
    """How many seasons back to look where the nearer ones have no value."""

    version = "1"

    def predict(self, moments: Microseconds, values: NDArray[np.float64], window: Window) -> NDArray[np.float64]:
        """Return the forecast for each step, NaN where nothing was seen in reach, shape (n,).

        f(t) = v(t - k · season) with the least k ≥ 1 for which that moment is known and has a value.

        Args:
            moments: Event starts of what is known, increasing [microseconds since 1970 UTC], shape (m,).
            values: What was seen [any unit], NaN where nothing, shape (m,).
            window: The steps to foresee.
        """
        foreseen = np.full(window.n, np.nan)
        if not len(moments):
            return foreseen
        season = self.season // MICROSECOND
        newest = np.maximum(1, -(-(window.starts - moments[-1]) // season))  # the first season that is wholly known
        for back in range(self.reach):
            wanted = window.starts - (newest + back) * season
            at = np.minimum(np.searchsorted(moments, wanted), len(moments) - 1)
            fits = np.isnan(foreseen) & (moments[at] == wanted)
            foreseen[fits] = values[at[fits]]
        return foreseen
