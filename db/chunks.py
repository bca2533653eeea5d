"""The codec of a chunk: beliefs as arrays, and arrays as bytes and back.

A payload describes itself: its header says which of its arrays are there and which are only a rule (events on a grid,
one recording time or one horizon for all), so that no change of a sensor can misread what is stored.
"""

import struct
from dataclasses import dataclass
from typing import Any, Self, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.iso_time import Microseconds

Values: TypeAlias = NDArray[np.float64]
Positions: TypeAlias = NDArray[np.intp]

Number = TypeVar("Number", np.float64, np.int64)

FORMAT = 1
HEADER = struct.Struct("<BBHIqqq")  # format, flags, quantiles, slots, first event, constant, step
FIELDS = np.dtype("<u1,<u1,<u2,<u4,<i8,<i8,<i8")
ON_GRID, ONE_TIME, ONE_HORIZON, SHARED_LEVELS, OWN_LEVELS = 1, 2, 4, 8, 16

CERTAIN: Values = np.array([0.5])
"""The one level of a deterministic belief, shape (1,)."""
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
        """Return no beliefs at all."""
        moments = np.empty(0, np.int64)
        return cls(moments, moments, np.empty((0, 1)), CERTAIN)

    @classmethod
    def certain(cls, events: Microseconds, times: Microseconds, values: Values) -> Self:
        """Return deterministic beliefs, values of shape (n,)."""
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
        far = np.where(np.isnan(self.values), np.inf, np.abs(self.levels - 0.5))
        found: Values = np.take_along_axis(self.values, far.argmin(axis=1)[:, None], axis=1)[:, 0]
        return found


def together(parts: list[Beliefs]) -> Beliefs:
    """Return beliefs one after the other; quantiles are lined up, absent ones are NaN."""
    if len(parts) == 1:
        return parts[0]
    filled = [part for part in parts if len(part)] or parts[:1]
    if len(filled) == 1:
        return filled[0]
    same = all(np.array_equal(part.levels, filled[0].levels) for part in filled) and filled[0].levels.ndim == 1
    width = max(part.values.shape[1] for part in filled)
    return Beliefs(
        np.concatenate([part.events for part in filled]),
        np.concatenate([part.times for part in filled]),
        np.concatenate([part.values if same else _wide(part.values, width) for part in filled]),
        filled[0].levels if same else np.concatenate([_wide(_own_levels(part), width) for part in filled]),
    )


def _own_levels(part: Beliefs) -> Values:
    return np.broadcast_to(part.levels, part.values.shape)


def _wide(table: Values, width: int) -> Values:
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
    flags |= _levels_flag(beliefs)
    slots = _slots(beliefs.events, step_us, bytes_per_slot=8 * (q * (1 + bool(flags & OWN_LEVELS)) + bool(len(times))))
    values, levels = beliefs.values, beliefs.levels if flags & (SHARED_LEVELS | OWN_LEVELS) else CERTAIN[:0]
    if slots:
        flags |= ON_GRID
        if slots > n:
            at = (beliefs.events - first) // step_us
            times, values = _spread(times, at, slots, 0), _spread(values, at, slots, np.nan)
            levels = _spread(levels, at, slots, np.nan) if levels.ndim == 2 else levels
    head = HEADER.pack(FORMAT, flags, q, slots or n, first, constant, step_us if slots else 0)
    events = b"" if slots else beliefs.events.astype("<i8").tobytes()
    return b"".join((head, events, _bytes(times, "<i8"), _bytes(levels, "<f8"), _bytes(values, "<f8")))


def _bytes(array: NDArray[np.float64] | Microseconds, kind: str) -> bytes:
    return array.astype(kind, copy=False).tobytes()


def _times(beliefs: Beliefs) -> tuple[int, int, Microseconds]:
    """Return the flag, the constant and the array that tell the recording times."""
    times, empty = beliefs.times, beliefs.times[:0]
    if times[0] == times[-1] and (times == times[0]).all():
        return ONE_TIME, int(times[0]), empty
    ahead = beliefs.events - times
    if ahead[0] == ahead[-1] and (ahead == ahead[0]).all():
        return ONE_HORIZON, int(ahead[0]), empty
    return 0, 0, times


def _levels_flag(beliefs: Beliefs) -> int:
    if beliefs.levels.ndim == 2:
        return OWN_LEVELS
    return 0 if beliefs.levels is CERTAIN or np.array_equal(beliefs.levels, CERTAIN) else SHARED_LEVELS


def _slots(events: Microseconds, step_us: int, *, bytes_per_slot: int) -> int:
    """Return the number of grid slots from the first to the last event; 0 if a grid does not hold or not pay."""
    if step_us <= 0:
        return 0
    n, span = len(events), int(events[-1] - events[0])
    slots = span // step_us + 1
    if span % step_us or slots < n or slots * bytes_per_slot > n * (bytes_per_slot + 8):
        return 0
    steps = np.diff(events)
    if slots == n:
        return slots if (steps == step_us).all() else 0
    return slots if (steps > 0).all() and not (steps % step_us).any() else 0


