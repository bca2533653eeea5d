"""Cost against CO₂: every plan that is the cheapest for what it emits, and where the present one is among them."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.errors import InputError
from engine.explain.best_cost.moving_problem import Direction
from engine.explain.best_cost.replanning import Replanning
from engine.explain.best_cost.value_function import Line, is_equal
from engine.model.limits import exchanged
from engine.model.linear import full

_DEAREST: Final = 1e3
"""CO₂ is at most so many times dearer than energy, per kg and kWh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeOffPoint:
    """One plan: what it costs and emits, and at which price of CO₂ it is the best one."""

    cost: float
    """[currency], without any price of CO₂ but those the site pays."""
    emissions: float
    """[kg]; negative where energy sold saves more elsewhere."""
    carbon_price: float
    """The lowest price of CO₂ from which on it is the best plan [currency/kg]."""


def trade_off(plan: Replanning, most: int = 12) -> list[TradeOffPoint]:
    """Return the corners of the curve of cost over CO₂, from the present plan to the one that emits least.

    The best cost by a price λ of CO₂ is concave and piecewise linear; its slope is what is emitted. So each of its
    pieces is one corner of the curve, and crossing lines finds them.

    Args:
        plan: The best plan.
        most: How many corners at most; with more, those that differ most from their neighbours.

    Raises:
        InputError: No connection has a carbon intensity.
    """
    direction = _emissions(plan)
    scale = float(np.abs(plan.arrays.cost).max(initial=0.0)) / max(float(np.abs(direction.amounts).max()), 1e-9)

    def solve(price: float) -> Line:
        answer = plan.moving.solve(price=(direction, price))
        return Line(price, answer.objective, direction.slope(answer.x))

    # Of plans that cost the same, the first is the one that emits least: that of a price next to nothing.
    first, last = solve(1e-6 * max(scale, 1e-3)), solve(_DEAREST * max(scale, 1e-3))
    lines: list[Line] = [first]

    def between(left: Line, right: Line) -> None:
        at = left.crossing(right)
        if len(lines) >= most or at is None or is_equal(left.slope, right.slope):
            return
        here = solve(at)
        if is_equal(here.value, left.value_at(at)):
            return
        between(left, here)
        lines.append(here)
        between(here, right)

    between(first, last)
    lines.append(last)
    points: list[TradeOffPoint] = []
    for line in sorted(lines, key=lambda line: line.at):
        cost = line.value - line.at * line.slope
        if not points or points[-1].emissions - line.slope > 1e-6:
            before = points[-1] if points else None
            price = 0.0 if before is None else (cost - before.cost) / (before.emissions - line.slope)
            points.append(TradeOffPoint(cost=cost, emissions=line.slope, carbon_price=max(price, 0.0)))
    return points


def _emissions(plan: Replanning) -> Direction:
    """Return what each column emits [kg per kW]."""
    n, hours = plan.site.window.n, full(plan.site.window.hours, plan.site.window.n)
    cols, amounts = [], []
    for connection in plan.site.connections:
        if connection.carbon is None:
            continue
        for way, sign in (("consumption", 1.0), ("production", -1.0)):
            intensity = sign * full(getattr(connection.carbon, way), n) * hours
            for term in exchanged(plan.problem, f"{connection.commodity}.{way}").terms:
                cols.append(term.cols)
                amounts.append(intensity * term.coefs)
    if not cols:
        raise InputError("No connection says how much CO₂ its energy emits; add carbon-intensity to the flex-context.")
    return Direction(np.concatenate(cols), np.concatenate(amounts))
