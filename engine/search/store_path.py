"""The cheapest path of the energy in one store whatever its steps cost, by dynamic programming; numpy alone.

The value of stored energy at a tick, which is the least cost of all steps after it, is piecewise linear, but not
convex where selling pays more than buying costs or prices are negative: it is kept as a list of segments, which may
leave gaps and jump. A step may add energy in several ways, each an interval with a linear cost:

    V_{t-1}(s) = min over ways w and energies e in [least_w, most_w] of
                 cost_w + slope_w · (e - least_w) + V_t(kept · s + gained + e)

For one way this is the least value of V_t(u) + slope_w · u in a window that slides with s. It lies at an end of the
window or at a knot within it, so that between two neighbouring events (knots less least_w or most_w) there are three
lines for each way; the lower envelope of them all is the value one step back. Nothing is rounded to a grid: the path is
the best one but for rounding noise.

Source:
    Bellman, Dynamic Programming (1957); sliding minima after Lemire, Nordic Journal of Computing 13 (2006) 328-339.
"""

from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.model.linear import Floats

LEAST, MOST, COST, SLOPE = range(4)
"""Rows of the ways of each step, shape (4, n, ways), NaN where a step has fewer: least and most energy added [kWh],
cost of adding the least one [currency], and of each kWh more [currency/kWh]."""
Points: TypeAlias = tuple[Floats, Floats]


class SoftTicks(NamedTuple):
    """Bounds of the energy that may be broken at a price."""

    at: Floats
    """The bound at the end of each step [kWh], NaN where there is none, shape (n,)."""
    price: Floats
    """Price of the breach [currency/kWh], shape (n,)."""
    sign: float
    """1 for a lower bound, -1 for an upper one."""


class Ticks(NamedTuple):
    """What holds for the energy in the store at the end of each step, each shape (n,)."""

    lower: Floats
    """Least energy [kWh]."""
    upper: Floats
    """Most energy [kWh]."""
    kept: Floats
    """Share of the energy at the beginning of the step that is left at its end, above 0."""
    gained: Floats
    """Energy that the step adds whatever is done [kWh]."""
    soft: tuple[SoftTicks, ...] = ()


_TOUCH: Final = 1e-11
"""Energies so near to each other are the same, as share of the largest range."""
_EQUAL: Final = 1e-12
"""Costs so near to each other are the same, as share of the dearest range."""
_LOOSE: Final = 1e-9
"""By so much bounds are moved apart, as share of the largest range: a target, or a store that has to be charged all the
time, then leaves an interval and no single point."""
_OVERLAPPING: Final = 5_000_000
"""With so many values in all windows together, looking through each of them takes longer than doubling; measured. Some
stores whose prices turn with every step have a hundred thousand segments, and windows as long."""


class Value(NamedTuple):
    """The value of stored energy as segments in order: their ends [kWh] and what they are worth there [currency]."""

    left: Floats
    right: Floats
    at_left: Floats
    at_right: Floats

    @property
    def slope(self) -> Floats:
        """Slope of each segment; 0 for a single point."""
        width = self.right - self.left
        return np.divide(self.at_right - self.at_left, width, out=np.zeros_like(width), where=width > 0)

    @property
    def knots(self) -> Points:
        """All ends of segments and what they are worth."""
        return np.column_stack([self.left, self.right]).ravel(), np.column_stack([self.at_left, self.at_right]).ravel()


class _Lines(NamedTuple):
    """Candidates for the least cost between neighbouring events: what each costs at both ends, infinite for none."""

    at_left: Floats
    at_right: Floats


def cheapest_path(ways: Floats, ticks: Ticks, start: float, end_price: float) -> tuple[float, Floats]:
    """Return the least cost [currency] and the energy at the end of each step [kWh], shape (n,); none without a path.

    Bounds count as kept within a billionth of the largest range, so that the cost is a bound from below.

    Args:
        ways: See ``LEAST`` and what follows it.
        ticks: Bounds are finite.
        start: Energy at the beginning [kWh].
        end_price: Cost of each kWh that is left at the end, negative if it is worth something [currency/kWh].
    """
    if not (ticks.lower <= ticks.upper + _LOOSE).all():
        return np.inf, np.empty(0)
    # Ranges and slopes of about 1 from here on: the tolerances are shares of them.
    unit = max(float(np.max(ticks.upper - ticks.lower)), float(np.nanmax(np.abs(ways[:COST]))), 1e-9)
    money = unit * max(float(np.nanmax(np.abs(ways[SLOPE]))), abs(end_price), 1e-9)
    scaled = ways / np.array([unit, unit, money, money / unit])[:, None, None]
    lower, upper, gained = (each / unit for each in (ticks.lower, ticks.upper, ticks.gained))
    soft = tuple(SoftTicks(at / unit, price * (unit / money), sign) for at, price, sign in ticks.soft)
    loose = Ticks(lower - _LOOSE, upper + _LOOSE, ticks.kept, gained, soft)
    n, ends = len(loose.lower), np.stack([loose.lower[-1:], loose.upper[-1:]])
    values = [_with_breaches(Value(*ends, *(end_price * unit / money * ends)), soft, n - 1)]
    for step in range(n - 1, 0, -1):
        value = _step_back(values[-1], scaled[:, step], loose, step)
        if not len(value.left):
            return np.inf, np.empty(0)
        values.append(_with_breaches(value, soft, step - 1))
    cost, path = _followed(values[::-1], scaled, loose, start / unit)
    return cost * money, path * unit


