"""The best cost as a function of one number of a problem: pieces, edges and targets by supporting lines.

The function is convex in a bound, and concave in a price. Each solve gives its value and a supporting line, which holds
at degenerate plans as well, where the ranges of one basis do not: so lines are crossed, and each crossing is solved.

Source:
    Eisner and Severance, Journal of the ACM 23 (1976) 619-635: pieces of a piecewise linear function by its lines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Final, NamedTuple, TypeAlias

EQUAL: Final = 1e-9
"""Costs that differ by less are the same, as share of them or in the currency."""
MOST_SOLVES: Final = 60
"""An edge that is not found after so many solves is told as the farthest point that is known to hold."""
_NEAR = 1e-9
"""Points nearer to each other than this share of the range are one."""


class Line(NamedTuple):
    """The value at one point, and how it changes there: a line that the function does not cross."""

    at: float
    value: float
    slope: float

    def value_at(self, at: float) -> float:
        """Value of the line at another point."""
        return self.value + self.slope * (at - self.at)

    def crossing(self, other: "Line") -> float | None:
        """Point at which two lines cross; None where they are parallel."""
        if abs(self.slope - other.slope) <= 1e-12 * max(1.0, abs(self.slope)):
            return None
        return (other.value - other.slope * other.at - self.value + self.slope * self.at) / (self.slope - other.slope)


Evaluator: TypeAlias = Callable[[float], Line]
"""Gives the value of the function, and its slope, at a point."""


def is_equal(first: float, second: float) -> bool:
    """Whether two costs are the same but for rounding; an infinite one is that of no plan, and like no other."""
    return isfinite(first) and isfinite(second) and abs(first - second) <= EQUAL * max(1.0, abs(first), abs(second))


def breakpoints(evaluate: Evaluator, low: float, high: float) -> list[Line]:
    """Return the points between which a convex or concave function is linear, its ends included, from low to high.

    Args:
        evaluate: The function; it has a value at every point from low to high.
        low: Where it begins.
        high: Where it ends; no less than low.
    """
    first = evaluate(low)
    if high - low <= _NEAR * max(1.0, abs(high)):
        return [first]
    last, least = evaluate(high), _NEAR * (high - low)

    def between(left: Line, right: Line) -> list[Line]:
        """Return the points strictly between two that are solved."""
        joined = is_equal(left.value_at(right.at), right.value) or is_equal(right.value_at(left.at), left.value)
        at = left.crossing(right)
        if joined or at is None or right.at - left.at <= 4.0 * least:
            return []
        # At an end of what is possible a line may be as steep as it likes: one from just beside it tells more.
        if at <= left.at + least:
            beside = evaluate(left.at + 2.0 * least)
            return [beside, *between(beside, right)]
        if at >= right.at - least:
            beside = evaluate(right.at - 2.0 * least)
            return [*between(left, beside), beside]
        here = evaluate(at)
        if is_equal(here.value, left.value_at(at)):
            return [here]
        return [*between(left, here), here, *between(here, right)]

    return _merged([first, *between(first, last), last])


def _merged(points: list[Line]) -> list[Line]:
    """Return points without those that lie on the straight line between their neighbours."""
    kept = points[:1]
    for here, after in zip(points[1:], [*points[2:], None], strict=True):
        if after is not None:
            before = kept[-1]
            share = (here.at - before.at) / (after.at - before.at)
            if is_equal(here.value, before.value + share * (after.value - before.value)):
                continue
        kept.append(here)
    return kept


@dataclass(frozen=True, slots=True)
class Edge:
    """Where something stops, or begins, to be the best."""

    at: float
    """The last point at which it is as good as the best."""
    beyond: float
    """A point at which it is not; on the straight piece of the best cost between the two."""
    exact: bool
    """Whether it is proven that it is not as good anywhere between the two."""


def edge(free: Evaluator, held: Evaluator, holding: float, beyond: float) -> Edge:
    """Return where holding something to a value stops to cost nothing, on the way from one point to another.

    With the best cost f and that of what is held g, both concave in a price, Δ = g - f is 0 at ``holding`` and above it
    at ``beyond``. Tangents of both lead to the point t with Δ(t) = 0; where f lies on its line from ``beyond``, it is
    straight in between, so that Δ is concave there and above 0 on all of it: t is the edge, with a proof.

    Args:
        free: Best cost f.
        held: Best cost g where something is held; infinite where it cannot be.
        holding: Where both are equal.
        beyond: Where they are not.
    """
    inside, outside_free, outside_held = held(holding), free(beyond), held(beyond)
    for _ in range(MOST_SOLVES):
        at = _between(inside, outside_free) or _between(outside_held, outside_free, inside.at)
        near = at is not None and abs(at - inside.at) <= 1e-12 * max(1.0, abs(at))
        if near and is_equal(outside_free.value_at(inside.at), inside.value):
            return Edge(inside.at, outside_free.at, exact=True)
        if at is None or near:
            # Neither crossing lies between the two, or one only as a line is steep at the end of what is possible: the
            # middle at least halves what is open
            at = 0.5 * (inside.at + outside_free.at)
            if at in (inside.at, outside_free.at):
                break
        free_here, held_here = free(at), held(at)
        if not is_equal(free_here.value, held_here.value):
            outside_free, outside_held = free_here, held_here
            continue
        inside = held_here
        if is_equal(outside_free.value_at(at), free_here.value):
            return Edge(at, outside_free.at, exact=True)
    return Edge(inside.at, outside_free.at, exact=False)


def _between(first: Line, second: Line, start: float | None = None) -> float | None:
    """Return where two lines cross, if that is between two points: those of the lines, or a start and the second's."""
    at = first.crossing(second)
    low, high = sorted((first.at if start is None else start, second.at))
    return at if at is not None and low <= at < high + (low - high) * 1e-12 and at != second.at else None


def reach_target(evaluate: Evaluator, target: float, farthest: float) -> Line | None:
    """Return the first point from 0 on at which a convex cost is no more than a target.

    Newton's method on a convex piecewise linear function: each line lies below it, so no step goes too far, and a step
    on the last piece ends on the target. So where a step ends without a plan, or the cost no longer falls, no point is
    enough.

    Args:
        evaluate: The cost; at 0 it is finite.
        target: The cost wanted [currency].
        farthest: How far to go, of either sign.

    Returns:
        None where no point up to the farthest one is enough.
    """
    here, way = evaluate(0.0), 1.0 if farthest >= 0 else -1.0
    for _ in range(MOST_SOLVES):
        if here.value <= target + 0.1 * EQUAL * max(1.0, abs(target)):
            break
        at = here.at + (target - here.value) / here.slope if here.slope * way < 0 else farthest
        if not min(0.0, farthest) <= at <= max(0.0, farthest):
            at = farthest
        if at == here.at:
            break
        if here.slope * way >= 0 or not isfinite((here := evaluate(at)).value):
            return None
    return here if here.value <= target + EQUAL * max(1.0, abs(target)) else None


def least_value(evaluate: Evaluator, farthest: float) -> Line:
    """Return the point from 0 to a farthest one, or to the last with a plan, at which a convex cost is least."""
    end = farthest
    if not isfinite(evaluate(end).value):
        end, beyond = 0.0, farthest
        while abs(beyond - end) > _NEAR * abs(farthest):
            middle = 0.5 * (end + beyond)
            end, beyond = (middle, beyond) if isfinite(evaluate(middle).value) else (end, middle)
    points = breakpoints(evaluate, min(0.0, end), max(0.0, end))
    return min(points, key=lambda line: (line.value, abs(line.at)))
