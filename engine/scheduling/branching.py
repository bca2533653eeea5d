"""Two flows that must not run together, solved exactly: LP first, then branching, whole numbers only at last.

Running both at once burns energy, which pays only where consuming more would earn money. So the relaxed problem is
nearly always right; if not, a few re-solves with one of the flows held at zero find the best plan, and only when they
do not, a search with whole numbers takes over, which is again checked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.scheduling.arrays import Arrays, extended
from engine.scheduling.backend import Answer, Backend
from engine.scheduling.highs_backend import Model
from engine.scheduling.linear import Floats, Indices, Linear, full
from engine.scheduling.section import Pair
from engine.scheduling.status import Status

TOLERANCE = 1e-6
"""Largest common part of two flows, as a share of the larger one's limit or 1 kW, that counts as none."""
NODES = 60
"""Re-solves before a search with whole numbers takes over."""
FEW = 8
"""Up to so many overlaps are tried by re-solves first; more of them cannot be settled in time."""


Fixed: TypeAlias = tuple[tuple[int, bool], ...]
"""Cells decided so far, and whether the first (True) or the second flow is held at zero there."""


@dataclass(frozen=True, slots=True)
class Cells:
    """All pairs, one entry per pair and step."""

    pairs: tuple[Pair, ...]
    first: Indices
    """Columns of the first flow, shape (k, cells); its parts are added, -1 is none."""
    second: Indices
    """Columns of the second flow, shape (k, cells)."""
    lossless: NDArray[np.bool_]
    step: Indices
    """Step of each cell."""

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "Cells":
        """Return the cells of pairs, which are sums of plain columns."""
        lossless = [np.full(pair.first.size, pair.lossless) for pair in pairs]
        return cls(
            tuple(pairs),
            _columns([pair.first for pair in pairs]),
            _columns([pair.second for pair in pairs]),
            np.concatenate([np.empty(0, bool), *lossless]),
            np.concatenate([np.empty(0, np.int32), *(np.arange(pair.first.size, dtype=np.int32) for pair in pairs)]),
        )

    def most(self, arrays: Arrays) -> tuple[Floats, Floats]:
        """Return the largest value that each flow can take, shape (cells,)."""
        limits = [(pair.first.size, pair.most(arrays.lower, arrays.upper)) for pair in self.pairs]
        first = np.concatenate([np.empty(0), *(full(most[0], size) for size, most in limits)])
        return first, np.concatenate([np.empty(0), *(full(most[1], size) for size, most in limits)])

    def overlap(self, x: Floats) -> Floats:
        """Return the forbidden common part of the two flows at each cell, 0 within the tolerance."""
        first, second = _flow(self.first, x), _flow(self.second, x)
        common = np.minimum(first, second)
        if not (common > TOLERANCE).any():
            return np.zeros_like(common)
        allowed = TOLERANCE * np.maximum(1.0, np.maximum(first, second))
        return np.where((common > allowed) & ~self.lossless, common, 0.0)

    def running(self, width: int) -> Floats:
        """Return 1 for each of so many columns that is part of a pair with losses, else 0: the sum is what runs."""
        weights = np.zeros(width)
        for side in (self.first, self.second):
            for cols in side[:, ~self.lossless]:
                weights[cols[cols >= 0]] = 1.0
        return weights

    def netted(self, x: Floats) -> Floats:
        """Return the values with the common part of lossless flows, and any rounding noise, taken off."""
        common = np.minimum(_flow(self.first, x), _flow(self.second, x))
        if not (common > 0).any():
            return x
        x, common = x.copy(), np.maximum(common, 0.0)
        for side in (self.first, self.second):
            left = common.copy()
            for cols in side[::-1]:  # dearer parts first
                use = cols >= 0
                taken = np.minimum(left[use], x[cols[use]])
                x[cols[use]] -= taken
                left[use] -= taken
        return x

    def doubtful(self, cost: Floats) -> NDArray[np.bool_]:
        """Return the cells with losses at steps in which consuming earns or producing costs money by itself."""
        earns = self.lossless & ((cost[self.first[0]] < 0) | (cost[self.second[0]] > 0))
        doubtful: NDArray[np.bool_] = np.isin(self.step, self.step[earns]) & ~self.lossless
        return doubtful

    def paying(self, cost: Floats) -> NDArray[np.bool_]:
        """Return where running both at once earns money by itself: a production price above the consumption price."""
        both = cost[self.first[0]] + cost[self.second[0]]
        paying: NDArray[np.bool_] = both < 0
        if paying.any():  # by more than noise
            paying = both < -1e-9 * np.maximum(1.0, np.abs(cost[self.first[0]]))
        return paying


def _columns(flows: list[Linear]) -> Indices:
    depth = max((len(flow.terms) for flow in flows), default=1)
    found = np.full((depth, sum(flow.size for flow in flows)), -1, dtype=np.int32)
    at = 0
    for flow in flows:
        for part, term in enumerate(flow.terms):
            found[part, at : at + flow.size] = term.cols
        at += flow.size
    return found


def _flow(cols: Indices, x: Floats) -> Floats:
    found: Floats = x[cols[0]]
    for more in cols[1:]:
        found = found + np.where(more >= 0, x[more], 0.0)
    return found


