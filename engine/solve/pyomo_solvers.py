"""Solvers that Pyomo knows: those that stay linked to a model in memory, and those that are handed files."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Final, Protocol

import pyomo.environ as pyo
from pyomo.common.gc_manager import PauseGC
from pyomo.contrib.appsi.base import SolverFactory as LinkedFactory

from engine.errors import InputError, SolveError
from engine.site import PLANS, Status
from engine.solve.budget import Budget

_STATUS: Final = {
    "optimal": Status.OPTIMAL,
    "infeasible": Status.INFEASIBLE,
    "infeasibleOrUnbounded": Status.INFEASIBLE,
    "unbounded": Status.UNBOUNDED,
    "maxTimeLimit": Status.TIMED_OUT,
    "feasible": Status.BEST_IN_TIME,
    "noSolution": Status.INFEASIBLE,
}
_TIME_LIMIT: Final = {"glpk": "tmlim", "cbc": "seconds"}
_GAP: Final = {"glpk": "mipgap", "cbc": "ratioGap"}
_LINKED: Final = "appsi_"


@dataclass(frozen=True, slots=True)
class SolverAnswer:
    """What a solver has found; without a plan, only the status means something."""

    status: Status
    values: Sequence[float] = ()
    """Of each variable."""
    row_duals: Sequence[float] = ()
    """Change of cost per unit of each row's bounds."""
    bound: float = float("-inf")
    """Cost below which no plan lies, as far as it is proven."""


class Solver(Protocol):
    """Solves Pyomo models."""

    gap: float
    """Share by which its plans may cost more than the best one."""

    def solve(self, model: Any, variables: list[Any], *, duals: bool) -> SolverAnswer:
        """Return what it finds for a model whose rows are ``model.rows``, in order of the variables and the rows."""


def find(name: str, budget: Budget) -> Solver:
    """Return the solver of a name, such as ``appsi_highs``, ``glpk`` or ``cbc``.

    Raises:
        InputError: There is no such solver on this machine.
    """
    solver = pyo.SolverFactory(name)
    if solver is None or not solver.available(exception_flag=False):
        raise InputError(f"The solver {name} is not on this machine; install it, or choose highspy, which always is.")
    if name.startswith(_LINKED):
        return Linked(name, budget)
    return Filed(name, solver, budget)


class Linked:
    """Takes a model over once, all variables in one call, and after that only what has changed in it."""

    def __init__(self, name: str, budget: Budget) -> None:
        self.name, self.budget, self.gap = name, budget, budget.gap
        self.solver = LinkedFactory(name.removeprefix(_LINKED), only_child_vars=True)
        # A run without a plan has no solution to load, which Pyomo would take for an error.
        self.solver.config.load_solution = False
        self.solver.config.mip_gap = budget.gap or None
        # What is never changed here need not be looked for before each solve.
        for unused in ("check_for_new_or_removed_params", "update_params", "update_named_expressions"):
            setattr(self.solver.update_config, unused, False)
        if name == "appsi_highs":  # as when it is used directly
            self.solver.highs_options = {"presolve": "off"}

    def solve(self, model: Any, variables: list[Any], *, duals: bool) -> SolverAnswer:
        """See Solver.solve."""
        self.solver.config.time_limit = self.budget.left if self.budget.is_limited else None
        with PauseGC():  # which would look through all the many parts of the model again and again
            result = self.solver.solve(model)
        status = _status(self.name, result.termination_condition)
        bound = float(result.best_objective_bound if result.best_objective_bound is not None else "-inf")
        if status is Status.TIMED_OUT and not duals and result.best_feasible_objective is not None:
            status = Status.BEST_IN_TIME
        if status not in PLANS:
            return SolverAnswer(status)
        values = result.solution_loader.get_primals(variables)
        row_duals = result.solution_loader.get_duals(list(model.rows.values())) if duals else {}
        return SolverAnswer(status, list(values.values()), list(row_duals.values()), bound)


class Filed:
    """Is handed the whole model as a file, in a process of its own."""

    def __init__(self, name: str, solver: Any, budget: Budget) -> None:
        self.name, self.solver, self.budget = name, solver, budget
        self.options: dict[str, float] = {_GAP[name]: budget.gap} if budget.gap and name in _GAP else {}
        self.gap = budget.gap if self.options else 0.0

    def solve(self, model: Any, variables: list[Any], *, duals: bool) -> SolverAnswer:
        """See Solver.solve."""
        model.del_component("dual")
        if duals:  # there are none with whole numbers, and some solvers fail when asked
            model.dual = pyo.Suffix(direction=pyo.Suffix.IMPORT)
        if self.budget.is_limited and self.name in _TIME_LIMIT:
            self.options[_TIME_LIMIT[self.name]] = max(ceil(self.budget.left), 1)  # glpk knows whole seconds only
        result = self.solver.solve(model, load_solutions=False, options=self.options)
        if self.name == "glpk" and result.solver.termination_condition.name in ("other", "unbounded"):
            return SolverAnswer(self._without_plan(model))
        status = _status(self.name, result.solver.termination_condition)
        if status is Status.TIMED_OUT and not duals and len(result.solution):
            status = Status.BEST_IN_TIME
        if status is Status.BEST_IN_TIME and self.gap and not self.budget.is_over:  # it ended by itself
            status = Status.WITHIN_GAP
        if status not in PLANS:
            return SolverAnswer(status)
        model.solutions.load_from(result)
        return SolverAnswer(
            status,
            [variable.value or 0.0 for variable in variables],
            [model.dual.get(row, 0.0) for row in model.rows.values()] if duals else (),
        )

    def _without_plan(self, model: Any) -> Status:
        """Return why there is no plan where glpk does not say it: whether there is one if nothing costs anything.

        Its presolver tells no more than that it found none, and of what glpk says without it Pyomo takes "no feasible
        solution" for unbounded, which nothing is that costs nothing.
        """
        cost = model.cost.expr
        model.cost.set_value(0.0)
        result = self.solver.solve(model, load_solutions=False, options={**self.options, "nopresol": ""})
        model.cost.set_value(cost)
        found = _status(self.name, result.solver.termination_condition)
        return Status.UNBOUNDED if found in PLANS else Status.INFEASIBLE if found is Status.UNBOUNDED else found


def _status(solver: str, ended: Any) -> Status:
    """Return how a run has ended.

    Raises:
        SolveError: Without an answer.
    """
    status = _STATUS.get(ended.name)
    if status is None:
        raise SolveError(f"{solver} stopped without an answer ({ended.name}).")
    return status
