"""The best plan of a site of one store, whatever its prices: exact, and without whole numbers.

Where something is paid for once at its highest, such as a peak or a breach, its level is branched on: with a cap on
the level the rest is a path, whose cost V falls as the cap rises. Levels between l and u hence cost V(u) + price · l at
least.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

import numpy as np

from engine.devices.running import OperatingRange
from engine.model.linear import Floats, full
from engine.search.store_path import cheapest_path
from engine.search.store_site import StoreSite
from engine.search.store_steps import limits, ways_and_ticks
from engine.site import Site
from engine.solve.budget import Budget

MOST_PATHS = 400
"""So many caps are tried at most."""


@dataclass(frozen=True, slots=True)
class StorePlan:
    """What a store does, what that costs at most and what no plan costs less than."""

    power: Floats
    """Power of the store, positive when it takes [kW], shape (n,)."""
    net: Floats
    """Power of the site, positive when it buys [kW], shape (n,)."""
    cost: float
    """Cost of the plan [currency]."""
    bound: float
    """No plan costs less [currency]."""
    soc: Floats
    """Energy in the store at the end of each step [kWh], shape (n,)."""
    own_cost: float
    """What of the cost is not paid for what the site buys and sells [currency]."""


@dataclass(frozen=True, slots=True)
class _Box:
    """Levels between two caps."""

    least: Floats
    most: Floats
    cost: float
    """Cost of the cheapest path under the most ones, levels aside."""
    excess: Floats
    """Levels of that path."""


def plan_store(site: Site, budget: Budget) -> StorePlan | None:
    """Return the best plan of a site, or one within the gap of a budget; None if it is of another kind or has none."""
    parts = StoreSite.of(site)
    return None if parts is None else _LevelSearch(parts, budget).plan()


class _LevelSearch:
    """Branch and bound on the levels of a site."""

    def __init__(self, parts: StoreSite, budget: Budget) -> None:
        self.parts, self.budget = parts, budget
        self.prices = np.array([level.price for level in parts.levels])
        self.best: tuple[float, Floats, Floats, Floats] = (np.inf, np.empty(0), np.empty(0), np.empty(0))
        """Cost, power of the store and of the site, and energy, of the best plan so far."""

    def plan(self) -> StorePlan | None:
        """Return the best plan."""
        levels = len(self.prices)
        root = self._box(np.zeros(levels), np.full(levels, np.inf))
        if root is None:
            return None
        # The number keeps boxes of equal bound from being compared with each other.
        number, open_boxes = count(), [(self._bound(root), 0, root)]
        paths = 1
        while open_boxes and paths < MOST_PATHS and not self.budget.is_over:
            missing = self.best[0] - open_boxes[0][0]  # no plan saves more than this
            if missing <= 1e-7 * max(1.0, abs(self.best[0])):  # rounding of the paths: the plan is the best one
                break
            if missing <= self.budget.gap * abs(self.best[0]) and not self.budget.is_patient:
                break
            _, _, box = heappop(open_boxes)
            for part in self._halves(box):
                paths += 1
                if self._bound(part) < self.best[0]:
                    heappush(open_boxes, (self._bound(part), next(number) + 1, part))
        cost, power, net, soc = self.best
        bound = min(cost, open_boxes[0][0]) if open_boxes else cost
        return StorePlan(power, net, cost, bound, soc, cost - self.parts.exchange_cost(power, net))

    def _bound(self, box: _Box) -> float:
        return box.cost + float(self.prices @ box.least)

    def _box(self, least: Floats, most: Floats) -> _Box | None:
        """Return the levels between two caps; None if no plan keeps the higher ones."""
        parts, may = self.parts, limits(self.parts, most)
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
        total = cost + float(self.prices @ excess)
        if total < self.best[0]:
            self.best = total, power, net, soc
        return _Box(least, most, cost, np.maximum(excess, least))

    def _halves(self, box: _Box) -> Iterator[_Box]:
        """Return the parts of a box, split where its bound is farthest from what its path costs.

        Levels above those of the path cost more and save nothing; nor do those that cost more than the best plan.
        """
        at = int(np.argmax(self.prices * (box.excess - box.least)))
        room = (self.best[0] - self._bound(box)) / self.prices
        middle = 0.5 * (box.least[at] + min(box.excess[at], box.least[at] + room[at]))
        lower_most, upper_least = np.minimum(box.most, box.least + room), box.least.copy()
        lower_most[at] = upper_least[at] = middle
        lower = self._box(box.least, lower_most)
        if lower is not None:
            yield lower
        # No path of its own is needed: its caps are those of the box that is split.
        yield _Box(upper_least, box.most, box.cost, np.maximum(box.excess, upper_least))


def modes(bands: tuple[OperatingRange, ...], power: Floats, most: tuple[Floats, Floats]) -> list[Floats]:
    """Return 1 for each way to run and step in which it is the one of a power, else 0, shape (ways, n); see add_bands.

    Args:
        bands: Ways to run, of which some go both ways.
        power: What the device does [kW], shape (n,).
        most: Most power taken and given [kW], each shape (n,).
    """
    ways = [way for band in bands for way in band.one_way]
    off = []
    for produces, least, highest in ways:
        flow = -power if produces else power
        limit = np.minimum(highest, full(most[1] if produces else most[0], len(power)))
        off.append(np.maximum(np.maximum(least - flow, flow - limit), 0.0))
    # Rounded, so that of ways equally near the first is taken, whatever the noise.
    chosen = np.argmin(np.round(np.stack(off), 7), axis=0)
    return [(chosen == at).astype(float) for at in range(len(ways))]
