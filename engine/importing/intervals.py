"""Amounts and means of intervals of any length → the steps of a sensor; amounts are kept to the last watt-hour."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import InputError
from engine.importing.layout import Floats
from engine.series import resample
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds
from engine.units import units

AT_ONCE = 2_000_000
"""Pieces of intervals that are shared out at a time."""


def steps_between(first: int, last: int, step: timedelta, place: ZoneInfo) -> Microseconds:
    """Bounds of the steps on the clock of a place that two moments [us since 1970 UTC] and all between lie in."""
    # Looked for by the hour, as longer steps begin at other hours after a clock change.
    length = min(step // MICROSECOND, HOUR_US)
    fine = np.arange(first // length * length, last + 2 * length, length, dtype=np.int64)
    bounds = np.unique(resample.floor(fine, step, place))
    end = resample.later(bounds[-1:], step // MICROSECOND, place)
    return np.append(bounds, end)


def over_steps(
    starts: Microseconds, ends: Microseconds, values: Floats, ticks: Microseconds, *, adds_up: bool
) -> Floats:
    """Values of the steps between ticks, NaN where no interval reaches, shape (len(ticks) - 1,).

    An amount is shared out evenly over its interval, and amounts of intervals that overlap add up. Of anything else the
    mean by time counts, over the time that is known.

    Args:
        starts: Of the intervals [us since 1970 UTC], shape (n,).
        ends: Each after its start, shape (n,).
        values: NaN counts for nothing, shape (n,).
        ticks: Increasing, from the first start or before to the last end or after.
        adds_up: Whether the values are amounts.

    >>> hour = 3_600_000_000
    >>> ticks = np.arange(4) * hour
    >>> over_steps(np.array([hour // 2]), np.array([2 * hour]), np.array([3.0]), ticks, adds_up=True).tolist()
    [1.0, 2.0, nan]
    """
    known = ~np.isnan(values)
    starts, ends, values = starts[known], ends[known], values[known]
    first = np.searchsorted(ticks, starts, side="right") - 1
    counts = np.searchsorted(ticks, ends) - first
    sums, weights = np.zeros(len(ticks) - 1), np.zeros(len(ticks) - 1)
    reached = np.cumsum(counts)
    begin = 0
    while begin < len(starts):  # in parts: a minute sensor and bills of years make many pieces
        done = int(reached[begin - 1]) if begin else 0
        end = max(int(np.searchsorted(reached, done + AT_ONCE)), begin + 1)
        some = slice(begin, end)
        which = np.repeat(np.arange(begin, min(end, len(starts))), counts[some])
        steps = first[which] + np.arange(len(which)) - np.repeat(reached[some] - counts[some] - done, counts[some])
        spent = np.minimum(ends[which], ticks[steps + 1]) - np.maximum(starts[which], ticks[steps])
        share = spent / (ends[which] - starts[which]) if adds_up else spent / 1.0
        sums += np.bincount(steps, values[which] * share, len(sums))
        weights += np.bincount(steps, spent.astype(float), len(sums))
        begin = end
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weights > 0, sums if adds_up else sums / weights, np.nan)


def in_steps(
    spans: tuple[Microseconds, Microseconds],
    values: Floats,
    units_of: tuple[str, str],
    ticks: Microseconds,
    *,
    level: bool,
) -> tuple[Floats, str]:
    """Values of intervals in the steps of a sensor, NaN where nothing is known, and the unit they are in.

    An energy stays one, so that written as the mean power of the whole step it is what the intervals gave and no more;
    a power for a sensor of energies becomes what its own interval holds.

    Args:
        spans: Starts and ends of the intervals [us since 1970 UTC], each of shape (n,).
        values: Shape (n,).
        units_of: Unit of the values, and of the sensor.
        ticks: Bounds of the steps.
        level: Whether the values are of a stored energy, which is no amount per event.

    Raises:
        InputError: An interval has no length.
    """
    starts, ends = spans
    unit, to = units_of
    if (ends <= starts).any():
        raise InputError("A value ends before it begins.")
    if not level and units.adds_up(to) and not units.adds_up(unit) and not units.same_kind(unit, to):
        values, unit = units.convert(values, unit, to, hours=(ends - starts) / HOUR_US), to
    return over_steps(starts, ends, values, ticks, adds_up=units.adds_up(unit) and not level), unit
