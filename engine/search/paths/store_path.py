"""The cheapest path of the energy in one store whatever its steps cost, by dynamic programming.

The value of stored energy at a tick, which is the least cost of all steps after it, is piecewise linear, but not
convex where selling pays more than buying costs or prices are negative: it is kept as a list of segments, which may
leave gaps and jump. A step may add energy in several ways, each an interval with a linear cost:

    V_{t-1}(s) = min over ways w and energies e in [least_w, most_w] of
                 cost_w + slope_w · (e - least_w) + V_t(kept · s + gained + e)

For one way this is the least value of V_t(u) + slope_w · u in a window that slides with s. It lies at an end of the
window or at a knot within it, so that between two neighbouring events (where an end meets a knot or turns) there are
three lines for each way; the lower envelope of them all is the value one step back. Nothing is rounded to a grid: the
path is the best one but for rounding noise. Where limits on power depend on the energy stored, the ends of the windows
do too; see ``store_windows``. This is numpy; ``machine_code`` takes its place where it can.

Source:
    Bellman, Dynamic Programming (1957); sliding minima after Lemire, Nordic Journal of Computing 13 (2006) 328-339.
"""

from time import thread_time
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.model.linear import Floats
from engine.search.paths.machine_code import MACHINE_CODE
from engine.search.paths.store_values import EQUAL, TOUCH, SoftTicks, Value, merged, thinned, with_breaches
from engine.search.paths.store_windows import COST, LEAST, SLOPE, LevelLimits, Windows


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
    limits: LevelLimits | None = None
    """What each step may add and take off by the energy in the store; None where that does not matter."""


_LOOSE: Final = 1e-9
"""By so much bounds are moved apart, as share of the largest range: a target, or a store that has to be charged all the
time, then leaves an interval and no single point."""
_OVERLAPPING: Final = 5_000_000
"""With so many values in all windows together, looking through each of them takes longer than doubling; measured. Some
stores whose prices turn with every step have a hundred thousand segments, and windows as long."""


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
    limits = None if ticks.limits is None else ticks.limits.scaled(unit)
    loose = Ticks(lower - _LOOSE, upper + _LOOSE, ticks.kept, gained, soft, limits)
    at_end = end_price * unit / money
    kernel = MACHINE_CODE.kernel
    if kernel is not None:
        cost, path = kernel(*_as_arrays(scaled, loose), start / unit, at_end)
    else:
        began = thread_time()
        cost, path = _followed(_values(scaled, loose, at_end), scaled, loose, start / unit)
        MACHINE_CODE.spent(thread_time() - began)
    return cost * money, path * unit


def _as_arrays(ways: Floats, ticks: Ticks) -> tuple[Floats, Floats, Floats, Floats]:
    """Return ways, ticks, soft bounds and limits as machine code takes them, see ``path_kernel``."""
    n, limits = len(ticks.lower), np.empty((3, 0))
    hours = np.ones(n)
    if ticks.limits is not None:
        limits, hours = np.stack(ticks.limits[:3]), ticks.limits.hours
    rows = np.stack([np.broadcast_to(each, n) for each in (*ticks[:4], hours)])
    soft = np.array([(at, price, np.full(n, sign)) for at, price, sign in ticks.soft]).reshape(-1, 3, n)
    return np.ascontiguousarray(ways), rows, np.ascontiguousarray(soft.transpose(1, 0, 2)), limits


def _values(ways: Floats, ticks: Ticks, end_price: float) -> list[Value]:
    """Return the value of stored energy at the end of each step; none if some energy has no way on."""
    n, ends = len(ticks.lower), np.stack([ticks.lower[-1:], ticks.upper[-1:]])
    values = [with_breaches(Value(*ends, *(end_price * ends)), ticks.soft, n - 1)]
    for step in range(n - 1, 0, -1):
        value = _step_back(values[-1], ways[:, step], ticks, step)
        if not len(value.left):
            return []
        values.append(with_breaches(thinned(value), ticks.soft, step - 1))
    return values[::-1]