def _with_breaches(value: Value, soft: tuple[SoftTicks, ...], tick: int) -> Value:
    """Return a value with what breaching the soft bounds at the end of a step costs."""
    for at, prices, sign in soft:
        bound, price = float(at[tick]), float(prices[tick])
        if np.isnan(bound) or not price:
            continue
        inside = (value.left < bound) & (bound < value.right)
        middle = (value.at_left + value.slope * (bound - value.left))[inside]
        left = np.concatenate([value.left, np.full(len(middle), bound)])
        right = np.concatenate([np.where(inside, bound, value.right), value.right[inside]])
        at_left = np.concatenate([value.at_left, middle])
        at_right = np.concatenate([value.at_right, value.at_right[inside]])
        at_right[: len(inside)][inside] = middle
        order = np.argsort(left, kind="stable")
        left, right, at_left, at_right = (each[order] for each in (left, right, at_left, at_right))
        breach_left, breach_right = (price * np.maximum(sign * (bound - end), 0.0) for end in (left, right))
        value = Value(left, right, at_left + breach_left, at_right + breach_right)
    return value


def _step_back(value: Value, ways: Floats, ticks: Ticks, step: int) -> Value:
    """Return the value at the beginning of a step, within the bounds of that tick, from the value at its end."""
    ways = ways[:, ~np.isnan(ways[LEAST])]
    kept, gained = ticks.kept[step], ticks.gained[step]
    lower, upper = kept * ticks.lower[step - 1] + gained, kept * ticks.upper[step - 1] + gained
    knots = value.knots[0]
    shifted = (knots - ways[LEAST:COST, :, None]).ravel()
    events = np.sort(np.concatenate([[lower, upper], shifted[(shifted > lower) & (shifted < upper)]]))
    wide = np.diff(events) > _TOUCH
    left, right = events[:-1][wide], events[1:][wide]
    if not len(left):
        return Value(*([left] * 4))
    lines = _lines(value, ways, left, right)
    some = np.isfinite(lines.at_left).any(axis=0)
    if not some.any():
        return Value(*([left[:0]] * 4))
    rest = _merged(_envelope(_Lines(lines.at_left[:, some], lines.at_right[:, some]), left[some], right[some]))
    return rest._replace(left=(rest.left - gained) / kept, right=(rest.right - gained) / kept)


def _lines(value: Value, ways: Floats, left: Floats, right: Floats) -> _Lines:
    """Return the three lines of each way between neighbouring events, shape (3 · ways, events)."""
    middle = 0.5 * (left + right)
    least, most, cost, slope = (row[:, None] for row in ways)
    at_left, at_right = [], []
    for end, paid in ((least, cost), (most, cost + slope * (most - least))):
        place = middle + end
        segment = np.minimum(np.searchsorted(value.right, place), len(value.left) - 1)
        inside = (value.left[segment] <= place) & (place <= value.right[segment])
        worth = value.at_left[segment] + value.slope[segment] * (left + end - value.left[segment]) + paid
        at_left.append(np.where(inside, worth, np.inf))
        at_right.append(np.where(inside, worth + value.slope[segment] * (right - left), np.inf))
    knots, worths = value.knots
    first, last = (np.searchsorted(knots, middle + end) for end in (least, most))
    least_worth = _least_between(worths + slope * knots, first, last)
    at_left.append(least_worth + cost - slope * (least + left))
    at_right.append(least_worth + cost - slope * (least + right))
    return _Lines(np.concatenate(at_left), np.concatenate(at_right))


def _least_between(values: Floats, first: NDArray[np.integer], last: NDArray[np.integer]) -> Floats:
    """Return the least of each row's values from one place to before another, infinite for none."""
    if (last - first).clip(0).sum() > _OVERLAPPING:
        return _least_by_doubling(values, first, last)
    rows, width = values.shape
    padded = np.concatenate([values, np.full((rows, 1), np.inf)], axis=1).ravel()
    offset = np.arange(rows)[:, None] * (width + 1)
    spans = np.stack([first + offset, np.maximum(last, first) + offset], axis=-1)
    least = np.minimum.reduceat(padded, spans.ravel())[::2].reshape(first.shape)
    return np.where(last > first, least, np.inf)


