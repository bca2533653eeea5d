"""The same arrays for any other solver that Pyomo knows."""

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr import LinearExpression
from pyomo.opt import TerminationCondition

from engine.errors import InputError, SolveError
from engine.scheduling.arrays import Arrays
from engine.scheduling.backend import Answer
from engine.scheduling.linear import Floats
from engine.scheduling.problem import Problem
from engine.scheduling.status import Status

_STATUS: Final = {
    TerminationCondition.optimal: Status.OPTIMAL,
    TerminationCondition.infeasible: Status.INFEASIBLE,
    TerminationCondition.infeasibleOrUnbounded: Status.INFEASIBLE,
    TerminationCondition.unbounded: Status.UNBOUNDED,
    TerminationCondition.maxTimeLimit: Status.TIMED_OUT,
    TerminationCondition.noSolution: Status.INFEASIBLE,
}
_TIME_LIMIT: Final = {"glpk": "tmlim", "cbc": "seconds", "appsi_highs": "time_limit"}
_GAP: Final = {"glpk": "mipgap", "cbc": "ratioGap", "appsi_highs": "mip_rel_gap"}


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

    def __init__(
        self, arrays: Arrays, names: Names, *, solver: str, time_limit: float | None = None, gap: float = 0.0
    ) -> None:
        self.solver, self.names = solver, names
        self.options: dict[str, float] = {_GAP[solver]: gap} if gap and solver in _GAP else {}
        if time_limit is not None and solver in _TIME_LIMIT:
            self.options[_TIME_LIMIT[solver]] = time_limit
        self.load(arrays)

    def load(self, arrays: Arrays) -> None:
        """See Backend.load; a problem with the same coefficients as the one before keeps its model."""
        before = getattr(self, "arrays", None)
        self.arrays = arrays
        if before is None or before.matrix is not arrays.matrix:
            self._build()
            changed = list(range(arrays.height))
        else:
            differ = (before.row_lower != arrays.row_lower) | (before.row_upper != arrays.row_upper)
            changed = np.flatnonzero(differ).tolist()
        self._set_columns()
        for row in changed:
            self.model.rows[self.rows[row]] = self._row(row)
        self._set_cost()

    def _build(self) -> None:
        """Make a model with the columns of the arrays and no rows yet."""
        arrays = self.arrays
        self.columns = _padded(self.names.columns, arrays.width, "choice")
        self.rows = _padded(self.names.rows, arrays.height, "chosen")
        self.terms = self._terms()
        self.model = pyo.ConcreteModel()
        self.model.x = pyo.Var(self.columns)
        self.variables = [self.model.x[name] for name in self.columns]
        self.model.rows = pyo.Constraint(pyo.Any)

    def _set_columns(self) -> None:
        arrays = self.arrays
        for variable, low, high, whole in zip(
            self.variables, arrays.lower.tolist(), arrays.upper.tolist(), arrays.integers.tolist(), strict=True
        ):
            variable.setlb(low if np.isfinite(low) else None)
            variable.setub(high if np.isfinite(high) else None)
            variable.domain = pyo.Integers if whole else pyo.Reals

        self.model.del_component("dual")
        if not arrays.integers.any():  # there are none with whole numbers, and some solvers fail when asked
            self.model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)

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
            InputError: There is no such solver on this machine.
            SolveError: It stopped without an answer.
        """
        solver = self._find()
        result = solver.solve(self.model, load_solutions=False, options=self.options)
        status = _STATUS.get(result.solver.termination_condition)
        if status is None:
            raise SolveError(f"{self.solver} stopped without an answer ({result.solver.termination_condition}).")
        none = np.empty(0)
        if status is not Status.OPTIMAL:
            return Answer(status, np.inf, none, none, none)
        self.model.solutions.load_from(result)
        x = np.array([variable.value or 0.0 for variable in self.variables])
        row_dual, col_dual = self._duals()
        objective = float(self.arrays.cost @ x) + self.arrays.offset
        return Answer(status, objective, x, row_dual, col_dual, self.options.get(_GAP.get(self.solver, ""), 0.0))

    def _find(self) -> Any:
        solver = pyo.SolverFactory(self.solver)
        if solver is None or not solver.available(exception_flag=False):
            raise InputError(
                f"The solver {self.solver} is not on this machine; install it, or choose highspy, which always is."
            )
        return solver

    def _terms(self) -> list[tuple[list[float], list[int]]]:
        """Return the coefficients and the columns of each row."""
        matrix = self.arrays.matrix
        terms: list[tuple[list[float], list[int]]] = [([], []) for _ in range(self.arrays.height)]
        cols = np.repeat(np.arange(self.arrays.width), np.diff(matrix.start)).tolist()
        for row, col, value in zip(matrix.index.tolist(), cols, matrix.value.tolist(), strict=True):
            terms[row][0].append(value)
            terms[row][1].append(col)
        return terms

    def _row(self, row: int) -> Any:
        """Return a row as Pyomo writes it; one without columns only has to hold by itself."""
        coefs, cols = self.terms[row]
        if not cols:
            coefs, cols = [0.0], [0]
        body = LinearExpression(constant=0, linear_coefs=coefs, linear_vars=[self.variables[col] for col in cols])
        low, high = float(self.arrays.row_lower[row]), float(self.arrays.row_upper[row])
        return (low if np.isfinite(low) else None, body, high if np.isfinite(high) else None)

    def _duals(self) -> tuple[Floats, Floats]:
        """Return the change of cost per unit of each row's and each column's bounds; empty for whole numbers."""
        if self.arrays.integers.any():
            return np.empty(0), np.empty(0)
        model = self.model
        row_dual = np.array([model.dual.get(model.rows[name], 0.0) for name in self.rows])
        cols = np.repeat(np.arange(self.arrays.width), np.diff(self.arrays.matrix.start))
        priced = np.bincount(
            cols, weights=self.arrays.matrix.value * row_dual[self.arrays.matrix.index], minlength=self.arrays.width
        )
        return row_dual, self.arrays.cost - priced
