"""What is paid for once at its highest, such as a peak or a breach: its level is branched on.

With caps on the levels, the rest is a path. With the amounts q_it that level i counts, no plan whose levels lie between
l and u costs less than

    Σ_i price_i · l_i + min over paths below u of (cost without levels + Σ_i Σ_t λ_it · max(0, q_it - free_it - l_i))

whatever the spread of each price over the steps: λ_it ≥ 0, Σ_t λ_it = price_i. For the best spread this comes near to
the best plan between them while l and u are still far apart.

Source:
    Geoffrion, Mathematical Programming Study 2 (1974) 82-114: Lagrangean bounds; the step of Polyak, USSR Computational
    Mathematics and Mathematical Physics 9 (1969) 14-29.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.model.linear import Floats
from engine.search.levels import SIGNS, Surcharge
from engine.search.paths.store_path import cheapest_path
from engine.search.store_site import StoreSite
from engine.search.store_steps import limits, ways_and_ticks
from engine.solve.backend import share_above
from engine.solve.budget import Budget

MOST_PATHS = 2000
"""So many paths are tried at most."""
PER_STEP = 3e-4
"""What a path takes for each step, with and without machine code between them [s]."""
SPREADS = (12, 3)
"""So many spreads are tried at first, and for each part of it later."""
_SAME = 1e-7
"""Rounding of the paths, as share of the cost."""


class Plan(NamedTuple):
    """What one path comes to."""

    cost: float
    """Levels included [currency]."""
    power: Floats
    """Of the store [kW], shape (n,)."""
    net: Floats
    """Of the site [kW], shape (n,)."""
    soc: Floats
    """Energy at the end of each step [kWh], shape (n,)."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Levels between two caps."""

    least: Floats
    most: Floats
    cost: float
    """Cost of the cheapest path under the most ones, levels aside."""
    excess: Floats
    """Levels of that path."""
    bound: float
    """No plan in it costs less."""
    spread: Floats
    """How prices are spread over the steps for that, shape (levels, n)."""


class _Path(NamedTuple):
    """The cheapest path under some caps and surcharges."""

    cost: float
    """Surcharges included, levels aside."""
    excess: Floats
    """Its levels, shape (levels,)."""
    net: Floats
    """Power of the site [kW], shape (n,)."""