def solve(model: Backend, cells: Cells) -> Answer:
    """Return an optimal plan in which no pair runs together; the model's last run is the one with its duals.

    Args:
        model: The problem, not yet run; its bounds are changed, or more columns added at the end.
        cells: What must not run together.
    """
    arrays = model.arrays
    must = cells.paying(arrays.cost)
    if must.any() or arrays.integers.any():
        return _search(model, cells, must)
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
        known, overlapping = branches.best, overlapping | branches.seen
    model.load(arrays)  # without the cuts and the bounds of the branches
    return _search(model, cells, overlapping | cells.doubtful(arrays.cost), known)


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
            if not stack:
                break
            fixed = stack.pop()
            answer = self._run(fixed)
            if not answer.has_plan or not self._promising(answer):
                continue
            overlap = self.cells.overlap(answer.x)
            if not overlap.any():
                self.best, self.best_fixed = answer, fixed
                continue
            self.seen = self.seen | (overlap > 0)
            stack += self._children(fixed, int(np.argmax(overlap)), answer.x)
        if stack:
            return None
        if self.best is None:
            return Answer(Status.INFEASIBLE, np.inf, root.x[:0], root.x[:0], root.x[:0])
        return self._run(self.best_fixed)

    def _promising(self, answer: Answer) -> bool:
        return self.best is None or answer.objective < self.best.objective - 1e-9 * max(1.0, abs(self.best.objective))

    def _children(self, fixed: Fixed, cell: int, x: Floats) -> list[Fixed]:
        """Return both ways to go on; the last one, which is tried first, keeps the larger flow."""
        at = slice(cell, cell + 1)
        first_larger = bool(_flow(self.cells.first[:, at], x)[0] > _flow(self.cells.second[:, at], x)[0])
        return [(*fixed, (cell, first_larger)), (*fixed, (cell, not first_larger))]

    def _run(self, fixed: Fixed) -> Answer:
        """Solve with the first (True) or second flow of each cell held at zero."""
        upper = self.model.arrays.upper.copy()
        for cell, first in fixed:
            cols = (self.cells.first if first else self.cells.second)[:, cell]
            upper[cols[cols >= 0]] = 0.0
        lower = np.minimum(self.model.arrays.lower, upper)
        self.model.change_bounds(self.columns, lower[self.columns], upper[self.columns])
        return self.model.run()


def _add_cuts(model: Model, cells: Cells, at: NDArray[np.integer]) -> None:
    """Add first/most + second/most ≤ 1 where both are limited: what the whole numbers would imply."""
    first, second = cells.most(model.arrays)
    at = at[np.isfinite(first[at]) & np.isfinite(second[at]) & (first[at] > 0) & (second[at] > 0)]
    if not len(at):
        return
    cols = np.concatenate([cells.first[:, at], cells.second[:, at]])
    depth = len(cells.first)
    most = np.concatenate([np.tile(first[at], (depth, 1)), np.tile(second[at], (depth, 1))])
    use = (cols >= 0).T
    start = np.concatenate([[0], np.cumsum(use.sum(axis=1))[:-1]]).astype(np.int32)
    model.add_rows(np.ones(len(at)), start, cols.T[use].astype(np.int32), (1.0 / most).T[use])


def _search(model: Backend, cells: Cells, candidates: NDArray[np.bool_], known: Answer | None = None) -> Answer:
    """Search with whole numbers at the candidates, then at all cells with losses if others run together."""
    plain = model.arrays
    for _round in range(4):
        at = np.flatnonzero(candidates)
        model.load(with_choices(plain, cells, at))
        if isinstance(model, Model) and known is not None:
            model.suggest(np.concatenate([known.x, _flow(cells.first[:, at], known.x) > 0]))
        answer = model.run()
        if not answer.has_plan:
            return answer
        overlapping = cells.overlap(answer.x) > 0
        if not overlapping.any():
            break
        candidates = candidates | overlapping if _round == 0 else candidates | overlapping | ~cells.lossless
    return _priced(model, answer)


def _priced(model: Backend, searched: Answer) -> Answer:
    """Return the plan again with its whole numbers held fixed: exact to the last digit and with duals."""
    arrays = model.arrays
    whole = np.flatnonzero(arrays.integers).astype(np.int32)
    values = np.round(searched.x[whole])
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    lower[whole], upper[whole] = values, values
    model.load(replace(arrays, lower=lower, upper=upper, integers=np.zeros_like(arrays.integers)))
    answer = model.run()
    return Answer(searched.status, answer.objective, answer.x, answer.row_dual, answer.col_dual, searched.gap)


def with_choices(arrays: Arrays, cells: Cells, at: NDArray[np.integer]) -> Arrays:
    """Return the problem with a choice between the two flows at some cells: a whole number and two rows each.

    Raises:
        InputError: A flow that has to be chosen has no limit.
    """
    first_most, second_most = cells.most(arrays)
    if not np.isfinite(first_most[at]).all() or not np.isfinite(second_most[at]).all():
        raise InputError(
            "Where running both ways at once would pay, the plan needs a limit on power in both directions; "
            "add power-capacity or site-power-capacity."
        )
    m, width, height = len(at), arrays.width, arrays.height
    choice = np.arange(width, width + m)
    entries = []
    for side, most, sign in ((cells.first, first_most, -1.0), (cells.second, second_most, 1.0)):
        row = height + np.arange(m) + (m if sign > 0 else 0)
        for part in side[:, at]:
            entries.append((row[part >= 0], part[part >= 0], np.ones(int((part >= 0).sum()))))
        entries.append((row, choice, sign * most[at]))
    upper = np.concatenate([np.zeros(m), second_most[at]])
    rows, cols, values = (np.concatenate(each) for each in zip(*entries, strict=True))
    return extended(arrays, m, upper, (rows, cols, values))
