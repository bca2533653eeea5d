"""What dies is found: workers, queues, databases; nothing is lost and nothing is saved twice."""

import os
import signal
import sqlite3
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event, select, text

from app.jobs.retries import QueueDown
from db.beliefs.series import Series
from db.core.database import Database
from db.jobs import job_states
from tests import redis
from tests.conftest import COUNT, create_database, refuse
from tests.jobs.staging import QUICK, Stage, furnished, wait
from tests.postgres import free_port
from tests.processes import Forked


def beliefs(stage: Stage) -> int:
    with stage.database.reading() as session:
        return sum(session.scalars(select(Series.n_beliefs)))


def test_a_killed_worker_loses_no_job_and_none_is_saved_twice(stage: Stage) -> None:
    job_id = stage.ask("slow", seconds=1)
    with stage.worker() as first:
        killed = stage.until(job_id, "STARTED")
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert stage.job(job_id).status == "STARTED" and beliefs(stage) == 0
    with stage.worker():
        job = stage.until(job_id, "FINISHED")
    assert job.tries == 2 and job.worker != killed.worker and beliefs(stage) == 1


WRITES = """SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL"""


def holds_locks(stage: Stage) -> bool:
    """Return whether another process is writing, to the database or to the file of the queue."""
    if not stage.database.is_sqlite:
        time.sleep(0.05)  # for a statement under way to end
        with stage.database.reading() as session:
            if session.scalar(text(WRITES)):
                return True
    database = [Path(str(stage.database.url.database))] if stage.database.is_sqlite else []
    queue = Path(stage.environment["FLEXSCOPE_INSTANCE_PATH"]) / "queue.db"
    return any(_is_locked(file) for file in (*database, queue) if file.exists())


def _is_locked(file: Path) -> bool:
    probe = sqlite3.connect(file, timeout=0.2)
    try:
        probe.execute("begin exclusive")
    except sqlite3.OperationalError:
        return True
    finally:
        probe.close()
    return False


def freeze(stage: Stage, worker: Forked) -> None:
    """Stop a process between its transactions: in the midst of one it would keep the locks of its rows or file."""
    for _ in range(1000):
        worker.send_signal(signal.SIGSTOP)
        if not holds_locks(stage):
            return
        worker.send_signal(signal.SIGCONT)
        time.sleep(0.02)
    raise TimeoutError("The worker was never found between two transactions.")


def test_a_frozen_worker_is_given_up_and_saves_nothing_when_it_wakes(stage: Stage) -> None:
    job_id = stage.ask("slow", seconds=1)
    with stage.worker() as frozen:
        stage.until(job_id, "STARTED")
        freeze(stage, frozen)
        with stage.worker():
            job = stage.until(job_id, "FINISHED")  # the lease of 2 s ran out
            assert job.tries == 2 and beliefs(stage) == 1
            frozen.send_signal(signal.SIGCONT)
            time.sleep(1.5)
    assert beliefs(stage) == 1 and stage.job(job_id).worker == job.worker


def test_a_job_that_kills_its_workers_is_given_up(stage: Stage) -> None:
    job_id = stage.ask("deadly")
    for _ in range(3):
        with stage.worker() as victim:
            victim.wait(timeout=120)
    with stage.worker():
        job = stage.until(job_id, "FAILED")
    assert job.tries == 3 and "started 3 times" in job.message and "worker" in job.trace


def test_a_passing_fault_is_tried_again(stage: Stage, tmp_path: Path) -> None:
    file, job_id = tmp_path / "market", ""
    with stage.worker(FLEXSCOPE_JOB_RETRY_AFTER="0.5"):
        job_id = stage.ask("unreachable", file=str(file))
        job = stage.until(job_id, "SCHEDULED")
        assert "ConnectionResetError" in job.message and job.due_at is not None
        file.touch()
        assert stage.until(job_id, "FINISHED").tries >= 2


def test_a_lasting_fault_fails_with_its_error(stage: Stage, tmp_path: Path) -> None:
    with stage.worker():
        job = stage.until(stage.ask("unreachable", file=str(tmp_path / "never")), "FAILED")
    assert job.tries == 3 and "failed 3 times" in job.message
    assert "the market does not answer" in job.trace


