"""Between plans of equal cost, the one preferred: a second solve among them, so that a preference never costs anything.

All columns and rows that a change of would cost something stay as they are; what is left free is decided by the
preference. A tiny price slope, the usual way, changes the cost a little and slows the first solve down a lot.

Where power is worth nothing, such as sun that is sold for nothing, a lossy store may take and give at once for free,
and a plan found in this way may do so. A third solve among the plans liked as much then finds the one that runs least.

Where choices are whole numbers, such as when work starts, no duals tell what is free: see ``break_tie``.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from engine.model.arrays import Arrays, extended, settled
from engine.model.linear import Floats, Indices
from engine.site import Status
from engine.solve import branching
from engine.solve.backend import Answer, Backend
from engine.solve.complementarity import Cells
from engine.solve.first_plan import without_duals
from engine.solve.highs import DUAL, PRIMAL, Model

_FREE = 1e-9
"""Reduced costs and duals up to this count as none [currency per unit]."""
_EQUAL = 1e-7
"""Costs that differ by less are equal, as share of them or in the currency."""
TIE_BREAK_SHARE = 0.3
TIE_BREAK = 0.5
"""The search of a tie-break may take such a share of what the plan has taken so far, and this much more [s]."""


def refine(model: Backend, answer: Answer, preference: Floats, cells: Cells, *, live: bool = False) -> Floats:
    """Return the plan of the same cost that the preference likes best; the old one if it would break a rule.

    Args:
        model: The problem, just solved.
        answer: Its optimal plan with duals.
        preference: Weight of each column; smaller sums are better.
        cells: What must not run together.
        live: Whether HiGHS is left with the bounds, costs and basis it had.
    """
    # Without duals nothing tells what is free to change.
    if not len(answer.col_dual) or not len(answer.row_dual) or not preference.any():
        return answer.x
    # The cheap test first: the other one asks HiGHS for its basis.
    if is_surely_unique(model.arrays, answer) or (isinstance(model, Model) and is_unique(model, answer)):
        return answer.x
    cost = model.arrays.cost
    if isinstance(model, Model):
        refined = refine_in_place(model, answer, preference, cells, live=live)
    else:
        # As problems of their own, the last of which stays loaded.
        refined = _run_held(model, answer, preference)
        has_duals = refined.has_plan and len(refined.col_dual) and len(refined.row_dual)
        if has_duals and cells.overlap(refined.x).any():
            refined = _run_held(model, refined, cells.running(model.arrays.width))
    if not refined.has_plan or cells.overlap(refined.x).any():
        return answer.x
    # As it will be told: where buying and selling at once would pay, a plan may look as cheap by what is taken off it.
    dearer = float(cost @ (cells.netted(refined.x) - cells.netted(answer.x)))
    is_dearer = dearer > _EQUAL * max(1.0, abs(answer.objective))
    return answer.x if is_dearer else refined.x


def is_surely_unique(arrays: Arrays, answer: Answer) -> bool:
    """Return whether as many columns and rows have a price as rest at a bound in any basis: there is no other plan."""
    priced = np.count_nonzero(np.abs(answer.col_dual) > _FREE) + np.count_nonzero(np.abs(answer.row_dual) > _FREE)
    return bool(priced >= arrays.width)


def is_unique(model: Model, answer: Answer) -> bool:
    """Return whether no other plan costs as little: whatever rests at a bound and could leave it would cost something.

    So it is where prices differ from step to step; then there is nothing to decide.
    """
    arrays = model.arrays
    cols, rows = model.resting()
    loose = np.abs(answer.col_dual[cols]) <= _FREE
    # A column whose bounds meet has nowhere to go, whatever its price.
    if (arrays.lower[cols[loose]] < arrays.upper[cols[loose]]).any():
        return False
    loose = np.abs(answer.row_dual[rows]) <= _FREE
    return not (arrays.row_lower[rows[loose]] < arrays.row_upper[rows[loose]]).any()


def _held(arrays: Arrays, answer: Answer) -> tuple[Indices, Indices, Floats]:
    """Return the columns and rows of which a change would cost something, and the values of the rows."""
    fixed = np.flatnonzero(np.abs(answer.col_dual) > _FREE).astype(np.int32)
    priced = np.abs(answer.row_dual) > _FREE
    # Rows whose bounds meet are held anyway.
    tight = np.flatnonzero(priced & (arrays.row_lower < arrays.row_upper)).astype(np.int32)
    return fixed, tight, arrays.rows_of(answer.x)[tight] if len(tight) else np.empty(0)


def refine_in_place(model: Model, answer: Answer, preference: Floats, cells: Cells, *, live: bool = True) -> Answer:
    """Solve for the preference inside HiGHS, from the plan found; where it lives on, put everything back."""
    solver, arrays = model.solver, model.arrays
    basis, lower, upper = solver.getBasis() if live else None, model.lower, model.upper
    found, fixed, tight = _narrowed(model, answer, preference)
    if found.has_plan and cells.overlap(found.x).any():
        found, more_fixed, more_tight = _narrowed(model, found, cells.running(arrays.width))
        fixed, tight = np.union1d(fixed, more_fixed), np.union1d(tight, more_tight)
    if not live:
        return found
    model.go_on(DUAL)
    model.change_costs(np.arange(arrays.width, dtype=np.int32), arrays.cost)
    model.change_rows(tight, arrays.row_lower[tight], arrays.row_upper[tight])
    model.change_bounds(fixed, lower[fixed], upper[fixed])
    solver.setBasis(basis)
    return found


def _narrowed(model: Model, answer: Answer, liking: Floats) -> tuple[Answer, Indices, Indices]:
    """Return the plan liked best among those as good as an answer, and the columns and rows now held for it."""
    fixed, tight, level = _held(model.arrays, answer)
    model.change_bounds(fixed, answer.x[fixed], answer.x[fixed])
    model.change_rows(tight, level, level)
    model.change_costs(np.arange(model.arrays.width, dtype=np.int32), liking)
    model.go_on(PRIMAL)
    return model.run(), fixed, tight


def _run_held(model: Backend, answer: Answer, liking: Floats) -> Answer:
    """Return the plan liked best among those as good as an answer."""
    arrays = model.arrays
    fixed, tight, level = _held(arrays, answer)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    row_lower, row_upper = arrays.row_lower.copy(), arrays.row_upper.copy()
    lower[fixed] = upper[fixed] = answer.x[fixed]
    row_lower[tight] = row_upper[tight] = level
    model.load(
        replace(arrays, cost=liking, offset=0.0, lower=lower, upper=upper, row_lower=row_lower, row_upper=row_upper)
    )
    return model.run()


def break_tie(
    model: Backend, best: Answer, weights: Floats, arrays: Arrays, cells: Cells, fresh: Callable[[Arrays], Backend]
) -> Answer:
    """Return the plan of the same cost whose whole numbers are preferred; the best one found if none is better.

    The plan is searched for in a problem of its own, which may not cost more; then the whole numbers it settles on are
    tried in the true one, so that the cost stays exact and has its duals.

    Args:
        model: The solver; it is left with the problem whose plan is returned.
        best: The best plan.
        weights: Weight of each column; smaller sums are better.
        arrays: The problem, before anything was decided.
        cells: What must not run together.
        fresh: Gives a solver for the search.
    """
    liked = np.where(arrays.integers > 0, weights, 0.0)
    if best.status is not Status.OPTIMAL or not liked.any():
        return best
    # The preference takes the place of the cost, and the cost becomes a row: no more than that of the best plan.
    priced = np.flatnonzero(arrays.cost)
    # Room for rounding, but less than the test at the end grants, so that what is found passes it.
    limit = best.objective - arrays.offset + 0.1 * _EQUAL * max(1.0, abs(best.objective))
    row = (np.full(len(priced), arrays.height), priced, arrays.cost[priced])
    no_dearer = replace(extended(arrays, 0, np.array([limit]), row), cost=liked, offset=0.0)
    preferred = branching.solve(fresh(no_dearer), cells)
    width = arrays.width
    if not preferred.has_plan or liked @ preferred.x[:width] > liked @ best.x[:width] - 1e-6:
        return best
    before = model.arrays
    model.load(settled(arrays, preferred.x))
    answer = branching.solve(model, cells)
    if answer.has_plan and answer.objective <= best.objective + _EQUAL * max(1.0, abs(best.objective)):
        return answer
    model.load(before)
    again = model.run()
    return again if again.has_plan else without_duals(best)
