"""Two flows that must not run together, solved exactly: LP first, then branching, whole numbers only at last.

Running both at once burns energy, which pays only where consuming more would earn money. So the relaxed problem is
nearly always right; if not, a few re-solves with one of the flows held at zero find the best plan, and only when they
do not, a search with whole numbers takes over, which is again checked.
"""

from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.model.arrays import settled
from engine.site import Status
from engine.solve.backend import PROVEN, Answer, Backend, share_above, timed_out
from engine.solve.complementarity import Cells, flow, with_choices
from engine.solve.first_plan import FINISHING, Adviser, advised, any_plan, first_plan, is_good_enough, one_way
from engine.solve.highs import Model

NODES = 60
"""Re-solves before a search with whole numbers takes over."""
FEW = 8
"""Up to so many overlaps are tried by re-solves first; more of them cannot be settled in time."""
SEARCHING = 0.8
"""Share of the time left that a search may take; the rest is for a plan where it finds none."""

Fixed: TypeAlias = tuple[tuple[int, bool], ...]
"""Cells decided so far, and whether the first (True) or the second flow is held at zero there."""


def solve(model: Backend, cells: Cells, adviser: Adviser | None = None) -> Answer:
    """Return an optimal plan in which no pair runs together; the model's last run is the one with its duals.

    Args:
        model: The problem, not yet run; its bounds are changed, or more columns added at the end.
        cells: What must not run together.
        adviser: Gives plans and bounds to begin a search with, or to spare it.
    """
    arrays = model.arrays
    must = cells.paying(arrays.cost)
    # Prices that pay for both at once make the relaxed problem wrong or endless, and bounds of branches weak.
    if must.any() or arrays.integers.any():
        return _search_from_advice(model, cells, must, None, adviser)
    answer = model.run()
    if not answer.has_plan:
        return answer
    overlapping = cells.overlap(answer.x) > 0
    if not overlapping.any():
        return answer
    known = None
    if isinstance(model, Model) and overlapping.sum() <= FEW:  # other solvers cannot be edited in place
        branches = _Branches(model, cells, overlapping)
        best = branches.search(answer)
        if best is not None:
            return best
        if model.budget.is_over:
            return any_plan(model, arrays, cells, answer, branches.best)
        known, overlapping = branches.best, overlapping | branches.seen
    model.load(arrays)  # without the cuts and the bounds of the branches
    return _search_from_advice(model, cells, overlapping | cells.doubtful(arrays.cost), known, adviser)


class _Branches:
    """Depth-first search over which flow of an overlapping pair is held at zero."""

    def __init__(self, model: Model, cells: Cells, overlapping: NDArray[np.bool_]) -> None:
        self.model, self.cells = model, cells
        self.columns = np.unique(np.concatenate([cells.first.ravel(), cells.second.ravel()]))
        self.columns = self.columns[self.columns >= 0].astype(np.int32)
        self.best: Answer | None = None
        self.seen = overlapping
        """Cells that overlapped in any node."""
        self.best_fixed: Fixed = ()
        _add_cuts(model, cells, np.flatnonzero(overlapping))

    def search(self, root: Answer) -> Answer | None:
        """Return the best plan, or None when it is not proven in time."""
        stack: list[Fixed] = [()]
        for _node in range(NODES):
            if not stack or self.model.budget.is_over:
                break
            fixed = stack.pop()
            answer = self._run(fixed)
            if not answer.has_plan:
                continue
            if self.best is not None:
                noise = 1e-9 * max(1.0, abs(self.best.objective))
                if answer.objective >= self.best.objective - noise:  # what is decided below it only costs more
                    continue
            overlap = self.cells.overlap(answer.x)
            if not overlap.any():
                self.best, self.best_fixed = answer, fixed
                continue
            self.seen = self.seen | (overlap > 0)
            cell = int(np.argmax(overlap))
            first, second = (flow(side[:, [cell]], answer.x)[0] for side in (self.cells.first, self.cells.second))
            first_larger = bool(first > second)
            # Both ways to go on; the last one, which is tried first, keeps the larger flow.
            stack += [(*fixed, (cell, first_larger)), (*fixed, (cell, not first_larger))]
        if stack:
            return None
        if self.best is None:
            return Answer(Status.INFEASIBLE, np.inf, root.x[:0], root.x[:0], root.x[:0])
        # Duals are those of the last run, so the best node is run once more.
        again = self._run(self.best_fixed)
        if again.has_plan and self.cells.overlap(again.x).any():  # another plan as good, which burns what costs nothing
            x, lossy = self.best.x, np.flatnonzero(~self.cells.lossless)
            first_off = flow(self.cells.first, x) <= flow(self.cells.second, x)
            again = self._run(tuple((int(cell), bool(first_off[cell])) for cell in lossy))
        return again

    def _run(self, fixed: Fixed) -> Answer:
        """Solve with the first (True) or second flow of each cell held at zero."""
        upper = self.model.arrays.upper.copy()
        for cell, first in fixed:
            cols = (self.cells.first if first else self.cells.second)[:, cell]
            upper[cols[cols >= 0]] = 0.0
        # A flow held at zero loses its least value too, else its bounds would cross.
        lower = np.minimum(self.model.arrays.lower, upper)
        self.model.change_bounds(self.columns, lower[self.columns], upper[self.columns])
        return self.model.run()