def test_a_stopped_worker_ends_the_job_it_is_at(stage: Stage) -> None:
    job_id, next_id = stage.ask("slow", seconds=1), stage.ask("slow", seconds=0.5)
    with stage.worker() as worker:
        stage.until(job_id, "STARTED")
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(timeout=120) == 0
    assert stage.job(job_id).status == "FINISHED" and stage.job(next_id).status == "QUEUED"


def test_a_queue_that_forgets_loses_no_job(stage: Stage) -> None:
    job_id = stage.ask("slow")
    stage.queue().clear("scheduling")
    with stage.worker():
        assert stage.until(job_id, "FINISHED").tries == 1


def test_a_queue_that_is_down_keeps_the_row(sqlite_url: str, tmp_path: Path) -> None:
    if redis.binary() is None:
        refuse("no redis-server found; install Debian's redis-server")
    port = free_port()
    environment = {"SQLALCHEMY_DATABASE_URI": sqlite_url, "FLEXSCOPE_INSTANCE_PATH": str(tmp_path), **QUICK}
    environment["FLEXMEASURES_REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
    database = Database(sqlite_url)
    stage = furnished(database, environment)
    job_id = stage.ask("slow", put=False)
    with pytest.raises(QueueDown, match="cannot be reached"):
        stage.queue().put(job_id)
    assert stage.job(job_id).status == "QUEUED" and not stage.queue().answers()
    with redis.server(port), stage.worker():
        assert stage.until(job_id, "FINISHED").tries == 1
    database.close()


def test_a_locked_database_is_waited_for(sqlite_url: str, tmp_path: Path) -> None:
    environment = {"SQLALCHEMY_DATABASE_URI": sqlite_url, "FLEXSCOPE_INSTANCE_PATH": str(tmp_path), **QUICK}
    stage, hasty = furnished(Database(sqlite_url), environment), Database(sqlite_url)
    event.listen(hasty.engine, "connect", lambda connection, _: connection.execute("pragma busy_timeout=50"))
    job_id, queue = stage.ask("slow"), Stage(environment, hasty, stage.sensor_id).queue()
    with stage.database.writing() as session:
        now = datetime.now(UTC)
        assert job_states.claim(session, "none", now=now, worker="", lease_until=now) is None
        queue.work(["scheduling"], workers=1)
        time.sleep(1)  # every claim meets the lock
    assert stage.until(job_id, "FINISHED").tries == 1
    queue.stop()
    hasty.close()
    stage.database.close()


def test_a_database_that_restarts_is_waited_for(own_postgres, tmp_path: Path) -> None:
    url = create_database(own_postgres.url, f"jobs{next(COUNT)}", None)
    from db.migrations import upgrade

    upgrade(url)
    environment = {"SQLALCHEMY_DATABASE_URI": url, "FLEXSCOPE_INSTANCE_PATH": str(tmp_path), **QUICK}
    stage = furnished(Database(url), environment)
    with stage.worker(FLEXSCOPE_JOB_TRIES="9"):
        job_id = stage.ask("waiting-inside", seconds=1)
        stage.until(job_id, "STARTED")
        own_postgres.kill()
        time.sleep(2)
        own_postgres.start()
        job = stage.until(job_id, "FINISHED")
    assert job.tries >= 2 and beliefs(stage) == 1
    stage.database.close()


def test_a_worker_whose_process_is_gone_is_found_at_once(stage: Stage) -> None:
    job_id, queue = stage.ask("slow", put=False), stage.queue()
    gone = os.fork()
    if gone == 0:
        os._exit(0)
    os.waitpid(gone, 0)
    name = queue.worker.name.split("/")[0]
    now = datetime.now(UTC)
    with stage.database.writing() as session:
        job_states.claim(session, job_id, now=now, worker=f"{name}/{gone}/x", lease_until=now.replace(year=2100))
    queue.keeper.tick()
    assert stage.job(job_id).status == "QUEUED"
    wait(lambda: job_id in queue.holds("scheduling"), 120)
