"""Values that come one after the other are stored as if they had come at once."""

from typing import Any

import numpy as np
import pytest
from sqlalchemy import select

from db.beliefs import fast_writes, store
from db.beliefs.chunks import CERTAIN, Beliefs, encode
from db.beliefs.decoding import decode
from db.beliefs.series import Chunk, Series
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sensors import Sensor
from db.sources import named
from engine.series.iso_time import Microseconds, to_us
from tests.db.samples import DAY, LATER, MINUTE, NOON, add_sensor, steps

STEP, STEP_US = 5 * MINUTE, 300_000_000
EVENTS = steps(NOON + DAY / 2 - 40 * STEP, 90, STEP)  # over the edge of a chunk
TIMES = {
    "one time": np.full(90, to_us(NOON)),
    "one horizon": EVENTS + 7,
    "own": EVENTS + np.arange(90) % 4,
    "one time, then own": np.where(np.arange(90) < 30, to_us(NOON), EVENTS),
}


def lines(database: Database, sensor: Sensor) -> list[Any]:
    """Return what the lines of the series and its chunks tell."""
    series = select(
        Series.n_beliefs, Series.first_event_us, Series.last_event_us, Series.last_value, Series.last_belief_us
    )
    chunk = select(Chunk.start_us, Chunk.n, Chunk.min_belief_us, Chunk.max_belief_us, Chunk.v_min, Chunk.v_max)
    with database.reading() as session:
        told = [tuple(row) for row in session.execute(series.where(Series.sensor_id == sensor.id))]
        of_sensor = chunk.join(Series, Series.id == Chunk.series_id).where(Series.sensor_id == sensor.id)
        return told + [tuple(row) for row in session.execute(of_sensor.order_by(Chunk.start_us))]


@pytest.mark.parametrize("form", TIMES)
@pytest.mark.parametrize("size", [1, 7])
def test_one_after_the_other_is_the_same_as_at_once(database: Database, form: str, size: int) -> None:
    values, times = np.random.default_rng(5).normal(size=90), TIMES[form]
    with database.writing() as session:
        (one, other), source = [add_sensor(session, resolution=STEP) for _ in range(2)], named(session, "meter")
        store.write(session, other, source, events=EVENTS, values=values, known_at=times)
    for at in range(0, 90, size):
        part = slice(at, at + size)
        with database.writing() as session:
            written = store.write(session, one, source, events=EVENTS[part], values=values[part], known_at=times[part])
        assert (written.stored, written.unchanged) == (len(EVENTS[part]), 0)
    with database.reading() as session:
        found = [
            store.read_all(session, s, BeliefQuery(NOON - DAY, NOON + 9 * DAY, known_at=LATER)).beliefs
            for s in (one, other)
        ]
    for name in ("events", "times", "values"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name))
    assert lines(database, one) == lines(database, other)


def chunk(times: Microseconds) -> bytes:
    return encode(Beliefs.certain(np.arange(3) * STEP_US, times, np.ones(3)), STEP_US)


@pytest.mark.parametrize(
    "times, fits", [(np.full(3, 5), 5), (np.arange(3) * STEP_US - 9, 3 * STEP_US - 9), (np.arange(3) % 2, 77)]
)
def test_a_chunk_is_lengthened_only_in_its_own_form(times: Microseconds, fits: int) -> None:
    after = Beliefs.certain(np.array([3 * STEP_US]), np.array([fits]), np.array([2.0]))
    longer = fast_writes.lengthened(chunk(times), after)
    assert longer is not None
    assert decode([longer])[0].times.tolist() == [*times.tolist(), fits]
    other = Beliefs.certain(np.array([4 * STEP_US]), np.array([fits]), np.array([2.0]))
    assert fast_writes.lengthened(chunk(times), other) is None
    if not (times == times % 2).all():
        late = Beliefs.certain(np.array([3 * STEP_US]), np.array([fits + 1]), np.array([2.0]))
        assert fast_writes.lengthened(chunk(times), late) is None


def test_a_chunk_of_quantiles_is_not_lengthened() -> None:
    wide = Beliefs(np.arange(2) * STEP_US, np.full(2, 5), np.ones((2, 2)), np.array([0.1, 0.9]))
    after = Beliefs(np.array([2 * STEP_US]), np.array([5]), np.ones((1, 1)), CERTAIN)
    assert fast_writes.lengthened(encode(wide, STEP_US), after) is None
