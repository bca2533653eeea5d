"""One array pass into HiGHS, edits in place, and a status check on every run."""

from typing import Any, Final

import highspy
import numpy as np
from numpy.typing import NDArray

from engine.errors import SolveError
from engine.scheduling.arrays import Arrays
from engine.scheduling.backend import Answer
from engine.scheduling.linear import Floats, Indices
from engine.scheduling.status import Status

_OK: Final = (highspy.HighsStatus.kOk, highspy.HighsStatus.kWarning)
_STATUS: Final = {
    highspy.HighsModelStatus.kOptimal: Status.OPTIMAL,
    highspy.HighsModelStatus.kModelEmpty: Status.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kUnboundedOrInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Status.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Status.TIMED_OUT,
    highspy.HighsModelStatus.kIterationLimit: Status.TIMED_OUT,
    highspy.HighsModelStatus.kSolutionLimit: Status.TIMED_OUT,
}
# Threads are global to a process in HiGHS: a second value fails later runs, so every model uses one.
_ALWAYS: Final[dict[str, Any]] = {"output_flag": False, "threads": 1, "parallel": "off", "presolve": "off"}
# These searches cost more than they find in problems of this kind.
_MIP: Final = {
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_root_reduced_cost": False,
}
PRIMAL: Final = 4
DUAL: Final = 1


class Model:
    """A live problem inside HiGHS; not for use from several threads at once."""

    def __init__(self, arrays: Arrays, *, time_limit: float | None = None, gap: float = 0.0) -> None:
        self.solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]  # its stubs lack types and methods
        self.accepted_gap = gap
        options = {**_ALWAYS, **_MIP, "mip_rel_gap": gap}
        if time_limit is not None:
            options["time_limit"] = time_limit
        for name, value in options.items():
            self._must(self.solver.setOptionValue(name, value), f"set {name}")
        self.load(arrays)

    def load(self, arrays: Arrays) -> None:
        """Pass a whole problem, in place of the one before."""
        matrix = arrays.matrix
        status = self.solver.passModel(
            arrays.width, arrays.height, len(matrix.value), int(highspy.MatrixFormat.kColwise),
            int(highspy.ObjSense.kMinimize), arrays.offset, arrays.cost, arrays.lower, arrays.upper,
            arrays.row_lower, arrays.row_upper, matrix.start, matrix.index, matrix.value, arrays.integers,
        )  # fmt: skip
        self._must(status, "take the problem")
        self.arrays = arrays

    def change_costs(self, cols: Indices, costs: Floats) -> None:
        """Change the costs of some columns."""
        if len(cols):
            self._must(self.solver.changeColsCost(len(cols), cols, costs), "change costs")

    def change_bounds(self, cols: Indices, lower: Floats, upper: Floats) -> None:
        """Change the bounds of some columns."""
        if len(cols):
            self._must(self.solver.changeColsBounds(len(cols), cols, lower, upper), "change bounds")

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
        """Begin the next run where some rows settle as many columns and everything else rests at its bound."""
        arrays, status = self.arrays, highspy.HighsBasisStatus
        at_bound: NDArray[np.object_] = np.full(arrays.width, status.kLower, dtype=object)
        at_bound[~np.isfinite(arrays.lower)] = status.kUpper
        at_bound[~np.isfinite(arrays.lower) & ~np.isfinite(arrays.upper)] = status.kZero
        at_bound[cols] = status.kBasic
        of_rows = np.full(arrays.height, status.kBasic, dtype=object)
        of_rows[rows] = status.kLower
        basis = highspy.HighsBasis()
        basis.col_status, basis.row_status, basis.valid = at_bound.tolist(), of_rows.tolist(), True
        self._must(self.solver.setBasis(basis), "take a basis")

    def strategy(self, simplex: int) -> None:
        """Choose the primal or the dual simplex method for the next runs."""
        self._must(self.solver.setOptionValue("simplex_strategy", simplex), "choose a method")

    def run(self) -> Answer:
        """Solve; the answer tells whether it carries a plan.

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
            ended = self.solver.getModelStatus()
            raise SolveError(f"HiGHS stopped without an answer ({ended}); please report the case.")
        info = self.solver.getInfo()
        gap = float(info.mip_gap) if self.arrays.integers.any() else 0.0
        if status is Status.TIMED_OUT and 0 < gap <= self.accepted_gap:
            status = Status.WITHIN_GAP
        if status is Status.OPTIMAL and gap > 1e-9:
            status = Status.WITHIN_GAP
        found = self.solver.getSolution()
        none = np.empty(0)
        return Answer(
            status=status,
            objective=float(info.objective_function_value),
            x=np.array(found.col_value, dtype=float) if status in (Status.OPTIMAL, Status.WITHIN_GAP) else none,
            row_dual=np.array(found.row_dual, dtype=float)[: self.arrays.height] if found.dual_valid else none,
            col_dual=np.array(found.col_dual, dtype=float) if found.dual_valid else none,
            gap=gap if np.isfinite(gap) else np.inf,
        )

    def _try(self) -> Status:
        returned = self.solver.run()
        return _STATUS.get(self.solver.getModelStatus(), Status.FAILED) if returned in _OK else Status.FAILED

    @staticmethod
    def _must(status: highspy.HighsStatus, what: str) -> None:
        if status not in _OK:
            raise SolveError(f"HiGHS could not {what}; please report the case.")
