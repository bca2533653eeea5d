"""Windows that slide with the energy stored, as machine code; see ``store_windows``."""

import numpy as np

from engine.compiling import compiled
from engine.model.linear import Floats
from engine.search.paths.kernel_segments import GAINED, HOURS, KEPT, LEAST, LOOSE, MOST


@compiled
def limit_lines(limits: Floats, tick: Floats) -> Floats:
    """Return the places and values of the lines of ``LevelLimits.at_rest``, in its order, shape (4, 2, points)."""
    lines = np.empty((4, 2, limits.shape[1]))
    for side in range(2):
        curve = limits[1 + side] * tick[HOURS]
        lines[2 * side, 0] = tick[KEPT] * limits[0] + tick[GAINED]
        lines[2 * side + 1, 0] = limits[0] - curve
        lines[2 * side : 2 * side + 2, 1] = curve + (LOOSE if side else -LOOSE)
    return lines


@compiled
def window_at(place: float, way: Floats, lines: Floats) -> Floats:
    """Return the ends of the window of a way where so much energy would be there, and what decides them, shape (6,)."""
    ends = np.empty(6)
    for k in range(4):
        ends[k] = np.interp(place, lines[k, 0], lines[k, 1])
    ends[4] = max(way[LEAST], ends[0], ends[1])
    ends[5] = min(way[MOST], ends[2], ends[3])
    return ends


@compiled
def windows(way: Floats, between: tuple[float, float], lines: Floats) -> Floats:
    """Return the ends of the window of a way as lines through points: place, least and most, shape (3, points)."""
    if not lines.shape[2]:
        plain = np.empty((3, 2))
        plain[0, 0], plain[0, 1] = between
        plain[1], plain[2] = way[LEAST], way[MOST]
        return plain
    bends = lines[:, 0].copy().ravel()
    inside = bends[(bends > between[0]) & (bends < between[1])]
    places = np.sort(np.concatenate((np.array([between[0], between[1]]), inside)))
    points, count = np.empty((3, 9 * len(places))), 0
    last = window_at(places[0], way, lines)
    for k in range(len(places)):
        here = window_at(places[k], way, lines)
        for at in np.append(_crossings(places[max(k - 1, 0)], last, places[k], here, way), places[k]):
            ends = window_at(at, way, lines)
            points[0, count], points[1, count], points[2, count] = at, ends[4], ends[5]
            count += 1
        last = here
    return points[:, :count]


@compiled
def _crossings(begin: float, first: Floats, end: float, last: Floats, way: Floats) -> Floats:
    """Return where other lines come to decide the ends of a window between two bends, in order."""
    found, count = np.empty(7), 0
    for k in range(7):
        if k < 2:
            left, right = first[2 * k] - first[2 * k + 1], last[2 * k] - last[2 * k + 1]
        elif k < 6:
            bound = way[LEAST] if k < 4 else way[MOST]
            left, right = first[k - 2] - bound, last[k - 2] - bound
        else:
            left, right = first[5] - first[4], last[5] - last[4]
        if left * right < 0.0:
            found[count] = begin + (end - begin) * left / (left - right)
            count += 1
    return np.sort(found[:count])


@compiled
def meetings(at: Floats, ends: Floats, knots: Floats, is_low: bool) -> Floats:
    """Return where an end of a window meets each knot, or has passed it if it is the low end; infinite for never."""
    found, k = np.empty(len(knots)), 0
    for knot in range(len(knots)):
        while k < len(at) and (at[k] + ends[k] < knots[knot] or (is_low and at[k] + ends[k] == knots[knot])):
            k += 1
        if k == 0:
            found[knot] = at[0]
        elif k == len(at):
            found[knot] = np.inf
        else:
            begin, end = at[k - 1] + ends[k - 1], at[k] + ends[k]
            found[knot] = at[k - 1] + (at[k] - at[k - 1]) * (knots[knot] - begin) / (end - begin)
    return found
