"""Between plans of equal cost whose choices are whole numbers, such as when work starts: the one preferred."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.model.arrays import Arrays, extended, settled
from engine.model.linear import Floats
from engine.solve import branching
from engine.solve.backend import Answer, Backend
from engine.solve.complementarity import Cells
from engine.solve.first_plan import without_duals
from engine.solve.status import Status

_EQUAL = 1e-7
"""Costs that differ by less are equal, as share of them or in the currency."""
LEAST = 0.5
"""Such a search may take as long as the plan has taken so far, and this much more [s]."""


def preferred(
    model: Backend, found: Answer, weights: Floats, arrays: Arrays, cells: Cells, fresh: Callable[[Arrays], Backend]
) -> Answer:
    """Return the plan of the same cost whose whole numbers are preferred; the one found if none is better.

    The plan is searched for in a problem of its own, which may not cost more; then the whole numbers it settles on are
    tried in the true one, so that the cost stays exact and has its duals.

    Args:
        model: The solver; it is left with the problem whose plan is returned.
        found: The best plan.
        weights: Weight of each column; smaller sums are better.
        arrays: The problem, before anything was decided.
        cells: What must not run together.
        fresh: Gives a solver for the search.
    """
    liked = np.where(arrays.integers > 0, weights, 0.0)
    if found.status is not Status.OPTIMAL or not liked.any():
        return found
    sooner = branching.solve(fresh(_no_dearer(arrays, found.objective, liked)), cells)
    width = arrays.width
    if not sooner.has_plan or liked @ sooner.x[:width] > liked @ found.x[:width] - 1e-6:
        return found
    before = model.arrays
    model.load(settled(arrays, sooner.x))
    answer = branching.solve(model, cells)
    if answer.has_plan and answer.objective <= found.objective + _EQUAL * max(1.0, abs(found.objective)):
        return answer
    model.load(before)
    again = model.run()
    return again if again.has_plan else without_duals(found)


def _no_dearer(arrays: Arrays, cost: float, liked: Floats) -> Arrays:
    """Return the problem with the preference for a cost, and its true cost limited to that of the best plan."""
    priced = np.flatnonzero(arrays.cost)
    limit = cost - arrays.offset + 0.1 * _EQUAL * max(1.0, abs(cost))
    row = (np.full(len(priced), arrays.height), priced, arrays.cost[priced])
    return replace(extended(arrays, 0, np.array([limit]), row), cost=liked, offset=0.0)
