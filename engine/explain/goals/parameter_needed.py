"""The nearest values of one number, a price of energy or a limit, with which a goal is reached by a best plan.

Held to the goal, the plan costs g; free, it costs f. Both are convex in a limit and concave in a price, and the goal is
reached where g = f: there, and on no way to it, the lines of both meet; see ``edge``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

import numpy as np

from engine.errors import Infeasible, TimedOut
from engine.explain.best_cost.replanning import Replanning
from engine.explain.best_cost.value_function import MOST_SOLVES, Evaluator, Line, edge, is_equal
from engine.explain.goals.goal import CostGoal, Goal, KeptBounds
from engine.explain.prices import PriceQuestion, energy_price, price_direction, usual_reach
from engine.explain.requirements import giving_way, limit_named, limit_slope
from engine.schedulers.closed_form import connection_of
from engine.site import Connection, limit_values, raised, with_limit
from engine.tariffs import energy_prices

_SCAN: Final = (1 / 81, 1 / 27, 1 / 9, 1 / 3, 1.0)
"""Shares of the reach at which a change is tried first, from near to far."""
_HALVINGS: Final = 45
_PROBES: Final = (0.1, 0.01, 1e-3)
"""Shares of the way back at which an edge is tried again."""
_ROUNDING: Final = 1e-8
"""By how much two solves of one cost may differ, as share of it or in the currency."""
_RESTARTS: Final = 4
_SEARCH: Final = 0.15
"""Share of the time left that the search for one plan may take where prices lie below zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededChange:
    """A change of a number with which the goal is reached."""

    change: float
    """By how much all its values move [unit]."""
    cost: float
    """Cost of the best plan with the change, which reaches the goal [currency]."""
    exact: bool
    """Whether it is proven that a little less is not enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterNeeded:
    """What one number would have to be."""

    parameter: str
    unit: str
    """``kW``, ``kWh`` or ``currency/kWh``."""
    values: tuple[float, float]
    """Least and most of its values as they are [unit]."""
    reach: tuple[float, float]
    """How far lower and higher it was tried [unit], 0 or more each."""
    lower: NeededChange | None
    """The nearest change to lower values; None: none in reach."""
    higher: NeededChange | None
    """Likewise to higher ones."""
    short: float
    """What the goal costs at the values as they are: what the plan costs more with it, or costs beyond what it may
    [currency]; infinite: no plan reaches it; 0: it is reached already."""


def limit_for_goal(plan: Replanning, name: str, goal: Goal) -> ParameterNeeded:
    """Return by how much a limit, target or size would have to move, either way, for a goal.

    No value is moved below zero, or to more than eleven times the largest.

    Args:
        plan: The best plan, made to be asked about the part that the goal is about.
        name: The limit, such as ``battery.soc-max``.
        goal: What is wished.

    Raises:
        InputError: There is no such limit, or it limits nothing.
    """
    limit = limit_named(plan, name)
    values = np.asarray(limit_values(plan.site, limit.path), dtype=float)
    values = values[np.isfinite(values)]
    ends = (float(values.min()), float(values.max())) if len(values) else (0.0, 0.0)
    reach = (max(ends[0], 0.0), 10.0 * max(abs(ends[0]), abs(ends[1]), 1.0))

    def evaluator(goal: KeptBounds | None) -> Evaluator:
        def evaluate(change: float) -> Line:
            try:
                site = with_limit(plan.site, limit.path, raised(change))
                answer = plan.answer_of(site, None if goal is None else goal.bounds)
            except Infeasible:
                return Line(change, np.inf, 0.0)
            if not answer.has_plan:
                return Line(change, np.inf, 0.0)
            return Line(change, answer.objective, giving_way(limit) * limit_slope(plan, limit, answer.col_dual))

        return cache(evaluate)

    free = evaluator(None)
    if isinstance(goal, CostGoal):
        short, sides = _for_cost(free, goal.most, reach)
    else:
        short, sides = _for_bounds(free, evaluator(goal), reach, is_linear=plan.is_linear)
    return ParameterNeeded(
        parameter=name, unit=limit.unit, values=ends, reach=reach, lower=sides[0], higher=sides[1], short=short
    )


def price_for_goal(plan: Replanning, commodity: str, steps: Sequence[int], goal: Goal) -> ParameterNeeded:
    """Return by how much the price of energy would have to move in some steps, bought and sold alike, for a goal.

    Raises:
        InputError: The commodity has no price.
    """
    connection, plan.search_share = connection_of(plan.site, commodity), _SEARCH
    price = energy_price(connection, plan.site.window.n)
    far, own, least = usual_reach(price), price[list(steps)], _least_price(connection, plan.site.window.n, steps)
    # Below zero it may pay to burn energy, which takes whole numbers and so, perhaps, more time than there is
    reaches = {1.0: (far,), -1.0: (-least, -far) if 0.0 < least < far else (-far,)}
    if isinstance(goal, CostGoal):
        direction = price_direction(plan, commodity, steps)

        @cache
        def free(change: float) -> Line:
            answer = plan.moving.solve(price=(direction, change))
            return Line(change, answer.objective, direction.slope(answer.x))

        short = free(0.0).value - goal.most
        is_reached = short <= 1e-9 * max(1.0, abs(goal.most))
        side = partial(_root, free, goal.most, concave=True)
    else:
        question = PriceQuestion(plan, goal.bounds(plan), commodity, steps)
        short, is_reached = max(question.held(0.0).value - plan.free.objective, 0.0), question.is_best(0.0)
        side = partial(_price_side, question)
    reached = NeededChange(change=0.0, cost=plan.free.objective, exact=True) if is_reached else None
    # No price makes possible what no plan does
    is_open = not is_reached and np.isfinite(short)
    higher, up = _nearest(side, reaches[1.0]) if is_open else (reached, far)
    lower, down = _nearest(side, reaches[-1.0]) if is_open else (reached, -far)
    return ParameterNeeded(
        parameter=f"price of {commodity}",
        unit="currency/kWh",
        values=(float(own.min()), float(own.max())),
        reach=(-down, up),
        lower=lower,
        higher=higher,
        short=0.0 if is_reached else short,
    )


def _least_price(connection: Connection, n: int, steps: Sequence[int]) -> float:
    """Return the lowest price of energy bought or sold in some steps [currency/kWh]."""
    both = energy_prices(connection.tariffs, n)
    return 0.0 if both is None else float(min(price[list(steps)].min() for price in both))


def _nearest(
    side: Callable[[float], NeededChange | None], reaches: Sequence[float]
) -> tuple[NeededChange | None, float]:
    """Return the nearest change on one side that is enough, and how far was looked in the time there was.

    Raises:
        TimedOut: There was not even time for the first reach.
    """
    tried = None
    for reach in reaches:
        try:
            needed = side(reach)
        except TimedOut:
            if tried is None:
                raise
            return None, tried
        tried = reach
        if needed is not None:
            return needed, reaches[-1]
    return None, reaches[-1]


def _price_side(question: PriceQuestion, far: float) -> NeededChange | None:
    nearest = question.first_best(far)
    if nearest is None:
        return None
    return NeededChange(change=nearest[0], cost=question.held(nearest[0]).value, exact=nearest[2])


def _for_cost(
    free: Evaluator, most: float, reach: tuple[float, float]
) -> tuple[float, tuple[NeededChange | None, NeededChange | None]]:
    """Return what the plan costs beyond what it may, and the nearest changes with which it does not."""
    short = free(0.0).value - most
    if short <= 1e-9 * max(1.0, abs(most)):
        reached = NeededChange(change=0.0, cost=free(0.0).value, exact=True)
        return 0.0, (reached, reached)
    sides = [_root(free, most, sign * far, concave=False) for sign, far in zip((-1.0, 1.0), reach, strict=True)]
    return short, (sides[0], sides[1])


def _root(free: Evaluator, most: float, far: float, *, concave: bool) -> NeededChange | None:
    """Return the first change on one side with which the cost is no more than a most.

    Between a change that is not enough and one that is, the lines of both lead to the one that just is: those of a
    convex cost lie below it, those of a concave one above, so that a step on the last piece ends there.
    """
    short, enough = free(0.0), None
    # A convex cost may be lower in between than at both ends
    for share in (1.0,) if concave else _SCAN:
        here = free(share * far)
        if here.value <= most or is_equal(here.value, most):
            enough = here
            break
        short = here if np.isfinite(here.value) else short
    if enough is None or not far:
        return None
    for _ in range(MOST_SOLVES):
        if is_equal(enough.value, most):
            return NeededChange(change=enough.at, cost=enough.value, exact=True)
        ends = sorted((short.at, enough.at))
        steps = (line.at + (most - line.value) / line.slope for line in (short, enough) if line.slope)
        at = next((step for step in steps if ends[0] < step < ends[1]), 0.5 * (ends[0] + ends[1]))
        if at in ends:
            break
        here = free(at)
        if here.value <= most or is_equal(here.value, most):
            enough = here
        else:
            short = here
    return NeededChange(change=enough.at, cost=enough.value, exact=False)


def _for_bounds(
    free: Evaluator, held: Evaluator, reach: tuple[float, float], *, is_linear: bool
) -> tuple[float, tuple[NeededChange | None, NeededChange | None]]:
    """Return what it costs to be held to a goal, and the nearest changes of a limit with which that costs nothing."""
    extra = held(0.0).value - free(0.0).value
    if is_equal(held(0.0).value, free(0.0).value):
        reached = NeededChange(change=0.0, cost=free(0.0).value, exact=True)
        return 0.0, (reached, reached)
    sides = [_limit_side(free, held, sign * far, is_linear) for sign, far in zip((-1.0, 1.0), reach, strict=True)]
    return max(extra, 0.0), (sides[0], sides[1])


def _limit_side(free: Evaluator, held: Evaluator, far: float, is_linear: bool) -> NeededChange | None:
    beyond = 0.0
    for share in _SCAN if far else ():
        at = share * far
        if not np.isfinite(free(at).value):
            at = _last_finite(free, beyond, at)
        if is_equal(free(at).value, held(at).value):
            break
        if at != share * far:
            return None  # farther there is no plan at all
        beyond = at
    else:
        return None
    if not is_linear:  # neither convex nor continuous: no line leads to the least change
        return NeededChange(change=at, cost=free(at).value, exact=False)
    if not np.isfinite(held(beyond).value):
        beyond = _last_finite(held, at, beyond)
        if is_equal(free(beyond).value, held(beyond).value):
            return NeededChange(change=beyond, cost=free(beyond).value, exact=True)
    for _ in range(_RESTARTS):
        # With minus signs both are concave, and what is held is the lower one of the two
        found = edge(_negative(held), _negative(free), at, beyond)
        nearer = _still_held(free, held, found.at, beyond)
        if nearer is None:
            return NeededChange(change=found.at, cost=free(found.at).value, exact=found.exact)
        at = nearer
    return NeededChange(change=at, cost=free(at).value, exact=False)


def _still_held(free: Evaluator, held: Evaluator, at: float, beyond: float) -> float | None:
    """Return a smaller change with which the goal is reached after all; None where none that is tried does."""
    # A difference of the size of a solver's rounding may have looked like an end
    for share in _PROBES:
        nearer = at + share * (beyond - at)
        if abs(held(nearer).value - free(nearer).value) <= _ROUNDING * max(1.0, abs(free(nearer).value)):
            return nearer
    return None


def _negative(evaluate: Evaluator) -> Evaluator:
    def negative(at: float) -> Line:
        line = evaluate(at)
        return Line(at, -line.value, -line.slope)

    return negative


def _last_finite(evaluate: Evaluator, finite: float, infinite: float) -> float:
    """Return how far towards a point without a plan there is one, to a part in 1e13."""
    for _ in range(_HALVINGS):
        middle = 0.5 * (finite + infinite)
        if np.isfinite(evaluate(middle).value):
            finite = middle
        else:
            infinite = middle
    return finite
