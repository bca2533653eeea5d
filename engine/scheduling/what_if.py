"""A live problem that is edited and re-solved in milliseconds: what if this price, limit or forecast were another?"""

from operator import is_not
from time import process_time

from engine.scheduling import read
from engine.scheduling.arrays import Arrays
from engine.scheduling.backend import Answer
from engine.scheduling.branching import Cells
from engine.scheduling.build import Built, build
from engine.scheduling.highs_backend import Codes, Model
from engine.scheduling.problem import Problem
from engine.scheduling.site import Schedule, Site, Timings
from engine.scheduling.solve import begun, finish, settled_bounds
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
        self._built: Built | None = None
        self._cells: Cells | None = None
        self._found: Answer | None = None

    def solve(self, site: Site) -> Schedule:
        """Return the best plan of a site, whatever differs from the last one: prices, limits, targets, efficiencies.

        Parts that are the same objects as in the last site are not read again, so change a part by replacing it. A
        window that lies some steps after the last one's is rolled on: what was decided for a moment stays the first
        guess for it.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: No plan meets every hard constraint.
        """
        began = process_time()
        last, built = self._built, build(site, self._built)
        arrays = settled_bounds(built.problem.arrays())
        cells = self._cells_of(built.problem)
        self._built = built
        if arrays is None or arrays.integers.any() or cells.paying(arrays.cost).any():
            return self._from_scratch(site)
        model = self._model = self._brought(last, built.problem, arrays)
        ready = process_time()
        answer = self._found = model.run()
        if not answer.has_plan or cells.overlap(answer.x).any():
            return self._from_scratch(site)
        solved = finish(built.problem, model, answer, cells, preferences=self.preferences)
        return read.schedule(site, built, solved, Timings(ready - began, process_time() - ready))

    def _from_scratch(self, site: Site) -> Schedule:
        """Return the plan of a site that one linear problem does not settle, or raise why there is none."""
        self._model = None
        return StorageScheduler().compute(site)

    def _cells_of(self, problem: Problem) -> Cells:
        """Return what must not run together; the same as last time as long as the pairs are."""
        pairs, known = problem.pairs, self._cells
        if known is None or len(known.pairs) != len(pairs) or any(map(is_not, known.pairs, pairs)):
            known = self._cells = Cells.of(pairs)
        return known

    def _brought(self, last: Built | None, problem: Problem, arrays: Arrays) -> Model:
        """Return the solver, brought from the last problem to this one and set to go on from its plan."""
        model, found = self._model, self._found
        before = None if last is None else last.problem
        if model is None or found is None or before is None or not _alike(before, problem):
            return begun(problem, arrays)
        self.warm += 1
        steps = (problem.window.start - before.window.start) // problem.window.step
        if not steps:
            model.edit(arrays)
            return model
        of_cols, of_rows = model.basis(found.x)
        model.load(arrays)
        n = problem.window.n
        model.begin_at(_rolled(of_cols, problem.sizes, steps, n), _rolled(of_rows, problem.rows, steps, n))
        return model


def _alike(old: Problem, new: Problem) -> bool:
    """Return whether two problems have the same blocks."""
    return old.sizes == new.sizes and old.rows == new.rows


def _rolled(states: Codes, blocks: dict[str, tuple[int, int]], steps: int, n: int) -> Codes:
    """Return the states for a window that starts some steps later; the last ones are repeated."""
    rolled = states.copy()
    if 0 < steps < n:
        for first, size in blocks.values():
            if size == n:
                rolled[first : first + size - steps] = states[first + steps : first + size]
    return rolled
