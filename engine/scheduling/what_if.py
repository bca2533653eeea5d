"""A live problem that is edited and re-solved in milliseconds: what if this price, limit or forecast were another?"""

from time import process_time

import highspy
import numpy as np

from engine.scheduling import read
from engine.scheduling.arrays import Arrays
from engine.scheduling.backend import Answer
from engine.scheduling.branching import Cells
from engine.scheduling.build import Built, build
from engine.scheduling.highs_backend import Model
from engine.scheduling.problem import Problem
from engine.scheduling.site import Schedule, Site, Timings
from engine.scheduling.solve import finish, settled_bounds
from engine.scheduling.storage_scheduler import StorageScheduler


class LiveProblem:
    """Keeps the last solved site inside the solver, so that a similar one is solved from there.

    One live problem per site and user; it is not for several threads at once.
    """

    def __init__(self, *, preferences: bool = True) -> None:
        self.preferences = preferences
        """Whether plans of equal cost are told apart, which takes a second solve."""
        self.warm = 0
        """Number of solves that went on from the one before."""
        self._model: Model | None = None
        self._problem: Problem | None = None

    def solve(self, site: Site) -> Schedule:
        """Return the best plan of a site, whatever differs from the last one: prices, limits, targets, efficiencies.

        A window that lies some steps after the last one's is rolled on: what was decided for a moment stays the first
        guess for it.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: No plan meets every hard constraint.
        """
        began = process_time()
        built = build(site)
        arrays = settled_bounds(built.problem.arrays())
        cells = Cells.of(built.problem.pairs)
        if arrays is None or arrays.integers.any() or cells.paying(arrays.cost).any():
            return self._from_scratch(site)
        self._push(built, arrays)
        ready = process_time()
        model, answer = self._run()
        if not answer.has_plan or cells.overlap(answer.x).any():
            return self._from_scratch(site)
        solved = finish(built.problem, model, answer, cells, preferences=self.preferences)
        return read.schedule(site, built, solved, Timings(ready - began, process_time() - ready))

    def _from_scratch(self, site: Site) -> Schedule:
        """Return the plan of a site that one linear problem does not settle, or raise why there is none."""
        self._model = None
        return StorageScheduler().compute(site)

    def _push(self, built: Built, arrays: Arrays) -> None:
        """Bring the solver from the last problem to this one, keeping its basis."""
        problem, last, model = built.problem, self._problem, self._model
        self._problem = problem
        if model is None or last is None or last.sizes != problem.sizes or last.rows != problem.rows:
            self._model = Model(arrays)
            return
        self.warm += 1
        shift = (problem.window.start - last.window.start) // problem.window.step
        if shift or _differ(model.arrays, arrays):
            basis = _shifted(model.solver.getBasis(), problem, shift)
            model.load(arrays)
            model.solver.setBasis(basis)
        else:
            _edit(model, arrays)

    def _run(self) -> tuple[Model, Answer]:
        model = self._model
        if model is None:
            raise RuntimeError("_push comes before _run")
        return model, model.run()


def _differ(old: Arrays, new: Arrays) -> bool:
    """Return whether any coefficient differs; those are the only ones that cannot be edited in bulk."""
    return not (
        np.array_equal(old.matrix.start, new.matrix.start)
        and np.array_equal(old.matrix.index, new.matrix.index)
        and np.array_equal(old.matrix.value, new.matrix.value)
    )


def _edit(model: Model, new: Arrays) -> None:
    """Change the costs and bounds that differ."""
    old = model.arrays
    cols = np.flatnonzero(old.cost != new.cost).astype(np.int32)
    model.change_costs(cols, new.cost[cols])
    cols = np.flatnonzero((old.lower != new.lower) | (old.upper != new.upper)).astype(np.int32)
    model.change_bounds(cols, new.lower[cols], new.upper[cols])
    rows = np.flatnonzero((old.row_lower != new.row_lower) | (old.row_upper != new.row_upper)).astype(np.int32)
    model.change_rows(rows, new.row_lower[rows], new.row_upper[rows])
    model.solver.changeObjectiveOffset(new.offset)
    model.arrays = new


def _shifted(basis: highspy.HighsBasis, problem: Problem, steps: int) -> highspy.HighsBasis:
    """Return a basis for a window that starts some steps later; the last statuses are repeated."""
    if not steps:
        return basis
    found = highspy.HighsBasis()
    found.col_status = _moved(list(basis.col_status), problem.sizes, steps, problem.window.n)
    found.row_status = _moved(list(basis.row_status), problem.rows, steps, problem.window.n)
    found.valid = True
    return found


def _moved(
    statuses: list[highspy.HighsBasisStatus], blocks: dict[str, tuple[int, int]], steps: int, n: int
) -> list[highspy.HighsBasisStatus]:
    moved = list(statuses)
    for first, size in blocks.values():
        if size == n and 0 < steps < n:
            own = statuses[first : first + size]
            moved[first : first + size] = own[steps:] + own[-steps:]
    return moved
