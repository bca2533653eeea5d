"""Superseded beliefs: how many lines they take, and what counts as saying the same."""

import numpy as np
from sqlalchemy import func, select

from db.beliefs import store
from db.beliefs.chunks import CERTAIN, Beliefs
from db.beliefs.merge import MANY
from db.beliefs.series import Chunk
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.core.driver import Driver
from engine.series.iso_time import to_us
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE


def test_a_chunk_that_changes_often_merges_what_was_superseded(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    for run in range(2 * MANY + 5):
        with database.writing() as session:
            values, known = np.array([run, -run], float), NOON - DAY + run * MINUTE
            store.write(session, sensor, source, events=steps(NOON, 2, STEP), values=values, known_at=known)
    with database.reading() as session:
        lines = session.scalar(select(func.count()).where(Chunk.layer == 1)) or 0
        every = store.read_all(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).beliefs
        then = store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=NOON - DAY + 70 * MINUTE))
    assert lines < MANY
    assert every.values[:, 0].tolist() == [*range(2 * MANY + 5), *(-run for run in range(2 * MANY + 5))]
    assert then.values.tolist() == [70, -70]


def test_values_known_later_are_left_unopened(sqlite_url: str) -> None:
    database = Database(sqlite_url)
    sensor, source = sensor_and_source(database, resolution=STEP)
    for run in range(2):
        with database.writing() as session:
            known = NOON - DAY + run * MINUTE
            store.write(session, sensor, source, events=steps(NOON, 2, STEP), values=np.full(2, run), known_at=known)
    asked: list[str] = []
    with database.reading() as session:
        driver = Driver(session)
        driver.cursor.connection.set_trace_callback(asked.append)
        assert len(store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=NOON - DAY))) == 2
        (query,) = [sql for sql in asked if "min_belief_us <=" in sql]
        plan = [row[3] for row in driver.rows(f"EXPLAIN QUERY PLAN {query}")]
    assert [step for step in plan if "SEARCH c USING INDEX ix_belief_chunk_superseded" in step], plan
    database.close()


def test_a_belief_with_other_quantiles_says_something_else(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    events, three = steps(NOON, 2, STEP), np.array([0.1, 0.5, 0.9])
    certain, wide = np.full((2, 1), 5.0), np.array([[4.0, 5, 6], [4, 5, 6]])
    stored = []
    for hours, (values, levels) in enumerate([(certain, CERTAIN), (wide, three), (wide, three), (certain, CERTAIN)]):
        times = np.full(2, to_us(NOON - DAY + hours * 60 * MINUTE))
        with database.writing() as session:
            stored.append(store.save(session, sensor, source, Beliefs(events, times, values, levels)).stored)
    assert stored == [2, 2, 0, 2]
    with database.reading() as session:
        every = store.read_all(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).beliefs
        second = store.read_quantiles(
            session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=NOON - DAY + 90 * MINUTE)
        ).beliefs
    assert (~np.isnan(every.values)).sum(axis=1).tolist() == [1, 3, 1, 1, 3, 1]
    assert second.values.tolist() == wide.tolist()
    assert every.middle.tolist() == [5.0] * 6
