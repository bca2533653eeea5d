"""The rules by which sensors keep data are applied by one of all processes."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.jobs.recovery import Keeper
from app.settings.settings import Settings
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sources import named
from engine.series.iso_time import to_us
from tests.db.samples import HOUR, add_sensor

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


class NoQueue:
    def send(self, job_id: str, queue: str, priority: int) -> None:
        raise RuntimeError("there is no job to send")

    def holds(self, queue: str) -> set[str]:
        return set()


@pytest.fixture
def sensor(database):
    with database.writing() as session:
        made = add_sensor(session, resolution=HOUR, attributes={"keep-beliefs-for": "P30D"})
        events = np.array([to_us(NOW - timedelta(days=age)) for age in (60, 40, 20)])
        store.write(session, made, named(session, "meter"), events=events, values=np.ones(3), known_at=NOW)
    return made


def left(database, sensor):
    with database.reading() as session:
        return len(store.read(session, sensor, BeliefQuery(NOW - timedelta(days=90), NOW, known_at=NOW)))


def test_old_data_go_once_a_process_tidies(database, sensor):
    keeper, other = (Keeper(Settings(), database, NoQueue()) for _ in range(2))
    keeper.tidy(NOW)
    assert left(database, sensor) == 1
    with database.writing() as session:
        store.write(
            session,
            sensor,
            named(session, "meter"),
            events=np.array([to_us(NOW - timedelta(days=50))]),
            values=np.ones(1),
            known_at=NOW,
        )
    other.tidy(NOW)  # another process leads this hour
    assert left(database, sensor) == 2
    keeper.tidy(NOW + HOUR)
    assert left(database, sensor) == 1


def test_a_rule_that_cannot_be_read_stops_nothing(database, sensor, caplog):
    with database.writing() as session:
        session.merge(sensor).attributes = {"keep-beliefs-for": "a while"}
    Keeper(Settings(), database, NoQueue()).tidy(NOW)
    assert "keep-beliefs-for" in caplog.text and left(database, sensor) == 3
