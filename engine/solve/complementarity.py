"""Pairs of flows that must not run together, step by step, and the choice between them as whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError
from engine.model.arrays import Arrays, extended
from engine.model.block import ExclusiveFlows
from engine.model.linear import Floats, Indices, Linear, full

TOLERANCE = 1e-6
"""Largest common part of two flows, as a share of the larger one's limit or 1 kW, that counts as none."""


@dataclass(frozen=True, slots=True)
class Cells:
    """All pairs, one entry per pair and step."""

    pairs: tuple[ExclusiveFlows, ...]
    first: Indices
    """Columns of the first flow, shape (k, cells); its parts are added, -1 is none."""
    second: Indices
    """Columns of the second flow, shape (k, cells)."""
    lossless: NDArray[np.bool_]
    step: Indices
    """Step of each cell."""

    @classmethod
    def of(cls, pairs: Sequence[ExclusiveFlows]) -> "Cells":
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
        # Asked of what stands behind each flow: its own column may have no limit though every device has one.
        limits = [(pair.first.size, pair.most(arrays.lower, arrays.upper)) for pair in self.pairs]
        first = np.concatenate([np.empty(0), *(full(most[0], size) for size, most in limits)])
        return first, np.concatenate([np.empty(0), *(full(most[1], size) for size, most in limits)])

    def overlap(self, x: Floats) -> Floats:
        """Return the forbidden common part of the two flows at each cell, 0 within the tolerance."""
        first, second = flow(self.first, x), flow(self.second, x)
        common = np.minimum(first, second)
        # Nearly always nothing runs together: the exact tolerance is worked out only where something might.
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
        common = np.minimum(flow(self.first, x), flow(self.second, x))
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


def flow(cols: Indices, x: Floats) -> Floats:
    """Return the sum of the columns of each cell, shape (cells,)."""
    found: Floats = x[cols[0]]
    for more in cols[1:]:
        found = found + np.where(more >= 0, x[more], 0.0)
    return found


def with_choices(arrays: Arrays, cells: Cells, at: NDArray[np.integer]) -> Arrays:
    """Return the problem with a choice between the two flows at some cells: a whole number and two rows each.

    With the flows f and g, the most that they can be F and G, and z ∈ {0, 1}: f ≤ F · z and g ≤ G · (1 - z).

    Raises:
        FieldError: A flow that has to be chosen has no limit.
    """
    first_most, second_most = cells.most(arrays)
    if not np.isfinite(first_most[at]).all() or not np.isfinite(second_most[at]).all():
        raise FieldError(
            "site-power-capacity",
            "where running both ways at once would pay, the plan needs a limit on power in both directions; add this "
            "or power-capacity.",
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


def relaxed_choices(arrays: Arrays, cells: Cells) -> Arrays:
    """Return the problem without whole numbers, in which flows that would pay together share what each can be at most.

    Without that, nothing would keep them from running together without end. More columns may stand at the end.
    """
    relaxed = with_choices(arrays, cells, at) if len(at := np.flatnonzero(cells.paying(arrays.cost))) else arrays
    return replace(relaxed, integers=np.zeros_like(relaxed.integers))