def _least_by_doubling(values: Floats, first: NDArray[np.integer], last: NDArray[np.integer]) -> Floats:
    """Return the same as ``_least_between``, in a time that hardly grows with the length of windows.

    The least of 2^k values from each place on follows from that of 2^(k-1), and two such stretches cover every window
    of 2^k up to 2^(k+1) values.

    Source:
        Bender and Farach-Colton, The LCA Problem Revisited, LATIN 2000, 88-94 (sparse tables).
    """
    size = last - first
    power = np.frexp(np.maximum(size, 1))[1] - 1
    least, answer = values, np.full(first.shape, np.inf)
    for k in range(int(power.max(initial=0)) + 1):
        row, column = np.nonzero((power == k) & (size > 0))
        answer[row, column] = np.minimum(least[row, first[row, column]], least[row, last[row, column] - (1 << k)])
        least = np.minimum(least[:, : -(1 << k)], least[:, 1 << k :])
    return answer


def _envelope(lines: _Lines, left: Floats, right: Floats) -> Value:
    """Return the least of the lines between neighbouring events, as segments in no order."""
    width = right - left
    with np.errstate(invalid="ignore"):
        slope = np.where(np.isfinite(lines.at_left), (lines.at_right - lines.at_left) / width, np.inf)
    every = np.arange(len(left))
    least = lines.at_left.min(axis=0)
    current = np.where(lines.at_left <= least + _EQUAL, slope, np.inf).argmin(axis=0)
    begin, found = left, []
    at_begin = lines.at_left[current, every]
    while True:
        # A line crosses the current one where it is lower at the end; the first to do so is next.
        own, own_slope = lines.at_right[current, every], slope[current, every]
        gain = own - lines.at_right[:, every]
        steeper = (gain > _EQUAL) & (slope[:, every] < own_slope)
        with np.errstate(divide="ignore", invalid="ignore"):
            cross = np.where(steeper, right[every] - gain / (own_slope - slope[:, every]), np.inf)
        cross = np.maximum(cross, begin)
        soonest = cross.min(axis=0)
        end = np.minimum(soonest, right[every])
        at_end = at_begin + own_slope * (end - begin)
        long = end > begin
        found.append(Value(begin[long], end[long], at_begin[long], at_end[long]))
        more = soonest < right[every]
        if not more.any():
            break
        # Of those that cross there, the steepest is lowest right after.
        following = np.where(cross <= soonest + _TOUCH, slope[:, every], np.inf).argmin(axis=0)[more]
        begin, at_begin, every, current = end[more], at_end[more], every[more], following
    return Value(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _merged(value: Value) -> Value:
    """Return segments in order, those joined that lie on one line."""
    order = np.argsort(value.left, kind="stable")
    value = Value(*(part[order] for part in value))
    left, right, at_left, at_right = value
    apart = (np.abs(left[1:] - right[:-1]) > 10 * _TOUCH) | (np.abs(at_left[1:] - at_right[:-1]) > 10 * _EQUAL)
    slope, width = value.slope, right - left
    bend = np.abs(slope[1:] - slope[:-1]) * np.minimum(width[1:], width[:-1])
    new = np.concatenate([[True], apart | (bend > 10 * _EQUAL)])
    first, group = np.flatnonzero(new), np.cumsum(new) - 1
    last = np.concatenate([first[1:] - 1, [len(left) - 1]])
    joined = Value(left[first], right[last], at_left[first], at_right[last])
    # Short segments bend little, but a row of them may turn: such a row stays as it is.
    off = np.abs(at_left - joined.at_left[group] - joined.slope[group] * (left - joined.left[group])) > 10 * _EQUAL
    if not off.any():
        return joined
    turning = np.bincount(group, off, len(first)) > 0
    kept = turning[group]
    parts = zip(value, joined, strict=True)
    merged = Value(*(np.concatenate([each[kept], all_of_it[~turning]]) for each, all_of_it in parts))
    order = np.argsort(merged.left, kind="stable")
    return Value(*(part[order] for part in merged))


def _followed(values: list[Value], ways: Floats, ticks: Ticks, start: float) -> tuple[float, Floats]:
    """Return the least cost and the path from the start on."""
    n = len(values)
    path, level, least = np.empty(n), start, np.inf
    for step, value in enumerate(values):
        rest = ticks.kept[step] * level + ticks.gained[step]
        low, high, cost, slope = ways[:, step, ~np.isnan(ways[LEAST, step]), None]
        begin, end = np.maximum(value.left, rest + low), np.minimum(value.right, rest + high)
        if not (begin <= end + _TOUCH).any():
            return np.inf, np.empty(0)
        at = np.stack([np.minimum(begin, end), end])
        paid = cost + slope * (at - rest - low) + value.at_left + value.slope * (at - value.left)
        paid = np.where(begin <= end + _TOUCH, paid, np.inf)
        if not step:
            least = float(paid.min())
        # Of equal ones the fullest: sooner rather than later.
        level = path[step] = float(np.where(paid <= paid.min() + _EQUAL, at, -np.inf).max())
    return least, path
