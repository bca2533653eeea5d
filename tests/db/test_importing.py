"""Beliefs come over from a table in the shape of FlexMeasures, horizons as moments, quantiles together."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg2
import pytest

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import Database
from db.exchange import flexmeasures
from db.sources import named
from engine.errors import InputError
from engine.series.iso_time import to_us
from tests.conftest import COUNT, create_database
from tests.db.samples import DAY, HOUR, LATER, MINUTE, NOON, add_sensor

TABLE = """CREATE TABLE timed_belief (event_start timestamptz NOT NULL, belief_horizon interval NOT NULL,
cumulative_probability float NOT NULL, event_value float, sensor_id int NOT NULL, source_id int NOT NULL,
PRIMARY KEY (event_start, belief_horizon, cumulative_probability, sensor_id, source_id))"""


@pytest.fixture
def theirs(postgres_template: str) -> Iterator[Any]:
    """A database with such a table and nothing else of ours."""
    url = create_database(postgres_template, f"theirs{next(COUNT)}", "template_empty")
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    with connection.cursor() as cursor:
        cursor.execute(TABLE)
    yield connection
    connection.close()


def insert(theirs: Any, *rows: tuple[Any, ...]) -> None:
    with theirs.cursor() as cursor:
        cursor.executemany("INSERT INTO timed_belief VALUES (%s, %s, %s, %s, 7, %s)", rows)


def test_horizons_become_moments_and_sources_stay_apart(database: Database, theirs: Any) -> None:
    insert(theirs, (NOON, HOUR, 0.5, 1.0, 3), (NOON, -10 * MINUTE, 0.5, 2.0, 3), (NOON, HOUR, 0.5, 9.0, 4),
           (NOON + HOUR, HOUR, 0.5, None, 3))  # fmt: skip
    with database.writing() as session:
        sensor = add_sensor(session, resolution=HOUR)
        ours = {3: named(session, "three"), 4: named(session, "four")}
        found = flexmeasures.beliefs_of(session, sensor, theirs, 7, source_of=ours.__getitem__)
    assert {key: written.stored for key, written in found.items()} == {3: 2, 4: 1}
    with database.reading() as session:
        every = store.read_all(session, sensor, BeliefQuery(NOON - DAY, NOON + DAY, known_at=LATER))
    assert ((every.beliefs.times - to_us(NOON)) // 60_000_000).tolist() == [0, 0, 70]
    assert every.beliefs.values[:, 0].tolist() == [1, 9, 2]


def test_quantiles_of_one_belief_come_together(database: Database, theirs: Any) -> None:
    rows = [(NOON + i * HOUR, HOUR, level, 10 * i + level, 3) for i in range(3) for level in (0.1, 0.5, 0.9)]
    insert(theirs, *rows, (NOON + 3 * HOUR, HOUR, 0.5, 33.0, 3))
    with database.writing() as session:
        sensor, ours = add_sensor(session, resolution=HOUR), named(session, "three")
        flexmeasures.beliefs_of(session, sensor, theirs, 7, source_of=lambda _: ours)
    with database.reading() as session:
        found = store.read_quantiles(session, sensor, BeliefQuery(NOON, NOON + DAY, known_at=LATER)).beliefs
    assert found.values[:3].tolist() == [[0.1, 0.5, 0.9], [10.1, 10.5, 10.9], [20.1, 20.5, 20.9]]
    assert (found.middle.tolist(), int(np.isnan(found.values).sum())) == ([0.5, 10.5, 20.5, 33.0], 2)


def test_a_second_import_changes_nothing(database: Database, theirs: Any) -> None:
    insert(theirs, *[(NOON + i * HOUR, j * HOUR, 0.5, i + j, 3) for i in range(50) for j in range(5)])
    for stored in (250, 0):
        with database.writing() as session:
            if stored:
                sensor, ours = add_sensor(session, resolution=HOUR), named(session, "three")
            found = flexmeasures.beliefs_of(session, sensor, theirs, 7, source_of={3: ours}.__getitem__)
        assert (found[3].stored, found[3].unchanged) == (stored, 250 - stored)


@pytest.mark.parametrize(
    "function, parameters, rule",
    [
        ("ex_post", {"ex_post_horizon": "PT0H"}, {"ex_post": "PT0H"}),
        ("ex_ante", {"ex_ante_horizon": "PT24H"}, {"ex_ante": "PT24H"}),
        ("x_days_ago_at_y_oclock", {"x": 1, "y": 12.5, "z": "Europe/Paris"},
         {"days_ago": 1, "at": "12:30", "timezone": "Europe/Paris"}),
    ],
)  # fmt: skip
def test_their_knowledge_horizons_have_a_rule_of_ours(
    function: str, parameters: dict[str, Any], rule: dict[str, Any]
) -> None:
    assert flexmeasures.rule_of(function, parameters) == rule
    with pytest.raises(InputError, match="choose one of"):
        flexmeasures.rule_of("timedelta", {})
