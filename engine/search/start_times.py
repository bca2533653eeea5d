"""When processes that share a peak or a limit had best run: local search, one and two at a time.

Each is moved to its exact best time beside all others, in any order, until none and no pair of them gains by moving;
then again from another order, as long as there is time. What comes out is no proof, but a good plan to begin a search
with.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from engine.devices.process import Process, ProcessType
from engine.model.linear import Floats, Values, full
from engine.search.store_site import Level
from engine.site import Connection
from engine.solve.budget import Budget
from engine.tariffs import EnergyTariff

BREACH = 1e3
"""Price of power beyond a hard limit, as multiple of all other prices."""
RESTARTS = 10
PAIRS = 30
"""Pairs of processes are moved if there are no more processes than this."""
Runs: TypeAlias = dict[str, Floats]
"""By the name of each process: 1 for each step in which it runs, else 0, shape (n,)."""


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

    def best_runs(self, process: Process, beside: Floats, starts: NDArray[np.bool_]) -> Floats:
        """Return 1 for each step in which a process had best run beside a power [kW], shape (n,)."""
        n, running = len(beside), beside + process.power
        more = self.of_steps(running) - self.of_steps(beside)
        if process.kind is ProcessType.BREAKABLE:
            for level in self.levels:
                reached = float(np.max(beside - level.free, initial=0.0))
                more = more + level.price * np.maximum(running - level.free - reached, 0.0)
            runs = np.zeros(n)
            runs[np.argsort(np.where(process.allowed(n) > 0, more, np.inf), kind="stable")[: process.steps]] = 1.0
            return runs
        total = np.concatenate([[0.0], more.cumsum()])
        cost = total[process.steps :] - total[: -process.steps]
        for level in self.levels:
            reached = float(np.max(beside - level.free, initial=0.0))
            highest = sliding_window_view(running - level.free, process.steps).max(axis=1)
            cost = cost + level.price * np.maximum(highest, reached)
        return process.placed([int(np.argmin(np.where(starts[: len(cost)], cost, np.inf)))], n, 1.0)


def best_times(processes: Sequence[Process], load: Floats, costs: Costs, budget: Budget) -> Runs:
    """Return when processes run at the least cost found.

    Args:
        processes: SHIFTABLE or BREAKABLE, all of one connection.
        load: Power of everything else [kW], shape (n,).
        costs: What their power costs.
        budget: When to end.
    """
    n, rng = len(load), np.random.default_rng(0)  # the same site gives the same plan
    starts = {
        each.name: each.possible_starts(n) if each.kind is ProcessType.SHIFTABLE else each.allowed(n) > 0
        for each in processes
    }
    best: tuple[float, Runs] | None = None
    for restart in range(RESTARTS):
        # The largest first: small ones find room beside it more easily than it would beside them.
        order = sorted(processes, key=lambda each: -each.power * each.steps)
        if restart:
            order = [order[at] for at in rng.permutation(len(order))]
        net, runs = load.copy(), dict[str, Floats]()
        for each in order:
            runs[each.name] = costs.best_runs(each, net, starts[each.name])
            net = net + each.power * runs[each.name]
        cost = _improved(processes, runs, net, (costs, starts, budget))
        if best is None or cost < best[0] - 1e-9:
            best = cost, runs
        if budget.is_over:
            break
    return {} if best is None else best[1]


def _improved(
    processes: Sequence[Process], runs: Runs, net: Floats, given: tuple[Costs, dict[str, NDArray[np.bool_]], Budget]
) -> float:
    """Move one and two processes as long as that gains; return the cost. The runs are changed."""
    costs, starts, budget = given
    cost, gained = costs.total(net), True
    while gained:
        gained = False
        moves: list[tuple[Process, ...]] = [(each,) for each in processes]
        if len(processes) <= PAIRS:
            moves += [(one, other) for at, one in enumerate(processes) for other in processes[:at]]
        for moved in moves:
            if budget.is_over:
                break
            others = net - sum(each.power * runs[each.name] for each in moved)
            at, tried = others, Runs()
            for each in moved:
                tried[each.name] = costs.best_runs(each, at, starts[each.name])
                at = at + each.power * tried[each.name]
            if (total := costs.total(at)) < cost - 1e-9:
                cost, net, gained = total, at, True
                runs.update(tried)
    return cost
