"""One forecast from those of many experts, weighted by how each did in the last weeks."""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from engine.forecasting.history import Floats

MEMORY = 28
"""Days whose losses count."""
RATE = 0.25
"""How fast weight follows loss: 1 prefers the single best, 0 the plain mean."""
WORST = 1.6
"""Experts whose loss is so many times that of the best are left out."""
YARDSTICKS = ("yesterday", "last week")
"""What every better forecast has to beat; their names among the experts."""
Loss = Literal["absolute", "squared"]


def mix(forecasts: Mapping[str, Floats], actual: Floats, ahead: int, loss: Loss = "absolute") -> tuple[Floats, Floats]:
    """The mixed forecast of each day, shape (n, S), and the weights it was mixed with, shape (n, experts).

    w ∝ exp(−η Σ L / L̄), with the losses L of the last 28 days that were known, and L̄ that of the better yardstick.

    Args:
        forecasts: By expert, each for n days in a row, NaN where it has none, shape (n, S).
        actual: What came, NaN where nothing is known, shape (n, S).
        ahead: Days between the newest known day and the target.
        loss: Absolute for the median, squared for the mean.

    Source:
        Cesa-Bianchi and Lugosi, Prediction, Learning, and Games (2006), section 2.1.
    """
    stack = np.stack(list(forecasts.values()))
    losses = daily_losses(stack, actual, loss)
    yardsticks = [number for number, name in enumerate(forecasts) if name in YARDSTICKS]
    present = np.asarray(np.isfinite(stack).any(axis=2))
    weights = np.zeros((stack.shape[1], len(stack)))
    for day in range(stack.shape[1]):
        past = losses[:, max(0, day - ahead + 1 - MEMORY) : max(0, day - ahead + 1)]
        days = np.isfinite(past).sum(axis=1)
        total = np.where(np.isfinite(past), past, 0.0).sum(axis=1)
        mean = np.divide(total, days, out=np.full(len(stack), np.nan), where=days > 0)
        scale = np.nanmin(mean[yardsticks], initial=np.inf)
        scale = scale if np.isfinite(scale) and scale > 0 else 1.0
        # An expert that has not been seen yet counts as the yardstick, so that a young one can win weight.
        mean = np.where(np.isnan(mean), scale, mean)
        weight = np.exp(-RATE * days.max(initial=0) * (mean - mean.min()) / scale)
        weight *= (mean <= WORST * mean.min()) & present[:, day]
        if not weight.any():
            weight = present[:, day].astype(float)
        weights[day] = weight / max(weight.sum(), 1e-300)
    known = np.isfinite(stack)
    # Where all that have weight lack a value, the others serve alike.
    shares = (weights.T[:, :, None] + 1e-9) * known
    norm = shares.sum(axis=0)
    total = (shares * np.nan_to_num(stack)).sum(axis=0)
    mixed = np.divide(total, norm, out=np.full(actual.shape, np.nan), where=norm > 0)
    return mixed, weights


def daily_losses(forecasts: Floats, actual: Floats, loss: Loss) -> Floats:
    """Mean loss of each day, NaN where nothing can be compared, for forecasts of shape (…, n, S): shape (…, n)."""
    errors = np.abs(forecasts - actual)
    if loss == "squared":
        errors = errors**2
    known = np.isfinite(errors)
    count = known.sum(axis=-1)
    total = np.where(known, errors, 0.0).sum(axis=-1)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
