"""The step of a series: the same for all rows, jittering, of local days or of months; and intervals without one."""

from zoneinfo import ZoneInfo

import numpy as np

from engine.importing.cells.times import DAY_US, MINUTE_US
from engine.series import resample
from engine.series.iso_time import MICROSECOND, Microseconds

PRECISIONS = (1, 1_000, 1_000_000, MINUTE_US)
"""To what moments may be rounded to lie evenly [us]."""
MOST_JITTER = 0.2
"""Share of a step by which moments may lie beside their places."""
USUAL = 0.5
"""Share of the distances that are one step, at least."""


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


def calendar_ends(starts: Microseconds, place: ZoneInfo, *, dated_only: bool) -> tuple[Microseconds, str] | None:
    """Return where local days, months, quarters or years end that begin at some moments, and what they are.

    None if the moments begin neither.

    Args:
        starts: [us since 1970 UTC], shape (n,).
        place: Where the days are.
        dated_only: Whether the file tells days without a time of day.
    """
    local = starts + resample.utc_offsets(starts, place)
    if (local % DAY_US).any():
        return None
    days = local // DAY_US
    ordered = np.unique(days)
    dates = days.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
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
