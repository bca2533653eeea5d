"""Fit the length of chunks to how often an instantaneous sensor really reports."""

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import chunk_rows, rewrite
from db.beliefs.series import SLOTS, SeriesRow, span_for
from db.core.driver import Driver
from db.sensors import Sensor

OFF = 8
"""How many times too many or too few events a chunk may have."""


def settle(session: Session, sensor: Sensor) -> int:
    """Re-chunk each series of an instantaneous sensor that needs it; return how many did."""
    return 0 if sensor.resolution else sum(settle_line(session, line) for line in rewrite.locked(session, sensor))


def settle_line(session: Session, line: SeriesRow) -> bool:
    """Give a series chunks of another length if its events are far denser or sparser than its chunks are made for.

    Args:
        work: The session that holds the series.
        line: The series, as it is stored now.
    """
    driver = Driver(session)
    found = driver.rows(
        "SELECT start_us, n FROM belief_chunk WHERE series_id = ? AND layer = 0 ORDER BY start_us", (line.id,)
    )
    if not found:
        return False
    starts, sizes = np.array(found, np.int64).T
    span_us = line.span_us
    if sizes.max() > OFF * SLOTS:
        densest = chunk_rows.fetch(driver, line, 0, starts[[sizes.argmax()]])
        span_us = span_for(int(np.median(np.diff(densest.events))))
    elif len(starts) > OFF and sizes.mean() * OFF * 2 < SLOTS:
        span_us = span_for(int(np.median(np.diff(starts)) / sizes.mean()))
    if span_us == line.span_us:
        return False
    rewrite.rebuild(session, line, step_us=line.step_us, span_us=span_us, how=lambda beliefs: beliefs)
    return True
