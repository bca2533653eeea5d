"""Segments of the value of stored energy as machine code: joined, made fewer, and the least of several."""

from typing import TypeAlias

import numpy as np

from engine.compiling import compiled
from engine.model.linear import Floats

LEAST, MOST, COST, SLOPE = range(4)
"""Rows of the ways of each step, see ``store_windows``."""
LOWER, UPPER, KEPT, GAINED, HOURS = range(5)
"""Rows of what holds at the end of each step, see ``Ticks`` and ``LevelLimits``."""
LEFT, RIGHT, AT_LEFT, AT_RIGHT, LEAST_SLOPE, MOST_SLOPE = range(6)
"""Rows of segments: ends and what they are worth, and between which slopes a segment still meets all it has joined."""
TOUCH, EQUAL, LOOSE, MANY, THIN, THICK = 1e-11, 1e-12, 1e-9, 150, 1e-9, 3e-6
"""See ``store_values`` and ``store_windows``."""

Segments: TypeAlias = tuple[Floats, int]
"""Segments in order, shape (6, room), and how many there are."""


@compiled
def joined(found: Segments, segment: tuple[float, float, float, float], tolerance: float) -> Segments:
    """Return segments with one more at the end, joined to the last one if that is off by no more than a tolerance."""
    lines, count = found
    left, right, at_left, at_right = segment
    if count and abs(left - lines[RIGHT, count - 1]) <= 10.0 * TOUCH:
        meets = abs(at_left - lines[AT_RIGHT, count - 1]) <= 10.0 * EQUAL
        width = right - lines[LEFT, count - 1]
        if meets and width > 0.0:
            slope = (at_right - lines[AT_LEFT, count - 1]) / width
            if lines[LEAST_SLOPE, count - 1] <= slope <= lines[MOST_SLOPE, count - 1]:
                lines[RIGHT, count - 1], lines[AT_RIGHT, count - 1] = right, at_right
                least, most = slope - tolerance / width, slope + tolerance / width
                lines[LEAST_SLOPE, count - 1] = max(lines[LEAST_SLOPE, count - 1], least)
                lines[MOST_SLOPE, count - 1] = min(lines[MOST_SLOPE, count - 1], most)
                return found
    if count == lines.shape[1]:
        lines = np.concatenate((lines, np.empty((6, count + 16))), axis=1)
    lines[LEFT, count], lines[RIGHT, count] = left, right
    lines[AT_LEFT, count], lines[AT_RIGHT, count] = at_left, at_right
    width = right - left
    slope = (at_right - at_left) / width if width > 0.0 else 0.0
    room = tolerance / width if width > 0.0 else np.inf
    lines[LEAST_SLOPE, count], lines[MOST_SLOPE, count] = slope - room, slope + room
    return lines, count + 1


@compiled
def with_breaches(value: Segments, soft: Floats, tick: int) -> Segments:
    """Return a value with what breaching the soft bounds at the end of a step costs."""
    for each in range(soft.shape[1]):
        bound, price, sign = soft[0, each, tick], soft[1, each, tick], soft[2, each, tick]
        if np.isnan(bound) or price == 0.0:
            continue
        found = (np.empty((6, value[1] + 1)), 0)
        for at in range(value[1]):
            left, right, at_left, at_right = value[0][:LEAST_SLOPE, at]
            if left < bound < right:
                middle = at_left + (at_right - at_left) / (right - left) * (bound - left)
                begin = at_left + price * max(sign * (bound - left), 0.0)
                found = joined(found, (left, bound, begin, middle), 10.0 * EQUAL)
                left, at_left = bound, middle
            begin = at_left + price * max(sign * (bound - left), 0.0)
            end = at_right + price * max(sign * (bound - right), 0.0)
            found = joined(found, (left, right, begin, end), 10.0 * EQUAL)
        value = found
    return value


