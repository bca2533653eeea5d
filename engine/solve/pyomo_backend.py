"""The same arrays for any other solver that Pyomo knows."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pyomo.environ as pyo
from numpy.typing import NDArray
from pyomo.common.gc_manager import PauseGC
from pyomo.core.expr import LinearExpression

from engine.model.arrays import Arrays
from engine.model.problem import Problem
from engine.site import PLANS, Status
from engine.solve import pyomo_solvers
from engine.solve.backend import KEPT, Answer, share_above
from engine.solve.budget import Budget


@dataclass(frozen=True, slots=True)
class Names:
    """What the columns and rows of a problem are called."""

    columns: list[str]
    rows: list[str]

    @classmethod
    def of(cls, problem: Problem) -> Self:
        """Return the names of a problem's blocks, numbered."""
        columns, rows = (
            [f"{name}[{at}]" for name, (_, size) in blocks.items() for at in range(size)]
            for blocks in (problem.sizes, problem.rows)
        )
        return cls(columns, rows)


def _padded(names: list[str], size: int, more: str) -> list[str]:
    """Return names for columns or rows of which some were added after the problem was built."""
    return names + [f"{more}[{at}]" for at in range(size - len(names))]


class PyomoModel:
    """One problem as a Pyomo model; its variables and rows are called as in the problem, such as ``car.soc[3]``."""

    def __init__(self, arrays: Arrays, names: Names, *, solver: str, budget: Budget | None = None) -> None:
        self.solver, self.names = pyomo_solvers.find(solver, budget or Budget()), names
        self.load(arrays)

    def load(self, arrays: Arrays) -> None:
        """See Backend.load; a problem with the same coefficients as the one before keeps its model."""
        before = getattr(self, "arrays", None)
        self.arrays = arrays
        if before is None or before.matrix is not arrays.matrix:
            with PauseGC():
                self._build()
            return
        cols = (before.lower != arrays.lower) | (before.upper != arrays.upper) | (before.integers != arrays.integers)
        self._set_columns(np.flatnonzero(cols))
        rows = (before.row_lower != arrays.row_lower) | (before.row_upper != arrays.row_upper)
        for row in np.flatnonzero(rows).tolist():
            self.model.rows[self.rows[row]] = self._row(row)
        self._set_cost()

    def _build(self) -> None:
        """Make a model of the arrays."""
        arrays = self.arrays
        self.columns = _padded(self.names.columns, arrays.width, "choice")
        self.rows = _padded(self.names.rows, arrays.height, "chosen")
        self.terms: list[tuple[list[float], list[int]]] = [([], []) for _ in range(arrays.height)]
        """Coefficients and columns of each row."""
        matrix = arrays.matrix
        rows, cols, values = matrix.index.tolist(), matrix.cols.tolist(), matrix.value.tolist()
        for row, col, value in zip(rows, cols, values, strict=True):
            self.terms[row][0].append(value)
            self.terms[row][1].append(col)
        self.model = pyo.ConcreteModel()
        self.model.x = pyo.Var(self.columns)
        self.variables = list(self.model.x.values())
        self._set_columns(np.arange(arrays.width))
        self.model.rows = pyo.Constraint(self.rows)
        for row, name in enumerate(self.rows):
            self.model.rows[name] = self._row(row)
        self._set_cost()

    def _set_columns(self, cols: NDArray[np.integer]) -> None:
        arrays = self.arrays
        for col, low, high, whole in zip(
            cols.tolist(), arrays.lower[cols].tolist(), arrays.upper[cols].tolist(), arrays.integers[cols], strict=True
        ):
            variable = self.variables[col]
            variable.bounds = (low if low > -np.inf else None, high if high < np.inf else None)
            domain = pyo.Integers if whole else pyo.Reals
            if variable.domain is not domain:
                variable.domain = domain

    def _set_cost(self) -> None:
        priced = np.flatnonzero(self.arrays.cost)
        self.model.del_component("cost")
        self.model.cost = pyo.Objective(
            expr=LinearExpression(
                constant=self.arrays.offset,
                linear_coefs=self.arrays.cost[priced].tolist(),
                linear_vars=[self.variables[at] for at in priced.tolist()],
            )
        )

    def run(self) -> Answer:
        """See Backend.run.

        Raises:
            SolveError: The solver stopped without an answer.
        """
        none, whole = np.empty(0), bool(self.arrays.integers.any())
        answer = self.solver.solve(self.model, self.variables, duals=not whole)
        x, row_dual = np.array(answer.values, dtype=float), np.array(answer.row_duals, dtype=float)
        if answer.status not in PLANS:
            return Answer(answer.status, np.inf, none, none, none)
        if answer.status is not Status.OPTIMAL and self.arrays.breach(x) > KEPT:  # what a search was ended with
            return Answer(Status.TIMED_OUT, np.inf, none, none, none)
        # c - y · A: every solver tells the duals of rows, but not all of them reduced costs.
        col_dual = none if whole else self.arrays.cost - self.arrays.columns_of(row_dual)
        objective = float(self.arrays.cost @ x) + self.arrays.offset
        gap = share_above(objective, answer.bound) if answer.status is Status.BEST_IN_TIME else self.solver.gap
        return Answer(answer.status, objective, x, row_dual, col_dual, gap, answer.bound)

    def _row(self, row: int) -> Any:
        """Return a row as Pyomo writes it; one without columns only has to hold by itself."""
        coefs, cols = self.terms[row]
        if not cols:
            coefs, cols = [0.0], [0]
        body = LinearExpression(constant=0, linear_coefs=coefs, linear_vars=[self.variables[col] for col in cols])
        low, high = float(self.arrays.row_lower[row]), float(self.arrays.row_upper[row])
        return (low if np.isfinite(low) else None, body, high if np.isfinite(high) else None)
