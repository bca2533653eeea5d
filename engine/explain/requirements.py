"""What it would take: the smallest change of a price, a limit, a target or a size that gives the plan wished for."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.errors import FieldError, Infeasible
from engine.explain.best_cost.moving_problem import MovedBounds
from engine.explain.best_cost.replanning import RUNNING, Replanning
from engine.explain.best_cost.value_function import EQUAL, Evaluator, Line, least_value, reach_target
from engine.explain.prices import (
    PriceEdge,
    PriceQuestion,
    commodity_of,
    energy_price,
    price_direction,
    usual_reach,
)
from engine.model.block import Limit
from engine.model.linear import Floats, full
from engine.schedulers.closed_form import connection_of
from engine.site import limit_values, raised, with_limit

Wish: TypeAlias = Literal["charge", "idle", "discharge"]
_SAMPLES: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Shares of the range that are tried where whole numbers leave no lines to follow."""
_HALVINGS: Final = 10
"""So often the way between a change that is too small and one that is enough is halved then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNeeded:
    """Prices of energy at which a part would do what is wished."""

    price: float
    """The price that was planned with [currency/kWh]; of several steps the mean."""
    reach: float
    """Prices up to so much lower and higher were tried [currency/kWh]."""
    lower: PriceEdge | None
    """The nearest lower price; None: none in reach."""
    higher: PriceEdge | None
    """The nearest higher price, likewise."""
    extra_cost: float
    """What the whole plan costs more if it is done at the price as it is [currency]; infinite: it cannot be done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitNeeded:
    """A change of one limit, target or size that brings the cost of the plan down to what is wished."""

    limit: str
    unit: str
    change: float
    """The smallest change [kW or kWh], positive when it gives way; all its values move by so much."""
    values: tuple[float, float]
    """Least and most of its values as they are [kW or kWh]."""
    cost: float
    """Cost of the plan with the change, as it was solved with it [currency]."""
    is_smallest: bool
    """Whether it is proven to be the smallest one; else whole numbers leave smaller ones open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitTooWeak:
    """That no change of a limit brings the cost down far enough."""

    limit: str
    unit: str
    farthest: float
    """The change with the least cost [kW or kWh]."""
    cost: float
    """That cost [currency]."""


def wished_bounds(plan: Replanning, name: str, step: int, wish: Wish, power: float | None = None) -> MovedBounds:
    """Return what it means that a part charges, rests or discharges in a step, or has a power [kW]."""
    if power is not None:
        return plan.hold(name, step, power)
    match wish:
        case "charge":
            return plan.hold(name, step, RUNNING, np.inf)
        case "discharge":
            return plan.hold(name, step, -np.inf, -RUNNING)
    return plan.hold(name, step, 0.0)


def price_needed(
    plan: Replanning, name: str, wish: MovedBounds, steps: Sequence[int], reach: float | None = None
) -> PriceNeeded:
    """Return the nearest prices at which what is wished is part of a best plan.

    Args:
        plan: The best plan.
        name: The part, whose commodity has the price.
        wish: What is wished in the first of the steps.
        steps: Those in which the price moves, by the same amount: one, some, or all.
        reach: How far to look [currency/kWh]; None: as far as prices differ.

    Raises:
        InputError: Its commodity has no price.
    """
    commodity, n = commodity_of(plan.site, name), plan.site.window.n
    price = energy_price(connection_of(plan.site, commodity), n)
    far = usual_reach(price) if reach is None else reach
    question = PriceQuestion(plan, wish, commodity, steps)
    extra = question.held(0.0).value - plan.free.objective
    row = int(wish.rows[0]) - plan.problem.rows[f"{name}.asked"][0]

    def side(sign: float) -> PriceEdge | None:
        if not np.isfinite(extra):
            return None
        if question.is_best(0.0):
            return PriceEdge(price=question.price, change=0.0, power=float(plan.free_power(name)[row]), exact=True)
        found = question.first_best(sign * far)
        if found is None:
            return None
        at, _, exact = found
        answer = plan.held(wish).solve(price=(price_direction(plan, commodity, steps), at))
        acts = float(plan.power(name, answer)[row])
        return PriceEdge(price=question.price + at, change=at, power=acts, exact=exact)

    return PriceNeeded(price=question.price, reach=far, lower=side(-1.0), higher=side(1.0), extra_cost=max(extra, 0.0))


def limit_needed(plan: Replanning, name: str, cost: float, farthest: float | None = None) -> LimitNeeded | LimitTooWeak:
    """Return the smallest change of a limit, a target or a size with which the plan costs no more than is wished.

    Args:
        plan: The best plan.
        name: The limit, such as ``battery.soc-max``.
        cost: What the plan may cost [currency].
        farthest: How far it may give way [kW or kWh]; None: ten times its largest value.

    Raises:
        FieldError: There is no such limit, or it limits nothing.
    """
    limit = limit_named(plan, name)
    values = np.asarray(limit_values(plan.site, limit.path), dtype=float)
    values = values[np.isfinite(values)]
    if not len(values):
        raise FieldError("limit", f"{name} limits nothing as it is; name another limit.")
    far = 10.0 * max(float(np.abs(values).max()), 1.0) if farthest is None else farthest
    sign = giving_way(limit)

    def cost_at(change: float) -> Line:
        try:
            answer = plan.answer_of(with_limit(plan.site, limit.path, raised(sign * change)))
        except Infeasible:
            return Line(change, np.inf, 0.0)
        return Line(change, answer.objective if answer.has_plan else np.inf, limit_slope(plan, limit, answer.col_dual))

    ends = (float(values.min()), float(values.max()))
    # With whole numbers the cost is neither convex nor continuous in a limit: no line leads to the least change
    enough = reach_target(cache(cost_at), cost, far) if plan.is_linear else _sampled(plan, cost_at, cost, far)
    if enough is not None:
        return LimitNeeded(
            limit=name, unit=limit.unit, change=enough.at, values=ends, cost=enough.value, is_smallest=plan.is_linear
        )
    least = least_value(cache(cost_at), far) if plan.is_linear else cost_at(far)
    return LimitTooWeak(limit=name, unit=limit.unit, farthest=least.at, cost=least.value)


def _sampled(plan: Replanning, cost_at: Evaluator, cost: float, far: float) -> Line | None:
    """Return a change that is enough where no line leads to the least one: tried from near to far, then halved."""
    most, tried = cost + EQUAL * max(1.0, abs(cost)), [Line(0.0, np.inf, 0.0)]
    while tried[-1].value > most and len(tried) <= len(_SAMPLES):
        tried.append(cost_at(_SAMPLES[len(tried) - 1] * far))
    short, enough = tried[-2].at, tried[-1]
    if enough.value > most:
        return None
    for _ in range(_HALVINGS):
        # Each try is a search of its own: what is known by then is told in time
        if plan.budget.is_limited and plan.budget.left < 0.5 * plan.budget.limit:
            break
        middle = cost_at(0.5 * (short + enough.at))
        short, enough = (short, middle) if middle.value <= most else (middle.at, enough)
    return enough


def limit_slope(plan: Replanning, limit: Limit, col_dual: Floats) -> float:
    """Return how the cost changes by unit that a limit gives way, by the duals with it [currency per unit]."""
    if not len(col_dual):
        return 0.0
    first, size = plan.problem.sizes[limit.columns]
    duals = col_dual[first : first + size] / np.abs(full(limit.scale, size))
    duals = duals if limit.at is None else np.where(limit.at, duals, 0.0)
    match limit.side:
        case "upper":
            return float(np.minimum(duals, 0.0).sum())
        case "lower":
            return -float(np.maximum(duals, 0.0).sum())
    return -float(np.abs(duals).sum()) if limit.is_symmetric else -float(duals.sum())


def giving_way(limit: Limit) -> float:
    """Return 1 for a limit that gives way when its value rises, -1 for one whose value falls: a minimum, a target."""
    if limit.is_symmetric or np.any(np.asarray(limit.scale) < 0):
        return 1.0
    return 1.0 if limit.side == "upper" else -1.0


def limit_named(plan: Replanning, name: str, field: str = "limit") -> Limit:
    """Return a limit of the problem by its name, which somebody wrote into a field.

    Raises:
        FieldError: There is none.
    """
    limits = {limit.name: limit for limit in plan.problem.limits}
    if name not in limits:
        raise FieldError(field, f"there is no limit {name!r}; choose one of {', '.join(sorted(limits))}.")
    return limits[name]
