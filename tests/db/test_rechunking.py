"""Chunks of instantaneous sensors follow how often they report, and nothing is lost on the way."""

from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import func, select

from db.beliefs import rewrite, store
from db.beliefs.series import SLOTS, Chunk, Series, span_for
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import Microseconds
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, sensor_and_source, steps

SECOND = timedelta(seconds=1)


def write(database: Database, events: Microseconds, sensor: Sensor, source: Source) -> None:
    with database.writing() as session:
        store.write(session, sensor, source, events=events, values=events % 97 / 7.0, known_at=NOON)


def check(database: Database, sensor: Sensor, events: Microseconds) -> tuple[int, int]:
    """Compare what is read with what was written; return the span [us] and the most events of a chunk."""
    with database.reading() as session:
        known = store.read(session, sensor, BeliefQuery(NOON - DAY, NOON + 9999 * DAY, known_at=LATER))
        span = session.scalar(select(Series.span_us)) or 0
        most = session.scalar(select(func.max(Chunk.n)).where(Chunk.layer == 0)) or 0
        count = session.scalar(select(Series.n_beliefs))
    assert known.events.tolist() == events.tolist()
    assert known.values.tolist() == (events % 97 / 7.0).tolist()
    assert count == len(events)
    return span, most


def test_a_sensor_that_turns_out_to_report_every_second_gets_shorter_chunks(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=timedelta(0))
    every_day = steps(NOON, 3, DAY)
    write(database, every_day, sensor, source)
    assert check(database, sensor, every_day)[0] == span_for(DAY // timedelta(microseconds=1))
    fast = steps(NOON + 3 * DAY, 9000, SECOND)
    write(database, fast, sensor, source)
    span, most = check(database, sensor, np.concatenate([every_day, fast]))
    assert span <= 2 * 3_600_000_000
    assert most <= rewrite.TOLERANCE * SLOTS


def test_a_sensor_that_reports_seldom_gets_longer_chunks_when_it_is_looked_after(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=timedelta(0))
    write(database, steps(NOON, 5, SECOND), sensor, source)
    seldom = steps(NOON + HOUR, 300, 2 * HOUR)
    write(database, seldom, sensor, source)
    before = check(database, sensor, np.concatenate([steps(NOON, 5, SECOND), seldom]))[0]
    with database.writing() as session:
        assert rewrite.rechunk(session, sensor) == 1
        assert rewrite.rechunk(session, sensor) == 0
    assert check(database, sensor, np.concatenate([steps(NOON, 5, SECOND), seldom]))[0] > 100 * before


@pytest.mark.parametrize(
    "step, span",
    [(SECOND, 6 * MINUTE), (MINUTE, 6 * HOUR), (5 * MINUTE, DAY), (15 * MINUTE, 4 * DAY), (HOUR, 15 * DAY)],
)
def test_a_chunk_is_the_longest_round_span_of_at_most_480_events(step: timedelta, span: timedelta) -> None:
    microsecond = timedelta(microseconds=1)
    assert span_for(step // microsecond) == span // microsecond
