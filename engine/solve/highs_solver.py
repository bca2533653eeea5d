"""Solvers of HiGHS: their options, the words for how they end, and one kept for the next problem of a thread."""

import threading
from functools import cache
from typing import Any, Final

import highspy

from engine.errors import SolveError
from engine.site import Status

OK: Final = (highspy.HighsStatus.kOk, highspy.HighsStatus.kWarning)
STATUS: Final = {
    highspy.HighsModelStatus.kOptimal: Status.OPTIMAL,
    # A site in which nothing is to be decided has a plan as well.
    highspy.HighsModelStatus.kModelEmpty: Status.OPTIMAL,
    highspy.HighsModelStatus.kInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kUnboundedOrInfeasible: Status.INFEASIBLE,
    highspy.HighsModelStatus.kUnbounded: Status.UNBOUNDED,
    highspy.HighsModelStatus.kTimeLimit: Status.TIMED_OUT,
    highspy.HighsModelStatus.kInterrupt: Status.TIMED_OUT,
    highspy.HighsModelStatus.kIterationLimit: Status.TIMED_OUT,
    highspy.HighsModelStatus.kSolutionLimit: Status.TIMED_OUT,
}
# Threads are global to a process in HiGHS: a second value fails later runs, so every model uses one.
_ALWAYS: Final[dict[str, Any]] = {"output_flag": False, "threads": 1, "parallel": "off", "presolve": "off"}
_SMALL: Final = 20_000
"""Most coefficients of a problem whose solver is kept for the next one."""


class _Spare(threading.local):
    """A solver that the last problem of this thread has left; to make and free one takes as long as a small plan."""

    solver: Any = None


_spare = _Spare()


@cache
def _options() -> Any:
    """Return the options of every model: setting them one by one takes longer than passing them all."""
    solver: Any = highspy.Highs()
    for name, value in _ALWAYS.items():
        solver.setOptionValue(name, value)
    return solver.getOptions()


def spare_solver() -> Any:
    """Return a solver without a problem, with the options that every problem begins with.

    Raises:
        SolveError: HiGHS does not take the options.
    """
    # Taken out while it is used: a second problem at the same time gets another one.
    spare, _spare.solver = _spare.solver, None
    solver: Any = spare or highspy.Highs()
    # All of them, as the last problem has left its time limit and its method.
    if solver.passOptions(_options()) not in OK:
        raise SolveError("HiGHS could not take its options; please report the case.")
    return solver


def keep_solver(solver: Any) -> None:
    """Leave a solver to the next problem of this thread, unless it would hold on to much memory."""
    if solver.getNumNz() <= _SMALL:
        solver.clearModel()
        _spare.solver = solver
