"""Scenarios: courses that a series may take, drawn from quantiles and from how errors hang together in time."""

from collections.abc import Sequence

import numpy as np
from scipy import linalg
from scipy.special import ndtri
from scipy.stats import rankdata

from engine.errors import InputError
from engine.forecasting.history import Floats

FARTHEST = 3.0
"""Normal score at which tails end: one value of 740 lies beyond."""
FEWEST_DAYS = 5
"""Days of errors below which nothing is known of their dependence."""


def lag_correlation(errors: Floats, n: int) -> Floats:
    """Correlation of the errors of n steps in a row, as normal scores of their ranks, shape (n, n).

    Errors are ranked among those of the same step of the day, so that wide and narrow hours count alike. The
    correlation hangs on the distance of two steps alone, ρ(k) = Σ z(t) z(t + k) / Σ z(t)²: its matrix is never
    indefinite, and needs few days.

    Args:
        errors: What came less what was forecast, by day and step, days in a row, NaN where unknown, shape (days, S).
        n: Steps of a scenario, of the same length.

    Raises:
        InputError: Errors of fewer than five days are known.

    Source:
        Pinson et al., From probabilistic forecasts to statistical scenarios of short-term wind power production, Wind
        Energy 12 (2009) 51-62; Brockwell and Davis, Time Series: Theory and Methods (1991), section 7.2.
    """
    known = np.isfinite(errors)
    count = known.sum(axis=0)
    if count.max(initial=0) < FEWEST_DAYS:
        raise InputError(f"Scenarios need the errors of {FEWEST_DAYS} days of forecasts; wait until these have come.")
    ranks = rankdata(errors, axis=0, nan_policy="omit")
    scores = np.where(known, ndtri(np.where(known, ranks - 0.5, 0.5) / np.maximum(count, 1)), 0.0).ravel()
    padded = np.concatenate([scores, np.zeros(n)])
    power = np.abs(np.fft.rfft(padded, 2 * len(padded))) ** 2
    sums = np.fft.irfft(power)[:n]
    if sums[0] <= 0.0:
        return np.eye(n)
    return np.asarray(linalg.toeplitz(sums / sums[0]))


def draw_scenarios(quantiles: Floats, levels: Sequence[float], correlation: Floats, *, count: int, seed: int) -> Floats:
    """Equally likely courses, shape (count, n): at each step spread as its quantiles, over time as the correlation.

    A Gaussian copula: normal scores z ~ N(0, correlation) of all steps together, each put through the quantile function
    of its step, which is a line in z from quantile to quantile, goes on like that beyond them, and ends at z = ±3.

    Args:
        quantiles: Not falling from level to level [unit], shape (n, q).
        levels: Their cumulative probabilities, between 0 and 1, increasing, shape (q,).
        correlation: Of the normal scores, such as ``lag_correlation``, shape (n, n).
        count: How many.
        seed: The same seed gives the same scenarios, so that a retry plans with the same.

    Raises:
        InputError: There are fewer than two quantiles, which say nothing about the spread.
    """
    if len(levels) < 2:
        raise InputError("Scenarios need at least two quantiles; ask for a probabilistic forecast.")
    if not np.isfinite(quantiles).all():
        raise InputError("Some steps have no quantiles; forecast the whole window first.")
    # Eigenvalues rather than Cholesky: a correlation of few days may be singular.
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    normal = np.random.default_rng(seed).standard_normal((count, len(quantiles)))
    scores = np.clip(normal @ root.T, -FARTHEST, FARTHEST)
    knots = ndtri(np.asarray(levels, dtype=float))
    piece = np.clip(np.searchsorted(knots, scores) - 1, 0, len(knots) - 2)
    step = np.arange(len(quantiles))
    low, high = quantiles[step, piece], quantiles[step, piece + 1]
    share = (scores - knots[piece]) / (knots[piece + 1] - knots[piece])
    return np.asarray(low + (high - low) * share)
