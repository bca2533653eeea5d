"""What the whole plan costs more by the power of one part in one step: a convex curve, exactly."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.explain.best_cost.replanning import EQUALLY_GOOD, Replanning
from engine.explain.best_cost.value_function import breakpoints

_ROUNDING: Final = 1e-7
"""Powers that differ by less are one [kW]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """What the whole plan costs more by the power in the step; between the points it is straight."""

    power: tuple[float, ...]
    """Powers [kW], increasing."""
    extra_cost: tuple[float, ...]
    """[currency], 0 or more."""
    sampled: bool = False
    """Whether it is known at its points only, as whole numbers are decided: between them it may jump."""

    def extra_cost_at(self, power: float) -> float:
        """What the plan costs more at a power within the curve [currency]."""
        return float(np.interp(power, self.power, self.extra_cost))

    @property
    def as_good(self) -> tuple[float, float]:
        """Least and most power [kW] between which no power costs more than is worth telling."""
        x, y = np.array(self.power), np.array(self.extra_cost)
        best = int(np.argmin(y))
        low, high = float(x[best]), float(x[best])
        for at in range(best, 0, -1):
            low = _until(x[at], x[at - 1], y[at], y[at - 1], self.sampled)
            if y[at - 1] > EQUALLY_GOOD:
                break
        for at in range(best, len(x) - 1):
            high = _until(x[at], x[at + 1], y[at], y[at + 1], self.sampled)
            if y[at + 1] > EQUALLY_GOOD:
                break
        return low, high


def _until(here: float, after: float, cost_here: float, cost_after: float, sampled: bool) -> float:
    """Return how far towards another point the cost stays as good."""
    if cost_after <= EQUALLY_GOOD:
        return float(after)
    if sampled:
        return float(here)
    return float(here + (after - here) * (EQUALLY_GOOD - cost_here) / (cost_after - cost_here))


def cost_curve(plan: Replanning, name: str, step: int, ends: tuple[float, float], planned: float) -> CostCurve:
    """Return what the whole plan costs more by the power of a part in a step.

    Args:
        plan: The best plan.
        name: Port, group or connection.
        step: When.
        ends: Least and most power that it can have [kW].
        planned: Its power in the plan [kW], which lies between them.
    """
    marks = sorted({*ends, planned, min(max(0.0, ends[0]), ends[1])})
    before = plan.searches
    if plan.is_linear:
        solved = {line.at: line.value for line in breakpoints(lambda at: plan.cost_of_power(name, step, at), *ends)}
    else:
        solved = {at: plan.cost_of_power(name, step, at).value for at in marks}
    points: dict[float, float] = {}
    for at in sorted(at for at, value in solved.items() if np.isfinite(value)):
        # A kink is where two lines cross, but for rounding: at rest, or at the planned power
        near = next((float(mark) for mark in marks if abs(at - mark) < _ROUNDING), float(at))
        points[near] = max(float(solved[at]) - plan.free.objective, 0.0)
    return CostCurve(power=tuple(points), extra_cost=tuple(points.values()), sampled=plan.searches > before)
