"""A second solve among the plans of equal cost, so that a preference never costs anything.

All columns and rows that a change of would cost something stay as they are; what is left free is decided by the
preference. A tiny price slope, the usual way, changes the cost a little and slows the first solve down a lot.
"""

import numpy as np

from engine.scheduling.branching import Cells
from engine.scheduling.highs_backend import DUAL, PRIMAL, Answer, Model
from engine.scheduling.linear import Floats

_FREE = 1e-9
"""Reduced costs and duals up to this count as none [currency per unit]."""


def refine(model: Model, answer: Answer, preference: Floats, cells: Cells) -> Floats:
    """Return the plan of the same cost that the preference likes best; the old one if it would break a rule.

    Args:
        model: The problem, just solved; it is left with the bounds, costs and basis it had.
        answer: Its optimal plan with duals.
        preference: Weight of each column; smaller sums are better.
        cells: What must not run together.
    """
    if not len(answer.col_dual) or not preference.any():
        return answer.x
    solver, arrays = model.solver, model.arrays
    held = solver.getLp()
    lower, upper = np.array(held.col_lower_), np.array(held.col_upper_)
    basis = solver.getBasis()
    fixed = np.flatnonzero(np.abs(answer.col_dual) > _FREE).astype(np.int32)
    tight = np.flatnonzero(np.abs(answer.row_dual) > _FREE).astype(np.int32)
    tight = tight[arrays.row_lower[tight] < arrays.row_upper[tight]]
    level = arrays.rows_of(answer.x)
    columns = np.arange(arrays.width, dtype=np.int32)

    model.change_bounds(fixed, answer.x[fixed], answer.x[fixed])
    model.change_rows(tight, level[tight], level[tight])
    model.change_costs(columns, preference)
    model.strategy(PRIMAL)
    found = model.run()

    model.strategy(DUAL)
    model.change_costs(columns, arrays.cost)
    model.change_rows(tight, arrays.row_lower[tight], arrays.row_upper[tight])
    model.change_bounds(fixed, lower[fixed], upper[fixed])
    solver.setBasis(basis)
    return found.x if _fits(found, answer, arrays.cost, cells) else answer.x


def _fits(found: Answer, before: Answer, cost: Floats, cells: Cells) -> bool:
    """Return whether the plan found costs no more and runs nothing together."""
    if not found.has_plan or cells.overlap(found.x).any():
        return False
    more = float(cost @ (found.x - before.x))
    return more <= 1e-7 * max(1.0, abs(before.objective))
