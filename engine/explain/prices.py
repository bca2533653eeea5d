"""Until which price of energy a choice stays the best, and from which one another choice would be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

import numpy as np

from engine.errors import InputError
from engine.explain.best_cost.moving_problem import Direction, MovedBounds, MovingProblem
from engine.explain.best_cost.replanning import Replanning
from engine.explain.best_cost.value_function import MOST_SOLVES, Evaluator, Line, edge, is_equal
from engine.model.limits import exchanged
from engine.model.linear import Floats, full
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff

_SCAN: Final = (1 / 27, 1 / 9, 1 / 3, 1.0)
"""Shares of the range at which a price is tried first, before the edge between two of them is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceEdge:
    """A price of energy at which the best choice becomes another one."""

    price: float
    """The price at the step asked about [currency/kWh]; for several steps the mean of their prices."""
    change: float
    """By how much it differs from the price that was planned with [currency/kWh]."""
    power: float
    """What the part would do beyond it, in the step asked about [kW], positive when consuming."""
    exact: bool
    """Whether it is proven to be the price; else the choice holds at least that far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRange:
    """Prices of energy for which a choice stays the best; both directions of a connection move by the same amount."""

    price: float
    """The price that was planned with [currency/kWh]; for several steps the mean of theirs."""
    reach: float
    """Prices up to so much lower and higher were tried [currency/kWh]."""
    below: PriceEdge | None
    """The first lower price with another choice; None: no price in reach has one."""
    above: PriceEdge | None
    """The first higher price with another choice, likewise."""


def energy_price(connection: Connection, n: int) -> Floats:
    """What energy bought costs [currency/kWh], all prices of it together, shape (n,).

    Raises:
        InputError: It has no price.
    """
    prices = [each.consumption_price for each in connection.tariffs if isinstance(each, EnergyTariff)]
    if not prices:
        raise InputError(f"{connection.commodity} has no price of energy; add consumption-price.")
    return sum((full(price, n) for price in prices), np.zeros(n))


def usual_reach(price: Floats) -> float:
    """How far to look for another price [currency/kWh]: as far as prices differ, or are from nothing."""
    return float(max(price.max() - price.min(), np.abs(price).mean(), 1e-6))


def price_direction(plan: Replanning, commodity: str, steps: Sequence[int]) -> Direction:
    """Return what changes when energy of a commodity costs more in some steps, bought and sold alike."""
    n, at = plan.site.window.n, np.array(steps)
    hours = full(plan.site.window.hours, n)[at]
    cols, amounts = [], []
    for way, sign in (("consumption", 1.0), ("production", -1.0)):
        for term in exchanged(plan.problem, f"{commodity}.{way}").terms:
            cols.append(term.cols[at])
            amounts.append(sign * full(term.coefs, n)[at] * hours)
    return Direction(np.concatenate(cols), np.concatenate(amounts))


def with_price(site: Site, commodity: str, steps: Sequence[int], change: float) -> Site:
    """Return the site in which energy costs so much more in some steps [currency/kWh], bought and sold alike."""
    more = np.zeros(site.window.n)
    more[list(steps)] = change

    def dearer(tariff: EnergyTariff) -> EnergyTariff:
        buying, selling = (full(price, len(more)) for price in (tariff.consumption_price, tariff.production_price))
        return replace(tariff, consumption_price=buying + more, production_price=selling + more)

    connections = []
    for connection in site.connections:
        if connection.commodity == commodity:
            first = next(each for each in connection.tariffs if isinstance(each, EnergyTariff))
            tariffs = tuple(dearer(first) if each is first else each for each in connection.tariffs)
            connection = replace(connection, tariffs=tariffs)
        connections.append(connection)
    return replace(site, connections=tuple(connections))


class PriceQuestion:
    """One choice of a part in one step, and the best cost with and without it at other prices."""

    def __init__(self, plan: Replanning, choice: MovedBounds, commodity: str, steps: Sequence[int]) -> None:
        """Ask about a choice.

        Args:
            plan: The best plan.
            choice: What is held.
            commodity: Of which the price moves.
            steps: In which it moves, all by the same amount.
        """
        self.price = float(energy_price(_connection(plan.site, commodity), plan.site.window.n)[list(steps)].mean())
        self._plan, self._direction, self._choice = plan, price_direction(plan, commodity, steps), choice
        entries = plan.arrays.matrix.index == choice.rows[0]
        self._cols, self._coefs = plan.arrays.matrix.cols[entries], plan.arrays.matrix.value[entries]
        self._acts: dict[float, float] = {}
        # The search for an edge comes back to prices that it has solved for.
        self.free = cache(self._evaluator(plan.moving))
        self.held = cache(self._evaluator(plan.held(choice)))

    def _evaluator(self, moving: MovingProblem) -> Evaluator:
        """Return the best cost of a problem by the change of the price."""

        def evaluate(change: float) -> Line:
            answer = moving.solve(price=(self._direction, change))
            if not answer.has_plan:
                return Line(change, np.inf, 0.0)
            if moving is self._plan.moving:
                self._acts[change] = float(self._coefs @ answer.x[self._cols])
            return Line(change, answer.objective, self._direction.slope(answer.x))

        return evaluate

    def _side(self, change: float) -> int:
        """Return 1 where the best plan at a price does more than the choice, -1 where it does less, else 0."""
        self.free(change)
        lower, upper = float(self._choice.lower[0]), float(self._choice.upper[0])
        return int(self._acts[change] > upper) - int(self._acts[change] < lower)

    def is_best(self, change: float) -> bool:
        """Whether the choice is one of the best ones at another price."""
        return is_equal(self.free(change).value, self.held(change).value)

    def first_other(self, reach: float) -> tuple[float, float, bool] | None:
        """Return the first price at which the choice is no longer the best: how far, a point beyond, whether proven."""
        holding = 0.0
        # From near to far, as the nearest edge is the one asked for.
        for share in _SCAN:
            if not self.is_best(share * reach):
                found = edge(self.free, self.held, holding, share * reach)
                return found.at, found.beyond, found.exact
            holding = share * reach
        return None

    def first_best(self, reach: float) -> tuple[float, float, bool] | None:
        """Return the nearest price at which a choice that is not the best now becomes it, likewise."""
        beyond = 0.0
        for share in _SCAN:
            at: float | None = share * reach
            if not self.is_best(share * reach):
                at = self._passed(beyond, share * reach)
            if at is not None:
                found = edge(self.free, self.held, at, beyond)
                return found.at, found.beyond, found.exact
            beyond = share * reach
        return None

    def _passed(self, first: float, second: float) -> float | None:
        """Return the price between two others at which the best plan goes past the choice; None: it does not.

        Where two plans cost the same, so do all between them: one that does more and one that does less than the
        choice have one between them that does just that.
        """
        sides = self._side(first), self._side(second)
        for _ in range(MOST_SOLVES):
            if sides[0] * sides[1] >= 0:
                return None
            left, right = self.free(first), self.free(second)
            at = left.crossing(right)
            if at is None or not min(first, second) < at < max(first, second):
                return None
            if is_equal(self.free(at).value, left.value_at(at)) or self.is_best(at):
                return at if self.is_best(at) else None
            if self._side(at) == sides[0]:
                first = at
            else:
                second = at
        return None


def price_range(plan: Replanning, name: str, step: int, power: float, reach: float | None = None) -> PriceRange:
    """Return for which prices at a step a part still has the power it was planned with there.

    Args:
        plan: The best plan.
        name: Port, group or connection.
        step: When.
        power: Its power then [kW].
        reach: How far to look [currency/kWh]; None: as far as prices differ in the window.

    Raises:
        InputError: Its commodity has no price.
    """
    commodity = commodity_of(plan.site, name)
    connection = _connection(plan.site, commodity)
    own_reach = usual_reach(energy_price(connection, plan.site.window.n)) if reach is None else reach
    question = PriceQuestion(plan, plan.hold(name, step, power), commodity, [step])

    def side(sign: float) -> PriceEdge | None:
        found = question.first_other(sign * own_reach)
        if found is None:
            return None
        at, beyond, exact = found
        other = plan.moving.solve(price=(price_direction(plan, commodity, [step]), beyond))
        acts = float(plan.power(name, other)[step])
        return PriceEdge(price=question.price + at, change=at, power=acts, exact=exact)

    return PriceRange(price=question.price, reach=own_reach, below=side(-1.0), above=side(1.0))


def commodity_of(site: Site, name: str) -> str:
    """Commodity of a port, a group or a connection; of a sum of ports, that of the first."""
    first = name.split("+")[0]
    for device in site.devices:
        for port in device.ports:
            if port.name == first:
                return port.commodity
    return next((group.commodity for group in site.groups if group.name == first), first)


def _connection(site: Site, commodity: str) -> Connection:
    for connection in site.connections:
        if connection.commodity == commodity:
            return connection
    raise InputError(f"{commodity} is not bought or sold at this site, so it has no price of its own.")
