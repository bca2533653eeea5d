"""The cheapest path of the energy in one store, by dynamic programming; machine code where numba is installed.

The value of stored energy at a tick, which is the least cost of all steps after it, is convex and piecewise linear.
One step back, its slopes are merged in order with those of what the step itself costs, and cut to the bounds of the
tick before. Forward, each step fills the store as long as the slopes of both do not add up to a cost; as this is done
also where they add up to nothing, the path is the highest of all cheapest ones, at every tick at once. The slopes met
on the way are the marginal value of stored energy.

numba keeps machine code beside this file and makes it anew when the file changes; it does not notice changes of other
files, so everything that is compiled stands here.

Source:
    Bellman, Dynamic Programming (1957); for merged slopes Rockafellar, Convex Analysis (1970), theorem 16.4.
"""

from typing import Any, TypeAlias

import numpy as np

from engine.compiling import compiled
from engine.model.linear import Floats

LOAD, BUY, SELL, IMPORT, EXPORT, CHARGE, DISCHARGE = range(7)
CHARGING, DISCHARGING, WEAR, KEPT, SHARE, GAIN, LOWER, UPPER = range(7, 15)
"""Rows of what is given, each of n steps: net load beside the store [kW], price of energy bought and sold
[currency/kWh], most power bought, sold, taken by the store and given by it [kW], efficiencies of taking and giving,
price of wear [currency/kWh], share of the stored energy and of the inflow that is left at the end of the step, power
that flows in from elsewhere [kW], bounds of the energy at the end of the step [kWh]."""
POWER, LEVEL, VALUE, PRICE = range(4)
"""Rows of what is found, each of n steps: power of the store, positive when it takes [kW], energy at the end [kWh],
marginal value of stored energy in the step and marginal price of consuming in it [currency/kWh]."""

_TOUCH = 1e-9
"""Energies [kWh] and powers [kW] so near to each other are the same."""
_EQUAL = 1e-10
"""Marginal values that differ by less are equal, as a share of the largest one."""
_BEYOND = 1.0
"""Bounds farther than this from all that can be reached are as good as none, and are moved here [kWh]."""

Steps: TypeAlias = tuple[Floats, Any, Floats, Floats]
"""What each step costs as it adds energy: slopes [currency/kWh] and widths [kWh] in order, shape (n, 2, 3), how many;
least energy added [kWh] and power that does so [kW], shape (n, 2); most power [kW], shape (n,)."""
Values: TypeAlias = tuple[Floats, Any, Floats]
"""The value of stored energy: slopes [currency/kWh] and widths [kWh] of all ticks, shape (2, any); the first and last
entry of each tick among them, shape (n, 2); where each tick's begin [kWh], shape (n,), empty without a path."""


@compiled
def best_path(given: Floats, start: float, end_value: float, hours: float, rest: float) -> Floats:
    """Return the highest of the cheapest paths, see ``POWER`` and what follows it, shape (4, n).

    Args:
        given: See ``LOAD`` and what follows it, shape (15, n).
        start: Energy at the beginning [kWh].
        end_value: Worth of the energy left at the end [currency/kWh].
        hours: Length of a step [h].
        rest: Price of each kWh drawn from the store, to be told from no price [currency/kWh].

    Returns:
        Nothing, shape (4, 0), if the cost of a step is not convex, a power has no limit, or there is no path.
    """
    steps = _steps(given, hours, rest)
    if len(steps[3]):
        values = _values(given, steps, start, end_value, hours)
        if len(values[2]):
            return _followed(given, steps, values, start, hours)
    return np.empty((4, 0))


@compiled
def _steps(given: Floats, hours: float, rest: float) -> Steps:
    """Return what each step costs; nothing if one has no room, no limit, or slopes that fall."""
    n = given.shape[1]
    lines, count = np.empty((n, 2, 3)), np.zeros(n, np.int64)
    least, most = np.empty((n, 2)), np.empty(n)
    for j in range(n):
        load, share = given[LOAD, j], given[SHARE, j]
        power = max(-given[DISCHARGE, j], -given[EXPORT, j] - load)
        most[j] = min(given[CHARGE, j], given[IMPORT, j] - load)
        if not (power <= most[j] < np.inf and power > -np.inf and given[KEPT, j] > 0.0):
            return lines, count, least, most[:0]
        least[j, 0], least[j, 1] = _stored(given, j, power, hours), power
        before = -np.inf
        for bend in (min(0.0, -load), max(0.0, -load), most[j]):
            end = min(max(bend, power), most[j])
            if end <= power:
                continue
            middle = 0.5 * (power + end)
            price = given[BUY, j] if middle + load > 0.0 else given[SELL, j]
            if middle > 0.0:
                reaching, price = share * given[CHARGING, j], price + given[WEAR, j]
            else:
                reaching, price = share / given[DISCHARGING, j], price - given[WEAR, j]
            slope = price / reaching
            if middle <= 0.0:
                slope -= rest
            if not (0.0 < reaching < np.inf and slope >= before - _EQUAL * abs(slope)):
                return lines, count, least, most[:0]
            lines[j, 0, count[j]], lines[j, 1, count[j]] = slope, (end - power) * reaching * hours
            count[j], before, power = count[j] + 1, slope, end
    return lines, count, least, most