def _add_cuts(model: Model, cells: Cells, at: NDArray[np.integer]) -> None:
    """Add first/most + second/most ≤ 1 where both are limited: what the whole numbers would imply."""
    first, second = cells.most(model.arrays)
    # A flow without a limit has no share of it to add up.
    at = at[np.isfinite(first[at]) & np.isfinite(second[at]) & (first[at] > 0) & (second[at] > 0)]
    if not len(at):
        return
    cols = np.concatenate([cells.first[:, at], cells.second[:, at]])
    flows = ((first, len(cells.first)), (second, len(cells.second)))
    most = np.concatenate([np.tile(limit[at], (depth, 1)) for limit, depth in flows])
    use = (cols >= 0).T
    start = np.concatenate([[0], np.cumsum(use.sum(axis=1))[:-1]]).astype(np.int32)
    model.add_rows(np.ones(len(at)), start, cols.T[use].astype(np.int32), (1.0 / most).T[use])


def _search_from_advice(
    model: Backend, cells: Cells, candidates: NDArray[np.bool_], known: Answer | None, adviser: Adviser | None
) -> Answer:
    """Search from the best plan that is known; not at all if it is good enough."""
    if not isinstance(model, Model):
        return _search(model, cells, candidates, known)
    plain = model.arrays
    plan = advised(model, plain, cells, adviser)
    if plan is None:
        model.load(plain)
        return _search(model, cells, candidates, known)
    if is_good_enough(model, plan):
        within = plan.status is not Status.OPTIMAL and plan.gap <= model.budget.gap
        return replace(plan, status=Status.WITHIN_GAP) if within else plan
    if known is not None and known.objective < plan.objective:
        plan = replace(known, bound=plan.bound)
    model.load(plain)
    # The search may end as soon as it meets what the advice has proven already.
    model.floor = plan.bound
    answer = _search(model, cells, candidates, plan)
    # What is proven of this problem need not hold for the next one in this solver.
    model.floor = -np.inf
    if answer.has_plan and answer.objective <= plan.objective + 1e-9 * abs(plan.objective):
        bound = max(answer.bound, plan.bound)  # a search that was hardly begun has proven nothing by itself
        return replace(answer, bound=bound, gap=min(answer.gap, share_above(answer.objective, bound)))
    return any_plan(model, plain, cells, replace(answer, bound=max(answer.bound, plan.bound)), plan)


def _search(model: Backend, cells: Cells, candidates: NDArray[np.bool_], known: Answer | None = None) -> Answer:
    """Search with whole numbers at the candidates, then at all cells with losses if others run together."""
    plain = model.arrays
    for _round in range(4):
        at = np.flatnonzero(candidates)
        whole = with_choices(plain, cells, at)
        if isinstance(model, Model):
            known, is_all = first_plan(model, plain, cells, whole, known)
            if is_all:
                return known or timed_out()
        model.load(whole)
        if isinstance(model, Model) and known is not None:
            model.suggest(np.concatenate([known.x, flow(cells.first[:, at], known.x) > 0]))
        if isinstance(model, Model) and model.budget.is_limited:
            whole_budget = model.budget
            model.budget = whole_budget.part(SEARCHING * whole_budget.left)
            answer = model.run()
            model.budget = whole_budget
        else:
            answer = model.run()
        if answer.status is Status.TIMED_OUT and isinstance(model, Model):
            return any_plan(model, plain, cells, answer, known)
        if not answer.has_plan:
            return answer
        overlapping = cells.overlap(answer.x) > 0
        if not overlapping.any():
            break
        if isinstance(model, Model) and model.budget.is_over:
            return one_way(model, plain, cells, answer, answer.bound)
        candidates = candidates | overlapping if _round == 0 else candidates | overlapping | ~cells.lossless
    return _priced(model, answer, cells)


def _priced(model: Backend, searched: Answer, cells: Cells) -> Answer:
    """Return the plan again with its whole numbers held fixed: exact to the last digit and with duals."""
    arrays = model.arrays
    if isinstance(model, Model):
        model.budget = model.budget.at_least(FINISHING)
    model.load(settled(arrays, searched.x))
    answer = model.run()
    if answer.has_plan and cells.overlap(answer.x).any():  # burning what costs nothing, where it was not decided
        first_off = flow(cells.first, searched.x) <= flow(cells.second, searched.x)
        upper = model.arrays.upper.copy()
        for side, off in ((cells.first, first_off), (cells.second, ~first_off)):
            cols = side[:, off & ~cells.lossless]
            upper[cols[cols >= 0]] = 0.0
        # A flow that has to run keeps its least value, else its bounds would cross.
        model.load(replace(model.arrays, upper=np.maximum(upper, np.minimum(model.arrays.lower, model.arrays.upper))))
        answer = model.run()
    if not answer.has_plan:  # whole but for a millionth, which a tight row does not forgive
        return searched
    gap = min(searched.gap, share_above(answer.objective, searched.bound))
    if gap <= PROVEN:
        return replace(answer, bound=searched.bound)
    return replace(answer, status=searched.status, bound=searched.bound, gap=gap)
