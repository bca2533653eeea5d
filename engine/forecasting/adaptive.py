"""The default forecaster: a mixture of regressions and plain averages, each as trusted as it proved of late."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

import numpy as np

from engine.errors import InputError
from engine.forecasting.bands import Bands, steer
from engine.forecasting.case import CannotTabulate, Case
from engine.forecasting.forecaster import LEVELS, Forecast
from engine.forecasting.history import Floats, SeriesHistory
from engine.forecasting.mixture import MEMORY, YARDSTICKS, daily_losses, mix
from engine.forecasting.naive import SeasonalNaive
from engine.series.window import Window


@dataclass(frozen=True)
class AdaptiveForecaster:
    """Foresees by experts, weighted by their losses of the last weeks; never by one that a yardstick beats."""

    version: ClassVar[str] = "2"

    def forecast(self, history: SeriesHistory, window: Window, levels: tuple[float, ...] = LEVELS) -> Forecast:
        """The forecast of each step of a window; see ``Forecaster``.

        Where less than a day is known, or events do not divide days, the plain seasonal forecast serves.
        """
        try:
            case = Case.of(history, window)
        except CannotTabulate as reason:
            season = -(-timedelta(days=1) // history.step) * history.step
            plain = SeasonalNaive(season=season).forecast(history, window, levels)
            return replace(plain, notes=(f"What was last seen at the time of day is served: {reason}",))
        if case.kind == "pv" and np.nansum(history.values) < 0.0:
            # Production that is written as negative consumption; physics gives positive power.
            mirrored = tuple(1.0 - level for level in reversed(levels))
            other = self.forecast(replace(history, values=-history.values), window, mirrored)
            return replace(other, mean=-other.mean, quantiles=-other.quantiles[:, ::-1], levels=levels)
        days = case.days
        rows, steps = np.divmod(days.cells(window.starts), days.steps)
        mean, quantiles = np.full(window.n, np.nan), np.full((window.n, len(levels)), np.nan)
        found = []
        for row in np.unique(rows):
            day, here = foresee_day(case, int(row) - days.past + 1), rows == row
            mean[here], quantiles[here] = day.mean[steps[here]], day.quantiles(levels)[steps[here]]
            found.append(day)
        if np.isnan(mean).all():
            raise InputError("Nothing of the days before is known at these times; add measurements first.")
        said = [*case.notes, *(note for day in found for note in day.notes)]
        lower, upper = case.sign_bounds
        barred = int(((mean < lower) | (mean > upper)).sum())
        mean, quantiles = np.clip(mean, lower, upper), np.clip(quantiles, lower, upper)
        if barred:
            side = "negative" if lower == 0.0 else "positive"
            said.append(f"{barred} forecasts are set to 0, as no known value is {side}.")
        notes = dict.fromkeys(said)
        return Forecast(
            mean=mean,
            quantiles=quantiles,
            levels=levels,
            weights=found[0].weights,
            skill=found[0].skill,
            coverage=found[0].coverage,
            notes=tuple(notes),
        )


@dataclass(frozen=True)
class Day:
    """The forecast of one day from the origin on."""

    mean: Floats
    """Shape (S,)."""
    median: Floats
    """Shape (S,)."""
    bands: Bands
    weights: Mapping[str, float]
    skill: float | None
    coverage: float | None
    notes: tuple[str, ...] = ()
    positive: bool = False
    """Whether it cannot fall below 0."""

    def quantiles(self, levels: tuple[float, ...]) -> Floats:
        """Shape (S, levels)."""
        found = self.bands.quantiles(self.median, levels)
        return np.maximum(found, 0.0) if self.positive else found


def foresee_day(case: Case, ahead: int) -> Day:
    """The forecast of the day that lies so many days ahead; 1 is the one that begins at the origin."""
    past = case.days.past
    first = case.first_target
    targets = np.arange(first, past + ahead)
    # A fit that is some weeks old is nearly as good where there is much to learn from.
    every = 44 if past >= 180 else 22 if past >= 90 else 11
    refits = (*range(first, past, every), past + ahead - 1)
    forecasts = case.foresee(ahead, targets, refits)
    actual = case.table[targets]
    median, weights = mix(forecasts, actual, ahead)
    mean, _ = mix(forecasts, actual, ahead, "squared")
    losses = {name: _recent_loss(table, actual) for name, table in {**forecasts, "": median}.items()}
    best = min((name for name in YARDSTICKS if name in forecasts), key=lambda name: losses[name])
    notes, share = [], dict(zip(forecasts, weights[-1].tolist(), strict=True))
    if losses[""] > losses[best]:
        # What loses to a yardstick is not served.
        median = mean = forecasts[best]
        notes.append(f"{best} is served: the mixture did worse in the last weeks.")
        share = {best: 1.0}
    bands, bounds = steer(median, actual, ahead, None if case.scale is None else case.scale[targets])
    inside = np.isfinite(actual) & np.isfinite(bounds).all(axis=0)
    within = (actual >= bounds[0]) & (actual <= bounds[1])
    skill = losses[""] / losses[best] if 0 < losses[best] < np.inf else None
    return Day(
        mean=mean[-1],
        median=median[-1],
        bands=bands,
        weights={name: weight for name, weight in share.items() if weight >= 0.005},
        skill=min(skill, 1.0) if skill is not None else None,
        coverage=float(within[inside].mean()) if inside.any() else None,
        notes=tuple(notes),
        positive=case.kind == "pv",
    )


def _recent_loss(forecast: Floats, actual: Floats) -> float:
    """Mean absolute error of the last weeks; infinite where nothing can be compared."""
    losses = daily_losses(forecast, actual, "absolute")[-MEMORY - 1 :]
    return float(np.nanmean(losses)) if np.isfinite(losses).any() else np.inf
