"""When values hold: the step of a series, or intervals of any length, which become the steps of a sensor."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import InputError
from engine.importing.cells.times import DAY_US, MINUTE_US
from engine.importing.layout import Floats
from engine.series import resample
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds
from engine.units import units

PRECISIONS = (1, 1_000, 1_000_000, MINUTE_US)
"""To what moments may be rounded to lie evenly [us]."""
MOST_JITTER = 0.2
"""Share of a step by which moments may lie beside their places."""
USUAL = 0.5
"""Share of the distances that are one step, at least."""
MONTHS = {"months": 1, "quarters": 3, "years": 12}
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


def even_step(starts: Microseconds) -> tuple[int, Microseconds] | None:
    """Return the step that moments lie apart, or a whole number of it [us], and the moments without jitter.

    None if they lie at no such distances.

    >>> from numpy import array
    >>> even_step(array([0, 3_600_123_456, 7_200_000_000]))[0]
    3600000000
    """
    ordered = starts if (starts[1:] > starts[:-1]).all() else np.unique(starts)
    if len(ordered) < 2:
        return None
    # The finest first, so that nothing is rounded further than it takes.
    for precision in PRECISIONS:
        rounded = (starts + precision // 2) // precision * precision if precision > 1 else starts
        unique = np.unique(rounded) if precision > 1 else ordered
        # Rounding that makes one moment of two has gone too far.
        if len(unique) < len(ordered):
            return None
        step = resample.usual_step(unique) // MICROSECOND
        apart = np.diff(unique)
        if step < precision or (apart % step).any() or np.abs(rounded - starts).max() > MOST_JITTER * step:
            continue
        if (apart == step).sum() >= USUAL * len(apart):
            return step, rounded
    return None


def calendar_ends(
    starts: Microseconds, place: ZoneInfo, *, dated_only: bool, period: str = ""
) -> tuple[Microseconds, str] | None:
    """Return where local days, months, quarters or years end that begin at some moments, and what they are.

    None if the moments begin neither.

    Args:
        starts: [us since 1970 UTC], shape (n,).
        place: Where the days are.
        dated_only: Whether the file tells days without a time of day.
        period: What its times name: weeks, months, quarters or years, if they do.
    """
    local = starts + resample.utc_offsets(starts, place)
    if (local % DAY_US).any():
        return None
    days = local // DAY_US
    ordered = np.unique(days)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    if period == "weeks":
        return _midnights(days + 7, place), period
    if period:
        return _midnights((months + MONTHS[period]).astype("datetime64[D]").astype(np.int64), place), period
    # A single midnight may begin an hour; it begins a month where the file knows no times of day.
    if (dates == months.astype("datetime64[D]")).all() and (len(ordered) > 1 or dated_only):
        apart = np.diff(np.unique(months.astype(np.int64)))
        length = int(apart.min()) if len(apart) else 1
        if length in (1, 2, 3, 6, 12):
            ends = (months + length).astype("datetime64[D]").astype(np.int64)
            name = {1: "months", 3: "quarters", 12: "years"}.get(length, f"{length} months")
            return _midnights(ends, place), name
    gaps: list[int] = np.diff(ordered).tolist()
    length = min(gaps, default=1)
    if length not in (1, 7) or any(gap % length for gap in gaps) or (not gaps and not dated_only):
        return None
    if gaps.count(length) < USUAL * len(gaps):
        return None
    return _midnights(days + length, place), "days" if length == 1 else "weeks"


def _midnights(days: Microseconds, place: ZoneInfo) -> Microseconds:
    """Moments at which days begin on the clock of a place [us since 1970 UTC]."""
    local = days * DAY_US
    # The offset is that at midnight itself; at the same time in UTC the clock may not have changed yet.
    moments = local - resample.utc_offsets(local, place)
    return local - resample.utc_offsets(moments, place)


def next_starts(starts: Microseconds) -> Microseconds:
    """Where each value ends if it holds until the next one [us]; the last one ends where it begins."""
    return np.append(starts[1:], starts[-1:])
