"""While somebody has the database to write, nobody computes and nobody is asked anything."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import argon2
import click
import pytest
from sqlalchemy import event

import app.assemble.files.files
import app.jobs.handlers.forecast
import app.jobs.handlers.schedule
import app.mail
import app.usecases.jobs.schedules
from app.api.http import acting
from app.api.http.acting import Request
from app.cli.main import main
from app.jobs.worker import Worker
from app.running import Running
from app.settings.settings import load
from db.accounts.users import User
from db.core.database import Database
from db.jobs.jobs import Job
from engine.reporting.aggregator import AggregatorReporter
from engine.reporting.pandas_reporter import PandasReporter
from engine.reporting.profit_or_loss import ProfitOrLossReporter
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.auth.permission_table import TABLE
from tests.auth.test_every_endpoint import turn
from tests.auth.test_permissions import ROUTES, arguments, populate
from tests.http import serving

SLOW: list[tuple[Any, str]] = [
    (argon2.PasswordHasher, "hash"),
    (argon2.PasswordHasher, "verify"),
    (click, "confirm"),
    (app.mail, "send"),
    (app.assemble.files.files, "parse_file"),
    (app.usecases.jobs.schedules, "read_site"),
    (app.jobs.handlers.schedule, "read_site"),
    (app.jobs.handlers.forecast, "foresee_window"),
    (StorageScheduler, "compute"),
    (AggregatorReporter, "compute"),
    (PandasReporter, "compute"),
    (ProfitOrLossReporter, "compute"),
]
"""What waits for people or machines, or computes."""


class Held:
    """Which threads have a transaction of the writing kind, and what slow thing they did in it."""

    def __init__(self) -> None:
        self.by, self.seen, self.slow = threading.local(), set[str](), set[str]()

    def follow(self, database: Database) -> None:
        for name, count in (("begin", 1), ("commit", 0), ("rollback", 0)):
            event.listen(database.engine, name, lambda *_, now=count: setattr(self.by, "writes", now))

    def watched(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            self.seen.add(name)
            if getattr(self.by, "writes", 0):
                self.slow.add(name)
            return function(*arguments, **more)

        return call


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Follows every slow thing."""
    found = Held()
    for where, name in SLOW:
        told = f"{getattr(where, '__name__', where)}.{name}"
        monkeypatch.setattr(where, name, found.watched(told, getattr(where, name)))
    return found


@pytest.fixture
def running(database: Database, tmp_path: Path) -> Iterator[Running]:
    """A process on a database with one row of each kind, and a day of values of the battery."""
    serving.populate(database)
    made = Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path), "RATELIMIT_ENABLED": "false"}), database)
    yield made
    made.limits.close()


def test_no_endpoint_computes_while_it_holds_the_database(running: Running, held: Held) -> None:
    with running.database.writing() as session:
        ids = serving.identifiers(running.database) | populate(session, serving.identifiers(running.database), running)
    held.follow(running.database)
    for name in sorted(TABLE, key=turn):
        if ROUTES[name].writes:
            _ask(running, ids, name)
    assert not held.slow
    assert {
        "app.usecases.jobs.schedules.read_site",
        "app.assemble.files.files.parse_file",
        "PasswordHasher.hash",
    } <= held.seen


def _ask(running: Running, ids: dict[str, Any], name: str) -> None:
    line, route = TABLE[name], ROUTES[name]
    kind = sorted(line.allowed & set(serving.USERS))[0]
    with running.database.reading() as session:
        serial = session.get_one(User, ids[f"u:{kind}"]).session_serial
    who = running.identities.find(ids[f"u:{kind}"], serial)
    request = Request(running=running, principal=who, now=datetime.now(UTC), address="http://x", headers={})
    try:
        acting.done(route, request, arguments(route, line.arguments(ids)))
    except Exception:  # what was deleted before it, or is refused, is none of this test
        return


def jobs(ids: dict[str, int]) -> dict[str, dict[str, Any]]:
    span = {"start": "2026-01-05T00:00:00Z", "end": "2026-01-05T01:00:00Z"}
    power, model = ids["s:power"], {"sensor": ids["s:power"], "soc-at-start": "1 kWh", "soc-max": "9 kWh"}
    named = [{"name": "x", "sensor": power}]
    plan = {"asset": ids["battery"], "start": span["start"], "duration": "PT1H"}
    plan |= {"flex_model": [model | {"power-capacity": "5 kW"}], "flex_context": {"consumption-price": "1 EUR/kWh"}}
    ahead = {"start": "2026-01-06T00:00:00Z", "end": "2026-01-06T01:00:00Z", "horizon": "PT1H", "frequency": "PT1H"}
    return {
        "schedule": plan,
        "report": {"reporter": "AggregatorReporter", "input": named, "output": named, **span},
        "forecast": {"sensor": power, "prior": datetime.now(UTC).isoformat(), **ahead},
    }


@pytest.mark.parametrize("kind", ["schedule", "report", "forecast"])
def test_no_job_computes_while_it_holds_the_database(running: Running, held: Held, kind: str) -> None:
    ids, now = serving.identifiers(running.database), datetime(2026, 1, 6, tzinfo=UTC)
    _ask(running, ids, "POST /api/v3_0/sensors/{id}/data")
    with running.database.writing() as session:
        given = jobs(ids)[kind]
        job = Job(id=kind, kind=kind, status="QUEUED", request=given, request_hash=kind, known_at=now, enqueued_at=now)
        session.add(job)
    held.follow(running.database)
    assert Worker(running.settings, running.database).do(kind)
    with running.database.reading() as session:
        assert session.get_one(Job, kind).status == "FINISHED", session.get_one(Job, kind).message
    assert held.seen and not held.slow


BATTERY = "--start 2026-01-05T00:00Z --duration PT1H --soc-at-start 1kWh --soc-max 9kWh --storage-power-capacity 5kW"
COMMANDS = (
    "add user --username extra --email extra@example.org --account {a:Mill} --password long-enough-now",
    "add beliefs values.csv --sensor {s:load} --source extra",
    "add report --reporter AggregatorReporter --parameters report.json",
    f"add schedule for-storage --sensor {{s:power}} {BATTERY}",
    "delete beliefs --sensor {s:load}",
    "delete asset --id {battery}",
)


def test_no_command_asks_or_computes_while_it_holds_the_database(
    running: Running, held: Held, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, opened = serving.identifiers(running.database), Database.__init__
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", running.database.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setattr(Database, "__init__", lambda own, *a, **k: (opened(own, *a, **k), held.follow(own))[0])
    monkeypatch.setattr(click, "confirm", held.watched("confirm", lambda *_, **__: True))
    (tmp_path / "values.csv").write_text("time,value\n2026-01-05T00:00:00Z,1\n2026-01-05T00:15:00Z,2\n")
    (tmp_path / "report.json").write_text(json.dumps({k: v for k, v in jobs(ids)["report"].items() if k != "reporter"}))
    for command in COMMANDS:
        for name, key in ids.items():
            command = command.replace(f"{{{name}}}", str(key))
        with pytest.raises(SystemExit):
            main(command.split())
    assert not held.slow
    assert {
        "confirm",
        "PasswordHasher.hash",
        "AggregatorReporter.compute",
        "app.assemble.files.files.parse_file",
    } <= held.seen
