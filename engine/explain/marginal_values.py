"""What one more unit of energy, of power or of a limit is worth: from both sides, as a plan may lie at a kink."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.devices.device import LimitChange
from engine.explain.best_cost.moving_problem import MovedBounds
from engine.explain.best_cost.replanning import Replanning
from engine.explain.best_cost.value_function import is_equal
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.site import raised, shifted, with_limit

_STEPS: Final = (1e-3, 1e-4, 1e-5)
"""Changes that are tried [kW, kWh]; the largest on which the cost is straight is taken."""

_AT: Final = 1e-7
"""What is no farther from a bound rests at it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLine:
    """What one more unit of something saves over time, between two values where the plan lies at a kink."""

    name: str
    """Store, node or limit."""
    unit: str
    """``kWh`` or ``kW``."""
    value: tuple[float, ...]
    """Saving of one unit more [currency per unit], by the plan itself, shape (n,)."""
    less: tuple[float, ...]
    """What one unit less would cost; no smaller than ``more``."""
    more: tuple[float, ...]
    """What one unit more would save."""


def saving(plan: Replanning, cost_at: Callable[[float], float], by_plan: float = np.nan) -> float:
    """Return what a unit of a change saves at the margin [currency per unit]; not a number where no plan is left.

    Args:
        plan: The best plan.
        cost_at: The best cost by how large the change is, convex; that of the plan for none.
        by_plan: What it is by the shadow prices of the plan [currency per unit]. A convex cost lies above the line of
            that slope, and is straight as far as it lies on it.
    """
    rate = np.nan
    # By solving, as the solver's ranging holds for its one basis only, and plans often have several
    for change in _STEPS:
        whole = cost_at(change)
        if not np.isfinite(whole):
            continue
        rate = (plan.free.objective - whole) / change
        if is_equal(whole, plan.free.objective - by_plan * change):
            return by_plan
        if is_equal(cost_at(0.5 * change), 0.5 * (plan.free.objective + whole)):  # straight up to there
            return rate
    return rate


def limit_saving(plan: Replanning, limit: Limit, at: int | None = None, sign: float = 1.0) -> float:
    """Return what it saves, per unit, that a limit gives way a little, all else that bounds the same being there.

    Args:
        plan: The best plan.
        limit: A limit of its problem.
        at: The one variable of its block at which it gives way; None is everywhere.
        sign: -1 for a limit that becomes tighter: the negative of what that costs.
    """
    n = plan.site.window.n
    direction = sign * (-1.0 if limit.side == "lower" and not limit.is_symmetric else 1.0)
    if np.any(np.asarray(limit.scale) < 0):
        direction = sign

    def change(by: float) -> LimitChange:
        if at is None:
            return raised(direction * by)
        energy = limit.unit == "kWh"
        where = np.zeros(n + 1 if energy else n)
        where[int(limit.when(at)) if energy else at] = direction * by
        return shifted(where)

    def cost_at(by: float) -> float:
        answer = plan.answer_of(with_limit(plan.site, limit.path, change(by)))
        return answer.objective if answer.has_plan else np.inf

    return saving(plan, cost_at)


def energy_saving(plan: Replanning, store: str, tick: int, sign: float = 1.0, by_plan: float = np.nan) -> float:
    """Return what one kWh more in a store at the end of a step saves, coming from nowhere [currency/kWh].

    With a sign of -1, the negative of what one kWh less costs; see ``saving`` for ``by_plan``.
    """
    state = next(state for state in plan.problem.energies if state.name == store)
    row = np.array([plan.problem.rows[state.rows][0] + tick], np.int32)
    lower, upper = plan.arrays.row_lower[row], plan.arrays.row_upper[row]

    def cost_at(by: float) -> float:
        answer = plan.moving.solve(MovedBounds(rows=row, lower=lower + sign * by, upper=upper + sign * by))
        return answer.objective if answer.has_plan else np.inf

    return saving(plan, cost_at, by_plan)


def storage_value_line(plan: Replanning, store: str) -> ValueLine:
    """Return what one more kWh in a store saves at the end of each step [currency/kWh].

    Where the plan has one set of shadow prices, both sides are those.

    Args:
        plan: The best plan; of one that needs whole numbers, they are kept as they are.
        store: Name of the store.
    """
    n = plan.site.window.n
    value = plan.schedule().storage_values.get(store, np.full(n, np.nan))
    less, more = value.copy(), value.copy()
    if plan.is_linear and plan.model is not None and may_have_kinks(plan):
        for tick in range(n):
            more[tick] = energy_saving(plan, store, tick, by_plan=value[tick])
            less[tick] = -energy_saving(plan, store, tick, -1.0, by_plan=-value[tick])
    return ValueLine(name=store, unit="kWh", value=tuple(value), less=tuple(less), more=tuple(more))


def may_have_kinks(plan: Replanning) -> bool:
    """Whether the best plan may have several sets of shadow prices: more rests at a bound than a basis leaves out."""
    x, own, rows = plan.free.x, plan.arrays, plan.arrays.rows_of(plan.free.x)

    def resting(values: Floats, lower: Floats, upper: Floats) -> int:
        return int((np.isclose(values, lower, atol=_AT) | np.isclose(values, upper, atol=_AT)).sum())

    return resting(x, own.lower, own.upper) + resting(rows, own.row_lower, own.row_upper) > own.width
