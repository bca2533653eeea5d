"""The same problem with some limits made elastic: by how much must they give for a plan to exist."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.scheduling.arrays import Arrays, compressed
from engine.scheduling.backend import Answer
from engine.scheduling.highs_backend import Model
from engine.scheduling.linear import Floats
from engine.scheduling.problem import Problem
from engine.scheduling.section import Limit

ENOUGH = 1e-7
"""Amounts up to this are noise [kW or kWh]."""


@dataclass(frozen=True, slots=True)
class Give:
    """By how much one limit has to give."""

    limit: Limit
    below: Floats
    """How far below a lower bound each variable must go [unit of the limit], shape (size of the block,)."""
    above: Floats
    """How far above an upper bound each variable must go, likewise."""

    @property
    def amount(self) -> Floats:
        """How far either way, shape (size of the block,)."""
        return np.maximum(self.below, self.above)


@dataclass(frozen=True, slots=True)
class _Slack:
    """One elastic side of one limit: its columns, and the slack column of each."""

    give: int
    cols: NDArray[np.integer]
    slack: NDArray[np.integer]
    sign: float


def least_give(problem: Problem, arrays: Arrays, limits: Sequence[Limit], *, uniform: bool) -> list[Give] | None:
    """Return how much each limit has to give so that a plan exists, least in sum; None if no giving is enough.

    Args:
        problem: For the names of the columns.
        arrays: The problem without a plan; its bounds may cross.
        limits: Those that may give; all others hold.
        uniform: Each limit gives the same amount in all its steps instead of just where needed.
    """
    slacks, width = _slacks(problem, arrays, limits, uniform)
    loose = _loosened(arrays, slacks, width)
    if (loose.lower > loose.upper + ENOUGH).any():
        return None
    answer = Model(loose.with_(lower=np.minimum(loose.lower, loose.upper))).run()
    return _gives(problem, limits, slacks, answer) if answer.has_plan else None


def _slacks(problem: Problem, arrays: Arrays, limits: Sequence[Limit], uniform: bool) -> tuple[list[_Slack], int]:
    """Number the slack columns, after those of the problem."""
    found, width = [], arrays.width
    for give, limit in enumerate(limits):
        first, size = problem.sizes[limit.columns]
        cols = first + (np.arange(size) if limit.at is None else np.flatnonzero(limit.at))
        for side, bound, sign in (("lower", arrays.lower, 1.0), ("upper", arrays.upper, -1.0)):
            if limit.side not in (side, "both"):
                continue
            bounded = cols[np.isfinite(bound[cols])]
            slack = width + (np.zeros(len(bounded), dtype=int) if uniform else np.arange(len(bounded)))
            width += (1 if uniform else len(bounded)) if len(bounded) else 0
            found.append(_Slack(give, bounded, slack, sign))
    return found, width


def _loosened(arrays: Arrays, slacks: list[_Slack], width: int) -> Arrays:
    """Return the problem with the bounds turned into rows that the slack columns loosen."""
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    rows, cols, values, row_lower, row_upper = [], [], [], [arrays.row_lower], [arrays.row_upper]
    height = arrays.height
    for at in slacks:
        m = len(at.cols)
        row = height + np.arange(m)
        rows += [row, row]
        cols += [at.cols, at.slack]
        values += [np.ones(m), np.full(m, at.sign)]
        own = arrays.lower[at.cols] if at.sign > 0 else arrays.upper[at.cols]
        row_lower.append(own if at.sign > 0 else np.full(m, -np.inf))
        row_upper.append(np.full(m, np.inf) if at.sign > 0 else own)
        (lower if at.sign > 0 else upper)[at.cols] = -np.inf if at.sign > 0 else np.inf
        height += m
    old = np.repeat(np.arange(arrays.width), np.diff(arrays.matrix.start))
    extra = width - arrays.width
    return Arrays(
        cost=np.concatenate([np.zeros(arrays.width), _weights(slacks, arrays.width, extra)]),
        offset=0.0,
        lower=np.concatenate([lower, np.zeros(extra)]),
        upper=np.concatenate([upper, np.full(extra, np.inf)]),
        row_lower=np.concatenate(row_lower),
        row_upper=np.concatenate(row_upper),
        integers=np.concatenate([arrays.integers, np.zeros(extra, np.int32)]),
        matrix=compressed(
            np.concatenate([arrays.matrix.index, *rows]),
            np.concatenate([old, *cols]),
            np.concatenate([arrays.matrix.value, *values]),
            (height, width),
        ),
    )


def _weights(slacks: list[_Slack], first: int, extra: int) -> Floats:
    """Return slightly different weights, so that one limit gives and not two a little each."""
    weights = np.ones(extra)
    for at in slacks:
        weights[np.unique(at.slack) - first] = 1.0 + 1e-3 * at.give
    return weights


def _gives(problem: Problem, limits: Sequence[Limit], slacks: list[_Slack], answer: Answer) -> list[Give]:
    sizes = [problem.sizes[limit.columns] for limit in limits]
    below, above = [np.zeros(size) for _, size in sizes], [np.zeros(size) for _, size in sizes]
    for at in slacks:
        amount = answer.x[at.slack]
        (below if at.sign > 0 else above)[at.give][at.cols - sizes[at.give][0]] = np.where(amount > ENOUGH, amount, 0.0)
    return [
        Give(limit, down * limit.scale, up * limit.scale) for limit, down, up in zip(limits, below, above, strict=True)
    ]
