"""When processes that share a peak or a limit had best run: local search, one and two runs at a time.

Each run is moved to its exact best time beside all others, or left out if it may be, in any order, until none and no
pair of them gains by moving; then again from another order, as long as there is time. What comes out is no proof, but a
good plan to begin a search with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.devices.process import Process, ProcessType
from engine.model.linear import Floats, Values, full
from engine.search.levels import Level
from engine.site import Connection
from engine.solve.budget import Budget
from engine.tariffs import EnergyTariff

BREACH = 1e3
"""Price of power beyond a hard limit, as multiple of all other prices."""
RESTARTS = 10
PAIRS = 30
"""Pairs of runs are moved if there are no more runs than this."""


class Work(NamedTuple):
    """One run of a process; all of it, if it is BREAKABLE."""

    process: Process
    number: int


class Placed(NamedTuple):
    """When a run takes place."""

    running: Floats
    """1 for each step in which it runs, else 0, shape (n,)."""
    power: Floats
    """[kW], shape (n,)."""
    start: int
    """The step in which it begins; -1 if it is left out."""


Places: TypeAlias = dict[Work, Placed]


@dataclass(frozen=True, slots=True)
class Costs:
    """What a power of the site costs."""

    connection: Connection
    buy: Floats
    """Price of energy bought [currency/kWh], shape (n,)."""
    sell: Floats
    """Price of energy sold [currency/kWh], shape (n,)."""
    levels: tuple[Level, ...]
    """Prices of the highest power bought."""
    hours: Values
    """Length of each step [h]."""

    @classmethod
    def of(cls, connection: Connection, levels: Sequence[Level], n: int, hours: Values) -> "Costs":
        """Return what is paid at a connection, and for levels of what is bought there."""
        energy = [each for each in connection.tariffs if isinstance(each, EnergyTariff)]
        buy = sum((full(each.consumption_price, n) for each in energy), np.zeros(n))
        sell = sum((full(each.production_price, n) for each in energy), np.zeros(n))
        dearest = float(np.abs(buy).max() + np.abs(sell).max()) + sum(level.price for level in levels)
        hard = Level("bought", full(connection.consumption_limit, n), BREACH * (dearest + 1.0))
        bought = [level for level in levels if level.quantity == "bought"]
        return cls(connection, buy, sell, (*bought, hard), hours)

    def of_steps(self, net: Floats) -> Floats:
        """Return what each step costs [currency], shape (n,)."""
        paid = np.maximum(net, 0.0) * self.buy - np.maximum(-net, 0.0) * self.sell
        if (soft := self.connection.soft_consumption) is not None:
            paid = paid + np.maximum(net - soft.limit, 0.0) * soft.hourly_price
        return paid * self.hours

    def total(self, net: Floats) -> float:
        """Return what a power costs in all [currency]."""
        peaks = sum(level.price * float(np.max(net - level.free, initial=0.0)) for level in self.levels)
        return float(self.of_steps(net).sum()) + peaks

    def best_place(self, work: Work, beside: Floats, closed: NDArray[np.bool_]) -> Placed | None:
        """Return the best time of a run beside a power [kW]; None if it finds no room and may not be left out.

        Args:
            work: The run.
            beside: Power of all else [kW], shape (n,).
            closed: Steps in which it may not run, or for one in one piece not begin, shape (n,).
        """
        process, n = work.process, len(beside)
        in_pieces = process.kind is ProcessType.BREAKABLE
        more = self._of_pieces(process, beside) if in_pieces else self._of_starts(process, beside)
        more = np.where(closed[: len(more)], np.inf, more)
        room = int(np.isfinite(more).sum())
        chosen = np.argsort(more, kind="stable")[: process.steps if in_pieces else 1]
        fits = room >= process.steps if in_pieces else room > 0
        if process.ceiling is not None and not (fits and float(more[chosen].sum()) <= process.ceiling):
            return Placed(np.zeros(n), np.zeros(n), -1)
        if not fits:
            return None
        if in_pieces:
            running = np.zeros(n)
            running[chosen] = 1.0
            return Placed(running, running * process.power, int(chosen.min()))
        start = int(chosen[0])
        return Placed(process.placed([start], n, 1.0), process.placed([start], n, process.power), start)

    def _of_pieces(self, process: Process, beside: Floats) -> Floats:
        """Return what running in each step costs more [currency], shape (n,)."""
        running = beside + process.power
        more = self.of_steps(running) - self.of_steps(beside)
        for level in self.levels:
            reached = float(np.max(beside - level.free, initial=0.0))
            more = more + level.price * np.maximum(running - level.free - reached, 0.0)
        return more

    def _of_starts(self, process: Process, beside: Floats) -> Floats:
        """Return what a run that begins in a step costs more [currency], shape (n - steps + 1,)."""
        count, before = len(beside) - process.steps + 1, self.of_steps(beside)
        reached = [float(np.max(beside - level.free, initial=0.0)) for level in self.levels]
        if not isinstance(process.power, np.ndarray):
            running = beside + process.power
            total = np.concatenate([[0.0], (self.of_steps(running) - before).cumsum()])
            cost: Floats = total[process.steps :] - total[:count]
            for level, so_far in zip(self.levels, reached, strict=True):
                highest = sliding_window_view(running - level.free, process.steps).max(axis=1)
                cost = cost + level.price * np.maximum(highest - so_far, 0.0)
            return cost
        cost, highest = np.zeros(count), [np.zeros(count) for _ in self.levels]
        for step, power in enumerate(process.power.tolist()):
            running = beside + power
            cost += (self.of_steps(running) - before)[step : step + count]
            for at, level in enumerate(self.levels):
                np.maximum(highest[at], (running - level.free)[step : step + count] - reached[at], out=highest[at])
        for level, each in zip(self.levels, highest, strict=True):
            cost += level.price * each
        return cost


def best_times(processes: Sequence[Process], load: Floats, costs: Costs, budget: Budget) -> Places:
    """Return when processes run at the least cost found; none where some run finds no room.

    Args:
        processes: Those whose time is to be chosen, all of one connection.
        load: Power of everything else, and of runs that have begun [kW], shape (n,).
        costs: What their power costs.
        budget: When to end.
    """
    works = [Work(process, number) for process in processes for number in range(process.runs)]
    rng = np.random.default_rng(0)  # the same site gives the same plan
    best: tuple[float, Places] | None = None
    for restart in range(RESTARTS):
        # The largest first: small ones find room beside it more easily than it would beside them.
        order = sorted(works, key=lambda each: -float(full(each.process.power, each.process.steps).sum()))
        if restart:
            order = [order[at] for at in rng.permutation(len(order))]
        search = _Search(works, load, costs)
        if search.begin(order):
            search.improve(budget)
            if best is None or search.cost < best[0] - 1e-9:
                best = search.cost, search.places
        if budget.is_over:
            break
    return {} if best is None else best[1]


class _Search:
    """Where all runs are placed, and what that costs."""

    def __init__(self, works: Sequence[Work], load: Floats, costs: Costs) -> None:
        self.works, self.costs, self.net = works, costs, load
        self.places: Places = {}
        self.cost = np.inf
        """[currency]."""
        n = len(load)
        self.starts = {each.process.name: ~_may_begin(each.process, n) for each in works}

    def begin(self, order: Sequence[Work]) -> bool:
        """Place one run after the other; return whether each found room."""
        for work in order:
            place = self.costs.best_place(work, self.net, self._closed(work, self.places))
            if place is None:
                return False
            self.places[work], self.net = place, self.net + place.power
        self.cost = self._total(self.net, self.places)
        return True

    def improve(self, budget: Budget) -> None:
        """Move one and two runs as long as that gains."""
        moves: list[tuple[Work, ...]] = [(work,) for work in self.works]
        if len(self.works) <= PAIRS:
            moves += list(combinations(self.works, 2))
        gained = True
        while gained:
            gained = False
            for moved in moves:
                if budget.is_over:
                    return
                gained |= self._move(moved)

    def _move(self, moved: tuple[Work, ...]) -> bool:
        """Place some runs anew if that gains; return whether it does."""
        places = {work: place for work, place in self.places.items() if work not in moved}
        net = self.net - sum(self.places[work].power for work in moved)
        for work in moved:
            place = self.costs.best_place(work, net, self._closed(work, places))
            if place is None:
                return False
            places[work], net = place, net + place.power
        total = self._total(net, places)
        if total >= self.cost - 1e-9:
            return False
        self.places, self.net, self.cost = places, net, total
        return True

    def _total(self, net: Floats, places: Places) -> float:
        left_out = sum(work.process.ceiling or 0.0 for work, place in places.items() if place.start < 0)
        return self.costs.total(net) + left_out

    def _closed(self, work: Work, places: Places) -> NDArray[np.bool_]:
        """Return where a run may not begin, or a BREAKABLE one not run, beside others that are placed, shape (n,)."""
        process, n = work.process, len(self.net)
        closed = self.starts[process.name].copy()
        busy = np.zeros(n, dtype=bool)
        for other, place in places.items():
            if other.process is process and place.start >= 0:
                apart = process.steps + process.pause
                closed[max(place.start - apart + 1, 0) : place.start + apart] = True
            elif process.exclusion is not None and other.process.exclusion == process.exclusion:
                busy |= place.running > 0.0
        if process.exclusion is not None:
            begun = (each.process.begun for each in self.works if each.process.exclusion == process.exclusion)
            # Runs that have begun are not placed here, but keep the others of their group waiting.
            busy = np.logical_or.reduce([busy, *(full(each, n) != 0.0 for each in begun)])
        if process.kind is ProcessType.BREAKABLE:
            return closed | busy
        so_far = np.concatenate([[0], busy.cumsum()])
        last = n - process.steps + 1
        closed[:last] |= so_far[process.steps :] > so_far[:last]
        return closed


def _may_begin(process: Process, n: int) -> NDArray[np.bool_]:
    """Return where a run may begin whatever others do, or where a BREAKABLE one may run, shape (n,)."""
    if process.kind is ProcessType.BREAKABLE:
        return process.allowed(n) > 0
    starts = process.possible_starts(n)
    if process.kind is ProcessType.INFLEXIBLE:  # what is left to choose is whether it runs
        starts = starts & np.isin(np.arange(n), process.earliest_starts(n))
    return starts
