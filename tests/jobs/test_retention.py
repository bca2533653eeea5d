"""Only what a rule lets go of goes."""

from datetime import UTC, datetime

import numpy as np
import pytest

from app.jobs import recovery
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.sources import named
from engine.errors import EngineError
from tests.db.samples import DAY, HOUR, LATER, NOON, add_sensor, steps


def test_each_sensor_keeps_what_its_own_rule_says(database: Database) -> None:
    unread = {recovery.KEEP: "soon"}  # of whichever account: it must not keep the data of all
    rules = [unread, {recovery.KEEP: "P10D"}, {recovery.KEEP_SUPERSEDED: "P10D"}]
    with database.writing() as session:
        sensors = [add_sensor(session, resolution=HOUR, attributes=rule) for rule in rules]
        source = named(session, "model")
        for sensor in sensors:
            for run in range(2):
                values, known = np.full(480, float(run)), NOON + run * HOUR
                store.write(session, sensor, source, events=steps(NOON, 480, HOUR), values=values, known_at=known)
    with database.writing() as session:
        gone = recovery.expire_beliefs(session, now=NOON + 15 * DAY)
    assert gone == {sensors[1].id: 240, sensors[2].id: 120}
    with database.reading() as session:
        left = [len(store.read_all(session, s, BeliefQuery(NOON, LATER, known_at=LATER)).beliefs) for s in sensors]
    assert left[0] - left[1] == 240


def test_a_year_is_counted_back_on_the_calendar() -> None:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    assert recovery.keep_rule({recovery.KEEP: "P1Y"}, recovery.KEEP, now) == 365 * DAY
    assert recovery.keep_rule({recovery.KEEP: "P1M"}, recovery.KEEP, now) == 28 * DAY


@pytest.mark.parametrize("text", ["soon", "-P1D", "P0D"])
def test_a_rule_that_is_no_length_is_refused_by_name(text: str) -> None:
    with pytest.raises(EngineError, match="keep-beliefs-for"):
        recovery.keep_rule({recovery.KEEP: text}, recovery.KEEP, NOON)
