"""Ridge and median regression of tall tables: many rows, some hundred columns, quickly and anew every few days."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.forecasting.history import Floats

Floats32 = NDArray[np.float32]
PENALTIES = np.array([3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 1.0])
"""Penalties that are tried, per row of the standardised table."""
WIDE_PENALTIES = np.array([0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
"""The same where there are more columns than rows."""
CLIP = 5.0
"""KnownColumns are clipped at so many standard deviations: squares of what was never seen before lead anywhere."""
COLD_ROUNDS, WARM_ROUNDS = 4, 2
"""Rounds of reweighting from the ridge, and from an earlier median."""
SMALLEST_RESIDUAL = 0.1
"""Residuals below this share of the median one weigh no more; without it one exact row would take all weight."""


@dataclass(frozen=True)
class Standardised:
    """Rows to learn from: columns with mean 0 and deviation 1, a constant last, and what a penalty needs of them."""

    columns: Floats32
    """Shape (N, p + 1)."""
    mean: Floats32
    """Shape (p,)."""
    deviation: Floats32
    """Infinite for a column that never changes, which then counts for nothing, shape (p,)."""
    freedom: float
    """Rows that are not nearly copies of one another."""

    @cached_property
    def spectrum(self) -> tuple[Floats, Floats]:
        """Eigenvalues and eigenvectors of ZᵀZ without the constant, shapes (p,) and (p, p)."""
        z = self.columns[:, :-1]
        values, vectors = np.linalg.eigh((z.T @ z).astype(float))
        return np.maximum(values, 0.0), vectors

    @classmethod
    def of(cls, columns: Floats32, freedom: float) -> "Standardised":
        """The rows of a table, shape (N, p)."""
        mean, deviation = columns.mean(axis=0), columns.std(axis=0)
        deviation[deviation < 1e-6 * np.maximum(np.abs(mean), 1e-3)] = np.inf
        scaled = np.empty((len(columns), columns.shape[1] + 1), np.float32)
        scaled[:, :-1] = (columns - mean) / deviation
        scaled[:, -1] = 1.0
        return cls(scaled, mean, deviation, freedom)

    def row(self, columns: Floats32) -> Floats32:
        """New rows in the same scale, clipped, shape (m, p + 1)."""
        scaled = np.clip((columns - self.mean) / self.deviation, -CLIP, CLIP)
        return np.concatenate([scaled, np.ones((len(scaled), 1), np.float32)], axis=1, dtype=np.float32)


@dataclass(frozen=True)
class Fit:
    """Coefficients of standardised columns, the constant last."""

    coefficients: Floats32
    """[deviations of the target], shape (p + 1,)."""
    centre: float
    scale: float
    """Mean and deviation of the target."""
    penalty: float

    def predict(self, rows: Floats32) -> Floats:
        """Forecast of each standardised row, shape (m,)."""
        return np.asarray(self.centre + self.scale * (rows @ self.coefficients), dtype=float)


def ridge(table: Standardised, target: Floats, *, least: float = 0.0) -> Fit:
    """Regression of the mean with the penalty that generalised cross-validation prefers.

    GCV(λ) = ‖y − ŷ(λ)‖² / (1 − tr H(λ) / n)², with all λ from one eigendecomposition of ZᵀZ.

    Args:
        table: N rows.
        target: Shape (N,), without gaps.
        least: The least penalty to try.

    Source:
        Golub, Heath and Wahba, Generalized Cross-Validation as a Method for Choosing a Good Ridge Parameter,
        Technometrics 21 (1979).
    """
    centre, scale, y = _scaled(target)
    values, vectors = table.spectrum
    n, turned = len(target), vectors.T @ (table.columns[:, :-1].T @ y).astype(float)
    norm, best = float(y @ y), (np.inf, least, turned)
    for tried in PENALTIES[least <= PENALTIES]:
        shrunk = turned / (values + tried * n)
        residual = norm - 2.0 * shrunk @ turned + shrunk @ (values * shrunk)
        free = 1.0 - min(float((values / (values + tried * n)).sum()) / table.freedom, 0.95)
        best = min(best, (residual / free**2, float(tried), shrunk), key=lambda entry: entry[0])
    return Fit(np.append(vectors @ best[2], 0.0).astype(np.float32), centre, scale, best[1])


def median(table: Standardised, target: Floats, cold: Fit, warm: Fit | None = None) -> Fit:
    """Regression of the median, by iteratively reweighted least squares.

    β ← argmin Σ wᵢ (yᵢ − zᵢβ)² + λ N ‖β‖², wᵢ = 1 / max(|rᵢ|, 0.1 median |r|).

    Args:
        table: N rows.
        target: Shape (N,), without gaps.
        cold: The ridge of the same rows, whose penalty counts.
        warm: The median of earlier days, from which half the rounds suffice.

    Source:
        Schlossmacher, An Iterative Technique for Absolute Deviations Curve Fitting, JASA 68 (1973).
    """
    centre, scale, y = _scaled(target)
    z, n, start = table.columns, len(target), warm or cold
    beta = start.coefficients * np.float32(start.scale / scale)
    beta[-1] += np.float32((start.centre - centre) / scale)
    penalty = np.full(z.shape[1], cold.penalty * n, np.float32)
    penalty[-1] = 1e-6
    for _ in range(WARM_ROUNDS if warm else COLD_ROUNDS):
        residuals = np.abs(y - z @ beta)
        floor = max(SMALLEST_RESIDUAL * float(np.median(residuals)), 1e-4)
        weights = 1.0 / np.maximum(residuals, floor)
        weighted = z * (weights / weights.mean())[:, None].astype(np.float32)
        gram = weighted.T @ z
        gram.flat[:: len(gram) + 1] += penalty
        beta = np.linalg.solve(gram, weighted.T @ y)
    return Fit(beta, centre, scale, cold.penalty)


def many_ridges(columns: Floats, targets: Floats) -> Floats:
    """Coefficients of ridges with the same rows, one per column of the targets, each with its penalty, shape (p, k).

    By the smaller of ZᵀZ and ZZᵀ, so that more columns than rows cost no more.

    Args:
        columns: Standardised, shape (N, p).
        targets: Centred, shape (N, k).
    """
    n, tall = len(columns), len(columns) > columns.shape[1]
    values, vectors = np.linalg.eigh(columns.T @ columns if tall else columns @ columns.T)
    values = np.maximum(values, 0.0)[:, None]
    turned = vectors.T @ (columns.T @ targets if tall else targets)
    norm, best = (targets**2).sum(axis=0), np.full(targets.shape[1], np.inf)
    chosen = np.zeros_like(turned)
    for penalty in WIDE_PENALTIES * n:
        shrunk = turned / (values + penalty)
        explained = norm - 2.0 * (shrunk * turned).sum(axis=0) + (values * shrunk**2).sum(axis=0)
        residual = explained if tall else ((penalty * shrunk) ** 2).sum(axis=0)
        score = residual / (1.0 - min(float((values / (values + penalty)).sum()) / n, 0.97)) ** 2
        better = score < best
        best[better], chosen[:, better] = score[better], shrunk[:, better]
    return np.asarray((vectors if tall else columns.T @ vectors) @ chosen)


def _scaled(target: Floats) -> tuple[float, float, Floats32]:
    """Mean and deviation of a target, and the target in them."""
    centre, scale = float(target.mean()), max(float(target.std()), 1e-9)
    return centre, scale, ((target - centre) / scale).astype(np.float32)