@compiled
def thinned(value: Segments) -> Segments:
    """Return a value of fewer segments that lies nowhere above the one given, and hardly below it."""
    tolerance = THIN
    while value[1] > MANY and tolerance <= THICK:
        found = (np.empty((6, value[1])), 0)
        for at in range(value[1]):
            left, right, at_left, at_right = value[0][:LEAST_SLOPE, at]
            found = joined(found, (left, right, at_left, at_right), tolerance)
        fewer = found[1] <= 0.9 * value[1]
        if found[1] < value[1]:
            # Lower by what joining may have added: the value has to stay a bound from below.
            found[0][AT_LEFT:LEAST_SLOPE, : found[1]] -= tolerance
            value = found
        if not fewer:
            tolerance *= 4.0
    return value


@compiled
def least_of(found: Segments, begin: float, end: float, costs: Floats) -> Segments:
    """Return segments with the least of some lines between two places at their end."""
    current = 0
    for k in range(1, len(costs)):
        lower = costs[k, 0] < costs[current, 0] - EQUAL
        if lower or (costs[k, 0] <= costs[current, 0] + EQUAL and costs[k, 1] < costs[current, 1]):
            current = k
    if not np.isfinite(costs[current, 0]):
        return found
    share = 0.0
    while True:
        own = costs[current]
        soonest, following = 1.0, -1
        for k in range(len(costs)):
            if costs[k, 1] < own[1] - EQUAL:
                # A line crosses the current one where it is lower at the end; the first to do so is next.
                cross = (costs[k, 0] - own[0]) / (costs[k, 0] - own[0] + own[1] - costs[k, 1])
                cross = max(cross, share)
                steeper = following >= 0 and cross <= soonest and costs[k, 1] < costs[following, 1]
                if cross < soonest or steeper:
                    soonest, following = cross, k
        if soonest > share:
            rise = own[1] - own[0]
            segment = begin + share * (end - begin), begin + soonest * (end - begin)
            worth = own[0] + share * rise, own[0] + soonest * rise
            found = joined(found, (segment[0], segment[1], worth[0], worth[1]), 10.0 * EQUAL)
        if following < 0:
            return found
        share, current = soonest, following


@compiled
def _part(value: Segments, at: int, begin: float, end: float) -> tuple[float, float]:
    """Return what segment ``at`` is worth at two places in it; infinite if it does not reach from one to the other."""
    lines, count = value
    if at >= count or lines[LEFT, at] > begin + TOUCH:
        return np.inf, np.inf
    steep = (lines[AT_RIGHT, at] - lines[AT_LEFT, at]) / (lines[RIGHT, at] - lines[LEFT, at])
    return lines[AT_LEFT, at] + steep * (begin - lines[LEFT, at]), lines[AT_LEFT, at] + steep * (end - lines[LEFT, at])


@compiled
def envelope(one: Segments, other: Segments) -> Segments:
    """Return the least of two values."""
    found = (np.empty((6, 2 * (one[1] + other[1]) + 8)), 0)
    i, j, costs = 0, 0, np.empty((2, 2))
    begin = min(one[0][LEFT, 0], other[0][LEFT, 0]) if one[1] and other[1] else -np.inf
    while True:
        while i < one[1] and one[0][RIGHT, i] <= begin + TOUCH:
            i += 1
        while j < other[1] and other[0][RIGHT, j] <= begin + TOUCH:
            j += 1
        if i == one[1] and j == other[1]:
            return found
        end, opens = np.inf, np.inf
        if i < one[1]:
            opens = one[0][LEFT, i]
            end = one[0][RIGHT, i] if opens <= begin + TOUCH else opens
        if j < other[1]:
            left = other[0][LEFT, j]
            opens = min(opens, left)
            end = min(end, other[0][RIGHT, j] if left <= begin + TOUCH else left)
        if opens > begin + TOUCH:
            begin = opens
            continue
        costs[0, 0], costs[0, 1] = _part(one, i, begin, end)
        costs[1, 0], costs[1, 1] = _part(other, j, begin, end)
        found = least_of(found, begin, end, costs)
        begin = end
