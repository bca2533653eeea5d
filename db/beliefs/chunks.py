"""Beliefs as arrays, and arrays as the bytes of a chunk; db.beliefs.decoding is the way back.

A payload describes itself: its header says which of its arrays are there and which are only a rule (events on a grid,
one recording time or one horizon for all), so that no change of a sensor can misread what is stored.
"""

import struct
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.series.iso_time import Microseconds

Values: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.intp]

Payload: TypeAlias = bytes | memoryview
"""The bytes of a chunk."""

Number = TypeVar("Number", np.float64, np.int64)

FORMAT = 1
HEADER = struct.Struct("<BBHIqqq")  # format, flags, quantiles, slots, first event, constant, step
ON_GRID, ONE_TIME, ONE_HORIZON, SHARED_LEVELS, OWN_LEVELS = 1, 2, 4, 8, 16

CERTAIN: Values = np.array([0.5])
"""The one level of a deterministic belief, shape (1,)."""
# All deterministic beliefs share it: a change in place would change every one of them.
CERTAIN.setflags(write=False)


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What was believed about events, as arrays of one length n with q quantiles each."""

    events: Microseconds
    """Start of each event [us since 1970 UTC], shape (n,)."""
    times: Microseconds
    """When each belief was formed [us since 1970 UTC], shape (n,)."""
    values: Values
    """In the unit of the sensor, NaN where a quantile is not given, shape (n, q)."""
    levels: Values
    """Cumulative probability of each quantile, shape (q,) if all beliefs share them, else (n, q)."""

    @classmethod
    def none(cls) -> Self:
        """No beliefs at all."""
        moments = np.empty(0, np.int64)
        return cls(moments, moments, np.empty((0, 1)), CERTAIN)

    @classmethod
    def certain(cls, events: Microseconds, times: Microseconds, values: Values) -> Self:
        """Deterministic beliefs: one value each, shape (n,), at the level 0.5."""
        return cls(events, times, values[:, None], CERTAIN)

    def __len__(self) -> int:
        return len(self.events)

    def take(self, which: NDArray[np.bool_] | NDArray[np.integer[Any]] | slice) -> Self:
        """Return the beliefs a mask, positions or a slice choose."""
        levels = self.levels if self.levels.ndim == 1 else self.levels[which]
        return type(self)(self.events[which], self.times[which], self.values[which], levels)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Where a belief says nothing: no quantile has a value, shape (n,)."""
        absent: NDArray[np.bool_] = np.isnan(self.values)
        return absent[:, 0] if absent.shape[1] == 1 else np.logical_and.reduce(absent, axis=1)

    @property
    def middle(self) -> Values:
        """The one value that stands for each belief: its quantile nearest to the median, shape (n,)."""
        if self.values.shape[1] == 1:
            return self.values[:, 0]
        # A quantile that is not given must not be the nearest one.
        far = np.where(np.isnan(self.values), np.inf, np.abs(self.levels - 0.5))
        found: Values = np.take_along_axis(self.values, far.argmin(axis=1)[:, None], axis=1)[:, 0]
        return found


def together(parts: list[Beliefs]) -> Beliefs:
    """Return beliefs one after the other; quantiles are lined up, absent ones are NaN."""
    if len(parts) == 1:
        return parts[0]
    # Empty parts are left out: levels of theirs would only make those of the others differ.
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    first = filled[0].levels
    # Mostly all are the very object CERTAIN: asking for identity first spares comparing arrays.
    same = first.ndim == 1 and all(part.levels is first or np.array_equal(part.levels, first) for part in filled)
    width = max(part.values.shape[1] for part in filled)
    return Beliefs(
        np.concatenate([part.events for part in filled]),
        np.concatenate([part.times for part in filled]),
        np.concatenate([part.values if same else _wide(part.values, width) for part in filled]),
        first
        if same
        else np.concatenate([_wide(np.broadcast_to(part.levels, part.values.shape), width) for part in filled]),
    )


def _wide(table: Values, width: int) -> Values:
    """Table of shape (n, q) with further columns of NaN, shape (n, width)."""
    wide = np.full((len(table), width), np.nan)
    wide[:, : table.shape[1]] = table
    return wide


def encode(beliefs: Beliefs, step_us: int) -> bytes:
    """Return the bytes of some beliefs, in the fewest of the known forms.

    Args:
        beliefs: At least one; in order of event if they are to lie on a grid.
        step_us: The grid the events are tried on [us]; 0: none.
    """
    n, q = beliefs.values.shape
    first = int(beliefs.events[0])
    flags, constant, times = _times(beliefs)
    if beliefs.levels.ndim == 2:
        flags |= OWN_LEVELS
    elif beliefs.levels is not CERTAIN and not np.array_equal(beliefs.levels, CERTAIN):
        flags |= SHARED_LEVELS
    slots = _slots(beliefs.events, step_us, bytes_per_slot=8 * (q * (1 + bool(flags & OWN_LEVELS)) + bool(len(times))))
    # The one usual level is not written; that it is absent says it.
    values, levels = beliefs.values, beliefs.levels if flags & (SHARED_LEVELS | OWN_LEVELS) else CERTAIN[:0]
    if slots:
        flags |= ON_GRID
        if slots > n:
            at = (beliefs.events - first) // step_us
            times, values = _spread(times, at, slots, 0), _spread(values, at, slots, np.nan)
            levels = _spread(levels, at, slots, np.nan) if levels.ndim == 2 else levels
    # Little-endian whatever the machine: a dump may be restored on another one.
    head = HEADER.pack(FORMAT, flags, q, slots or n, first, constant, step_us if slots else 0)
    events = b"" if slots else beliefs.events.astype("<i8").tobytes()
    return b"".join((head, events, _bytes(times, "<i8"), _bytes(levels, "<f8"), _bytes(values, "<f8")))


def _bytes(array: NDArray[np.float64] | Microseconds, kind: str) -> bytes:
    return array.astype(kind, copy=False).tobytes()


def _times(beliefs: Beliefs) -> tuple[int, int, Microseconds]:
    """Return the flag, the constant and the array that tell the recording times."""
    times, empty = beliefs.times, beliefs.times[:0]
    # The two ends tell almost always that it is not so; only then are all compared.
    if times[0] == times[-1] and (times == times[0]).all():
        return ONE_TIME, int(times[0]), empty
    ahead = beliefs.events - times
    if ahead[0] == ahead[-1] and (ahead == ahead[0]).all():
        return ONE_HORIZON, int(ahead[0]), empty
    return 0, 0, times


def _slots(events: Microseconds, step_us: int, *, bytes_per_slot: int) -> int:
    """Return the number of grid slots from the first to the last event; 0 if a grid does not hold or not pay."""
    if step_us <= 0:
        return 0
    n, span = len(events), int(events[-1] - events[0])
    slots = span // step_us + 1
    # Off the grid each belief costs 8 bytes more, for its event; on it each empty slot costs a whole slot.
    if span % step_us or slots < n or slots * bytes_per_slot > n * (bytes_per_slot + 8):
        return 0
    steps = np.diff(events)
    if slots == n:
        return slots if (steps == step_us).all() else 0
    return slots if (steps > 0).all() and not (steps % step_us).any() else 0


def _spread(array: NDArray[Number], at: Microseconds, slots: int, gap: float) -> NDArray[Number]:
    """Array with its rows in some of so many slots, and a filler in the others; an empty array stays empty."""
    if not len(array):
        return array
    wide = np.full((slots, *array.shape[1:]), gap, array.dtype)
    wide[at] = array
    return wide
