"""A problem whose bounds and prices move for one solve, which goes on from the last one, and come back."""

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from engine.model.arrays import Arrays
from engine.model.linear import Floats, Indices
from engine.solve.backend import Answer
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.highs import DUAL, PRIMAL, Model


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedBounds:
    """Other bounds for some rows."""

    rows: Indices
    lower: Floats
    upper: Floats

    def on(self, arrays: Arrays) -> Arrays:
        """Return a problem with these bounds in the place of its own."""
        lower, upper = arrays.row_lower.copy(), arrays.row_upper.copy()
        lower[self.rows], upper[self.rows] = self.lower, self.upper
        return replace(arrays, row_lower=lower, row_upper=upper)


@dataclass(frozen=True, slots=True)
class Direction:
    """How costs change with a price: by so much for each column and unit of the price."""

    cols: Indices
    amounts: Floats

    def slope(self, x: Floats) -> float:
        """What a plan costs more for one unit of the price [currency per unit]."""
        return float(self.amounts @ x[self.cols])


class Asked(Protocol):
    """What a moving problem needs of the plan that is asked about."""

    is_linear: bool
    model: Model | None
    budget: Budget
    cells: Cells

    def in_time(self, answer: Answer) -> Answer:
        """Return an answer that was not ended by the clock."""

    def solve_anew(self, arrays: Arrays, *, may_cost_less: bool = False) -> Answer:
        """Return the best plan of a problem like this one, searched for with whole numbers where they matter."""


class MovingProblem:
    """A problem inside HiGHS whose rows and prices are moved for one solve, and put back; not for several threads."""

    def __init__(self, asked: Asked, arrays: Arrays, before: Model | None = None) -> None:
        """Take a problem.

        Args:
            asked: What it belongs to.
            arrays: The problem.
            before: Holds one of the same shape, just solved, from whose plan the first solve goes on.
        """
        self.arrays, self._asked, self._method = arrays, asked, 0
        self._model: Model | None = None
        if asked.is_linear:
            model = self._model = before or Model(arrays, asked.budget)
            # Next to the best plan a fifth fewer steps lead to the next one with the costs as they are; measured
            model.solver.setOptionValue("dual_simplex_cost_perturbation_multiplier", 0.0)
            if before is None and asked.model is not None:
                model.solver.setBasis(asked.model.solver.getBasis())

    def solve(self, bounds: MovedBounds | None = None, price: tuple[Direction, float] | None = None) -> Answer:
        """Return the best plan with other bounds, and with one price moved by so much; or that there is none.

        Raises:
            TimedOut: The time of the question is over.
        """
        changed = self.arrays if bounds is None else bounds.on(self.arrays)
        if price is not None:
            cost = changed.cost.copy()
            np.add.at(cost, price[0].cols, price[1] * price[0].amounts)
            changed = replace(changed, cost=cost)
        return self.solve_changed(changed, may_cost_less=price is not None)

    def solve_changed(self, changed: Arrays, *, may_cost_less: bool = True) -> Answer:
        """Return the best plan of a problem with other bounds and costs, in which the rest is the same.

        Args:
            changed: The problem.
            may_cost_less: Whether it is more than this one with a choice held.

        Raises:
            TimedOut: The time of the question is over.
        """
        if self._model is not None and not self._asked.cells.paying(changed.cost).any():
            answer = self._solve_in_place(self._model, changed)
            # After every solve: a price moved below zero can make it pay to run both ways at once
            if not answer.has_plan or not self._asked.cells.overlap(answer.x).any():
                return answer
        return self._asked.solve_anew(changed, may_cost_less=may_cost_less)

    def _solve_in_place(self, model: Model, changed: Arrays) -> Answer:
        own = self.arrays
        priced = np.flatnonzero(changed.cost != own.cost).astype(np.int32)
        cols = np.flatnonzero((changed.lower != own.lower) | (changed.upper != own.upper)).astype(np.int32)
        rows = (changed.row_lower != own.row_lower) | (changed.row_upper != own.row_upper)
        rows_moved = np.flatnonzero(rows).astype(np.int32)
        # Moved bounds take the primal 93 steps, the dual 34; where only prices move, the last plan stays feasible
        method = DUAL if len(rows_moved) or len(cols) or not len(priced) else PRIMAL
        if method != self._method:
            model.go_on(method)
            self._method = method

        def bring(arrays: Arrays) -> None:
            model.change_costs(priced, arrays.cost[priced])
            model.change_rows(rows_moved, arrays.row_lower[rows_moved], arrays.row_upper[rows_moved])
            model.change_bounds(cols, arrays.lower[cols], arrays.upper[cols])

        bring(changed)
        try:
            return self._asked.in_time(model.run())
        # Also after an error: the next question begins at the problem as it was.
        finally:
            bring(own)
