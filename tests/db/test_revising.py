"""A single value that is late, or changes what was believed, is stored as if it had come with the others."""

import numpy as np
import pytest
from sqlalchemy import func, select

from db.beliefs import store
from db.beliefs.chunks import HEADER, ON_GRID, ONE_HORIZON
from db.beliefs.merge import MANY
from db.beliefs.series import Chunk, Series
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from engine.series.iso_time import to_us
from tests.db.samples import DAY, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE


def test_many_changes_of_one_value_are_kept_in_few_segments(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    count = 2 * MANY + 5
    for i in range(count):
        with database.writing() as session:
            known = NOON - DAY + i * MINUTE
            one = {"events": steps(NOON, 1, STEP), "values": np.array([float(i)]), "known_at": known}
            assert store.write(session, sensor, source, **one).stored == 1
    with database.reading() as session:
        found = store.read_all(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).beliefs
        segments = session.scalar(select(func.count()).select_from(Chunk).where(Chunk.layer == 1))
        told = session.execute(select(Series.n_beliefs, Series.last_value, Series.version)).one()
    assert found.values[:, 0].tolist() == list(range(count))
    assert segments is not None and segments < MANY
    assert tuple(told) == (count, count - 1, count)


@pytest.mark.parametrize("late, flags", [(0, ON_GRID | ONE_HORIZON), (1, ON_GRID)])
def test_a_late_meter_value_keeps_the_form_of_the_chunk_if_it_fits(database: Database, late: int, flags: int) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    events = steps(NOON, 20, STEP)
    others = np.arange(20) != 7
    for which, later in ((others, 0), (~others, late)):
        with database.writing() as session:
            values, times = np.arange(20.0)[which], events[which] + 17 + later
            store.write(session, sensor, source, events=events[which], values=values, known_at=times)
    with database.reading() as session:
        known = store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER))
        (line,) = session.execute(select(Chunk.n, Chunk.v_min, Chunk.v_max, Chunk.v_sum, Chunk.data)).all()
    assert known.values.tolist() == list(range(20))
    assert known.belief_times.tolist() == (events + 17 + late * (events == events[7])).tolist()
    assert tuple(line[:4]) == (20, 0, 19, 190)
    assert HEADER.unpack_from(bytes(line.data))[1] == flags


def test_a_value_far_behind_the_last_does_not_fill_the_chunk_with_holes(database: Database) -> None:
    sensor, source = sensor_and_source(database, resolution=STEP)
    for at in (0, 1, 200):
        with database.writing() as session:
            one = {"events": steps(NOON - DAY / 2 + at * STEP, 1, STEP), "values": np.ones(1), "known_at": NOON}
            store.write(session, sensor, source, **one)
    with database.reading() as session:
        slots = [HEADER.unpack_from(bytes(data))[3] for data in session.scalars(select(Chunk.data))]
        last = session.scalar(select(Series.last_event_us))
    assert slots == [3]
    assert last == to_us(NOON - DAY / 2 + 200 * STEP)