@compiled
def _stored(given: Floats, j: int, power: float, hours: float) -> float:
    """Return the energy that a power adds to the store in a step [kWh]."""
    through = power * given[CHARGING, j] if power > 0.0 else power / given[DISCHARGING, j]
    return float(through * given[SHARE, j] * hours)


@compiled
def _reachable(given: Floats, steps: Steps, start: float, hours: float) -> tuple[Floats, Floats]:
    """Return the bounds at the end of each step [kWh], none of them far beyond what can be reached."""
    n = given.shape[1]
    lower, upper = np.empty(n), np.empty(n)
    low = high = start
    for j in range(n):
        gained = given[GAIN, j] * given[SHARE, j] * hours
        low = given[KEPT, j] * low + gained + steps[2][j, 0]
        high = given[KEPT, j] * high + gained + _stored(given, j, steps[3][j], hours)
        lower[j] = max(given[LOWER, j], low - _BEYOND)
        upper[j] = min(given[UPPER, j], high + _BEYOND)
    return lower, upper


@compiled
def _values(given: Floats, steps: Steps, start: float, end_value: float, hours: float) -> Values:
    """Return the value of stored energy at the end of each step."""
    n = given.shape[1]
    lower, upper = _reachable(given, steps, start, hours)
    lines, entries, begin = np.empty((2, 16 * n + 16)), np.zeros((n, 2), np.int64), np.empty(n)
    begin[n - 1], lines[0, 0], lines[1, 0] = lower[n - 1], -end_value, upper[n - 1] - lower[n - 1]
    entries[n - 1, 1] = lines[1, 0] > 0.0
    if not lines[1, 0] >= 0.0:
        return lines, entries, begin[:0]
    for j in range(n - 1, 0, -1):
        room = 2 * entries[j, 1] - entries[j, 0] + 4
        if room > lines.shape[1]:
            lines = np.concatenate((lines, np.empty((2, room))), axis=1)
        cut = (lower[j - 1], upper[j - 1], given[GAIN, j] * given[SHARE, j] * hours, given[KEPT, j])
        entries[j - 1, 0] = entries[j, 1]
        begin[j - 1], entries[j - 1, 1] = _merged(lines, entries[j], begin[j], steps, j, cut)
        if np.isnan(begin[j - 1]):
            return lines, entries, begin[:0]
    return lines, entries, begin


@compiled
def _merged(
    lines: Floats, entries: Any, begin: float, steps: Steps, j: int, cut: tuple[float, ...]
) -> tuple[float, int]:
    """Write the value at the beginning of step j behind the one at its end; return where it begins, and its last entry.

    Args:
        lines: Slopes and widths, with room for more.
        entries: First and last entry of the value at the end of the step.
        begin: Where that one begins [kWh].
        steps: What each step costs.
        j: The step.
        cut: Bounds at the beginning of the step, energy gained in it [kWh], and the share kept.

    Returns:
        NaN in place of the first if no energy at the beginning has a way on.
    """
    lower, upper, gained, kept = cut
    left, right = kept * lower + gained, kept * upper + gained
    own, m = steps[0][j], steps[1][j] - 1
    at, k, end = entries[1], entries[0], begin - steps[2][j, 0] - own[1, : m + 1].sum()
    first = lower if end <= left else (end - gained) / kept
    while (k < entries[1] or m >= 0) and end < right:
        if m < 0 or (k < entries[1] and lines[0, k] <= -own[0, m]):
            slope, width, k = lines[0, k], lines[1, k], k + 1
        else:
            slope, width, m = -own[0, m], own[1, m], m - 1
        piece = min(end + width, right) - max(end, left)
        end += width
        if piece > 0.0:
            lines[0, at], lines[1, at], at = slope * kept, piece / kept, at + 1
    if not (first <= upper + _TOUCH and end >= left - _TOUCH):
        return np.nan, at
    return min(first, upper), at


