"""What chunks say of their values without being opened."""

import numpy as np

from db.beliefs import store
from db.beliefs.summaries import long_series, read_summaries
from db.core.database import Database
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, sensor_and_source, steps

STEP = 5 * MINUTE
COUNT = 3000


def test_chunks_tell_count_lowest_highest_and_sum_of_their_newest_values(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    events, values = steps(NOON, COUNT, STEP), np.arange(float(COUNT))
    with database.writing() as session:
        store.write(session, sensor, meter, events=events, values=values, known_at=NOON - DAY)
    with database.writing() as session:  # the first value is corrected: only the newest counts
        store.write(session, sensor, meter, events=events[:1], values=np.array([-5.0]), known_at=NOON - HOUR)
    with database.reading() as session:
        summed = read_summaries(session, sensor.id, known_at=LATER)
        earlier = read_summaries(session, sensor.id, known_at=NOON - 2 * HOUR)
    assert earlier is None, "what was known then is not what the newest layer holds"
    assert summed is not None
    (chunks,) = summed
    assert chunks.count.sum() == COUNT and (np.diff(chunks.start) > 0).all()
    assert (chunks.low.min(), chunks.high.max()) == (-5, COUNT - 1)
    assert chunks.total.sum() == values.sum() - 5


def test_a_series_is_long_where_many_full_chunks_are_in_view(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        store.write(session, sensor, meter, events=steps(NOON, COUNT, STEP), values=np.ones(COUNT), known_at=NOON)
    with database.reading() as session:
        assert long_series(session, [sensor.id], NOON, NOON + 10 * DAY, chunks=5) == {sensor.id}
        assert long_series(session, [sensor.id], NOON, NOON + DAY, chunks=5) == set()
        assert long_series(session, [sensor.id], NOON, NOON + 9999 * DAY, chunks=500) == set()
