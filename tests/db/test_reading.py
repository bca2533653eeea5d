"""Whose value counts, for whom, and in which form it comes out."""

from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import select

from db.accounts.accounts import Account
from db.beliefs import statistics, store
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.exchange import frames
from db.sensors import Sensor
from db.sources import Source, named
from engine.errors import InputError
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, add_sensor, sensor_and_source, steps

STEP = 5 * MINUTE


def tell(database: Database, sensor: Sensor, source: Source, value: float, *, count: int = 3, at: int = 0) -> None:
    """Let a source say one value about the first events, so many hours after noon the day before."""
    with database.writing() as session:
        values, known = np.full(count, value), NOON - DAY + at * HOUR
        store.write(session, sensor, source, events=steps(NOON, count, STEP), values=values, known_at=known)


def values(database: Database, sensor: Sensor, **how: Any) -> list[float]:
    with database.reading() as session:
        asked: dict[str, Any] = {"known_at": LATER} | how
        found: list[float] = store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, **asked)).values.tolist()
        return found


def test_between_sources_the_most_recent_belief_counts_event_by_event(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        other = named(session, "other")
    tell(database, sensor, meter, 1.0, at=2)
    tell(database, sensor, other, 2.0, at=1, count=4)
    tell(database, sensor, other, 3.0, at=3, count=1)
    assert values(database, sensor) == [3, 1, 1, 2]
    assert values(database, sensor, known_at=NOON - DAY + HOUR) == [2, 2, 2, 2]


def test_at_the_same_moment_the_source_that_came_last_counts(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        other = named(session, "other")
    tell(database, sensor, other, 2.0)
    tell(database, sensor, meter, 1.0)
    assert values(database, sensor) == [2, 2, 2]


@pytest.mark.parametrize("older, newer", [("1", "2"), ("1.9", "1.10"), ("", "1"), ("2.0rc", "2.1")])
def test_of_versions_of_a_program_the_highest_that_knows_counts(database: Database, older: str, newer: str) -> None:
    sensor, _ = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        late = named(session, "planner", type="scheduler", model="S", version=newer)
        early = named(session, "planner", type="scheduler", model="S", version=older)
    tell(database, sensor, late, 2.0, at=1)
    tell(database, sensor, early, 1.0, at=5, count=4)
    assert values(database, sensor) == [2, 2, 2, 1]


def test_filters_choose_by_id_type_name_and_account(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        account = Account(name="utility")
        session.add(account)
        session.flush()
        plan = named(session, "planner", type="scheduler")
        plan.account_id = account.id
    tell(database, sensor, meter, 1.0)
    tell(database, sensor, plan, 2.0, at=1)
    cases = [
        (SourceFilter(), 2), (SourceFilter(ids=[meter.id]), 1), (SourceFilter(types=["scheduler"]), 2),
        (SourceFilter(not_types=["scheduler"]), 1), (SourceFilter(names=["meter"]), 1),
        (SourceFilter(account_ids=[account.id]), 2), (SourceFilter(user_ids=[99]), 2),
    ]  # fmt: skip
    assert [values(database, sensor, sources=chosen) for chosen, _ in cases] == [[v] * 3 for _, v in cases]
    assert values(database, sensor, sources=SourceFilter(ids=[])) == []


def test_each_source_has_its_own_newest_belief(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        other = named(session, "other")
    for source, value, at in [(meter, 1.0, 0), (meter, 2.0, 1), (other, 3.0, 0)]:
        tell(database, sensor, source, value, at=at)
    with database.reading() as session:
        found = store.read_per_source(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER))
    assert {key: set(part.middle.tolist()) for key, part in found.items()} == {meter.id: {2}, other.id: {3}}


def test_many_sensors_come_in_one_call_and_the_empty_ones_too(database: Database) -> None:
    with database.writing() as session:
        sensors = [add_sensor(session, resolution=STEP) for _ in range(5)]
        source = named(session, "meter")
    for i, sensor in enumerate(sensors[:4]):
        tell(database, sensor, source, float(i), count=i + 1)
        tell(database, sensor, source, float(i) + 10, count=i + 1, at=5)
    moments: list[tuple[datetime | AsOf, int]] = [(LATER, 10), (NOON - DAY + HOUR, 0)]
    for known_at, more in [*moments, (AsOf(known_at=LATER, horizon=20 * HOUR), 0)]:
        with database.reading() as session:
            found = store.read_many(session, sensors, BeliefQuery(NOON, NOON + DAY, known_at=known_at))
        assert [part.values.tolist() for part in found.values()] == [[i + more] * (i + 1) for i in range(4)] + [[]]
    with database.reading() as session:
        assert store.read_many(session, [], BeliefQuery(NOON, NOON + DAY, known_at=LATER)) == {}


def test_the_time_range_counts_its_start_and_not_its_end(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        store.write(session, sensor, meter, events=steps(NOON, 600, STEP), values=np.arange(600.0), known_at=NOON)
    with database.reading() as session:
        found = store.read(session, sensor, BeliefQuery(NOON + STEP, NOON + 3 * STEP, known_at=LATER))
    assert found.values.tolist() == [1, 2]


def test_people_get_pandas_in_the_zone_of_the_sensor(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP, timezone="Europe/Amsterdam")
    tell(database, sensor, meter, 1.5)
    with database.reading() as session:
        known = store.read(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER))
        every = store.read_all(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER))
    series = frames.series(known, sensor)
    assert series.index[0] == pd.Timestamp(NOON)
    assert str(series.index.dtype) == "datetime64[us, Europe/Amsterdam]"
    table = frames.table(every, {meter.id: "meter"}, sensor.timezone)
    assert table["event_value"].tolist() == [1.5] * 3
    assert set(table["source"]) == {"meter"}


def test_the_last_value_and_its_age_come_from_the_line_of_the_series(database: Database) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with database.writing() as session:
        plan = named(session, "planner", type="scheduler")
    tell(database, sensor, meter, 1.0)
    tell(database, sensor, plan, 2.0, count=9)
    with database.reading() as session:
        newest = statistics.latest(session, [sensor.id])[sensor.id]
        measured = statistics.latest(session, [sensor.id], SourceFilter(not_types=["scheduler"]))[sensor.id]
        assert session.scalars(select(Source)).all()
    assert (newest.value, newest.event) == (2, NOON + 8 * STEP)
    assert (measured.value, measured.age(NOON + HOUR, STEP)) == (1, 45 * MINUTE)


@pytest.mark.parametrize("bad", [np.inf, -np.inf])
def test_infinite_values_are_refused(database: Database, bad: float) -> None:
    sensor, meter = sensor_and_source(database, resolution=STEP)
    with pytest.raises(InputError, match="infinite"), database.writing() as session:
        store.write(session, sensor, meter, events=steps(NOON, 1, STEP), values=np.array([bad]), known_at=NOON)