def _step_back(value: Value, ways: Floats, ticks: Ticks, step: int) -> Value:
    """Return the value at the beginning of a step, within the bounds of that tick, from the value at its end."""
    ways = ways[:, ~np.isnan(ways[LEAST])]
    kept, gained = ticks.kept[step], ticks.gained[step]
    lower, upper = kept * ticks.lower[step - 1] + gained, kept * ticks.upper[step - 1] + gained
    windows = Windows.of(ways, (lower, upper))
    if ticks.limits is not None:
        windows = windows.within(ticks.limits, step, (kept, gained))
    turns = windows.turns(value.knots[0])
    events = np.sort(np.concatenate([[lower, upper], turns[(turns > lower) & (turns < upper)]]))
    wide = np.diff(events) > TOUCH
    left, right = events[:-1][wide], events[1:][wide]
    if not len(left):
        return Value(*([left] * 4))
    lines = _lines(value, ways, windows, (left, right))
    some = np.isfinite(lines.at_left).any(axis=0)
    if not some.any():
        return Value(*([left[:0]] * 4))
    rest = merged(_envelope(_Lines(lines.at_left[:, some], lines.at_right[:, some]), left[some], right[some]))
    return rest._replace(left=(rest.left - gained) / kept, right=(rest.right - gained) / kept)


def _lines(value: Value, ways: Floats, windows: Windows, between: tuple[Floats, Floats]) -> _Lines:
    """Return the three lines of each way between neighbouring events, shape (3 · ways, events)."""
    left, right = between
    middle = 0.5 * (left + right)
    least, _, cost, slope = (row[:, None] for row in ways)
    ends = windows.ends(left, right)
    at_left, at_right = list[Floats](), list[Floats]()
    for end_left, end_right in ends:
        place = middle + 0.5 * (end_left + end_right)
        segment = np.minimum(np.searchsorted(value.right, place), len(value.left) - 1)
        inside = (value.left[segment] <= place) & (place <= value.right[segment])
        begin, at_begin, steep = value.left[segment], value.at_left[segment], value.slope[segment]
        for found, at, end in ((at_left, left, end_left), (at_right, right, end_right)):
            worth = at_begin + steep * (at + end - begin) + cost + slope * (end - least)
            found.append(np.where(inside, worth, np.inf))
    knots, worths = value.knots
    first, last = (np.searchsorted(knots, middle + 0.5 * (low + high)) for low, high in ends)
    least_worth = _least_between(worths + slope * knots, first, last)
    at_left.append(least_worth + cost - slope * (least + left))
    at_right.append(least_worth + cost - slope * (least + right))
    lines = _Lines(np.concatenate(at_left), np.concatenate(at_right))
    if windows.may_close:
        shut = np.tile(sum(ends[1]) < sum(ends[0]), (3, 1))
        lines = _Lines(*(np.where(shut, np.inf, each) for each in lines))
    return lines


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
    current = np.where(lines.at_left <= least + EQUAL, slope, np.inf).argmin(axis=0)
    begin, found = left, []
    at_begin = lines.at_left[current, every]
    while True:
        # A line crosses the current one where it is lower at the end; the first to do so is next.
        own, own_slope = lines.at_right[current, every], slope[current, every]
        gain = own - lines.at_right[:, every]
        steeper = (gain > EQUAL) & (slope[:, every] < own_slope)
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
        following = np.where(cross <= soonest + TOUCH, slope[:, every], np.inf).argmin(axis=0)[more]
        begin, at_begin, every, current = end[more], at_end[more], every[more], following
    return Value(*(np.concatenate(part) for part in zip(*found, strict=True)))


def _followed(values: list[Value], ways: Floats, ticks: Ticks, start: float) -> tuple[float, Floats]:
    """Return the least cost and the path from the start on."""
    path, level, total = np.empty(len(values)), start, np.inf
    for step, value in enumerate(values):
        rest = ticks.kept[step] * level + ticks.gained[step]
        least, most, cost, slope = ways[:, step, ~np.isnan(ways[LEAST, step]), None]
        low, high = least, most
        if ticks.limits is not None:
            limits = ticks.limits.at_rest(np.array([rest]), step, (ticks.kept[step], ticks.gained[step]))
            low, high = np.maximum(least, limits[:2].max()), np.minimum(most, limits[2:].min())
        begin, end = np.maximum(value.left, rest + low), np.minimum(value.right, rest + high)
        reachable = (begin <= end + TOUCH) & (low <= high + TOUCH)
        if not reachable.any():
            return np.inf, np.empty(0)
        at = np.stack([np.minimum(begin, end), end])
        paid = cost + slope * (at - rest - least) + value.at_left + value.slope * (at - value.left)
        paid = np.where(reachable, paid, np.inf)
        if not step:
            total = float(paid.min())
        # Of equal ones the fullest: sooner rather than later.
        level = path[step] = float(np.where(paid <= paid.min() + EQUAL, at, -np.inf).max())
    return total, path
