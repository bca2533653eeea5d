"""Which limits take part in a conflict, by the proof that no plan exists."""

from dataclasses import replace

import numpy as np

from engine.model.arrays import Arrays
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.solve.budget import Budget
from engine.solve.highs import Model
from engine.solve.status import Status

_LITTLE = 1e-9
"""Weights up to this share of the largest one count for nothing in a proof."""


def taking_part(problem: Problem, arrays: Arrays, budget: Budget) -> list[Limit]:
    """Return the limits that take part in one smallest conflict; all of them when none can be singled out.

    A change of one limit gives a plan only if that limit takes part in every conflict, so in this one.
    """
    crossed = np.flatnonzero(arrays.lower > arrays.upper)
    if len(crossed):
        return [limit for limit in problem.limits if _holds(problem, limit, {int(crossed[0]): "both"})]
    sides = _bounds_in_the_way(arrays, budget)
    return [limit for limit in problem.limits if _holds(problem, limit, sides)] or list(problem.limits)


def _bounds_in_the_way(arrays: Arrays, budget: Budget) -> dict[int, str]:
    """Return the columns, and which bound of each, that prove by themselves that no plan exists.

    When HiGHS gives up it leaves a weighted sum of the rows that no values within the bounds can meet. Each bound with
    a weight is needed: without it, the sum could be met.

    Source:
        Gleeson and Ryan, ORSA Journal on Computing 2 (1990) 61-63: such sums and smallest conflicts are the same.
    """
    model = Model(replace(arrays, cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers)), budget)
    rows = model.proof() if model.run().status is Status.INFEASIBLE else None
    if rows is None:  # only whole numbers are in the way, or time is up
        return {}
    columns, little = arrays.columns_of(rows), _LITTLE * np.abs(rows).max()
    columns[np.abs(columns) <= little] = 0.0
    rows[np.abs(rows) <= little] = 0.0
    for sign in (1.0, -1.0):
        most = _largest(columns * sign, arrays.lower, arrays.upper)
        least = -_largest(rows * -sign, arrays.row_lower, arrays.row_upper)
        if most < least:
            return {int(col): "upper" if columns[col] * sign > 0 else "lower" for col in np.flatnonzero(columns)}
    return {}


def _largest(weights: Floats, lower: Floats, upper: Floats) -> float:
    """Return the largest weighted sum of values within bounds."""
    return float(weights[weights > 0] @ upper[weights > 0] + weights[weights < 0] @ lower[weights < 0])


def _holds(problem: Problem, limit: Limit, sides: dict[int, str]) -> bool:
    """Return whether any of the bounds of columns is this limit."""
    first, size = problem.sizes[limit.columns]
    return any(
        side == limit.side or "both" in (side, limit.side)
        for col, side in sides.items()
        if first <= col < first + size and (limit.at is None or limit.at[col - first])
    )
