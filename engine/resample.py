"""Values at one resolution in another, as arrays: repeated when it is finer, averaged when it is coarser.

Steps lie on the clock of a place, so that a day is a local day, of 23 or 25 hours when the clocks change.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import TimeError
from engine.iso_time import MICROSECOND, Microseconds, from_us, iso_duration

Values = NDArray[np.float64]

QUARTER_US = 900_000_000
"""Every zone of today is a whole number of quarters off UTC [us]."""


def usual_step(events: Microseconds) -> timedelta:
    """Return the distance that most neighbouring events have; zero if there is but one event."""
    apart = np.diff(np.unique(events))
    if not len(apart):
        return timedelta(0)
    lengths, counts = np.unique(apart, return_counts=True)
    return int(lengths[counts.argmax()]) * MICROSECOND


def floor(events: Microseconds, step: timedelta, place: ZoneInfo) -> Microseconds:
    """Return the start of the step each moment lies in, on the clock of a place [us since 1970 UTC], shape (n,)."""
    step_us = step // MICROSECOND
    if QUARTER_US % step_us == 0 or not len(events):
        return events // step_us * step_us
    offsets = utc_offsets(events, place)
    floored = (events + offsets) // step_us * step_us - offsets
    return floored + offsets - utc_offsets(floored, place) if step_us > QUARTER_US * 4 else floored


def utc_offsets(events: Microseconds, place: ZoneInfo) -> Microseconds:
    """Return how far the clock of a place is ahead of UTC at each moment [us], shape (n,)."""
    quarters, where = np.unique(events // QUARTER_US, return_inverse=True)
    offsets = [(from_us(q * QUARTER_US).astimezone(place).utcoffset() or timedelta(0)) for q in quarters.tolist()]
    found: Microseconds = np.array([offset // MICROSECOND for offset in offsets], np.int64)[where]
    return found


def repeat(events: Microseconds, values: Values, step: timedelta, to: timedelta) -> tuple[Microseconds, Values]:
    """Return values that hold for a step as values of shorter steps; each is repeated.

    Raises:
        TimeError: The step is not a whole number of the shorter ones.
    """
    if step % to:
        raise TimeError(
            f"Values every {iso_duration(step)} cannot be spread over events of {iso_duration(to)}; "
            "the first must be a multiple of the second."
        )
    count = step // to
    offsets = np.arange(count, dtype=np.int64) * (to // MICROSECOND)
    return (events[:, None] + offsets).reshape(-1), np.repeat(values, count)


def average(slots: Microseconds, values: Values) -> tuple[Microseconds, Values]:
    """Return the distinct slots in order, and the mean of the values of each; NaN counts for nothing.

    Args:
        slots: The slot of each value, shape (n,), in any order.
        values: Shape (n,).
    """
    there = ~np.isnan(values)
    starts, where = np.unique(slots, return_inverse=True)
    counts = np.bincount(where, there, len(starts))
    sums = np.bincount(where, np.where(there, values, 0.0), len(starts))
    with np.errstate(invalid="ignore"):
        return starts, sums / counts


def gaps(events: Microseconds, step: timedelta) -> Microseconds:
    """Return start and end of each stretch without events between the first and the last [us since 1970 UTC].

    Shape (m, 2); an event lasts one step.
    """
    moments, step_us = np.unique(events), step // MICROSECOND
    before = np.flatnonzero(np.diff(moments) > step_us) if step_us else np.empty(0, np.intp)
    return np.column_stack([moments[before] + step_us, moments[before + 1]])
