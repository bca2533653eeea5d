"""The forecast every better one has to beat: what was last seen at the same time of day, or of the week."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.forecasting.forecaster import LEVELS, Forecast
from engine.forecasting.history import SeriesHistory
from engine.series.iso_time import MICROSECOND, Microseconds
from engine.series.window import Window

FEWEST_ERRORS = 10
"""Errors below which there is no band."""


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

    version: ClassVar[str] = "1"

    def forecast(self, history: SeriesHistory, window: Window, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """The forecast of each step of a window; see ``Forecaster``.

        Quantiles are those of the errors that it would have made in what is known, at any time of the day.

        Raises:
            InputError: Nothing is known of the seasons before.
        """
        foreseen = self.predict(history.events, history.values, window)
        if np.isnan(foreseen).all():
            raise InputError("Nothing is known of the seasons before; add measurements first.")
        season = self.season // MICROSECOND
        at = np.minimum(np.searchsorted(history.events, history.events - season), len(history.events) - 1)
        errors = (history.values - history.values[at])[history.events[at] == history.events - season]
        errors = errors[np.isfinite(errors)]
        spread = np.zeros(len(levels))
        if len(errors) >= FEWEST_ERRORS:
            spread = np.quantile(errors - np.median(errors), levels)
        return Forecast(mean=foreseen, quantiles=foreseen[:, None] + spread, levels=levels)

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
