"""Every kind of job × every kind of user: a worker does it only for who may have it, then and when it is saved."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from app.jobs import principal
from app.jobs.handlers.kinds import KINDS, Attempt, Save
from app.jobs.worker import Worker
from app.settings.settings import load
from db import sources
from db.accounts.users import User, role
from db.assets import Asset
from db.beliefs import store
from db.core.database import Database
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.series.window import Window
from tests.auth.permission_table import EVERYONE, JOBS
from tests.http import serving

NOW = datetime(2026, 1, 5, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


@pytest.fixture(scope="module")
def ids(people: Database) -> dict[str, Any]:
    """Ids of all rows, with a consultant of strangers, and a week of values to foresee and report on."""
    found = serving.identifiers(people)
    with people.writing() as session:
        user = User(email="s@x.org", username="stranger", password_hash="!", account_id=found["a:Quay"])
        user.roles = [role(session, "consultant")]
        session.add(user)
        source = sources.of_user(session, found["u:hand"], name="hand", account_id=found["a:Mill"])
        week = Window(NOW - timedelta(days=7), NOW, QUARTER)
        load_sensor = session.get_one(Sensor, found["s:load"])
        store.write(session, load_sensor, source, events=week.starts, values=np.ones(len(week.starts)), known_at=NOW)
        session.flush()
        return serving.identifiers(people) | {"source": source.id, "u:stranger": user.id}


@pytest.fixture(scope="module")
def worker(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path_factory.mktemp("worker"))})
    return Worker(settings, people)


def add(people: Database, ids: dict[str, Any], kind: str, who: str) -> str:
    """Add a job that waits, asked for by a user."""
    job = Job(id=f"{kind}-{who}-{datetime.now(UTC):%f}", kind=kind, status="QUEUED", request_hash="", known_at=NOW)
    job.request, job.asset_id, job.user_id = JOBS[kind].request(ids), ids["battery"], ids[f"u:{who}"]
    job.enqueued_at, job.result, job.message, job.trace = NOW, {}, "", ""
    with people.writing() as session:
        session.add(job)
    return job.id


def done(people: Database, worker: Worker, job_id: str) -> Job:
    worker.do(job_id)
    with people.reading() as session:
        return session.get_one(Job, job_id)


def test_every_kind_of_job_has_a_line() -> None:
    lacking = "from app.jobs.handlers.kinds import KINDS; print(sorted(KINDS))"
    told = subprocess.run([sys.executable, "-c", lacking], capture_output=True, text=True, check=True).stdout
    assert told == f"{sorted(JOBS)}\n", "Add a line to JOBS in tests/auth/permission_table.py."


@pytest.mark.parametrize("kind", sorted(JOBS))
def test_a_worker_does_it_only_for_who_may_have_it(
    people: Database, worker: Worker, ids: dict[str, Any], kind: str
) -> None:
    ended = {who: done(people, worker, add(people, ids, kind, who)) for who in sorted(EVERYONE)}
    assert {who for who, job in ended.items() if job.status == "FINISHED"} == JOBS[kind].allowed, {
        who: job.message for who, job in ended.items()
    }
    for who in EVERYONE - JOBS[kind].allowed:
        assert ended[who].status == "FAILED" and f"{who!r}, who asked for this, may not" in ended[who].message


@pytest.fixture
def changed(people: Database, ids: dict[str, Any]) -> Iterator[None]:
    """Puts users back to what they were."""
    yield
    with people.writing() as session:
        session.get_one(User, ids["u:hand"]).active = True
        session.get_one(User, ids["u:adviser"]).roles = [role(session, "consultant")]


def deactivate(people: Database, ids: dict[str, Any]) -> None:
    with people.writing() as session:
        session.get_one(User, ids["u:hand"]).active = False


@pytest.mark.usefixtures("changed")
def test_who_was_deactivated_or_lost_a_role_gets_nothing(people: Database, worker: Worker, ids: dict[str, Any]) -> None:
    waiting = add(people, ids, "schedule", "hand"), add(people, ids, "schedule", "adviser")
    deactivate(people, ids)
    with people.writing() as session:
        session.get_one(User, ids["u:adviser"]).roles = []
    first, second = (done(people, worker, job_id) for job_id in waiting)
    assert (first.status, second.status) == ("FAILED", "FAILED")
    assert "is no active user any more" in first.message and f"asset {ids['battery']}" in second.message


@pytest.mark.usefixtures("changed")
def test_who_is_deactivated_while_it_is_computed_gets_nothing(
    people: Database, worker: Worker, ids: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    saved: list[int] = []

    def slow(work: Any, attempt: Attempt) -> Save:
        deactivate(people, ids)
        return lambda writing: saved.append(1) or {}

    monkeypatch.setitem(KINDS, "ingest", slow)
    job = done(people, worker, add(people, ids, "ingest", "hand"))
    assert (job.status, saved) == ("FAILED", [])


def test_of_users_that_are_deleted_nothing_goes_on(people: Database, worker: Worker, ids: dict[str, Any]) -> None:
    job_id = add(people, ids, "ingest", "stranger")
    with people.writing() as session:
        asset = session.get_one(Asset, ids["battery"])
        nightly = Automation(asset_id=asset.id, name="x", kind="schedule", request={}, every=timedelta(days=1))
        nightly.at, nightly.next_at, nightly.created_at, nightly.active = timedelta(0), NOW, NOW, True
        nightly.on_data, nightly.user_id = False, ids["u:stranger"]
        session.add(nightly)
        principal.leave(session, [ids["u:stranger"]], now=NOW)
        session.delete(session.get_one(User, ids["u:stranger"]))
    assert done(people, worker, job_id).status == "CANCELED"
    with people.reading() as session:
        assert not session.get_one(Automation, nightly.id).active
