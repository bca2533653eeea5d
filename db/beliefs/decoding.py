"""Bytes of chunks back to beliefs: many payloads at once, into one block of memory.

One block instead of an array each, because most of what a large read costs are first touches of fresh memory; above
some megabytes NumPy asks the system for large pages, of which there are few to touch.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from db.beliefs.chunks import (
    CERTAIN,
    FORMAT,
    HEADER,
    ON_GRID,
    ONE_HORIZON,
    ONE_TIME,
    OWN_LEVELS,
    SHARED_LEVELS,
    Beliefs,
    Number,
    Payload,
    Positions,
    Values,
    together,
)
from engine.series.iso_time import Microseconds

# The fields of HEADER once more, to read the heads of many payloads in one go.
HEADS = np.dtype(
    [("format", "<u1"), ("flags", "<u1"), ("quantiles", "<u2"), ("slots", "<u4"),
     ("first", "<i8"), ("constant", "<i8"), ("step", "<i8")]
)  # fmt: skip
WORD = 8
"""Bytes of a number."""
FEW = 4
"""Payloads that are faster read one by one."""


def decode(payloads: Sequence[Payload]) -> tuple[Beliefs, Positions]:
    """Return the beliefs of payloads one after the other, and the number of beliefs of each; not to be written to.

    Args:
        payloads: What ``encode`` made.
    """
    if not payloads:
        return Beliefs.none(), np.empty(0, np.intp)
    found, counts = _few(payloads) if len(payloads) <= FEW else _many(payloads)
    # One pass tells whether there is any gap: a minimum is NaN as soon as one value is.
    if not np.isnan(found.values.min()):
        return found, counts
    gaps = found.missing
    return found.take(~gaps), counts - np.add.reduceat(gaps, counts.cumsum() - counts, dtype=np.intp)


def _few(payloads: Sequence[Payload]) -> tuple[Beliefs, Positions]:
    """Return the beliefs of all slots of payloads, which may differ in everything, and the number of slots of each."""
    parts = [_one(payload) for payload in payloads]
    return together(parts), np.array([len(part) for part in parts])


def _many(payloads: Sequence[Payload]) -> tuple[Beliefs, Positions]:
    """Return the same; faster than one by one if they share their levels."""
    table = _Table(payloads)
    levels = table.levels()
    if levels is None:
        return _few(payloads)
    n, q = int(table.counts.sum()), len(levels)
    # One block for events, times and values: of 8 bytes each, whatever they mean.
    block = np.empty((2 + q) * n)
    events, times, values = block[:n].view(np.int64), block[n : 2 * n].view(np.int64), block[2 * n :]
    table.put_moments(events, times)
    table.put_values(values, q)
    return Beliefs(events, times, values.reshape(n, q), levels), table.counts


def _one(payload: Payload) -> Beliefs:
    """Return the beliefs of all slots of one payload; the arrays may not be written to."""
    known, flags, q, n, first, constant, step = HEADER.unpack_from(payload)
    _check(known)
    numbers = np.frombuffer(payload, np.float64, offset=HEADER.size)
    whole = numbers.view(np.int64)
    at = 0
    if flags & ON_GRID:
        events = np.arange(first, first + n * step, step)
    else:
        events, at = whole[:n], n
    if flags & ONE_TIME:
        times = np.full(n, constant)
    elif flags & ONE_HORIZON:
        times = events - constant
    else:
        times, at = whole[at : at + n], at + n
    levels = CERTAIN
    if flags & SHARED_LEVELS:
        levels, at = numbers[at : at + q], at + q
    elif flags & OWN_LEVELS:
        levels, at = numbers[at : at + n * q].reshape(n, q), at + n * q
    return Beliefs(events, times, numbers[at:].reshape(n, q), levels)


def _check(known: int) -> None:
    if known > FORMAT:
        raise RuntimeError(f"Stored values are in format {known}, which this version cannot read.")


class _Table:
    """Payloads with what their heads say, an array of a number each, and where in them what begins [bytes]."""

    def __init__(self, payloads: Sequence[Payload]) -> None:
        self.payloads = payloads
        heads = np.frombuffer(b"".join([payload[: HEADER.size] for payload in payloads]), HEADS)
        _check(int(heads["format"].max()))
        self.flags, self.quantiles = heads["flags"], heads["quantiles"]
        self.first, self.constant, self.step = heads["first"], heads["constant"], heads["step"]
        self.counts = heads["slots"].astype(np.intp)
        self.begins = self.counts.cumsum() - self.counts
        self.tells_events = (self.flags & ON_GRID) == 0
        self.tells_times = (self.flags & (ONE_TIME | ONE_HORIZON)) == 0
        self.times_at = HEADER.size + WORD * self.counts * self.tells_events
        self.levels_at = self.times_at + WORD * self.counts * self.tells_times

    def levels(self) -> Values | None:
        """Return the levels, if all payloads have the same for all their beliefs."""
        kinds = self.flags & (SHARED_LEVELS | OWN_LEVELS)
        if (kinds != kinds[0]).any() or (self.quantiles != self.quantiles[0]).any() or kinds[0] & OWN_LEVELS:
            return None
        if not kinds[0]:
            return CERTAIN
        levels = _one(self.payloads[0]).levels
        told, size = levels.tobytes(), levels.nbytes
        pairs = zip(self.payloads, self.levels_at.tolist(), strict=True)
        return levels if all(payload[at : at + size] == told for payload, at in pairs) else None

    def put_moments(self, events: Microseconds, times: Microseconds) -> None:
        """Write events and times of all slots, shape (n,)."""
        ahead = (self.flags & ONE_HORIZON) > 0
        _ramps(events, self.begins, self.first, self.step)
        known = np.where(ahead, self.first - self.constant, self.constant)
        _ramps(times, self.begins, known, np.where(ahead, self.step, 0))
        self._put(self.tells_events, np.full(len(ahead), HEADER.size), events)
        # Events off the grid with one horizon: no row of numbers, but few payloads are so.
        for i in np.flatnonzero(self.tells_events & ahead).tolist():
            place = slice(self.begins[i], self.begins[i] + self.counts[i])
            np.subtract(events[place], self.constant[i], out=times[place])
        self._put(self.tells_times, self.times_at, times)

    def put_values(self, values: Values, quantiles: int) -> None:
        """Write the values of all slots, shape (n * quantiles,)."""
        after = self.levels_at + WORD * quantiles * ((self.flags & SHARED_LEVELS) > 0)
        self._put(self.counts > 0, after, values, quantiles)

    def _put(self, which: NDArray[np.bool_], ats: Positions, out: NDArray[Number], size: int = 1) -> None:
        """Copy so many numbers per slot from a place in each of some payloads."""
        chosen, room = np.flatnonzero(which), memoryview(out.data).cast("B")
        begins, lengths = WORD * size * self.begins[chosen], WORD * size * self.counts[chosen]
        places = zip(chosen.tolist(), ats[chosen].tolist(), begins.tolist(), lengths.tolist(), strict=True)
        for i, at, begin, length in places:
            room[begin : begin + length] = memoryview(self.payloads[i])[at : at + length]


def _ramps(out: Microseconds, begins: Positions, first: Microseconds, step: Microseconds) -> None:
    """Write rows of numbers one after the other, each with a first number and a step."""
    counts = np.diff(begins, append=len(out))
    if (step == step[0]).all():
        out[:] = step[0]
    else:
        out[:] = np.repeat(step, counts)
    # Differences first, then their sum: one pass over the memory instead of one for each payload.
    out[0] = first[0]
    out[begins[1:]] = np.diff(first) - step[:-1] * (counts[:-1] - 1)
    np.cumsum(out, out=out)
