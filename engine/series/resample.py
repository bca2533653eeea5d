"""Steps on the clock of a place, and the values of shorter steps gathered in longer ones, as arrays.

Steps lie on the clock of a place, so that a day is a local day, of 23 or 25 hours when the clocks change.
"""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import TimeError
from engine.series.iso_time import MICROSECOND, Microseconds, from_us, iso_duration

Values = NDArray[np.float64]

QUARTER_US = 900_000_000
"""Every zone of today is a whole number of quarters off UTC [us]."""


AT_ONCE = 1_000_000
"""Events that are looked at at a time."""
MOST_CELLS = 20_000_000
"""Cells of the largest table of what was known when; more is done in parts [8 bytes each]."""


def usual_step(events: Microseconds) -> timedelta:
    """Return the distance that most neighbouring events have; zero if there is but one event.

    >>> usual_step(np.array([0, 900, 1800, 5400]) * 1_000_000)  # a quarter of an hour, though one hour lacks values
    datetime.timedelta(seconds=900)
    """
    # Not the smallest distance, which a reading at an odd moment decides, nor the mean, which gaps do.
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
    # On the day of a clock change the offset at the start of a step may differ from that at the moment: the start of a
    # longer step, such as a day, is found with its own offset.
    offsets = utc_offsets(events, place)
    floored = (events + offsets) // step_us * step_us - offsets
    return floored + offsets - utc_offsets(floored, place) if step_us > QUARTER_US * 4 else floored


def utc_offsets(events: Microseconds, place: ZoneInfo) -> Microseconds:
    """Return how far the clock of a place is ahead of UTC at each moment [us], shape (n,)."""
    # The clock is asked once per quarter of an hour: offsets change at no other moments.
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


def later(events: Microseconds, length: int | Microseconds, place: ZoneInfo) -> Microseconds:
    """Return moments some time later on the clock of a place [us since 1970 UTC]: a day later at the same hour."""
    ends = events + length
    if place.key == "UTC":
        return ends
    # Twice, as the offset at the end is known only once the end is: the second time corrects the first.
    local = ends + utc_offsets(events, place)
    ends = local - utc_offsets(ends, place)
    return local - utc_offsets(ends, place)


def lengths(events: Microseconds, step: timedelta, place: ZoneInfo) -> Microseconds:
    """Return how long each event lasts, or the one length of all [us], shape (n,) or (1,).

    Events that start at full steps of the local clock last until the next one: a day over a clock change has 23 or 25
    hours.
    """
    if step // MICROSECOND > QUARTER_US * 4 and len(events) and place.key != "UTC":
        until = later(events, step // MICROSECOND, place) - events
        if (until != step // MICROSECOND).any() and np.array_equal(floor(events, step, place), events):
            return until
    return np.array([step // MICROSECOND])


def spread(
    events: Microseconds, step: timedelta, to: timedelta, place: ZoneInfo
) -> tuple[Microseconds, NDArray[np.intp]]:
    """Return the shorter steps that events consist of, and for each the position of its event.

    Raises:
        TimeError: The step is not a whole number of the shorter ones.
    """
    check_multiple(step, to)
    counts = np.broadcast_to(lengths(events, step, place) // (to // MICROSECOND), events.shape)
    at = np.repeat(np.arange(len(events)), counts)
    within = np.arange(len(at)) - np.repeat(np.cumsum(counts) - counts, counts)
    return events[at] + within * (to // MICROSECOND), at


def gathered(slots: Microseconds, values: Values, *, add: bool) -> tuple[Microseconds, Values]:
    """Return the distinct slots in order, and the mean of the values of each, or their sum; NaN counts for nothing.

    Args:
        slots: The slot of each value, shape (n,), in any order.
        values: Shape (n,).
        add: Whether values of shorter events add up, as energies do.
    """
    there = ~np.isnan(values)
    starts, where = np.unique(slots, return_inverse=True)
    counts = np.bincount(where, there, len(starts))
    sums = np.bincount(where, np.where(there, values, 0.0), len(starts))
    with np.errstate(invalid="ignore"):
        return starts, np.where(counts > 0, sums, np.nan) if add else sums / counts


def gaps(events: Microseconds, step: timedelta) -> Microseconds:
    """Return start and end of each stretch without events between the first and the last [us since 1970 UTC].

    Shape (m, 2); an event lasts one step.
    """
    moments, step_us = np.unique(events), step // MICROSECOND
    before = np.flatnonzero(np.diff(moments) > step_us) if step_us else np.empty(0, np.intp)
    return np.column_stack([moments[before] + step_us, moments[before + 1]])


def gathered_as_known(
    slots: Microseconds, events: Microseconds, times: Microseconds, values: Values, *, add: bool
) -> tuple[Microseconds, Microseconds, Values]:
    """Return the mean of each slot, or the sum, as it was known over time: slots, times and values, in order.

    A slot is known once every event of it is that is ever known, and again whenever one of them changes.

    Args:
        slots: The slot of each belief's event [us], shape (n,).
        events: What each belief is about [us], shape (n,).
        times: When it was formed [us], shape (n,).
        values: Shape (n,).
        add: Whether values of shorter events add up, as energies do.

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
        # Slots do not influence each other, so that halves of them may be looked at one after the other.
        cut = int(begins[len(begins) // 2])
        halves = [
            gathered_as_known(slots[at], events[at], times[at], values[at], add=add)
            for at in (slice(cut), slice(cut, None))
        ]
        starts, known_at, both = (np.concatenate(pair) for pair in zip(*halves, strict=True))
        return starts, known_at, both
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
    sums = of_slot.sum(axis=1)
    return slots[chosen], times[chosen], sums if add else sums / known[chosen].sum(axis=1)
