"""Forecasters of statsmodels: exponential smoothing, autoregression, decomposition and quantile regression.

Yardsticks to compare the default with, and models whose coefficients people know how to read. statsmodels is imported
by the first forecast alone, as it takes seconds.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from engine.errors import InputError
from engine.forecasting.case import Case
from engine.forecasting.days import filled
from engine.forecasting.forecaster import LEVELS, Forecast
from engine.forecasting.history import Floats, SeriesHistory
from engine.series.window import Window

FEWEST_DAYS = 4
"""Days that smoothing and regressions need: two seasons to begin with, and two to learn from."""
MOST_VALUES = 8064
"""Values that are learnt from where steps are short: 84 days of quarter-hours."""
WEEK_DAYS = 15
"""Days from which on the day of the week counts."""
SMOOTHED = 101
"""Seasons over which a step of the season is smoothed."""
PAIRS = 3
"""Fourier pairs of the day."""


@dataclass(frozen=True)
class RegularSeries:
    """The newest days of a series without gaps, on the clock of its zone."""

    values: Floats
    """Shape (days · S,)."""
    season: int
    """Steps of a day, S."""
    wanted: NDArray[np.int64]
    """Steps of the window, counted from 0 after the newest value, shape (n,)."""
    weekday: NDArray[np.int64]
    """Day of the week of each step from the first value to the last that is wanted, Monday 0."""

    @classmethod
    def of(cls, history: SeriesHistory, window: Window, most_days: int) -> "RegularSeries":
        """The newest days before a window; gaps are taken from earlier days.

        Raises:
            InputError: Less than four days are known, or events do not divide days.
        """
        case = Case.of(history, window)
        days = min(case.days.past, most_days, max(FEWEST_DAYS, MOST_VALUES // case.days.steps))
        if days < FEWEST_DAYS:
            raise InputError(f"This forecaster needs {FEWEST_DAYS} days of values; use SeasonalNaive until then.")
        past, season = case.days.past, case.days.steps
        values = filled(case.table[:past])[-days:].ravel()
        wanted = case.days.cells(window.starts) - past * season
        weekday = np.asarray(case.days.clock.day_of_week)[(past - days) * season :]
        return cls(values, season, wanted, weekday[: len(values) + int(wanted.max()) + 1])

    @property
    def ahead(self) -> int:
        """Steps to foresee from the newest value on."""
        return int(self.wanted.max()) + 1

    def unchanged(self, levels: Sequence[float]) -> Forecast:
        """The newest value once more: regressions on what never changes divide by 0."""
        return self.normal_forecast(np.full(self.ahead, self.values[-1]), np.zeros(self.ahead), levels)

    def normal_forecast(
        self, mean: Floats, deviation: Floats, levels: Sequence[float], notes: tuple[str, ...] = ()
    ) -> Forecast:
        """The forecast of errors that are normal, from mean and standard deviation of each step ahead."""
        center, spread = np.asarray(mean)[self.wanted], np.asarray(deviation)[self.wanted]
        quantiles = center[:, None] + spread[:, None] * ndtri(np.asarray(levels, dtype=float))
        return Forecast(mean=center, quantiles=quantiles, levels=tuple(levels), notes=notes)


@dataclass(frozen=True)
class RegularForecaster(ABC):
    """Foresees from the newest days of a series without gaps; what never changes it repeats."""

    days: int
    """Days that are learnt from at most."""

    def forecast(self, history: SeriesHistory, window: Window, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """The forecast of each step of a window; see ``Forecaster``."""
        series = RegularSeries.of(history, window, self.days)
        return self.foresee(series, levels) if _moves(series.values) else series.unchanged(levels)

    @abstractmethod
    def foresee(self, series: RegularSeries, levels: tuple[float, ...]) -> Forecast:
        """The forecast of a series that changes."""


@dataclass(frozen=True)
class HoltWinters(RegularForecaster):
    """Foresees by exponential smoothing of a level and of each step of the day: ETS(A, N, A).

    Source:
        Hyndman, Koehler, Ord and Snyder, Forecasting with Exponential Smoothing (2008), chapters 2 and 6.
    """

    days: int = 28
    version: ClassVar[str] = "1"

    def foresee(self, series: RegularSeries, levels: tuple[float, ...]) -> Forecast:
        """The forecast of a series that changes; see ``RegularForecaster``."""
        import pandas as pd
        from statsmodels.tsa.exponential_smoothing.ets import ETSModel

        n = len(series.values)
        model = ETSModel(
            pd.Series(series.values), seasonal="add", seasonal_periods=series.season, initialization_method="heuristic"
        )
        fit = model.fit(disp=False, maxiter=200)
        found = fit.get_prediction(start=n, end=n + series.ahead - 1, method="exact")
        deviation = np.sqrt(np.maximum(np.asarray(found.forecast_variance), 0.0))
        return series.normal_forecast(np.asarray(found.predicted_mean), deviation, levels)


@dataclass(frozen=True)
class AutoRegression(RegularForecaster):
    """Foresees by a regression on the newest values, those of a day and a week before, and the time of day.

    Source:
        Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed. (2021), sections 9.3 and 10.5.
    """

    days: int = 84
    version: ClassVar[str] = "1"

    def foresee(self, series: RegularSeries, levels: tuple[float, ...]) -> Forecast:
        """The forecast of a series that changes; see ``RegularForecaster``."""
        import pandas as pd
        from statsmodels.tsa.ar_model import AutoReg
        from statsmodels.tsa.deterministic import DeterministicProcess, Fourier

        n, season = len(series.values), series.season
        lags = sorted({1, 2, 3, season, season + 1, 2 * season, 7 * season, 7 * season + 1})
        lags = [lag for lag in lags if 2 * lag < n]
        pairs = [Fourier(season, min(PAIRS, season // 2))] if season >= 2 else []
        clock = DeterministicProcess(pd.RangeIndex(n), constant=True, additional_terms=pairs)
        fit = AutoReg(pd.Series(series.values), lags=lags, trend="n", deterministic=clock).fit()
        found = fit.get_prediction(start=n, end=n + series.ahead - 1)
        return series.normal_forecast(np.asarray(found.predicted_mean), np.asarray(found.se_mean), levels)


@dataclass(frozen=True)
class SeasonalDecomposition(RegularForecaster):
    """Foresees the seasons of the day and the week as they were last, and the rest by an autoregression.

    Source:
        Bandara, Hyndman and Bergmeir, MSTL: A Seasonal-Trend Decomposition Algorithm for Time Series with Multiple
        Seasonal Patterns (2021), arXiv 2107.13462.
    """

    days: int = 56
    version: ClassVar[str] = "1"

    def foresee(self, series: RegularSeries, levels: tuple[float, ...]) -> Forecast:
        """The forecast of a series that changes; see ``RegularForecaster``."""
        from statsmodels.tsa.ar_model import AutoReg
        from statsmodels.tsa.seasonal import MSTL

        n, season = len(series.values), series.season
        periods = (season, 7 * season) if n >= WEEK_DAYS * season else (season,)
        # Smoothed over many seasons: the short windows of MSTL take noise for seasons, and bands come out too narrow.
        parts = MSTL(series.values, periods=periods, windows=(SMOOTHED,) * len(periods)).fit()
        seasonal = np.reshape(parts.seasonal, (n, len(periods)))
        rest = series.values - seasonal.sum(axis=1)
        fit = AutoReg(rest, lags=[1, 2, 3] if _moves(rest) else 0, trend="c").fit()
        found = fit.get_prediction(start=n, end=n + series.ahead - 1)
        steps = np.arange(series.ahead)
        again = sum(seasonal[n - period + steps % period, at] for at, period in enumerate(periods))
        return series.normal_forecast(np.asarray(found.predicted_mean) + again, np.asarray(found.se_mean), levels)


@dataclass(frozen=True)
class QuantileRegression(RegularForecaster):
    """Foresees quantiles by regressions on the same time of earlier days, the time of day and days off; least squares.

    The notes hold how well least squares fit: R², and the Durbin-Watson statistic, which is 2 where errors do not hang
    together.

    Source:
        Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978) 33-50.
    """

    days: int = 84
    version: ClassVar[str] = "1"

    def foresee(self, series: RegularSeries, levels: tuple[float, ...]) -> Forecast:
        """The forecast of a series that changes; see ``RegularForecaster``."""
        from statsmodels.regression.linear_model import OLS
        from statsmodels.regression.quantile_regression import QuantReg
        from statsmodels.stats.stattools import durbin_watson

        n, season = len(series.values), series.season
        nearest = -(-series.ahead // season)
        # Nothing newer than the origin counts, whichever step is foreseen.
        lags = [day for day in (nearest, nearest + 1, 7 * -(-nearest // 7)) if (2 * day + 1) * season <= n]
        if not lags:
            raise InputError(f"To look {nearest} days ahead, {2 * nearest + 1} days of values are needed.")
        reach, size = max(lags) * season, n + series.ahead
        every = np.concatenate([series.values, np.full(series.ahead, np.nan)])
        angle = 2.0 * np.pi * np.arange(size) / season
        columns = [np.ones(size), *(np.roll(every, day * season) for day in lags)]
        columns += [wave(angle * (pair + 1)) for pair in range(min(PAIRS, season // 2)) for wave in (np.sin, np.cos)]
        if n >= WEEK_DAYS * season:
            columns += [(series.weekday == day).astype(float) for day in (0, 5, 6)]
        # Of what never changes the constant knows all.
        useful = [0, *(at for at, column in enumerate(columns) if at and _moves(column[reach:n]))]
        table, target = np.column_stack(columns)[:, useful], series.values[reach:]
        known, future = table[reach:n], table[n + series.wanted]
        least = OLS(target, known).fit()
        # Where most errors are 0, such as of a charger at rest, only the covariance of coefficients divides by 0.
        with np.errstate(divide="ignore", invalid="ignore"):
            quantiles = [future @ QuantReg(target, known).fit(q=level).params for level in levels]
        statistic = durbin_watson(least.resid)
        note = f"Least squares on {len(target)} values: R² {least.rsquared:.3f}, Durbin-Watson {statistic:.2f}."
        return Forecast(
            mean=future @ least.params,
            # Lines of different levels may cross; in order they lose no accuracy.
            quantiles=np.sort(np.column_stack(quantiles), axis=1),
            levels=tuple(levels),
            notes=(note,),
        )


def _moves(values: Floats) -> bool:
    """Whether values change by more than the rounding of numbers."""
    return bool(np.ptp(values) > 1e-9 * max(1.0, float(np.abs(values).max())))
