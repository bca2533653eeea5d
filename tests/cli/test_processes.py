"""The documented tutorial on processes: what each way of timing costs."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import from_us, zone
from tests.cli.test_tutorial import ADD, PRICES, TOMORROW

MIDNIGHT = datetime.fromisoformat(f"{TOMORROW}T00:00").replace(tzinfo=zone("Europe/Amsterdam"))
LINE = (
    "flexscope add schedule for-process --sensor {sensor} --consumption-price-sensor 1 "
    f"--start {MIDNIGHT.isoformat()} --duration PT24H --process-duration {{lasts}} "
    "--process-power 0.2MW --process-type {kind} "
    f'--forbid \'{{{{"start": "{(MIDNIGHT + timedelta(hours=15)).isoformat()}", "duration": "PT1H"}}}}\''
)


@pytest.fixture
def begun(terminal):
    """The terminal once account, prices and process are there."""
    terminal("flexscope add toy-account --kind battery")
    rows = [f"{TOMORROW}T{hour:02}:00:00,{price}" for hour, price in enumerate(PRICES)]
    Path("prices-tomorrow.csv").write_text("\n".join(["Hour,Price", *rows]))
    terminal(ADD)
    assert "Sensor 6: Power (SHIFTABLE)" in terminal("flexscope add toy-account --kind process").out
    return terminal


@pytest.mark.parametrize(
    "sensor, kind, cost, hours",
    [
        (4, "INFLEXIBLE", "9.60", {0, 1, 2, 3}),
        (5, "BREAKABLE", "4.30", {13, 14, 16, 23}),
        (6, "SHIFTABLE", "5.40", {11, 12, 13, 14}),
    ],
)
def test_process_costs_what_the_documentation_says(begun, database, sensor, kind, cost, hours):
    said = begun(LINE.format(sensor=sensor, kind=kind, lasts="PT4H"))
    assert said.code == 0 and f"{cost} EUR" in said.out
    with database.reading() as session:
        end = MIDNIGHT + timedelta(days=1)
        known = store.read(
            session, get(session, Sensor, sensor), BeliefQuery(MIDNIGHT, end, known_at=datetime.now(UTC))
        )
    runs = {from_us(at).astimezone(MIDNIGHT.tzinfo).hour for at in known.events[known.values > 0]}
    assert runs == hours and set(known.values.tolist()) == {0.0, 0.2}


@pytest.mark.parametrize("lasts, told", [("PT25H", "for 60"), ("4h", "duration")])
def test_process_without_room_is_refused(begun, lasts, told):
    said = begun(LINE.format(sensor=6, kind="SHIFTABLE", lasts=lasts))
    assert said.code == 1 and told in said.err
