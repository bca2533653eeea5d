"""Lengthen the last chunk of a series by the values that follow it, without reading what is in it.

Meters post the next value again and again; for them this is the whole of writing.
"""

import numpy as np

from db.beliefs.chunks import FORMAT, HEADER, ON_GRID, ONE_HORIZON, ONE_TIME, Beliefs
from db.beliefs.series import SeriesRow
from db.core.driver import Driver

CERTAIN_FORMS = {ON_GRID, ON_GRID | ONE_TIME, ON_GRID | ONE_HORIZON}
QUERY = (
    "SELECT n, min_belief_us, max_belief_us, v_min, v_max, v_sum, data FROM belief_chunk "
    "WHERE series_id = ? AND layer = 0 AND start_us = ? AND seq = 0"
)
UPDATE = (
    "UPDATE belief_chunk SET n = ?, min_belief_us = ?, max_belief_us = ?, v_min = ?, v_max = ?, v_sum = ?, data = ? "
    "WHERE series_id = ? AND layer = 0 AND start_us = ? AND seq = 0"
)


def extend(driver: Driver, line: SeriesRow, new: Beliefs) -> bool:
    """Store beliefs about the events right after the last one, and the line of the series with them.

    False if the general way must be taken: the events do not follow on the grid, begin another chunk, are not
    deterministic, or their times do not fit the form of the chunk. Then nothing is stored.
    """
    last, step = line.last_event_us, line.step_us
    if last is None or not step or not _follows(new, last + step, step):
        return False
    start, end = last // line.span_us * line.span_us, int(new.events[-1])
    found = driver.rows(QUERY, (line.id, start)) if end < start + line.span_us else []
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


def _follows(new: Beliefs, first: int, step: int) -> bool:
    """Return whether deterministic beliefs are about the events of a grid from a moment on, in order."""
    if new.events[0] != first or new.values.shape[1] > 1 or new.levels.shape != (1,) or new.levels[0] != 0.5:
        return False
    return len(new) == 1 or bool((np.diff(new.events) == step).all())


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
    if flags != ON_GRID:
        return b"".join((head, payload[HEADER.size :], values))
    middle = HEADER.size + 8 * slots
    times = new.times.astype("<i8", copy=False).tobytes()
    return b"".join((head, payload[HEADER.size : middle], times, payload[middle:], values))
