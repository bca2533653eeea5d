"""Several writers at once, killed writers, and copies made while others write."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest

from db import sources
from db.beliefs import store
from db.beliefs.merge import WriteConflict
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database, get
from db.sensors import Sensor
from engine.errors import EngineError
from tests.db import crashes
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE


def post_at_once(database: Database, sensor: Sensor, values: list[float]) -> Counter[str]:
    """Post one body per value at the same moment, from a source that is new; return what became of them."""
    gate = threading.Barrier(len(values))

    def post(value: float) -> str:
        gate.wait()
        try:
            with database.writing() as session:
                here, source = get(session, Sensor, sensor.id), sources.named(session, "gateway")
                body = np.full(96, value)
                written = store.write(session, here, source, events=steps(NOON, 96, STEP), values=body, known_at=NOON)
        except WriteConflict:
            return "conflict"
        return "stored" if written.stored else "unchanged"

    with ThreadPoolExecutor(len(values)) as pool:
        return Counter(pool.map(post, values))


def test_of_eight_equal_posts_at_once_one_is_stored_and_none_refused(database: Database) -> None:
    sensor, _ = sensor_and_source(database, resolution=STEP)
    assert post_at_once(database, sensor, [1.0] * 8) == {"stored": 1, "unchanged": 7}
    with database.reading() as session:
        known = store.read_all(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER))
    assert len(known.beliefs) == 96
    assert len(set(known.source_ids)) == 1


def test_of_eight_different_posts_at_once_one_is_stored_and_seven_are_conflicts(database: Database) -> None:
    sensor, _ = sensor_and_source(database, resolution=STEP)
    assert post_at_once(database, sensor, [float(i) for i in range(8)]) == {"stored": 1, "conflict": 7}


def test_writers_of_one_series_lose_no_update(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)

    def write(writer: int) -> None:
        for i in range(12):
            with database.writing() as session:
                events = steps(NOON + (i * 4 + writer) * STEP, 1, STEP)
                store.write(session, sensor, source, events=events, values=np.ones(1), known_at=NOON)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with database.reading() as session:
        assert (
            store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).events.tolist()
            == steps(NOON, 48, STEP).tolist()
        )


def test_what_a_killed_writer_acknowledged_is_there_and_nothing_is_half_there(
    database: Database, database_url: str
) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    assert crashes.torment(database, database_url, sensor, source, kills=20) >= 20


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    events = steps(NOON, 600, STEP)
    done = threading.Event()

    def write() -> None:
        for run in range(30):
            with database.writing() as session:
                known = NOON - DAY + timedelta(minutes=run)
                store.write(session, sensor, source, events=events, values=np.full(600, float(run)), known_at=known)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while not done.is_set():
        with database.reading() as session:
            values = store.read(session, sensor, BeliefQuery(NOON, NOON + 9 * DAY, known_at=NOON)).values
            every = store.read_all(session, sensor, BeliefQuery(NOON, NOON + 9 * DAY, known_at=NOON)).beliefs
        assert len(set(values.tolist())) <= 1
        assert len(every) == 600 * (1 + int(values[0]) if len(values) else 0)
        seen.add(len(every))
    writer.join()
    assert len(seen) > 1


def test_the_word_for_a_conflict_names_the_event_and_the_way_out(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    with pytest.raises(EngineError, match="give a later moment of knowledge"), database.writing() as session:
        for value in (1.0, 2.0):
            store.write(session, sensor, source, events=steps(NOON, 1, STEP), values=np.array([value]), known_at=NOON)