@compiled
def _followed(given: Floats, steps: Steps, values: Values, start: float, hours: float) -> Floats:
    """Return the path from the start on, shape (4, n); shape (4, 0) if there is none."""
    n = given.shape[1]
    path, level, largest = np.empty((4, n)), start, abs(values[0][0, 0])
    for j in range(n):
        for m in range(steps[1][j]):
            largest = max(largest, abs(steps[0][j, 0, m]))
    for j in range(n):
        rest = given[KEPT, j] * level + given[GAIN, j] * given[SHARE, j] * hours
        level, least, most = _filled(steps, values, j, rest, _EQUAL * largest)
        if np.isnan(level):
            return path[:, :0]
        path[LEVEL, j] = level
        if j:
            # A kWh of before has shrunk to ``kept`` of one, so that each that is left is worth more.
            value = path[VALUE, j - 1] / given[KEPT, j]
        else:
            value = least if least > -np.inf else most if most < np.inf else 0.0
        path[VALUE, j] = value = min(max(value, least), most)
        path[POWER, j] = _power(given, steps, j, (level - rest) / (given[SHARE, j] * hours))
        path[PRICE, j] = _price(given, j, path[POWER, j], value)
    return path


@compiled
def _filled(steps: Steps, values: Values, j: int, rest: float, equal: float) -> tuple[float, float, float]:
    """Return the energy at the end of a step [kWh] and the least and most that its marginal value can be there.

    Args:
        steps: What each step costs.
        values: The value of stored energy at the end of each step.
        j: The step.
        rest: Energy at its end if the store neither took nor gave [kWh].
        equal: Slopes add up to no cost up to this [currency/kWh].
    """
    first, last = values[1][j]
    lines, own, count = values[0][:, first:last], steps[0][j], steps[1][j]
    k, stored, m, added = 0, values[2][j], 0, rest + steps[2][j, 0]
    level = max(stored, added)
    while k < lines.shape[1] and stored + lines[1, k] <= level:
        stored, k = stored + lines[1, k], k + 1
    while m < count and added + own[1, m] <= level:
        added, m = added + own[1, m], m + 1
    if (k == lines.shape[1] and level > stored + _TOUCH) or (m == count and level > added + _TOUCH):
        return np.nan, 0.0, 0.0
    while k < lines.shape[1] and m < count and lines[0, k] + own[0, m] <= equal:
        level = min(stored + lines[1, k], added + own[1, m])
        if stored + lines[1, k] <= level:
            stored, k = stored + lines[1, k], k + 1
        if added + own[1, m] <= level:
            added, m = added + own[1, m], m + 1
    below, above = _sides(lines, k, level - stored)
    before, after = _sides(own[:, :count], m, level - added)
    return level, max(before, -above), min(after, -below)


@compiled
def _sides(lines: Floats, k: int, within: float) -> tuple[float, float]:
    """Return the slopes on both sides of a place so far within piece k [kWh]; infinite beyond the ends."""
    left, right, ahead = k, k, -within
    while right < lines.shape[1] and ahead + lines[1, right] <= _TOUCH:
        ahead, right = ahead + lines[1, right], right + 1
    while left >= 0 and within <= _TOUCH:
        left -= 1
        within += lines[1, left] if left >= 0 else 0.0
    return lines[0, left] if left >= 0 else -np.inf, lines[0, right] if right < lines.shape[1] else np.inf


@compiled
def _power(given: Floats, steps: Steps, j: int, inflow: float) -> float:
    """Return the power [kW] that lets so much flow into the store [kW], without rounding noise."""
    power = inflow / given[CHARGING, j] if inflow > 0.0 else inflow * given[DISCHARGING, j]
    if abs(power) < _TOUCH:
        power = 0.0
    if abs(power + given[LOAD, j]) < _TOUCH:
        power = -given[LOAD, j]
    return float(min(max(power, steps[2][j, 1]), steps[3][j]))


@compiled
def _price(given: Floats, j: int, power: float, value: float) -> float:
    """Return what one more kWh consumed costs in a step [currency/kWh]: by the tariff, or by what the store does."""
    net, buy, sell = power + given[LOAD, j], given[BUY, j], given[SELL, j]
    low = buy if net > _TOUCH else sell
    high = buy if net >= -_TOUCH else sell
    tariff = high
    if net >= given[IMPORT, j] - _TOUCH:
        high = np.inf
    if net <= _TOUCH - given[EXPORT, j]:
        low = -np.inf
    taking = value * given[SHARE, j] * given[CHARGING, j] - given[WEAR, j]
    giving = value * given[SHARE, j] / given[DISCHARGING, j] + given[WEAR, j]
    if given[CHARGE, j] > _TOUCH:
        low = max(low, taking) if power < given[CHARGE, j] - _TOUCH else low
        high = min(high, taking) if power > _TOUCH else high
    if given[DISCHARGE, j] > _TOUCH:
        high = min(high, giving) if -power < given[DISCHARGE, j] - _TOUCH else high
        low = max(low, giving) if power < -_TOUCH else low
    return float(min(max(tariff, low), high))