def _spread(array: NDArray[Number], at: Microseconds, slots: int, gap: float) -> NDArray[Number]:
    if not len(array):
        return array
    wide = np.full((slots, *array.shape[1:]), gap, array.dtype)
    wide[at] = array
    return wide


def decode(blobs: list[bytes]) -> tuple[Beliefs, Positions]:
    """Return the beliefs of payloads in their order, and for each belief the position of its payload.

    Payloads of one shape are read at once, so a year of equal chunks costs little more than one.
    """
    if not blobs:
        return Beliefs.none(), np.empty(0, np.intp)
    if len(blobs) == 1:
        alone = _read(blobs)
        gaps = alone.missing
        alone = alone.take(~gaps) if gaps.any() else alone
        return alone, np.zeros(len(alone), np.intp)
    heads = np.frombuffer(b"".join([blob[: HEADER.size] for blob in blobs]), FIELDS)
    origin = np.repeat(np.arange(len(blobs)), heads["f3"])
    alike = _alike(heads)
    found = _in_order([_read([blobs[i] for i in group]) for group in alike], [_slots_of(heads, at) for at in alike])
    gaps = found.missing
    return (found.take(~gaps), origin[~gaps]) if gaps.any() else (found, origin)


def _in_order(kinds: list[Beliefs], places: list[slice | Positions]) -> Beliefs:
    """Return beliefs that were read in groups, each at its place."""
    if len(kinds) == 1:
        return kinds[0]
    if any(kind.levels is not CERTAIN for kind in kinds):
        every = together(kinds)
        order = np.empty(len(every), np.intp)
        order[np.concatenate([np.arange(len(every))[place] for place in places])] = np.arange(len(every))
        return every.take(order)
    n = sum(map(len, kinds))
    every = Beliefs(np.empty(n, np.int64), np.empty(n, np.int64), np.empty((n, 1)), CERTAIN)
    for kind, place in zip(kinds, places, strict=True):
        every.events[place], every.times[place], every.values[place] = kind.events, kind.times, kind.values
    return every


def _alike(heads: NDArray[np.void]) -> list[Positions]:
    """Return the positions of payloads, grouped by flags, quantiles and slots."""
    key = (heads["f1"].astype(np.int64) << 48) | (heads["f2"].astype(np.int64) << 32) | heads["f3"]
    if (key == key[0]).all():
        return [np.arange(len(key))]
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)


def _slots_of(heads: NDArray[np.void], group: Positions) -> slice | Positions:
    """Return the places of the slots of some payloads among the slots of all."""
    ends = np.cumsum(heads["f3"], dtype=np.int64)[group]
    n = int(heads["f3"][group[0]])
    if group[-1] - group[0] == len(group) - 1:
        return slice(int(ends[0]) - n, int(ends[-1]))
    places: Positions = (ends[:, None] - n + np.arange(n)).reshape(-1)
    return places


def _read(blobs: list[bytes]) -> Beliefs:
    """Return the beliefs of payloads with equal flags, quantiles and slots."""
    _, flags, q, n, *_ = HEADER.unpack_from(blobs[0])
    table = np.frombuffer(b"".join(blobs), _layout(flags, q, n))
    first, constant, step = (table["head"][name][:, None] for name in ("f4", "f5", "f6"))
    events = first + step * np.arange(n) if flags & ON_GRID else table["events"]
    if flags & ONE_TIME:
        times = np.broadcast_to(constant, events.shape)
    else:
        times = events - constant if flags & ONE_HORIZON else table["times"]
    levels = CERTAIN
    if flags & OWN_LEVELS:
        levels = table["levels"].reshape(-1, q)
    elif flags & SHARED_LEVELS:
        lists = table["levels"]
        levels = lists[0] if (lists == lists[0]).all() else np.repeat(lists, n, axis=0)
    return Beliefs(events.reshape(-1), times.reshape(-1), table["values"].reshape(-1, q), levels)


def _layout(flags: int, q: int, n: int) -> np.dtype[np.void]:
    fields: list[tuple[str, Any, tuple[int, ...]]] = [("head", FIELDS, ())]
    if not flags & ON_GRID:
        fields.append(("events", "<i8", (n,)))
    if not flags & (ONE_TIME | ONE_HORIZON):
        fields.append(("times", "<i8", (n,)))
    if flags & (SHARED_LEVELS | OWN_LEVELS):
        fields.append(("levels", "<f8", (q,) if flags & SHARED_LEVELS else (n, q)))
    return np.dtype([*fields, ("values", "<f8", (n, q))])
