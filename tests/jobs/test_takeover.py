"""Values come over from a database in the shape of FlexMeasures, by command."""

import psycopg2
import pytest
from sqlalchemy import select

from app.jobs.handlers import flexmeasures_import
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sources import Source
from engine.errors import EngineError
from tests.conftest import COUNT, create_database
from tests.db.samples import DAY, HOUR, LATER, NOON, add_sensor

TABLES = """
CREATE TABLE sensor
  (id int, unit text, event_resolution interval, knowledge_horizon_fnc text, knowledge_horizon_par json);
CREATE TABLE data_source (id int, name text, type text, model text, version text);
CREATE TABLE timed_belief (event_start timestamptz, belief_horizon interval, cumulative_probability float,
  event_value float, sensor_id int, source_id int);
INSERT INTO sensor VALUES (7, 'kW', '1 hour', 'ex_post', '{"ex_post_horizon": "PT0H"}');
INSERT INTO data_source VALUES (3, 'Seita', 'forecaster', 'naive', '1');
"""


@pytest.fixture
def theirs(postgres_template):
    base = postgres_template.rsplit("/", 1)[0]
    url = create_database(f"{base}/postgres", f"fm{next(COUNT)}", None)
    with psycopg2.connect(url.replace("+psycopg2", "")) as there, there.cursor() as cursor:
        cursor.execute(TABLES)
        cursor.execute("INSERT INTO timed_belief VALUES (%s, %s, 0.5, 4.2, 7, 3)", (NOON, HOUR))
    there.close()
    return url


def test_values_come_with_source_and_moment(database, theirs):
    with database.writing() as session:
        sensor = add_sensor(session, resolution=HOUR, unit="kW")
        assert flexmeasures_import.run(session, theirs, {7: sensor.id}) == {sensor.id: 1}
        assert flexmeasures_import.run(session, theirs, {7: sensor.id}) == {sensor.id: 0}
    with database.reading() as session:
        known = store.read(session, sensor, BeliefQuery(NOON - DAY, NOON + DAY, known_at=NOON))
        before = store.read(session, sensor, BeliefQuery(NOON, LATER, known_at=NOON - HOUR))
        assert known.values.tolist() == [4.2] and len(before) == 0
        assert session.scalar(select(Source.model).where(Source.id == int(known.source_ids[0]))) == "naive"


@pytest.mark.parametrize(
    "unit, theirs_id, told", [("MW", 7, "pair alike"), ("°C", 7, "pair alike"), ("kW", 8, "has no sensor 8")]
)
def test_what_does_not_fit_is_refused(database, theirs, unit, theirs_id, told):
    with pytest.raises(EngineError, match=told), database.writing() as session:
        sensor = add_sensor(session, resolution=HOUR, unit=unit)
        flexmeasures_import.run(session, theirs, {theirs_id: sensor.id})


def test_silent_database_is_told(database):
    with pytest.raises(EngineError, match="does not answer"), database.writing() as session:
        flexmeasures_import.run(session, "postgresql://x@127.0.0.1:1/y", {7: 1})
