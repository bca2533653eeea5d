"""How good forecasts were: errors in one table, beside those of a yardstick on the same events."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.forecasting.history import Floats


@dataclass(frozen=True, kw_only=True)
class Skill:
    """Errors of forecasts whose events have come; NaN where nothing can be said."""

    events: int
    """Events that are compared."""
    mae: float
    """Mean absolute error [unit of the series]."""
    rmse: float
    """Root mean square error [unit of the series]."""
    bias: float
    """Mean of forecast less what came [unit of the series]."""
    wape: float
    """Sum of absolute errors per sum of absolute values; 1 less it is what FlexMeasures calls accuracy."""
    mase: float
    """Mean absolute error per that of the yardstick on the same events; below 1: better."""
    pinball: float
    """Mean pinball loss of the quantiles [unit of the series]."""
    crps: float
    """Continuous ranked probability score, from the quantiles there are [unit of the series]: see ``skill``."""
    coverage: float
    """Share of values from the lowest to the highest quantile, of which so much is promised: see ``promised``."""
    promised: float
    """Probability between the lowest and the highest quantile."""


def skill(actual: Floats, quantiles: Floats, levels: Sequence[float], yardstick: Floats) -> Skill:
    """How good forecasts of some events were.

    CRPS = 2 ∫ pinball(p) dp over p from 0 to 1: losses are joined by lines between the levels, stay as they are at the
    lowest level below it and at the highest above; of a single quantile, the mean absolute error.

    Args:
        actual: What came [unit], NaN where unknown, shape (n,).
        quantiles: What was foreseen, rising with the level [unit], NaN where nothing, shape (n, q).
        levels: Cumulative probabilities of the quantiles, increasing, shape (q,).
        yardstick: What a plain forecast would have been [unit], shape (n,).

    Source:
        Hyndman and Koehler, Another look at measures of forecast accuracy, International Journal of Forecasting 22
        (2006) 679-688; Koenker and Bassett, Econometrica 46 (1978) 33-50.
    """
    middle = quantiles[:, int(np.argmin(np.abs(np.asarray(levels) - 0.5)))]
    seen = np.isfinite(actual) & np.isfinite(middle)
    actual, middle, quantiles, yardstick = actual[seen], middle[seen], quantiles[seen], yardstick[seen]
    error = middle - actual
    plain = np.isfinite(yardstick)
    inside = ((actual >= quantiles[:, 0]) & (actual <= quantiles[:, -1])).astype(float)
    below = actual[:, None] - quantiles
    losses = np.maximum(np.asarray(levels) * below, (np.asarray(levels) - 1.0) * below)
    banded = len(levels) > 1
    return Skill(
        events=len(actual),
        mae=_mean(np.abs(error)),
        rmse=_mean(error**2) ** 0.5,
        bias=_mean(error),
        wape=_ratio(np.abs(error).sum(), np.abs(actual).sum()),
        mase=_ratio(_mean(np.abs(error[plain])), _mean(np.abs(yardstick - actual)[plain])),
        pinball=_mean(losses[np.isfinite(losses).all(axis=1)]),
        crps=_crps(losses[np.isfinite(losses).all(axis=1)], levels) if banded else _mean(np.abs(error)),
        coverage=_mean(inside[np.isfinite(quantiles).all(axis=1)]) if banded else np.nan,
        promised=float(levels[-1] - levels[0]) if banded else np.nan,
    )


def reliability(actual: Floats, quantiles: Floats, levels: Sequence[float]) -> dict[float, float]:
    """By level, the share of values at or below the quantile: the level itself where a forecast is reliable.

    Arguments are those of ``skill``; a single quantile, which promises nothing, has no line.

    Source:
        Gneiting, Balabdaoui and Raftery, Journal of the Royal Statistical Society B 69 (2007) 243-268.
    """
    seen = np.isfinite(actual) & np.isfinite(quantiles).all(axis=1)
    if len(levels) < 2 or not seen.any():
        return {}
    below = (actual[seen, None] <= quantiles[seen]).mean(axis=0)
    return dict(zip(map(float, levels), below.tolist(), strict=True))


def _crps(losses: Floats, levels: Sequence[float]) -> float:
    """Twice the integral of pinball losses over their levels, shape of losses (n, q)."""
    if not len(losses):
        return np.nan
    mean, bounds = losses.mean(axis=0), [0.0, *levels, 1.0]
    return float(2.0 * np.trapezoid([mean[0], *mean, mean[-1]], bounds))


def _mean(values: Floats) -> float:
    return float(np.mean(values)) if values.size else np.nan


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0.0 else np.nan
