"""What is wished of a plan: that a part does something, that it costs, or that its peak is, no more than so much."""

from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np

from engine.errors import FieldError
from engine.explain.best_cost.moving_problem import MovedBounds
from engine.explain.best_cost.replanning import Replanning, Wished
from engine.explain.requirements import Wish, wished_bounds


@dataclass(frozen=True, slots=True)
class KeptBounds:
    """A goal that is a part of a plan: powers are held, or kept below a most."""

    bounds: Wished
    """The bounds that say it, in the problem of a plan."""


@dataclass(frozen=True, slots=True)
class CostGoal:
    """That the whole plan costs no more than so much."""

    most: float
    """[currency]."""


Goal: TypeAlias = KeptBounds | CostGoal


def choice_goal(name: str, step: int, wish: Wish, power: float | None = None) -> KeptBounds:
    """Return the goal that a part charges, rests or discharges in a step, or has a power [kW]."""
    return KeptBounds(partial(wished_bounds, name=name, step=step, wish=wish, power=power))


def peak_goal(commodity: str, most: float) -> KeptBounds:
    """Return the goal that no more than so much is bought of a commodity in any step [kW]."""

    def bounds(plan: Replanning) -> MovedBounds:
        n = plan.site.window.n
        rows = np.array([plan.row(commodity, step) for step in range(n)], np.int32)
        return MovedBounds(rows=rows, lower=np.full(n, -np.inf), upper=most - plan.fixed_part(commodity))

    if not np.isfinite(most) or most < 0:
        raise FieldError("peak", "name a power of 0 kW or more.")
    return KeptBounds(bounds)
