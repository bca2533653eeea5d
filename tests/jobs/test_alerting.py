"""What is wrong is found, kept once per cause, and told by mail and by webhook, not too often."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from app.jobs.watch import alerting, watch
from app.jobs.watch.watch import AGAIN, Memory
from db import sources
from db.beliefs import store
from db.core.database import get
from db.jobs import alerts
from db.sensors import Sensor
from engine.series.iso_time import to_us
from tests.jobs.staging import Stage
from tests.mail import Box, mail_server
from tests.postgres import free_port

NOW = datetime(2026, 5, 8, 12, 0, tzinfo=UTC)
QUARTER, HOUR, DAY = timedelta(minutes=15), timedelta(hours=1), timedelta(days=1)


def post(stage: Stage, values: np.ndarray, *, until: datetime, source: str = "meter", known_at: Any = None) -> None:
    """Save values every quarter of an hour that end at a moment."""
    kind = "forecaster" if source == "forecaster" else "script"
    events = to_us(until) - np.arange(len(values), 0, -1, dtype=np.int64) * 900_000_000
    with stage.database.writing() as session:
        by = sources.named(session, source, type=kind)
        sensor = get(session, Sensor, stage.sensor_id)
        store.write(
            session,
            sensor,
            by,
            events=events,
            values=values,
            known_at=events + 900_000_000 if known_at is None else known_at,
        )


def wave(n: int) -> np.ndarray:
    return 5 + 3 * np.sin(np.arange(n) / 96 * 2 * np.pi) + np.random.default_rng(1).normal(0, 0.3, n)


def kinds_of(stage: Stage, now: datetime = NOW) -> dict[str, str]:
    with stage.database.reading() as session:
        return {each.kind: each.message for each in watch.findings(session, now=now)}


def test_nothing_is_found_where_all_is_well(stage: Stage) -> None:
    post(stage, wave(600), until=NOW)
    assert kinds_of(stage) == {}


def test_only_data_that_changed_are_read_again_and_what_was_found_is_remembered(stage: Stage) -> None:
    values = wave(600)
    values[300] = 400
    post(stage, values, until=NOW)
    memory, reads = Memory(), []

    def look(now: datetime) -> set[str]:
        with stage.database.reading() as session:
            found = {each.kind for each in watch.findings(session, now=now, memory=memory)}
        reads.append(memory.read)
        return found

    assert look(NOW) == {"spike"} == look(NOW + QUARTER / 3)
    post(stage, wave(1), until=NOW, source="forecaster", known_at=NOW - DAY)
    assert look(NOW + QUARTER / 3) == {"spike"}
    post(stage, wave(1), until=NOW + QUARTER)
    assert look(NOW + QUARTER) == {"spike"}
    look(NOW + QUARTER + AGAIN)
    first, again, forecast, new, later = reads
    assert (first, again - first, forecast - again, new - forecast, later - new) == (2, 0, 1, 2, 2)


def test_data_that_stopped_are_found_until_they_are_given_up(stage: Stage) -> None:
    post(stage, wave(600), until=NOW)
    assert kinds_of(stage, NOW + QUARTER * 3) == {}
    assert "gets no new data of power" in kinds_of(stage, NOW + HOUR)["stale"]
    assert "stale" not in kinds_of(stage, NOW + 15 * DAY)


def test_odd_data_are_found(stage: Stage) -> None:
    values = wave(600)
    values[300] = 900.0
    post(stage, values, until=NOW)
    assert "out of line" in kinds_of(stage)["spike"] and "kW" in kinds_of(stage)["spike"]


def test_failed_jobs_are_found_until_one_succeeds(stage: Stage) -> None:
    queue = stage.queue()
    queue.worker.do(stage.ask("refused"))
    told = kinds_of(stage, datetime.now(UTC))
    assert "add soc-max" in told["failed-jobs"] and "1 refused job of asset" in told["failed-jobs"]
    queue.worker.do(stage.ask("slow"))
    assert "failed-jobs" in kinds_of(stage, datetime.now(UTC))  # of another kind


def test_a_forecast_worse_than_yesterday_is_found_and_a_better_one_is_not(stage: Stage) -> None:
    post(stage, wave(800), until=NOW)
    before = to_us(NOW - 8 * DAY)
    post(stage, wave(800)[-600:] + 0.1, until=NOW, source="forecaster", known_at=np.full(600, before))
    assert "poor-forecast" not in kinds_of(stage)
    post(stage, np.full(600, 20.0), until=NOW, source="forecaster", known_at=np.full(600, before + 1))
    assert "yesterday's values" in kinds_of(stage)["poor-forecast"]


@pytest.fixture
def mailbox(stage: Stage) -> Iterator[Box]:
    with mail_server() as box:
        stage.environment |= {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(box.port)}
        stage.environment["FLEXMEASURES_MONITORING_MAIL_RECIPIENTS"] = "ops@example.org, two@example.org"
        yield box


def look(stage: Stage, now: datetime) -> list[Any]:
    return alerting.look(stage.settings, stage.database, now=now)


def test_one_mail_tells_of_all_and_no_cause_comes_twice_in_six_hours(stage: Stage, mailbox: Box) -> None:
    values = wave(600)
    values[300] = 900.0
    post(stage, values, until=NOW - HOUR)
    assert len(look(stage, NOW)) == 2 and len(mailbox.mails) == 1
    assert "2 things need attention" in str(mailbox.mails[0]) and "two@example.org" in str(mailbox.mails[0])
    assert look(stage, NOW + 5 * HOUR) == [] and len(mailbox.mails) == 1
    assert len(look(stage, NOW + 6 * HOUR)) == 2 and len(mailbox.mails) == 2


def test_what_ends_and_comes_back_stays_quiet_too(stage: Stage, mailbox: Box) -> None:
    post(stage, wave(600), until=NOW - HOUR)
    look(stage, NOW)
    post(stage, wave(4), until=NOW)
    look(stage, NOW + QUARTER)
    with stage.database.reading() as session:
        [row] = alerts.list_alerts(session, None, since=NOW - DAY)
    assert row.ended_at == NOW + QUARTER and row.count == 1
    assert look(stage, NOW + 2 * HOUR) == [] and len(mailbox.mails) == 1


def test_a_mail_server_that_is_down_is_told_later(stage: Stage, mailbox: Box) -> None:
    post(stage, wave(600), until=NOW - HOUR)
    port = stage.environment["MAIL_PORT"]
    stage.environment["MAIL_PORT"] = str(free_port())
    assert look(stage, NOW) == []
    stage.environment["MAIL_PORT"] = port
    assert len(look(stage, NOW + QUARTER)) == 1 and len(mailbox.mails) == 1


@contextmanager
def listening(got: list[Any]) -> Iterator[str]:
    """Run a web server that takes alerts."""
    port, ready, loops = free_port(), threading.Event(), []

    class Taking(RequestHandler):
        def post(self) -> None:
            got.append(json.loads(self.request.body))

    async def serve() -> None:
        server = HTTPServer(Application([("/alerts", Taking)]))
        server.listen(port, "127.0.0.1")
        done = asyncio.Event()
        loops.append((asyncio.get_running_loop(), done))
        ready.set()
        await done.wait()
        server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(120)
    yield f"http://127.0.0.1:{port}/alerts"
    loops[0][0].call_soon_threadsafe(loops[0][1].set)
    thread.join()


def test_a_webhook_is_posted_the_alerts(stage: Stage) -> None:
    post(stage, wave(600), until=NOW - HOUR)
    got: list[Any] = []
    with listening(got) as address:
        stage.environment["FLEXSCOPE_ALERT_WEBHOOKS"] = address
        assert len(look(stage, NOW)) == 1
    [alert] = got[0]["alerts"]
    assert (alert["kind"], alert["asset"], alert["first-at"]) == ("stale", stage.asset_id, NOW.isoformat())
