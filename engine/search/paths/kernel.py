"""The path of ``store_path`` one number at a time: as machine code, where numba is installed, 20 to 30 times faster.

The least value in a window that slides is kept as numpy cannot: knots enter at one end of the window and leave at the
other, and those that a later and lower one makes useless are dropped at once. So one way of a step takes as long as
there are knots, and the ways are joined to their lower envelope one after the other.

numba keeps machine code beside each file and makes it anew when that file changes. It does not notice that another one
has: whoever edits ``kernel_segments`` or ``kernel_windows`` has to touch this file, too.

Source:
    Lemire, Nordic Journal of Computing 13 (2006) 328-339: streaming minima without more than three comparisons.
"""

import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np

from engine.compiling import COMPILED, compiled
from engine.model.linear import Floats
from engine.search.paths.kernel_segments import (
    AT_LEFT,
    AT_RIGHT,
    COST,
    EQUAL,
    GAINED,
    KEPT,
    LEAST,
    LEAST_SLOPE,
    LEFT,
    LOWER,
    MOST,
    RIGHT,
    SLOPE,
    TOUCH,
    UPPER,
    Segments,
    envelope,
    joined,
    least_of,
    thinned,
    with_breaches,
)  # fmt: skip
from engine.search.paths.kernel_windows import limit_lines, meetings, window_at, windows


@compiled
def compiled_path(
    ways: Floats, ticks: Floats, soft: Floats, limits: Floats, start: float, end_price: float
) -> tuple[float, Floats]:
    """Return the least cost and the energy at the end of each step, none without a path; see ``cheapest_path``.

    Args:
        ways: Shape (4, n, ways), ranges and slopes of about 1.
        ticks: See ``LOWER`` and what follows it, shape (5, n).
        soft: Bounds that may be broken, their prices and signs, shape (3, bounds, n).
        limits: Energy stored, least and most energy that an hour may add there, shape (3, points), or (3, 0).
        start: Energy at the beginning.
        end_price: Cost of what is left at the end.
    """
    n = ticks.shape[1]
    lines, entries = np.empty((6, 64 * n)), np.zeros((n, 2), np.int64)
    last = np.empty((6, 1))
    last[:4, 0] = ticks[LOWER, n - 1], ticks[UPPER, n - 1], 0.0, 0.0
    last[AT_LEFT:LEAST_SLOPE, 0] = end_price * last[:AT_LEFT, 0]
    value = with_breaches((last, 1), soft, n - 1)
    at = 0
    for step in range(n - 1, -1, -1):
        if at + value[1] > lines.shape[1]:
            lines = np.concatenate((lines, np.empty((6, lines.shape[1] + value[1]))), axis=1)
        lines[:, at : at + value[1]] = value[0][:, : value[1]]
        entries[step, 0], entries[step, 1] = at, at + value[1]
        at += value[1]
        if step:
            value = _step_back(value, ways[:, step], ticks[:, step - 1 : step + 1], limits)
            if not value[1]:
                return np.inf, np.empty(0)
            value = with_breaches(thinned(value), soft, step - 1)
    return _followed((lines, entries), ways, ticks, limits, start)


@compiled
def _step_back(value: Segments, ways: Floats, ticks: Floats, limits: Floats) -> Segments:
    """Return the value at the beginning of a step, within the bounds of that tick, from the value at its end."""
    kept, gained = ticks[KEPT, 1], ticks[GAINED, 1]
    between = kept * ticks[LOWER, 0] + gained, kept * ticks[UPPER, 0] + gained
    lines = limit_lines(limits, ticks[:, 1])
    best = (np.empty((6, 0)), 0)
    for way in range(ways.shape[1]):
        if not np.isnan(ways[LEAST, way]):
            one = _of_way(value, ways[:, way], windows(ways[:, way], between, lines))
            best = envelope(best, one) if best[1] else one
    found = (np.empty((6, best[1])), 0)
    for at in range(best[1]):  # as energies before the step
        left, right, at_left, at_right = best[0][:LEAST_SLOPE, at]
        found = joined(found, ((left - gained) / kept, (right - gained) / kept, at_left, at_right), 10.0 * EQUAL)
    return found


