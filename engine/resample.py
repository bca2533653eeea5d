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


AT_ONCE = 1_000_000
"""Events that are looked at at a time."""
MOST_CELLS = 20_000_000
"""Cells of the largest table of what was known when; more is done in parts [8 bytes each]."""


def usual_step(events: Microseconds) -> timedelta:
    """Return the distance that most neighbouring events have; zero if there is but one event."""
    ordered = events if (events[1:] > events[:-1]).all() else np.unique(events)
    found: dict[int, int] = {}
    for begin in range(0, len(ordered), AT_ONCE):  # in parts: sorting all of a large file takes its memory again
        lengths, counts = np.unique(np.diff(ordered[begin : begin + AT_ONCE + 1]), return_counts=True)
        for length, count in zip(lengths.tolist(), counts.tolist(), strict=True):
            found[length] = found.get(length, 0) + count
        if len(found) > AT_ONCE:  # readings at odd moments; what is rare so far will not be the usual step
            found = dict(sorted(found.items(), key=lambda each: -each[1])[: AT_ONCE // 10])
    if not found:
        return timedelta(0)
    return min(found, key=lambda length: (-found[length], length)) * MICROSECOND


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


def check_multiple(longer: timedelta, shorter: timedelta) -> None:
    """Refuse to resample between steps that do not fit.

    Raises:
        TimeError: The longer step is not a whole number of the shorter ones.
    """
    if longer % shorter:
        raise TimeError(
            f"Values every {iso_duration(longer)} and events of {iso_duration(shorter)} do not fit; "
            "the longer must be a multiple of the shorter."
        )


def spread(events: Microseconds, step: timedelta, to: timedelta) -> tuple[Microseconds, NDArray[np.intp]]:
    """Return the shorter steps that events consist of, and for each the position of its event.

    Raises:
        TimeError: The step is not a whole number of the shorter ones.
    """
    check_multiple(step, to)
    count = step // to
    offsets = np.arange(count, dtype=np.int64) * (to // MICROSECOND)
    return (events[:, None] + offsets).reshape(-1), np.repeat(np.arange(len(events)), count)


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


def onto(
    events: Microseconds, values: Values, *, step: timedelta, to: timedelta, place: ZoneInfo
) -> tuple[Microseconds, Values]:
    """Return values in steps of another length: repeated if it is shorter, their means if it is longer.

    Args:
        events: Increasing [us since 1970 UTC], shape (n,).
        values: Shape (n,).
        step: How long each value holds; zero: instantaneous, and each full step has the last value until then.
        to: The length wanted.
        place: Where steps of hours and days are full.

    Raises:
        TimeError: Neither length is a multiple of the other.
    """
    if not len(events) or step == to:
        return events, values
    if not step:
        return _last_until(events, values, to, place)
    check_multiple(max(step, to), min(step, to))
    if to < step:
        shorter, at = spread(events, step, to)
        return shorter, values[at]
    return average(floor(events, to, place), values)


def _last_until(events: Microseconds, values: Values, to: timedelta, place: ZoneInfo) -> tuple[Microseconds, Values]:
    """Return the last value at or before each full step from the first to the last event."""
    first, last = floor(events[[0, -1]], to, place).tolist()
    ticks = np.arange(first, last + 1, to // MICROSECOND)
    ticks = ticks[ticks >= events[0]]
    return ticks, values[np.searchsorted(events, ticks, side="right") - 1]


def gaps(events: Microseconds, step: timedelta) -> Microseconds:
    """Return start and end of each stretch without events between the first and the last [us since 1970 UTC].

    Shape (m, 2); an event lasts one step.
    """
    moments, step_us = np.unique(events), step // MICROSECOND
    before = np.flatnonzero(np.diff(moments) > step_us) if step_us else np.empty(0, np.intp)
    return np.column_stack([moments[before] + step_us, moments[before + 1]])


def average_known(
    slots: Microseconds, events: Microseconds, times: Microseconds, values: Values
) -> tuple[Microseconds, Microseconds, Values]:
    """Return the mean of each slot as it was known over time: slots, times and means, in order.

    A slot is known once every event of it is that is ever known, and again whenever one of them changes.

    Args:
        slots: The slot of each belief's event [us], shape (n,).
        events: What each belief is about [us], shape (n,).
        times: When it was formed [us], shape (n,).
        values: Shape (n,).

    Raises:
        TimeError: A single slot has more beliefs than can be compared.
    """
    order = np.lexsort((times, slots))
    slots, events, times, values = slots[order], events[order], times[order], values[order]
    begins = np.flatnonzero(np.append(True, slots[1:] != slots[:-1]) if len(slots) else [])
    places = np.unique(events - slots)
    if len(slots) * len(places) > MOST_CELLS:
        if len(begins) == 1:
            raise TimeError(f"One event of the sensor has {len(slots)} values; average them first, or give fewer.")
        cut = int(begins[len(begins) // 2])
        halves = [average_known(slots[at], events[at], times[at], values[at]) for at in (slice(cut), slice(cut, None))]
        starts, known_at, means = (np.concatenate(pair) for pair in zip(*halves, strict=True))
        return starts, known_at, means
    first = np.repeat(begins, np.diff([*begins, len(slots)]))
    newest = np.full((len(slots), len(places)), -1)
    newest[np.arange(len(slots)), np.searchsorted(places, events - slots)] = np.arange(len(slots))
    newest = np.maximum.accumulate(newest, axis=0)
    known = newest >= first[:, None]
    ends = np.append(begins[1:], len(slots)) - 1
    complete = known.sum(axis=1) == np.repeat(known[ends].sum(axis=1), np.diff([*begins, len(slots)]))
    final = np.append((slots[1:] != slots[:-1]) | (times[1:] != times[:-1]), np.ones(min(len(slots), 1), np.bool_))
    chosen = complete & final
    of_slot = np.where(known[chosen], values[newest[chosen]], 0.0)
    return slots[chosen], times[chosen], of_slot.sum(axis=1) / known[chosen].sum(axis=1)
