"""From a problem to its best plan: bounds checked, solved, directions settled, preferences followed."""

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from engine.errors import SolveError, TimedOut
from engine.model.arrays import Arrays
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Status
from engine.solve import branching
from engine.solve.backend import Answer, Backend
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.first_plan import Adviser
from engine.solve.highs import Model
from engine.solve.preference import TIE_BREAK, TIE_BREAK_SHARE, break_tie, refine

DIRECT = "highspy"
"""Name of the solver that needs no modelling layer."""

_SHORT = 1000
_SOFT_AND_SMALL = 1500
"""Longest window [steps], and most columns of a problem with soft limits, for which beginning with all devices at rest
is faster than from nothing; measured."""
_NOISE = 1e-9
"""A lower bound may lie this far above the upper one before it is a contradiction, as share of it or in kWh."""
_AT_BOUND = 1e-6
"""Farthest from its bound that a column lies at it, as share of the bound or in kW or kWh."""


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan in numbers of columns and rows."""

    status: Status
    gap: float
    x: Floats
    """Value of each column of the problem."""
    row_dual: Floats
    """Change of cost per unit of each row's bounds."""
    col_dual: Floats
    """Change of cost per unit of each column's bounds."""
    bound: float = -np.inf
    """No plan costs less, as far as that is proven, of a problem without a plan in time [currency]."""


_NONE: Final = np.empty(0)
NO_PLAN: Final = Solved(Status.INFEASIBLE, 0.0, _NONE, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class Options:
    """How a solve may end early, and what it does between plans of equal cost."""

    budget: Budget = field(default_factory=Budget)
    preferences: bool = True
    solver: str = DIRECT
    """``highspy`` for arrays straight into HiGHS, else the name of a solver that Pyomo knows."""
    adviser: Adviser | None = None
    """Knows plans and bounds where whole numbers are needed."""

    def backend(self, problem: Problem, arrays: Arrays) -> Backend:
        """Return the solver with a problem in it."""
        if self.solver == DIRECT:
            return Model(arrays, self.budget)
        from engine.solve.pyomo_backend import Names, PyomoModel  # Pyomo takes longer to import than a plan to make

        return PyomoModel(arrays, Names.of(problem), solver=self.solver, budget=self.budget)


def solve_problem(problem: Problem, options: Options) -> Solved:
    """Return the best plan of a problem, or the status that tells why there is none."""
    arrays = settled_bounds(problem.arrays())
    if arrays is None:
        return NO_PLAN
    model = (
        with_initial_basis(problem, arrays, options.budget)
        if options.solver == DIRECT
        else options.backend(problem, arrays)
    )
    cells = Cells.of(problem.pairs)
    answer = branching.solve(model, cells, options.adviser)
    if options.preferences and arrays.integers.any():
        weights, spent = problem.weights(), options.budget.spent
        briefly = replace(options, budget=options.budget.part(TIE_BREAK_SHARE * spent + TIE_BREAK))
        answer = break_tie(model, answer, weights, arrays, cells, lambda other: briefly.backend(problem, other))
    solved = finish(problem, model, answer, cells, preferences=options.preferences)
    # Where a direction was chosen, the other flow is held at zero. Its dual is the worth of running both ways at once,
    # which no wider limit allows: only columns at their own bounds have one.
    n = len(solved.col_dual)
    bound = np.where(solved.col_dual > 0, arrays.lower[:n], arrays.upper[:n])
    is_at_bound = np.isclose(answer.x[:n], bound, rtol=_AT_BOUND, atol=_AT_BOUND)
    return replace(solved, col_dual=np.where(is_at_bound, solved.col_dual, 0.0))


def unsolved_error(status: Status, budget: Budget) -> SolveError:
    """Return the error that tells why a solve has no plan, if not for limits that clash."""
    if status is Status.UNBOUNDED:
        return SolveError(
            "The plan could earn money without end; limit the power of the devices or of the site, or check the prices."
        )
    return TimedOut(
        f"No plan was found within {budget.limit:g} s; plan fewer devices or steps at once, or allow more time "
        "(time_limit of FLEXMEASURES_LP_SOLVER_OPTIONS) or a larger gap (its mip_rel_gap)."
    )


def with_initial_basis(problem: Problem, arrays: Arrays, budget: Budget) -> Model:
    """Return HiGHS with a problem in it, ready to begin where that is fastest."""
    model = Model(arrays, budget)
    short = not arrays.integers.any() and problem.window.n <= _SHORT
    if short and (not problem.soft or problem.width <= _SOFT_AND_SMALL):
        model.begin_with(*problem.initial_basis())
    return model


def finish(
    problem: Problem, model: Backend, answer: Answer, cells: Cells, *, preferences: bool, live: bool = False
) -> Solved:
    """Return the plan of an answer, refined by the preferences and without the common part of lossless flows.

    Args:
        problem: What was solved.
        model: The solver.
        answer: What it found.
        cells: What must not run together.
        preferences: Whether plans of equal cost are told apart.
        live: Whether the solver goes on to similar problems from here.
    """
    if not answer.has_plan:
        bound = least_cost(model.arrays, cells, answer) if answer.status is Status.TIMED_OUT else -np.inf
        return Solved(answer.status, answer.gap, _NONE, _NONE, _NONE, bound)
    x = answer.x
    if preferences and problem.preferences:
        weights = problem.weights()
        extra = np.zeros(model.arrays.width - problem.width)
        x = refine(model, answer, np.concatenate([weights, extra]), cells, live=live)
    width, height = problem.width, problem.height
    # Columns and rows added for choices and cuts come last; nobody has a name for them.
    return Solved(answer.status, answer.gap, cells.netted(x)[:width], answer.row_dual[:height], answer.col_dual[:width])


def least_cost(arrays: Arrays, cells: Cells, ended: Answer) -> float:
    """Cost that no plan lies below, as far as a run that was ended tells [currency]."""
    upper, k = np.full(arrays.width, np.inf), len(cells.first)
    if k:  # flows without a limit of their own are limited by what stands behind them
        for cols, most in zip((cells.first[0], cells.second[0]), cells.most(arrays), strict=True):
            upper[cols[cols >= 0]] = most[cols >= 0]
    # Bounds of the columns alone, with no weight on any row, may prove more than duals of a run ended early.
    weights = [np.zeros(arrays.height), *([ended.row_dual] if len(ended.row_dual) == arrays.height else [])]
    return max(ended.bound, *(arrays.least_cost(each, upper) for each in weights))


def settled_bounds(arrays: Arrays) -> Arrays | None:
    """Return the problem with rounding noise taken off crossed bounds; None if any cross in earnest."""
    excess = arrays.lower - arrays.upper
    if not (excess > 0).any():
        return arrays
    if (excess > _NOISE * np.maximum(1.0, np.abs(arrays.upper))).any():
        return None
    return replace(arrays, lower=np.minimum(arrays.lower, arrays.upper))
