"""Jobs are done once, shared while equal, cancelled, put off, counted; on both storages."""

import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.jobs.queue import Queue
from db.core.database import Database, NotFound
from db.jobs import job_search
from tests.jobs.staging import Stage, wait


@pytest.fixture
def working(stage: Stage):
    """The stage with two worker threads in this process."""
    queue = stage.queue()
    queue.work(["scheduling"], workers=2)
    yield stage
    queue.stop()


def test_a_job_runs_and_its_row_tells_all(working: Stage) -> None:
    job = working.until(working.ask("slow"), "FINISHED")
    assert job.result["num-beliefs"] == 1 and job.source_id == job.result["source"]
    assert job.enqueued_at <= job.started_at <= job.saving_at <= job.ended_at
    assert (job.tries, job.progress, job.queue, job.lease_until) == (1, 1.0, "scheduling", None)
    assert "/embedded" in (job.worker or "") and job.cpu_s is not None and job.cpu_s < 1


def test_workers_are_known_by_what_they_did_lately(working: Stage) -> None:
    begun = datetime.now(UTC)
    done = [working.until(working.ask("slow", seconds=part), "FINISHED") for part in (0, 0.01)]
    working.until(working.ask("slow", seconds=5), "STARTED")
    with working.database.reading() as session:
        found = job_search.worker_states(session, since=begun)
        assert not job_search.worker_states(session, since=datetime.now(UTC) + timedelta(minutes=1))
    assert (sum(each.ended for each in found), sum(each.running for each in found)) == (2, 1)
    assert {each.name for each in found} >= {job.worker for job in done}
    assert found[0].last_at == max(each.last_at for each in found) > begun


def test_equal_requests_share_a_job_for_a_while(stage: Stage) -> None:
    first = stage.ask("slow", seconds=0)
    assert stage.ask("slow", seconds=0) == first
    assert stage.ask("slow", seconds=0, order={"force": True}) != first
    assert stage.ask("slow", seconds=1) != first
    forgetful = Stage(stage.environment | {"FLEXMEASURES_JOB_CACHE_TTL": "0"}, stage.database, stage.sensor_id, 1)
    assert forgetful.ask("slow", seconds=2) != forgetful.ask("slow", seconds=2)


def test_databases_beside_each_other_keep_their_jobs_apart(stage: Stage, tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path / 'demo.db'}")) as demo:
        beside = Queue(stage.settings, demo).hueys["scheduling"]
        stage.ask("slow")
        assert len(stage.queue().hueys["scheduling"]) == 1 and len(beside) == 0


def test_a_failed_job_is_done_anew_under_its_own_id(working: Stage) -> None:
    job = working.until(working.ask("refused"), "FAILED")
    assert job.message == "The battery has no capacity; add soc-max." and "InputError" in job.trace
    assert working.ask("refused", put=False) != job.id
    assert working.ask("refused", order={"requeue": True}, seconds=1) != job.id
    again = working.ask("refused", order={"requeue": True, "force": False})
    assert working.until(again, "FAILED").tries == 1


def test_what_nobody_foresaw_is_told_in_the_trace_alone(working: Stage) -> None:
    job = working.until(working.ask("broken"), "FAILED")
    assert job.message == "The slow failed unexpectedly (KeyError); it is logged.".replace("slow", "broken")
    assert "KeyError: 'soc'" in job.trace and job.tries == 1


def test_priorities_come_first(stage: Stage) -> None:
    late = stage.ask("slow", order={"priority": 0}, seconds=0.01)
    first = stage.ask("slow", order={"priority": 9}, seconds=0.02)
    queue = stage.queue()
    queue.work(["scheduling"], workers=1)
    first_job, late_job = stage.until(first, "FINISHED"), stage.until(late, "FINISHED")
    queue.stop()
    assert first_job.started_at < late_job.started_at


def test_a_cancelled_job_saves_nothing(working: Stage) -> None:
    from db.beliefs import statistics
    from db.jobs import job_states

    job_id = working.ask("slow", seconds=1)
    working.until(job_id, "STARTED")
    with working.database.writing() as session:
        assert job_states.cancel(session, job_id, now=datetime.now(UTC), message="Changed my mind.")
    time.sleep(1.5)
    assert working.job(job_id).status == "CANCELED"
    with working.database.reading() as session:
        assert statistics.per_source(session, working.sensor_id) == {}


def test_progress_is_told_while_a_job_runs(working: Stage) -> None:
    job_id = working.ask("slow", seconds=2)
    wait(lambda: 0 < working.job(job_id).progress < 1, 120)
    assert working.until(job_id, "FINISHED").progress == 1.0


def test_a_job_that_takes_too_long_is_closed_and_saves_nothing(stage: Stage) -> None:
    queue = stage.queue(FLEXMEASURES_JOB_TIMEOUT="{'scheduling': 1}")
    queue.work(["scheduling"], workers=1)
    job = stage.until(stage.ask("slow", seconds=2), "FAILED")
    queue.stop()
    assert "longer than the 1 s" in job.message and "FLEXMEASURES_JOB_TIMEOUT" in job.message
    assert stage.job(job.id).status == "FAILED" and stage.job(job.id).result == {}


def test_jobs_wait_for_their_time_and_for_each_other(working: Stage) -> None:
    later = datetime.now(UTC) + timedelta(seconds=3)
    first = working.ask("slow", order={"due_at": later})
    second = working.ask("slow", order={"after_id": first}, seconds=0.01)
    assert [working.job(each).status for each in (first, second)] == ["SCHEDULED", "DEFERRED"]
    done = working.until(second, "FINISHED")
    assert later <= working.job(first).ended_at <= done.started_at


def test_ended_jobs_are_forgotten_after_their_time(working: Stage) -> None:
    job_id = working.until(working.ask("slow"), "FINISHED").id
    keeper = working.queue(FLEXMEASURES_JOB_TTL="PT1H").keeper
    keeper.tidy(datetime.now(UTC) + timedelta(minutes=59))
    assert working.job(job_id)
    keeper.tidy(datetime.now(UTC) + timedelta(minutes=61))
    with pytest.raises(NotFound):
        working.job(job_id)
