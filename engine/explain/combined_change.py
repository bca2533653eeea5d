"""What it would take with several prices and limits at once: the cheapest mix of changes that a cost asks for.

Only that *some* plan of at most the cost exists is asked for, which is one linear problem: a lower price Δπ of a step
belongs to one flow x, and y = Δπ · h · x is money, so that

    minimise Σ y + Σ weight · τ   over plans with   cost · x - Σ y ≤ target,   0 ≤ y ≤ most · h · x,   x ≤ limit + τ.

The planner uses cheap steps even more than that plan does, so that less is enough: the smallest share of the change is
then found by solving the site with it.

Source:
    Kurtz, Birbil and den Hertog, European Journal of Operational Research 329 (2026): relative counterfactuals of
    linear problems; re-derived here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, InputError, field_under
from engine.explain.best_cost.replanning import Replanning
from engine.explain.prices import energy_price
from engine.explain.requirements import giving_way, limit_named
from engine.model.arrays import Arrays, compressed
from engine.model.limits import exchanged
from engine.model.linear import Floats, full
from engine.schedulers.closed_form import connection_of
from engine.site import Site, raised, with_limit
from engine.solve.highs import Model
from engine.tariffs import EnergyTariff

Columns: TypeAlias = NDArray[np.integer]
_HALVINGS: Final = 30
_LEAST: Final = 1e-6
"""Changes of less are none [currency/kWh, kW, kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CombinedChange:
    """Changes that together bring the cost down to what is wished."""

    limits: Mapping[str, float]
    """By how much each limit gives way [kW or kWh]."""
    prices: Mapping[int, float]
    """By how much energy bought is cheaper in each step [currency/kWh], 0 or more."""
    cost: float
    """Cost of the plan with them, as it was solved [currency]."""
    weight: float
    """What the changes count, by the weights that were given and the money that prices give way by [currency]."""


def combined_change(
    plan: Replanning,
    cost: float,
    *,
    weights: Mapping[str, float],
    price_share: float = 0.0,
    commodity: str = "electricity",
) -> CombinedChange | None:
    """Return the cheapest mix of changes with which the plan costs no more than is wished.

    Args:
        plan: The best plan, without whole numbers.
        cost: What it may cost [currency].
        weights: Limits that may give way, and what one unit of each counts [currency per unit].
        price_share: By which share of itself the price of energy bought may fall in each step [1].
        commodity: The energy whose price may fall.

    Returns:
        None where no such mix is enough.

    Raises:
        InputError: The plan needs whole numbers, there is no such limit, or nothing may change.
    """
    if not plan.is_linear:
        raise InputError("Several changes at once are found for plans without whole numbers only; ask about one.")
    if not weights and price_share <= 0:
        raise InputError("Nothing may change: name limits with their weights, or a share of the price.")
    price = energy_price(connection_of(plan.site, commodity), plan.site.window.n)
    arrays, taus, bought = _extended(plan, cost, weights, (commodity, price_share * np.maximum(price, 0.0)))
    answer = Model(arrays, plan.budget).run()
    if not answer.has_plan:
        return None
    width = plan.arrays.width
    limits = {name: float(answer.x[col]) for name, col in taus.items() if answer.x[col] > _LEAST}
    money = answer.x[width + len(taus) :]
    energy = answer.x[bought] * full(plan.site.window.hours, plan.site.window.n) if len(money) else money
    cheaper = np.divide(money, energy, out=np.zeros_like(money), where=energy > _LEAST)

    def applied(share: float) -> float:
        return plan.answer_of(_changed(plan, limits, cheaper, share, commodity)).objective

    if applied(1.0) > cost + 1e-6:
        return None
    enough, short = 1.0, 0.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (enough + short)
        enough, short = (middle, short) if applied(middle) <= cost else (enough, middle)
    paid = sum(weights[name] * change for name, change in limits.items()) + float(money.sum())
    return CombinedChange(
        limits={name: enough * change for name, change in limits.items()},
        prices={int(at): float(enough * cheaper[at]) for at in np.flatnonzero(cheaper > _LEAST)},
        cost=applied(enough),
        weight=enough * paid,
    )


def _changed(plan: Replanning, limits: Mapping[str, float], cheaper: Floats, share: float, commodity: str) -> Site:
    """Return the site with a share of the changes."""
    site = plan.site
    for name, change in limits.items():
        limit = limit_named(plan, name)
        site = with_limit(site, limit.path, raised(giving_way(limit) * share * change))
    if not len(cheaper):
        return site
    connections = []
    for connection in site.connections:
        if connection.commodity == commodity:
            # Prices of one flow add up, so that changing the first changes what all of them come to.
            first = next(each for each in connection.tariffs if isinstance(each, EnergyTariff))
            lower = full(first.consumption_price, len(cheaper)) - share * cheaper
            tariffs = tuple(
                replace(first, consumption_price=lower) if each is first else each for each in connection.tariffs
            )
            connection = replace(connection, tariffs=tariffs)
        connections.append(connection)
    return replace(site, connections=tuple(connections))


def _extended(
    plan: Replanning, cost: float, weights: Mapping[str, float], falling: tuple[str, Floats]
) -> tuple[Arrays, dict[str, int], Columns]:
    """Return the linear problem of the mix, the column of each limit's change, and the columns of energy bought."""
    own, n = plan.arrays, plan.site.window.n
    taus = {name: own.width + number for number, name in enumerate(weights)}
    bought: Columns = np.empty(0, np.int32)
    if falling[1].any():
        bought = exchanged(plan.problem, f"{falling[0]}.consumption").terms[0].cols
    width = own.width + len(taus) + len(bought)
    money = own.width + len(taus) + np.arange(len(bought))
    lower, upper = np.zeros(width), np.full(width, np.inf)
    lower[: own.width], upper[: own.width] = own.lower, own.upper
    rows = _MoreRows(own)
    for name, col in taus.items():  # in the place of the bounds themselves
        at, sign, weight, bound = _bounded(plan, name)
        rows.add([(at, np.full(len(at), sign)), (np.full(len(at), col), -weight)], sign * bound)
        (upper if sign > 0 else lower)[at] = sign * np.inf
    rows.add_sum([(np.arange(own.width), own.cost), (money, -np.ones(len(bought)))], cost - own.offset)
    if len(bought):
        most = falling[1] * full(plan.site.window.hours, n)
        rows.add([(money, np.ones(n)), (bought, -most)], np.zeros(n))
    objective = np.zeros(width)
    objective[list(taus.values())] = list(weights.values())
    objective[money] = 1.0
    return rows.arrays(objective, lower, upper), taus, bought


class _MoreRows:
    """The rows of a problem and more of them, each with an upper bound only."""

    def __init__(self, own: Arrays) -> None:
        self._height = own.height
        self._rows: list[Columns] = [own.matrix.index]
        self._cols: list[Columns] = [own.matrix.cols]
        self._values: list[Floats] = [own.matrix.value]
        self._lower: list[Floats] = [own.row_lower]
        self._upper: list[Floats] = [own.row_upper]

    def add(self, terms: list[tuple[Columns, Floats]], upper: Floats) -> None:
        """Add one row for each upper bound: the sum of one column and coefficient of each term."""
        for cols, values in terms:
            self._rows.append(self._height + np.arange(len(upper)))
            self._cols.append(cols)
            self._values.append(values)
        self._lower.append(np.full(len(upper), -np.inf))
        self._upper.append(upper)
        self._height += len(upper)

    def add_sum(self, terms: list[tuple[Columns, Floats]], upper: float) -> None:
        """Add one row: the sum of all columns of all terms."""
        for cols, values in terms:
            self._rows.append(np.full(len(cols), self._height))
            self._cols.append(cols)
            self._values.append(values)
        self._lower.append(np.array([-np.inf]))
        self._upper.append(np.array([upper]))
        self._height += 1

    def arrays(self, cost: Floats, lower: Floats, upper: Floats) -> Arrays:
        """Return the problem with these costs and bounds of columns."""
        rows, cols = (np.concatenate(each).astype(np.int32) for each in (self._rows, self._cols))
        return Arrays(
            cost=cost,
            offset=0.0,
            lower=lower,
            upper=upper,
            row_lower=np.concatenate(self._lower),
            row_upper=np.concatenate(self._upper),
            integers=np.zeros(len(cost), np.int32),
            matrix=compressed(rows, cols, np.concatenate(self._values), (self._height, len(cost))),
        )


def _bounded(plan: Replanning, name: str) -> tuple[Columns, float, Floats, Floats]:
    """Return the columns that a limit bounds, 1 for an upper bound or -1, units per column, and the bounds."""
    field = field_under("weights", name)
    limit = limit_named(plan, name, field)
    if limit.side == "both":
        raise FieldError(field, f"{name} is asked for exactly; ask about it alone.")
    first, size = plan.problem.sizes[limit.columns]
    bound = (plan.arrays.upper if limit.side == "upper" else plan.arrays.lower)[first : first + size]
    use = np.isfinite(bound) if limit.at is None else np.isfinite(bound) & limit.at
    at = first + np.flatnonzero(use)
    weight = 1.0 / np.abs(full(limit.scale, size))[use]
    return at, 1.0 if limit.side == "upper" else -1.0, weight, bound[use]