class LevelSearch:
    """Branch and bound on the levels of a site.

    Attributes:
        best: The best plan so far, if there is any.
    """

    def __init__(self, parts: StoreSite, budget: Budget) -> None:
        self.parts, self.budget = parts, budget
        self.prices = np.array([level.price for level in parts.levels])
        self.best: Plan | None = None
        self._paths = 0

    @property
    def cost(self) -> float:
        """Cost of the best plan so far [currency]."""
        return np.inf if self.best is None else self.best.cost

    def run(self) -> float:
        """Search until the plan is good enough; return what no plan costs less than."""
        levels = len(self.prices)
        root = self._root(np.zeros(levels), np.full(levels, np.inf))
        if root is None:
            return np.inf
        # The number keeps boxes of equal bound from being compared with each other.
        number, open_boxes = count(), [(root.bound, 0, root)]
        while open_boxes and self._paths < MOST_PATHS and not self.budget.is_over:
            if self._is_good_enough(open_boxes[0][0]):
                break
            _, _, box = heappop(open_boxes)
            for part in self._halves(box):
                if part.bound < self.cost:
                    heappush(open_boxes, (part.bound, next(number) + 1, part))
        return min(self.cost, open_boxes[0][0]) if open_boxes else self.cost

    def _is_good_enough(self, bound: float) -> bool:
        """Return whether a better plan is not to be searched for where none costs less than a bound."""
        if self.cost - bound <= _SAME * max(1.0, abs(self.cost)):
            return True
        return self.budget.will_do(share_above(self.cost, bound), self._paths * len(self.parts.load) * PER_STEP)

    def _root(self, least: Floats, most: Floats) -> _Box | None:
        """Return all levels; None if there is no plan."""
        path, n = self._path(most), len(self.parts.load)
        if path is None:
            return None
        bound = path.cost + float(self.prices @ least)
        spread = np.zeros((len(self.prices), n))
        for at, counts in enumerate(self._counts()):
            spread[at, counts] = self.prices[at] / max(counts.sum(), 1)
        return self._spread(_Box(least, most, path.cost, np.maximum(path.excess, least), bound, spread), SPREADS[0])

    def _counts(self) -> list[NDArray[np.bool_]]:
        """Return the steps over which the price of each level is spread."""
        return [np.isfinite(level.free) & (level.quantity in SIGNS) for level in self.parts.levels]

    def _path(self, most: Floats, surcharges: tuple[Surcharge, ...] = ()) -> _Path | None:
        """Return the cheapest path; None if none keeps the caps."""
        self._paths += 1
        parts = replace(self.parts, surcharges=surcharges)
        may = limits(parts, most)
        given = ways_and_ticks(parts, may)
        if given is None:
            return None
        worth = parts.store.end_value if isinstance(parts.store.end_value, float | int) else 0.0
        cost, soc = cheapest_path(*given, parts.store.soc_at_start, -float(worth))
        if not len(soc):
            return None
        before = np.concatenate([[parts.store.soc_at_start], soc[:-1]])
        power = parts.power(soc - given[1].kept * before - given[1].gained)
        net = parts.best_net(power, *may.net)
        excess = np.array([parts.excess(level, power, net, soc) for level in parts.levels])
        total = cost - float(parts.surcharge(net).sum()) + float(self.prices @ excess)
        if total < self.cost:
            self.best = Plan(total, power, net, soc)
        return _Path(cost, excess, net)

    def _spread(self, box: _Box, rounds: int) -> _Box:
        """Return a box with a better bound, from prices that are spread over the steps that its paths make dear."""
        counts, spread, length = self._counts(), box.spread, 1.0
        uphill = np.zeros_like(spread)
        for _round in range(rounds if any(each.any() for each in counts) else 0):
            if box.bound >= self.cost or self._is_good_enough(box.bound) or self.budget.is_over:
                break
            path = self._path(box.most, self._surcharges(box.least, spread))
            if path is None:
                break
            bound = path.cost + float(self.prices @ box.least)
            length = length if bound > box.bound else 0.5 * length
            if bound > box.bound or not uphill.any():
                box = replace(box, bound=max(bound, box.bound), spread=spread)
                for at, (level, here) in enumerate(zip(self.parts.levels, counts, strict=True)):
                    if here.any():
                        above = SIGNS[level.quantity] * path.net - level.free - box.least[at]
                        uphill[at, here] = np.maximum(above[here], 0.0)
                        uphill[at, here] -= uphill[at, here].mean()
            steep = float((uphill**2).sum())
            if not steep:
                break
            spread = box.spread + length * (self.cost - box.bound) / steep * uphill
            for at, here in enumerate(counts):
                if here.any():
                    spread[at, here] = nearest_shares(spread[at, here], float(self.prices[at]))
        return box

    def _surcharges(self, least: Floats, spread: Floats) -> tuple[Surcharge, ...]:
        """Return what each kW beyond the least levels costs in each step."""
        levels = zip(self.parts.levels, least, spread, strict=True)
        signs = [(SIGNS.get(level.quantity), level.free + low, prices) for level, low, prices in levels]
        return tuple(Surcharge(sign, above, prices) for sign, above, prices in signs if sign is not None)

    def _halves(self, box: _Box) -> Iterator[_Box]:
        """Return the parts of a box, split where its bound is farthest from what its path costs.

        Levels above those of the path cost more and save nothing; nor do those that cost more than the best plan.
        """
        at = int(np.argmax(self.prices * (box.excess - box.least)))
        room = (self.cost - box.cost - float(self.prices @ box.least)) / self.prices
        middle = 0.5 * (box.least[at] + min(box.excess[at], box.least[at] + room[at]))
        most = np.minimum(box.most, box.least + room)
        lower_most, upper_least = most.copy(), box.least.copy()
        lower_most[at] = upper_least[at] = middle
        path = self._path(lower_most)
        if path is not None:
            bound = max(box.bound, path.cost + float(self.prices @ box.least))
            excess = np.maximum(path.excess, box.least)
            yield self._spread(_Box(box.least, lower_most, path.cost, excess, bound, box.spread), SPREADS[1])
        # No path of its own is needed: its caps are those of the box that is split.
        bound = max(box.bound, box.cost + float(self.prices @ upper_least))
        excess = np.maximum(box.excess, upper_least)
        yield self._spread(_Box(upper_least, most, box.cost, excess, bound, box.spread), SPREADS[1])


def nearest_shares(values: Floats, total: float) -> Floats:
    """Return the numbers of 0 or more with a total that lie nearest to some values.

    Source:
        Held, Wolfe and Crowder, Mathematical Programming 6 (1974) 62-88: projection onto a simplex.
    """
    # From the largest down: beside values of 1e16, as long steps leave them, the total itself would be rounded off.
    values = values - values.max()
    falling = np.sort(values)[::-1]
    over = (np.cumsum(falling) - total) / np.arange(1, len(values) + 1)
    nearest: Floats = np.maximum(values - over[np.flatnonzero(falling > over)[-1]], 0.0)
    return nearest
