"""Quantiles around a forecast that keep what they promise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.forecasting.history import Floats

MEMORY = 60
"""Days whose residuals count."""
RATE = 0.04
"""How fast a tail follows the share of misses."""
TAIL = 0.1
"""Share beyond each tail that is steered towards."""
FEWEST = 5
"""Residuals per step below which there is no band."""
BLOCK_HOURS = 3
"""Steps of so many hours have one tail each."""


@dataclass(frozen=True)
class Bands:
    """How far what comes lies from a forecast, by step of the day."""

    residuals: Floats
    """Of the last days, sorted by step, NaN last, shape (m, S)."""
    tails: Floats
    """Shares beyond the lower and upper tail that came out right of late, instead of 0.1, shape (2, S)."""
    scale: Floats
    """What a residual is multiplied with, shape (S,)."""

    def quantiles(self, forecast: Floats, levels: Sequence[float]) -> Floats:
        """Quantiles of what will come, shape (S, levels): not falling from level to level."""
        count = np.isfinite(self.residuals).sum(axis=0)
        found = np.empty((len(forecast), len(levels)))
        for number, level in enumerate(levels):
            tail = self.tails[0] if level <= 0.5 else self.tails[1]
            share = np.minimum(min(level, 1.0 - level) * tail / TAIL, 0.5)
            found[:, number] = _sorted_quantile(self.residuals, count, share if level <= 0.5 else 1.0 - share)
        return np.maximum.accumulate(forecast[:, None] + found * self.scale[:, None], axis=1)


def steer(forecast: Floats, actual: Floats, ahead: int, scale: Floats | None = None) -> tuple[Bands, Floats]:
    """The bands for the last of n days, and the bounds that 80 % of each day should lie between, shape (2, n, S).

    Adaptive conformal inference: a tail that was missed too often grows, α ← α + γ (0.1 − misses).

    Args:
        forecast: Of n days in a row, each made before it, shape (n, S).
        actual: What came, NaN where nothing is known, shape (n, S).
        ahead: Days between the newest known day and the target.
        scale: What errors grow with, such as the highest power at the step; zero: it is certain, shape (n, S).

    Source:
        Gibbs and Candès, Adaptive Conformal Inference Under Distribution Shift, NeurIPS 34 (2021).
    """
    n, steps = forecast.shape
    scale = np.ones_like(forecast) if scale is None else scale
    residuals = np.divide(actual - forecast, scale, out=np.full_like(forecast, np.nan), where=scale > 0)
    # Neighbouring steps err alike: three times as many residuals.
    pooled = np.stack([np.roll(residuals, 1, axis=1), residuals, np.roll(residuals, -1, axis=1)], axis=1)
    hours = 24 // BLOCK_HOURS
    block = np.arange(steps) * hours // steps if steps >= hours else np.arange(steps)
    tails, bounds = np.full((2, steps), TAIL), np.full((2, n, steps), np.nan)
    for day in range(n):
        until = max(0, day - ahead + 1)
        sample = np.sort(pooled[max(0, until - MEMORY) : until].reshape(-1, steps), axis=0)
        count = np.isfinite(sample).sum(axis=0)
        edges = _sorted_quantile(sample, count, tails[0]), _sorted_quantile(sample, count, 1.0 - tails[1])
        bounds[:, day] = np.where(count >= FEWEST, forecast[day] + scale[day] * np.array(edges), np.nan)
        seen = np.isfinite(residuals[day]) & (count >= FEWEST)
        if day == n - 1 or not seen.any():
            continue
        for tail, missed in zip(tails, (residuals[day] < edges[0], residuals[day] > edges[1]), strict=True):
            share = np.bincount(block, missed * seen, minlength=block[-1] + 1)
            tested = np.bincount(block, seen, minlength=block[-1] + 1)
            misses = np.divide(share, tested, out=np.full(len(share), TAIL), where=tested > 0)
            tail[:] = np.clip(tail + RATE * (TAIL - misses)[block], 0.002, 0.5)
    return Bands(sample, tails, scale[-1]), bounds


def _sorted_quantile(ordered: Floats, count: Floats, level: Floats | float) -> Floats:
    """Quantile of each column that is sorted with NaN last, between neighbours by line, shape (S,)."""
    place = np.maximum(count - 1, 0) * np.asarray(level)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    if not len(ordered):
        return np.zeros(ordered.shape[1])
    columns = np.arange(ordered.shape[1])
    first, second = ordered[low, columns], ordered[high, columns]
    return np.asarray(np.where(count >= FEWEST, first + (second - first) * (place - low), 0.0))
