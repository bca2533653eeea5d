"""What chunks say of their values without being opened: how many, the lowest, the highest and the sum of each chunk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs.chunk_rows import CURRENT, ChunkRange, finding
from db.beliefs.chunks import Values
from db.beliefs.source_filter import Origin, origins
from db.core.driver import Driver
from engine.series.iso_time import Microseconds, to_us

MOST_CHUNKS = 200_000
"""Chunks that are summed up at once: of 480 values each, almost 100 million."""


FULL = 100
"""Values of a chunk, on average, from which it is worth not to open it."""


@dataclass(frozen=True, eq=False)
class ChunkSummaries:
    """The most recent values of one series, chunk by chunk; shapes (c,)."""

    origin: Origin
    start: Microseconds
    """Where the span of each chunk begins [us since 1970 UTC], increasing; the spans are ``origin.span_us`` long."""
    count: Values
    low: Values
    high: Values
    total: Values
    """Sum of the values of a chunk."""


def long_series(
    session: Session, sensor_ids: Sequence[int], start: datetime, end: datetime, *, chunks: int
) -> set[int]:
    """Ids of the sensors that have a series with at least so many chunks between two moments."""
    length = to_us(end) - to_us(start)
    known = origins(Driver(session), sensor_ids, None)
    return {
        origin.sensor_id
        for origin in known
        # Few values in many chunks, as of events a month apart, are read as they are.
        if length >= chunks * origin.span_us and origin.n_beliefs >= chunks * FULL
    }


def read_summaries(session: Session, sensor_id: int, *, known_at: datetime) -> list[ChunkSummaries] | None:
    """Summaries of every series of a sensor; None: some hold values known only later, or there are too many chunks."""
    driver, summaries = Driver(session), []
    for origin in origins(driver, [sensor_id], None):
        everything = ChunkRange(origin.series_id, -(1 << 62), 1 << 62)
        columns = "c.start_us, c.n, c.v_min, c.v_max, c.v_sum, c.max_belief_us"
        rows = driver.rows(f"{finding([everything], CURRENT, columns)} ORDER BY c.start_us LIMIT {MOST_CHUNKS + 1}")
        if not rows:
            continue
        start, count, low, high, total, known = (np.array(column) for column in zip(*rows, strict=True))
        if len(rows) > MOST_CHUNKS or known.max() > to_us(known_at):
            return None
        summaries.append(ChunkSummaries(origin, start, count.astype(float), low, high, total))
    return summaries