@compiled
def _of_way(value: Segments, way: Floats, slid: Floats) -> Segments:
    """Return the least cost of one way and all that follows, by the energy that is there without it."""
    lines, count = value[0], 2 * value[1]
    knots = lines[: RIGHT + 1, : value[1]].T.copy().ravel()
    worths = lines[AT_LEFT:LEAST_SLOPE, : value[1]].T.copy().ravel() + way[SLOPE] * knots
    enters, leaves = meetings(slid[0], slid[2], knots, False), meetings(slid[0], slid[1], knots, True)
    # Knots in the window in order, each of them worth less than those before it.
    row, head, tail = np.empty(count, np.int64), 0, 0
    entered, left_behind, cell, begin = 0, 0, 0, slid[0, 0]
    found = (np.empty((6, 2 * count + 8)), 0)
    while begin < slid[0, -1] - TOUCH:
        while entered < count and enters[entered] <= begin + TOUCH:
            while tail > head and worths[row[tail - 1]] >= worths[entered]:
                tail -= 1
            row[tail], tail, entered = entered, tail + 1, entered + 1
        while left_behind < count and leaves[left_behind] <= begin + TOUCH:
            left_behind += 1
        while head < tail and row[head] < left_behind:
            head += 1
        while cell < slid.shape[1] - 2 and slid[0, cell + 1] <= begin + TOUCH:
            cell += 1
        end = slid[0, cell + 1]
        if entered < count:
            end = min(end, enters[entered])
        if left_behind < count:
            end = min(end, leaves[left_behind])
        least = worths[row[head]] if head < tail else np.inf
        costs = _costs((begin, end), slid[:, cell : cell + 2], (left_behind, entered), least, lines, way)
        found = least_of(found, begin, end, costs)
        begin = end
    return found


@compiled
def _costs(
    between: tuple[float, float], cell: Floats, met: tuple[int, int], least: float, lines: Floats, way: Floats
) -> Floats:
    """Return the three lines of a way between neighbouring events: what each costs at both ends, shape (3, 2).

    Args:
        between: The events.
        cell: The window at the points around them.
        met: How many knots its low and its high end have met.
        least: What the least knot within is worth.
        lines: The value at the end of the step.
        way: The way.
    """
    costs, width = np.full((3, 2), np.inf), cell[0, 1] - cell[0, 0]
    shares = (between[0] - cell[0, 0]) / width, (between[1] - cell[0, 0]) / width
    if np.sum(cell[1]) > np.sum(cell[2]):
        return costs
    base = way[COST] - way[SLOPE] * way[LEAST]
    for at in range(2):
        for side in range(2):
            end = cell[1 + side, 0] + shares[at] * (cell[1 + side, 1] - cell[1 + side, 0])
            # An odd number: it lies in a segment, of which it has met the first knot only.
            if met[side] % 2:
                k = met[side] // 2
                steep = (lines[AT_RIGHT, k] - lines[AT_LEFT, k]) / (lines[RIGHT, k] - lines[LEFT, k])
                worth = lines[AT_LEFT, k] + steep * (between[at] + end - lines[LEFT, k])
                costs[side, at] = worth + base + way[SLOPE] * end
        costs[2, at] = least + base - way[SLOPE] * between[at]
    return costs


@compiled
def _followed(
    values: tuple[Floats, Any], ways: Floats, ticks: Floats, limits: Floats, start: float
) -> tuple[float, Floats]:
    """Return the least cost and the path from the start on."""
    n = ticks.shape[1]
    path, level, total = np.empty(n), start, np.inf
    for step in range(n):
        lines = values[0][:, values[1][step, 0] : values[1][step, 1]]
        rest = ticks[KEPT, step] * level + ticks[GAINED, step]
        bounds = limit_lines(limits, ticks[:, step])
        least, at_least = _best_end(lines, ways[:, step], bounds, rest)
        if not np.isfinite(least):
            return np.inf, path[:0]
        if step == 0:
            total = least
        level = path[step] = at_least
    return total, path


@compiled
def _best_end(lines: Floats, ways: Floats, limits: Floats, rest: float) -> tuple[float, float]:
    """Return the least cost of a step and all that follows, and the fullest energy at its end for it."""
    least, level = np.inf, -np.inf
    for again in range(2):  # the least cost, then of all ends that cost no more the fullest
        for k in range(ways.shape[1]):
            way, low, high = ways[:, k], ways[LEAST, k], ways[MOST, k]
            if np.isnan(low):
                continue
            if limits.shape[2]:
                ends = window_at(rest, way, limits)
                low, high = ends[4], ends[5]
            for at in range(lines.shape[1] if low <= high + TOUCH else 0):
                begin, end = max(lines[LEFT, at], rest + low), min(lines[RIGHT, at], rest + high)
                if begin > end + TOUCH:
                    continue
                width = lines[RIGHT, at] - lines[LEFT, at]
                steep = (lines[AT_RIGHT, at] - lines[AT_LEFT, at]) / width if width > 0.0 else 0.0
                for place in (min(begin, end), end):
                    paid = way[COST] + way[SLOPE] * (place - rest - way[LEAST])
                    paid += lines[AT_LEFT, at] + steep * (place - lines[LEFT, at])
                    if again == 0:
                        least = min(least, paid)
                    elif paid <= least + EQUAL:
                        level = max(level, place)
    return least, level


def loaded() -> Callable[..., tuple[float, Floats]]:
    """Return the kernel, compiled or read from where numba keeps it."""
    compiled_path(np.zeros((4, 1, 1)), np.ones((5, 1)), np.empty((3, 0, 1)), np.empty((3, 0)), 1.0, 0.0)
    return compiled_path


if __name__ == "__main__":
    loaded()
    # Machine code that is not kept is of no use to another process
    sys.exit(0 if COMPILED and cast(Any, compiled_path).stats.cache_path else 1)
