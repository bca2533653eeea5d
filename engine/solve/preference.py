"""A second solve among the plans of equal cost, so that a preference never costs anything.

All columns and rows that a change of would cost something stay as they are; what is left free is decided by the
preference. A tiny price slope, the usual way, changes the cost a little and slows the first solve down a lot.

Where power is worth nothing, such as sun that is sold for nothing, a lossy store may take and give at once for free,
and a plan found in this way may do so. A third solve among the plans liked as much then finds the one that runs least.
"""

from dataclasses import replace

import numpy as np

from engine.model.arrays import Arrays
from engine.model.linear import Floats, Indices
from engine.solve.backend import Answer, Backend
from engine.solve.complementarity import Cells
from engine.solve.highs import DUAL, PRIMAL, Model

_FREE = 1e-9
"""Reduced costs and duals up to this count as none [currency per unit]."""


def refine(model: Backend, answer: Answer, preference: Floats, cells: Cells) -> Floats:
    """Return the plan of the same cost that the preference likes best; the old one if it would break a rule.

    Args:
        model: The problem, just solved; HiGHS is left with the bounds, costs and basis it had.
        answer: Its optimal plan with duals.
        preference: Weight of each column; smaller sums are better.
        cells: What must not run together.
    """
    if not len(answer.col_dual) or not len(answer.row_dual) or not preference.any():
        return answer.x
    if _all_priced(model.arrays, answer) or (isinstance(model, Model) and _alone(model, answer)):
        return answer.x
    cost = model.arrays.cost
    if isinstance(model, Model):
        found = _edited(model, answer, preference, cells)
    else:
        found = _reloaded(model, answer, preference, cells)
    return found.x if _fits(found, answer, cost, cells) else answer.x


def _all_priced(arrays: Arrays, answer: Answer) -> bool:
    """Return whether as many columns and rows have a price as rest at a bound in any basis: there is no other plan."""
    priced = np.count_nonzero(np.abs(answer.col_dual) > _FREE) + np.count_nonzero(np.abs(answer.row_dual) > _FREE)
    return bool(priced >= arrays.width)


def _alone(model: Model, answer: Answer) -> bool:
    """Return whether no other plan costs as little: whatever rests at a bound and could leave it would cost something.

    So it is where prices differ from step to step; then there is nothing to decide.
    """
    arrays = model.arrays
    cols, rows = model.resting()
    loose = np.abs(answer.col_dual[cols]) <= _FREE
    if (arrays.lower[cols[loose]] < arrays.upper[cols[loose]]).any():
        return False
    loose = np.abs(answer.row_dual[rows]) <= _FREE
    return not (arrays.row_lower[rows[loose]] < arrays.row_upper[rows[loose]]).any()


def _held(arrays: Arrays, answer: Answer) -> tuple[Indices, Indices, Floats]:
    """Return the columns and rows of which a change would cost something, and the values of the rows."""
    fixed = np.flatnonzero(np.abs(answer.col_dual) > _FREE).astype(np.int32)
    priced = np.abs(answer.row_dual) > _FREE
    tight = np.flatnonzero(priced & (arrays.row_lower < arrays.row_upper)).astype(np.int32)
    return fixed, tight, arrays.rows_of(answer.x)[tight] if len(tight) else np.empty(0)


def _edited(model: Model, answer: Answer, preference: Floats, cells: Cells) -> Answer:
    """Solve for the preference inside HiGHS, from the plan found, and put everything back."""
    solver, arrays = model.solver, model.arrays
    basis, current = solver.getBasis(), solver.getLp()
    lower, upper = np.array(current.col_lower_), np.array(current.col_upper_)
    found, fixed, tight = _narrowed(model, answer, preference)
    if found.has_plan and cells.overlap(found.x).any():
        found, more_fixed, more_tight = _narrowed(model, found, cells.running(arrays.width))
        fixed, tight = np.union1d(fixed, more_fixed), np.union1d(tight, more_tight)
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


def _reloaded(model: Backend, answer: Answer, preference: Floats, cells: Cells) -> Answer:
    """Solve for the preference as a problem of its own, which stays loaded."""
    found = _held_to(model, answer, preference)
    if found.has_plan and len(found.col_dual) and len(found.row_dual) and cells.overlap(found.x).any():
        found = _held_to(model, found, cells.running(model.arrays.width))
    return found


def _held_to(model: Backend, answer: Answer, liking: Floats) -> Answer:
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


def _fits(found: Answer, before: Answer, cost: Floats, cells: Cells) -> bool:
    """Return whether the plan found costs no more and runs nothing together."""
    if not found.has_plan or cells.overlap(found.x).any():
        return False
    more = float(cost @ (found.x - before.x))
    return more <= 1e-7 * max(1.0, abs(before.objective))
