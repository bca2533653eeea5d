"""The short ways of writing: the next values of a series, and one value that was late or that changes another.

Meters post the next value again and again, gateways send late ones one at a time: decoding the chunk, sorting and
encoding it again would cost more than the statements do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import isnan
from typing import Any, Self

import numpy as np

from db.beliefs.chunk_rows import INSERT, merge_segments
from db.beliefs.chunks import FORMAT, HEADER, ON_GRID, ONE_HORIZON, ONE_TIME, Beliefs, Values
from db.beliefs.merge import MANY
from db.beliefs.series import SeriesRow
from db.core.driver import Driver
from engine.series.iso_time import Microseconds

CERTAIN_FORMS = {ON_GRID, ON_GRID | ONE_TIME, ON_GRID | ONE_HORIZON}
QUERY = "SELECT data FROM belief_chunk WHERE series_id = ? AND layer = 0 AND start_us = ? AND seq = 0"
LAST_CHUNK = (
    "SELECT n, min_belief_us, max_belief_us, v_min, v_max, v_sum, data FROM belief_chunk "
    "WHERE series_id = ? AND layer = 0 AND start_us = ? AND seq = 0"
)
UPDATE = (
    "UPDATE belief_chunk SET n = ?, min_belief_us = ?, max_belief_us = ?, v_min = ?, v_max = ?, v_sum = ?, data = ? "
    "WHERE series_id = ? AND layer = 0 AND start_us = ? AND seq = 0"
)
SUPERSEDED = (
    f"{INSERT} SELECT ?, 1, ?, coalesce(max(seq), 0) + 1, 1, ?, ?, ?, ?, ?, ? FROM belief_chunk "
    "WHERE series_id = ? AND layer = 1 AND start_us = ? RETURNING seq"
)


def extend(driver: Driver, line: SeriesRow, new: Beliefs) -> bool:
    """Lengthen the last chunk by beliefs about the events right after it, without reading what is in it.

    The line of the series is stored with them.
    False if the general way must be taken: the events do not follow on the grid, begin another chunk, are not
    deterministic, or their times do not fit the form of the chunk. Then nothing is stored.
    """
    last, step = line.last_event_us, line.step_us
    if last is None or not step or new.events[0] != last + step or not _is_certain(new):
        return False
    if len(new) > 1 and not (np.diff(new.events) == step).all():
        return False
    start, end = last // line.span_us * line.span_us, int(new.events[-1])
    found = driver.rows(LAST_CHUNK, (line.id, start)) if end < start + line.span_us else []
    # psycopg2 gives a view of characters, not bytes.
    longer = lengthened(bytes(found[0][6]), new) if found else None
    if longer is None:
        return False
    n, first_known, last_known, low, high, total, _ = found[0]
    values, times = new.values[:, 0], new.times
    known = int(times.max())
    statistics = (
        *(n + len(new), min(first_known, int(times.min())), max(last_known, known)),
        *(min(low, float(values.min())), max(high, float(values.max())), total + float(values.sum())),
    )
    moved_on = line._replace(
        n_beliefs=line.n_beliefs + len(new),
        last_event_us=end,
        last_value=float(values[-1]),
        last_belief_us=max(known, line.last_belief_us or known),
    )
    driver.run_all([(UPDATE, (*statistics, longer, line.id, start)), moved_on.saving()])
    return True


def _is_certain(new: Beliefs) -> bool:
    """Whether beliefs are deterministic: one value each, at the level 0.5."""
    return new.values.shape[1] == 1 and new.levels.shape == (1,) and bool(new.levels[0] == 0.5)


def lengthened(payload: bytes, new: Beliefs) -> bytes | None:
    """Return the bytes of a chunk with beliefs after its last; None if their events or times do not fit its form."""
    _, flags, q, slots, first, constant, step = HEADER.unpack_from(payload)
    if flags not in CERTAIN_FORMS or q != 1 or new.events[0] != first + slots * step:
        return None
    if flags & ONE_TIME and (new.times != constant).any():
        return None
    if flags & ONE_HORIZON and (new.events - new.times != constant).any():
        return None
    head = HEADER.pack(FORMAT, flags, q, slots + len(new), first, constant, step)
    values = new.values.astype("<f8", copy=False).tobytes()
    # Without times of their own the values stand last, and new ones go right behind them.
    if flags != ON_GRID:
        return b"".join((head, payload[HEADER.size :], values))
    middle = HEADER.size + 8 * slots
    times = new.times.astype("<i8", copy=False).tobytes()
    return b"".join((head, payload[HEADER.size : middle], times, payload[middle:], values))


def revise(
    driver: Driver, line: SeriesRow, new: Beliefs, knowable: Callable[[Microseconds], Microseconds]
) -> int | None:
    """Store a single belief where it belongs, and the line of the series with it; return the number stored (0 or 1).

    None if the general way must be taken: there are several beliefs or quantiles, the chunk is not there or holds
    other than certain values on a grid, or the belief is not newer than the stored one. Then nothing is stored.
    """
    if len(new) != 1 or not line.step_us or not _is_certain(new):
        return None
    event, time, value = int(new.events[0]), int(new.times[0]), float(new.values[0, 0])
    start = event // line.span_us * line.span_us
    found = driver.rows(QUERY, (line.id, start))
    slots = _Slots.of(bytes(found[0][0]), line.step_us) if found else None
    at = slots.place(event) if slots else None
    if slots is None or at is None:
        return None
    was, known = float(slots.values[at]), int(slots.times[at])
    is_there = not isnan(was)
    if is_there and time <= known:
        return None
    if was == value:
        moment = int(knowable(new.events)[0])
        if (known >= moment) == (time >= moment):  # both forecasts, or both measurements: nothing new is said
            return 0
    old = (line.id, start, known, known, was, was, was, slots.alone(at), line.id, start)
    slots.put(at, time, value)
    moved_on = line
    if line.last_event_us is None or event >= line.last_event_us:
        moved_on = line._replace(last_event_us=event, last_value=value)
    latest = time if line.last_belief_us is None else max(time, line.last_belief_us)
    # The first event of the series stays: no slot is made in front of the first one of a chunk.
    moved_on = moved_on._replace(n_beliefs=line.n_beliefs + 1, last_belief_us=latest)
    statements = [(UPDATE, (*slots.row(), line.id, start)), moved_on.saving()]
    if not is_there:
        driver.run_all(statements)
    # The statement returns the number of the new segment: that they are many is known without counting.
    elif driver.run_all([*statements, (SUPERSEDED, old)])[0][0] % MANY == 0:
        merge_segments(driver, line, start)
    return 1


@dataclass(slots=True)
class _Slots:
    """Certain values on a grid, with room to change them."""

    first: int
    step: int
    ahead: int | None
    """How long before each event its value was known, if all were so alike [us]."""
    times: Microseconds
    """When each was known [us since 1970 UTC]; without meaning where there is no value; shape (n,)."""
    values: Values
    """NaN: no value, shape (n,)."""

    @classmethod
    def of(cls, payload: bytes, step_us: int) -> Self | None:
        """Return what is in a payload; None if it holds something else, or lies on another grid."""
        _, flags, quantiles, n, first, constant, step = HEADER.unpack_from(payload)
        if flags not in CERTAIN_FORMS or quantiles != 1 or step != step_us:
            return None
        if flags & ONE_TIME:
            times = np.full(n, constant)
        elif flags & ONE_HORIZON:
            times = np.arange(first - constant, first - constant + n * step, step)
        else:
            # Copied, as an array over bytes cannot be written to.
            times = np.frombuffer(payload, np.int64, n, HEADER.size).copy()
        values = np.frombuffer(payload, np.float64, n, len(payload) - 8 * n).copy()
        return cls(first, step, constant if flags & ONE_HORIZON else None, times, values)

    def place(self, event: int) -> int | None:
        """Return the slot of an event, made if it is behind the last; None if the grid would not pay or not hold."""
        at, off = divmod(event - self.first, self.step)
        if off or at < 0:
            return None
        more = at + 1 - len(self.values)
        if more > 0:
            if 2 * (at + 1) > 3 * len(self.values):  # a chunk full of holes is smaller with its events
                return None
            self.times = np.concatenate([self.times, np.zeros(more, np.int64)])
            self.values = np.concatenate([self.values, np.full(more, np.nan)])
        return at

    def put(self, at: int, time: int, value: float) -> None:
        """Believe a value in the place of what was believed."""
        self.times[at], self.values[at] = time, value
        if self.ahead is not None and self.first + at * self.step - time != self.ahead:
            self.ahead = None

    def alone(self, at: int) -> bytes:
        """Return the payload of the belief of one slot."""
        event, time = self.first + at * self.step, int(self.times[at])
        return HEADER.pack(FORMAT, ON_GRID | ONE_TIME, 1, 1, event, time, self.step) + bytes(self.values[at : at + 1])

    def row(self) -> tuple[Any, ...]:
        """Return statistics and payload, as ``UPDATE`` wants them."""
        values, times = self.values, self.times
        if isnan(values.min()):
            is_known = ~np.isnan(values)
            values, times = values[is_known], times[is_known]
        earliest, latest = int(times.min()), int(times.max())
        flags, constant, known_times = ON_GRID, 0, b""
        if earliest == latest:
            flags, constant = ON_GRID | ONE_TIME, earliest
        elif self.ahead is not None:
            flags, constant = ON_GRID | ONE_HORIZON, self.ahead
        else:
            known_times = self.times.tobytes()
        head = HEADER.pack(FORMAT, flags, 1, len(self.values), self.first, constant, self.step)
        statistics = (len(values), earliest, latest, float(values.min()), float(values.max()), float(values.sum()))
        return *statistics, b"".join((head, known_times, self.values.tobytes()))
