"""The last problem kept inside the solver, so that a similar one is solved from its plan."""

from dataclasses import replace
from operator import is_not
from time import thread_time

from engine.formulation import Built, build_problem
from engine.model.arrays import Arrays
from engine.model.block import ExclusiveFlows
from engine.model.linear import same
from engine.model.problem import Problem
from engine.site import Site, Timings
from engine.solve.backend import Answer
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.highs import Codes, Model
from engine.solve.optimum import NO_PLAN, Solved, finish, settled_bounds, with_initial_basis


class LiveModel:
    """Solves sites one after the other, each from the plan of the one before; not for several threads at once."""

    def __init__(self, *, preferences: bool, built: Built | None = None) -> None:
        self.preferences = preferences
        """Whether plans of equal cost are told apart, which takes a second solve."""
        self.warm = 0
        """Number of solves that went on from the one before."""
        self.built = built
        """What the last site, or one like it, was built into."""
        self.timings = Timings(0.0, 0.0)
        """What the last solve took."""
        self._model: Model | None = None
        self._cells: Cells | None = None
        self._found: Answer | None = None

    def solve(self, site: Site, budget: Budget | None = None) -> tuple[Built, Solved | None]:
        """Return what a site is built into, and its best plan or that it has none.

        The plan is None where one linear problem does not settle it.

        Args:
            site: What to plan.
            budget: How long it may take; None is as long as it takes.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: A process does not fit into the window.
        """
        began = thread_time()
        last, built = self.built, build_problem(site, self.built)
        problem, arrays = built.problem, settled_bounds(built.problem.arrays())
        cells, self.built = self._cells_of(problem), built
        if arrays is None:
            return built, NO_PLAN
        # Whole numbers leave no basis for the next plan to begin at.
        if arrays.integers.any() or cells.paying(arrays.cost).any():
            self._model = None
            return built, None
        model = self._model = self._brought(last, problem, arrays, budget or Budget())
        ready = thread_time()
        answer = self._found = model.run()
        if not answer.has_plan or cells.overlap(answer.x).any():
            self._model = None
        if self._model is None and answer.has_plan:
            return built, None
        solved = finish(problem, model, answer, cells, preferences=self.preferences, live=True)
        self.timings = Timings(ready - began, thread_time() - ready)
        return built, solved

    def _cells_of(self, problem: Problem) -> Cells:
        """Return what must not run together, numbered anew only if it is about other columns than last time."""
        pairs, known = problem.pairs, self._cells
        if known is None or len(known.pairs) != len(pairs) or not all(map(_same_columns, known.pairs, pairs)):
            known = Cells.of(pairs)
        elif any(map(is_not, known.pairs, pairs)):
            known = replace(known, pairs=tuple(pairs))
        self._cells = known
        return known

    def _brought(self, last: Built | None, problem: Problem, arrays: Arrays, budget: Budget) -> Model:
        """Return the solver, brought from the last problem to this one and set to go on from its plan."""
        model, found = self._model, self._found
        before = None if last is None else last.problem
        # A basis fits only where columns and rows mean the same.
        alike = before is not None and (before.sizes, before.rows) == (problem.sizes, problem.rows)
        if model is None or found is None or before is None or not alike:
            return with_initial_basis(problem, arrays, budget)
        self.warm, model.budget = self.warm + 1, budget
        # Steps of unequal lengths do not move onto each other.
        rolls = not (problem.window.bounds or before.window.bounds)
        steps = (problem.window.start - before.window.start) // problem.window.step
        if not steps or not rolls:
            model.edit(arrays)
            return model
        of_cols, of_rows = model.basis(found.x)
        model.load(arrays)
        n = problem.window.n
        model.begin_at(_rolled(of_cols, problem.sizes, steps, n), _rolled(of_rows, problem.rows, steps, n))
        return model


def _same_columns(old: ExclusiveFlows, new: ExclusiveFlows) -> bool:
    """Return whether two pairs are about the same columns."""
    return old is new or (old.lossless == new.lossless and same(old.first, new.first) and same(old.second, new.second))


def _rolled(states: Codes, blocks: dict[str, tuple[int, int]], steps: int, n: int) -> Codes:
    """Return the states for a window that starts some steps later; the last ones are repeated."""
    rolled = states.copy()
    if 0 < steps < n:
        for first, size in blocks.values():
            # Blocks of another size, such as the highest power of a window, do not move with its steps.
            if size == n:
                rolled[first : first + size - steps] = states[first + steps : first + size]
    return rolled
