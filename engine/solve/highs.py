"""One array pass into HiGHS, edits in place, and a status check on every run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import highspy
import numpy as np
from numpy.typing import NDArray

from engine.errors import SolveError
from engine.model.arrays import Arrays, describe_spread, same_coefficients
from engine.model.linear import Floats, Indices
from engine.site import PLANS, Status
from engine.solve.backend import KEPT, PROVEN, Answer, share_above
from engine.solve.budget import LEAST_GAP, SLOWEST, Budget
from engine.solve.highs_solver import OK, STATUS, keep_solver, spare_solver
from engine.solve.watching import HASTE, Look, look_at_pivots, look_at_search

SMALL_CHANGE: Final = 1e-4
"""A cost as small as this, in the price of an average flow for a step, is not searched for."""
PENALTY: Final = 100.0
"""What is so many times dearer than the cheapest columns is no energy."""
_FEASIBLE: Final = 2
_INTERRUPT: Final = highspy.cb.HighsCallbackType.kCallbackMipInterrupt
_LINEAR_INTERRUPT: Final = highspy.cb.HighsCallbackType.kCallbackSimplexInterrupt
LONG: Final = 10_000
"""From so many columns on a linear problem may take long enough to be watched while it runs."""
PRIMAL: Final = 4
DUAL: Final = 1
_DEVEX: Final = 1
_AT: Final = 1e-9
"""A row this near to its bound lies on it."""
Codes: TypeAlias = NDArray[np.int64]
"""States of columns or rows in a basis."""
LOWER, BASIC, UPPER, FREE = range(4)
_STATES: Final = np.array([highspy.HighsBasisStatus(code) for code in range(4)], dtype=object)


class Model:
    """A live problem inside HiGHS; not for use from several threads at once."""

    def __init__(self, arrays: Arrays, budget: Budget | None = None) -> None:
        self._lent = True
        self.solver: Any = spare_solver()
        self.budget = budget or Budget()
        self.floor = -np.inf
        """No plan costs less, as is known from elsewhere."""
        self._set("mip_rel_gap", LEAST_GAP)
        self.lower = self.upper = np.empty(0)
        """Bounds of the columns as they are, some of which may be held for a while."""
        self.load(arrays)

    def __del__(self) -> None:
        """Leave the solver to the next problem, unless it would hold on to much memory."""
        if self._lent:
            keep_solver(self.solver)

    def _set(self, option: str, value: float) -> None:
        self._must(self.solver.setOptionValue(option, value), f"set {option}")

    def load(self, arrays: Arrays) -> None:
        """Pass a whole problem, in place of the one before."""
        matrix = arrays.matrix
        status = self.solver.passModel(
            arrays.width, arrays.height, len(matrix.value), int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize), arrays.offset, arrays.cost, arrays.lower, arrays.upper,
            arrays.row_lower, arrays.row_upper, matrix.start, matrix.index, matrix.value, arrays.integers,
        )  # fmt: skip
        if status not in OK:
            raise SolveError(f"No plan was found: {describe_spread(arrays)}")
        self.arrays = arrays
        self.lower, self.upper = arrays.lower, arrays.upper

    def change_costs(self, cols: Indices, costs: Floats) -> None:
        """Change the costs of some columns."""
        if len(cols):
            self._must(self.solver.changeColsCost(len(cols), cols, costs), "change costs")

    def change_bounds(self, cols: Indices, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        if len(cols):
            self._must(self.solver.changeColsBounds(len(cols), cols, lower, upper), "change bounds")
            self.lower, self.upper = self.lower.copy(), self.upper.copy()
            self.lower[cols], self.upper[cols] = lower, upper

    def change_rows(self, rows: Indices, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some rows."""
        if len(rows):
            self._must(self.solver.changeRowsBounds(len(rows), rows, lower, upper), "change rows")

    def add_rows(self, upper: Floats, start: Indices, index: Indices, value: Floats) -> None:
        """Add rows with upper bounds only."""
        lower = np.full(len(upper), -np.inf)
        status = self.solver.addRows(len(upper), lower, upper, len(value), start, index, value)
        self._must(status, "add rows")

    def suggest(self, x: Floats) -> None:
        """Give a plan to start a search from."""
        cols = np.arange(len(x), dtype=np.int32)
        self._must(self.solver.setSolution(len(x), cols, x), "take a first plan")

    def begin_with(self, cols: Indices, rows: Indices) -> None:
        """Begin the next run where some rows settle as many columns and everything else rests at its bound.

        Args:
            cols: The columns; each stands in the row that settles it and in no earlier one.
            rows: The rows, one for each column.
        """
        lower, upper = np.isfinite(self.arrays.lower), np.isfinite(self.arrays.upper)
        of_cols = np.where(lower, LOWER, np.where(upper, UPPER, FREE))
        of_cols[cols] = BASIC
        of_rows = np.full(self.arrays.height, BASIC)
        of_rows[rows] = LOWER
        self.begin_at(of_cols, of_rows, sure=True)

    def begin_at(self, of_cols: Codes, of_rows: Codes, *, sure: bool = False) -> None:
        """Begin the next run at a basis.

        Args:
            of_cols: State of each column.
            of_rows: State of each row.
            sure: The basic columns are independent, which HiGHS would otherwise find out and mend.
        """
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status = _STATES[of_cols].tolist(), _STATES[of_rows].tolist()
        basis.valid, basis.alien = True, not sure
        self._must(self.solver.setBasis(basis), "take a basis")
        self.go_on(DUAL)

    def basis(self, x: Floats) -> tuple[Codes, Codes]:
        """Return the state of each column and row in the run that has found the values x."""
        arrays = self.arrays
        basic_cols, basic_rows = self._basic()
        of_cols = np.where(x < arrays.upper, LOWER, UPPER)
        of_cols[~np.isfinite(arrays.lower) & ~np.isfinite(arrays.upper)] = FREE
        of_rows = np.where(arrays.rows_of(x) < arrays.row_upper - _AT, LOWER, UPPER)
        of_cols[basic_cols] = BASIC
        of_rows[basic_rows] = BASIC
        return of_cols, of_rows

    def resting(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Return the columns and rows that rest at a bound in the last run."""
        cols, rows = np.ones(self.arrays.width, dtype=bool), np.ones(self.arrays.height, dtype=bool)
        basic_cols, basic_rows = self._basic()
        cols[basic_cols], rows[basic_rows] = False, False
        return np.flatnonzero(cols), np.flatnonzero(rows)

    def _basic(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Return the basic columns and rows of the last run, without rows that were added to the arrays."""
        status, basic = self.solver.getBasicVariables()
        self._must(status, "tell its basis")
        rows = -1 - basic[basic < 0]  # HiGHS numbers a basic row r as -1 - r
        return basic[basic >= 0], rows[rows < self.arrays.height]

    def go_on(self, simplex: int) -> None:
        """Choose the method for runs that begin at a basis: primal when only costs have changed, else dual.

        Steepest edges, the usual weights, would first be computed for the basis, which takes longer than such a run.
        """
        self._set("simplex_strategy", simplex)
        self._set("simplex_dual_edge_weight_strategy", _DEVEX)

    def edit(self, new: Arrays) -> None:
        """Turn the problem into another one of the same shape; the next run goes on from the plan of the last."""
        old, self.arrays = self.arrays, new
        if not same_coefficients(old, new):
            basis = self.solver.getBasis()
            self.load(new)
            self._must(self.solver.setBasis(basis), "take a basis")
            self.go_on(DUAL)  # neither way begins at a plan then; measured
            return
        priced = _changed((old.cost, new.cost))
        cols = _changed((old.lower, new.lower), (old.upper, new.upper))
        rows = _changed((old.row_lower, new.row_lower), (old.row_upper, new.row_upper))
        self.change_costs(priced, new.cost[priced])
        self.change_bounds(cols, new.lower[cols], new.upper[cols])
        self.change_rows(rows, new.row_lower[rows], new.row_upper[rows])
        self._must(self.solver.changeObjectiveOffset(new.offset), "change the offset")
        self.go_on(PRIMAL if len(priced) and not len(cols) and not len(rows) else DUAL)

    def run(self) -> Answer:
        """Solve; the answer tells whether it carries a plan, which may be the best one found in time.

        Raises:
            SolveError: HiGHS itself failed.
        """
        status = self._try()
        if status is Status.FAILED:  # numbers of very different size may need the other way
            self.solver.clearSolver()
            self.solver.setOptionValue("presolve", "on")
            status = self._try()
            self.solver.setOptionValue("presolve", "off")
        if status is Status.FAILED:
            self._lent = False  # its state is not known after a failure: it does not go to the next problem
            raise SolveError(f"No plan was found: {describe_spread(self.arrays)}")
        found, none = self.solver.getSolution(), np.empty(0)
        x, objective = np.fromiter(found.col_value, float), float(self.solver.getObjectiveValue())
        bound = objective if status is Status.OPTIMAL else -np.inf
        if self.arrays.integers.any():
            bound = max(float(self.solver.getInfo().mip_dual_bound), self.floor)
        gap = share_above(objective, bound)
        if status is Status.TIMED_OUT and self.arrays.integers.any():
            # A search that was ended may have a plan, and HiGHS calls some feasible that break bounds by a little.
            feasible = self.solver.getInfo().primal_solution_status == _FEASIBLE
            if feasible and self.arrays.breach(x) <= KEPT:
                status = Status.WITHIN_GAP if gap <= self.budget.gap else Status.BEST_IN_TIME
        if status is Status.OPTIMAL:
            status, gap = (Status.WITHIN_GAP, gap) if gap > PROVEN else (status, 0.0)
        tells_duals = found.dual_valid or status is Status.TIMED_OUT  # of a run that was ended, for a bound only
        return Answer(
            status=status,
            objective=objective,
            x=x if status in PLANS else none,
            # Rows added as cuts come last and are none of the problem.
            row_dual=np.fromiter(found.row_dual, float)[: self.arrays.height] if tells_duals else none,
            col_dual=np.fromiter(found.col_dual, float) if found.dual_valid else none,
            gap=gap,
            bound=bound,
        )

    def proof(self) -> Floats | None:
        """Return weights of the rows whose sum no values within the bounds can meet, after a run without a plan.

        Returns:
            One weight for each row, of either sign, shape (rows,); None if HiGHS has found it out in another way.
        """
        status, exists, weights = self.solver.getDualRay()
        return np.array(weights[: self.arrays.height]) if status in OK and exists else None

    def _try(self) -> Status:
        """Run until it ends or the budget is spent; a linear problem goes on where the clock on the wall ended it."""
        if self.arrays.integers.any():
            return self._search()
        if self.arrays.width <= LONG:
            while (status := self._run()) is Status.TIMED_OUT and not self.budget.is_over:
                pass
            return status

        with self._watched(look_at_pivots(self.budget), _LINEAR_INTERRUPT):
            return self._run(SLOWEST)

    def _search(self) -> Status:
        """Run with whole numbers; end it when the budget is spent, or what is found is near enough to the best."""
        self._set("mip_abs_gap", SMALL_CHANGE * usual_cost(self.arrays.cost))
        # HiGHS' own defaults: plans are 2 to 10 times nearer to the best one after 5 s than without presolve.
        self._must(self.solver.setOptionValue("presolve", "on"), "set presolve")
        try:
            look = look_at_search(self.budget, self.arrays, self.floor)
            with self._watched(look, _INTERRUPT):
                # By the clock on the wall, as the searches within a search let nobody look.
                return self._run(HASTE * self.budget.slowness)
        finally:
            self.solver.setOptionValue("presolve", "off")

    @contextmanager
    def _watched(self, look: Look, when: Any) -> Iterator[None]:
        """Let HiGHS call a function every now and then, which may end the run."""
        self._must(self.solver.setCallback(look, None), "be watched")
        self._must(self.solver.startCallback(when), "be watched")
        try:
            yield
        finally:
            # The solver goes on to other problems, and would call a function of this one.
            self.solver.setCallback(None, None)

    def _run(self, patience: float = 1.0) -> Status:
        ends = self.solver.getRunTime() + patience * self.budget.left  # HiGHS counts all runs of a solver
        self._set("time_limit", ends if self.budget.is_limited else np.inf)
        returned = self.solver.run()
        return STATUS.get(self.solver.getModelStatus(), Status.FAILED) if returned in OK else Status.FAILED

    @staticmethod
    def _must(status: highspy.HighsStatus, what: str) -> None:
        if status not in OK:
            raise SolveError(f"HiGHS could not {what}; please report the case.")


def usual_cost(costs: Floats) -> float:
    """Cost of a usual column [currency per unit], without penalties, which are dearer and may be most columns."""
    priced = np.abs(costs[costs != 0.0])
    if not len(priced):
        return 0.01
    return float(np.median(priced[priced <= PENALTY * np.quantile(priced, 0.02)]))


def _changed(first: tuple[Floats, Floats], *others: tuple[Floats, Floats]) -> Indices:
    """Return where any of the arrays differs from its twin."""
    differ = first[0] != first[1]
    for old, new in others:
        differ |= old != new
    return np.flatnonzero(differ).astype(np.int32)
