"""Whoever lets something be done has it done with his own rights, not with those of who asked first or is gone."""

from collections.abc import Iterator

import pytest

from app.auth.access.identity import identity
from app.jobs import principal
from app.jobs.submission import Order, ask
from app.jobs.worker import Worker
from app.settings.settings import load
from app.usecases.actor import Actor
from app.usecases.jobs.jobs import requeue_job
from db.accounts.users import User
from db.core.database import Database
from db.jobs import jobs
from db.jobs.jobs import Job
from tests.attack import referring
from tests.attack.referring import SIGNS, START
from tests.auth.permission_table import FLEX, PLAN
from tests.http import serving
from tests.http.serving import Api


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server without workers."""
    secrets = referring.keep_secrets(people, serving.identifiers(people)["a:Quay"])
    url = people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), FLEXSCOPE_EMBEDDED_WORKERS="0") as api:
        api.ids = serving.identifiers(people) | {f"x:{name}": key for name, key in secrets.items()}
        yield api


@pytest.fixture
def worker(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Worker:
    return Worker(load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path_factory.mktemp("worker"))}), people)


def refused(people: Database, served: Api, name: str) -> str:
    """Add a job that failed, of a user who left: it asks for a price of the other account."""
    request = {
        "asset": served.ids["battery"],
        "start": PLAN["start"],
        "duration": 900.0 * len(name),
    }  # each another one
    request |= {"flex_context": {"consumption-price": {"sensor": served.ids["x:price"]}}}
    request |= {"flex_model": [{"sensor": served.ids["s:power"], **FLEX}]}
    with people.writing() as session:
        gone = User(email=f"{name}@x.org", username=name, password_hash="!", account_id=served.ids["a:Mill"])
        session.add(gone)
        session.flush()
        fingerprint = jobs.fingerprint("schedule", served.ids["battery"], request, None)
        job = Job(id=f"job-{name}", kind="schedule", status="FAILED", request_hash=fingerprint, known_at=START)
        job.request, job.asset_id, job.user_id = request, served.ids["battery"], gone.id
        job.enqueued_at, job.result, job.message, job.trace = START, {}, "", ""
        session.add(job)
    with people.writing() as session:
        principal.leave(session, [gone.id], now=START)
        session.delete(session.get_one(User, gone.id))
    return job.id


@pytest.mark.parametrize("way", ["over the API", "on a page", "by asking for the same"])
def test_what_a_user_who_is_gone_was_refused_is_done_for_nobody_with_the_rights_of_the_host(
    people: Database, served: Api, worker: Worker, way: str
) -> None:
    job_id = refused(people, served, way.replace(" ", "-"))
    if way == "over the API":
        assert served.post(f"/jobs/{job_id}/requeue", who="boss").status_code == 202
    with people.writing() as session:
        boss = session.get_one(User, served.ids["u:boss"])
        if way == "on a page":
            actor = Actor(principal=identity(session, boss), settings=load({}), now=START)
            requeue_job(session, actor, job_id)
        elif way == "by asking for the same":
            before = session.get_one(Job, job_id)
            asset_id, request = before.asset_id, before.request
            order = Order(kind="schedule", asset_id=asset_id, request=request, user_id=boss.id, requeue=True)
            assert ask(session, order, now=START, settings=load({})).id == job_id
    worker.do(job_id)
    told = served.get(f"/jobs/{job_id}", who="boss")
    assert told.json()["status"] == "FAILED" and "'boss', who asked for this, may not use" in told.text
    assert not [sign for sign in SIGNS if sign in told.text]


def test_who_lets_a_job_be_done_anew_is_who_it_is_done_for(people: Database, served: Api, worker: Worker) -> None:
    job_id = refused(people, served, "later")
    served.post(f"/jobs/{job_id}/requeue", who="root")
    worker.do(job_id)
    with people.reading() as session:
        job = session.get_one(Job, job_id)
        assert (job.status, job.user_id) == ("FINISHED", served.ids["u:root"])


def test_a_field_of_its_own_is_not_slipped_in_among_attributes(served: Api) -> None:
    path = f"/accounts/{served.ids['a:Mill']}"
    for name, value in [("logo_url", "//evil.example/x.png"), ("primary_color", "red;}"), ("secondary_color", [1])]:
        answer = served.patch(path, json={"attributes": {name: value}}, who="boss")
        assert answer.status_code == 422 and name in answer.text
        assert served.get(path, who="boss").json()[name] is None
    assert served.patch(path, json={"attributes": {"x": 1}, "primary_color": "#00639b"}, who="boss").status_code == 200
