"""From state to state: every step is one statement that says what it expects, so that of two workers one succeeds.

``tries`` is the token of a try: whoever was taken for lost and comes back finds another number and saves nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, Update, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session

from db.core.database import rows_changed
from db.jobs.jobs import PENDING, UNSENT, UNSUCCESSFUL, Job


class Overtaken(Exception):
    """A try that is no longer the one that counts: its job was cancelled, timed out or given to another worker."""


def claim(session: Session, job_id: str, *, now: datetime, worker: str, lease_until: datetime) -> Job | None:
    """Start a waiting job and return it; None if another worker was faster or it was cancelled."""
    given = {"of_id": job_id, "at": now, "by": worker, "until": lease_until}
    started: Job | None = session.scalar(_start(), given)
    return started


@cache  # SQLAlchemy 2.1: to put the statement together costs more than to run it, and every job needs it
def _start() -> Executable:
    query = update(Job).where(Job.id == bindparam("of_id"), Job.status == "QUEUED")
    # Counted in the statement itself: a try is known by its number, which no two workers may share
    started = {"status": "STARTED", "tries": Job.tries + 1, "progress": 0.0, "due_at": None}
    since: dict[str, Any] = {"started_at": bindparam("at"), "worker": bindparam("by")}
    since["lease_until"] = bindparam("until")
    query = query.values(**started, **since).execution_options(synchronize_session=False)
    return query.returning(Job)


def _close(session: Session, job: Job, values: Mapping[str, Any]) -> bool:
    """Change a job if this try of it still counts."""
    given = {"of_id": job.id, "of_try": job.tries, "lease_until": None, **values}
    return bool(rows_changed(session, _change(frozenset(given) - {"of_id", "of_try"}), given))


@cache  # one statement for each set of columns, for the same reason
def _change(names: frozenset[str]) -> Update:
    query = update(cast("Table", Job.__table__)).where(Job.id == bindparam("of_id"), Job.status == "STARTED")
    query = query.where(Job.tries == bindparam("of_try"))
    return query.values({name: bindparam(name) for name in sorted(names)})


def finish(session: Session, job: Job, *, now: datetime, result: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Close a job that came to its end, in the transaction that saves what it made.

    Raises:
        Overtaken: Another try counts by now; the transaction must not be committed.
    """
    done = {"status": "FINISHED", "ended_at": now, "result": result, "progress": 1.0, "trace": "", **values}
    if not _close(session, job, done):
        raise Overtaken(job.id)


def fail(session: Session, job: Job, *, now: datetime, message: str, trace: str) -> bool:
    """Close a job that could not be done; False if this try no longer counts."""
    return _close(session, job, {"status": "FAILED", "ended_at": now, "message": message, "trace": trace})


def try_again(session: Session, job: Job, *, due_at: datetime, message: str, trace: str) -> bool:
    """Put a job off after a fault that may pass; False if this try no longer counts."""
    return _close(session, job, {"status": "SCHEDULED", "due_at": due_at, "message": message, "trace": trace})


def release(session: Session, job: Job) -> bool:
    """Let a job whose worker is gone be done by another one; False if that happened already."""
    return _close(session, job, {"status": "QUEUED", "worker": None})


def renew(session: Session, job: Job, *, until: datetime, progress: float) -> bool:
    """Tell that a job is still worked at, and how far it is; False if this try no longer counts."""
    return _close(session, job, {"lease_until": until, "progress": progress})


def cancel(session: Session, job_id: str, *, now: datetime, message: str) -> bool:
    """Cancel a job that has not ended; what it is computing is not saved. False if it has ended."""
    values = {"status": "CANCELED", "ended_at": now, "message": message, "lease_until": None, "due_at": None}
    query = update(Job).where(Job.id == job_id, Job.status.in_(PENDING)).values(**values)
    return bool(rows_changed(session, query))


def note_unsent(session: Session, job_id: str) -> None:
    """Tell of a waiting job that its queue could not be told of it."""
    query = update(Job).where(Job.id == job_id, Job.status == "QUEUED").values(message=UNSENT)
    session.execute(query.execution_options(synchronize_session=False))


def requeue(session: Session, job_id: str, *, user_id: int | None) -> bool:
    """Let an unsuccessful job wait to be done anew, with all its tries; False if it is not unsuccessful.

    Args:
        session: A writing session.
        job_id: The job.
        user_id: Who wants it: from now on it acts for that user, whoever asked first, and may be gone by now; None:
            the host at a terminal.
    """
    values: dict[str, Any] = {"status": "QUEUED", "tries": 0, "ended_at": None, "message": "", "trace": ""}
    values |= {"progress": 0.0, "user_id": user_id}
    query = update(Job).where(Job.id == job_id, Job.status.in_(UNSUCCESSFUL)).values(**values)
    return bool(rows_changed(session, query))


def enqueue(session: Session, job: Job) -> bool:
    """Let a job that was put off wait for a worker; False if that happened already."""
    # Only as it was read: of two processes that saw it, one hands it over
    query = update(Job).where(Job.id == job.id, Job.status == job.status)
    query = query.where(Job.status.in_(("SCHEDULED", "DEFERRED"))).values(status="QUEUED")
    query = query.execution_options(synchronize_session=False)
    return bool(rows_changed(session, query))


def due(session: Session, now: datetime) -> list[Job]:
    """Return jobs whose time has come and jobs that wait for one that ended."""
    before = select(Job.id).where(Job.status.in_(PENDING)).scalar_subquery()
    free = or_(Job.after_id.is_(None), Job.after_id.not_in(before))
    # So many at the most: the rounds stay short, and the next one comes within a second
    ready = or_((Job.status == "SCHEDULED") & (Job.due_at <= now), (Job.status == "DEFERRED") & free)
    return list(session.scalars(select(Job).where(ready).order_by(Job.due_at, Job.enqueued_at).limit(500)))


def silent(session: Session, now: datetime) -> list[Job]:
    """Return started jobs whose worker let its lease run out."""
    return list(session.scalars(select(Job).where(Job.status == "STARTED", Job.lease_until < now).limit(500)))


def started_on(session: Session, machine: str) -> list[Job]:
    """Return the started jobs of the workers of one machine."""
    return list(session.scalars(select(Job).where(Job.status == "STARTED", Job.worker.startswith(f"{machine}/"))))


def waiting(session: Session, *, queue: str | None = None, before: datetime | None = None) -> list[Job]:
    """Return the jobs that wait for a worker, those to be done first in front."""
    query = select(Job).where(Job.status == "QUEUED")
    query = query if queue is None else query.where(Job.queue == queue)
    query = query if before is None else query.where(Job.enqueued_at < before)
    return list(session.scalars(query.order_by(Job.priority.desc(), Job.enqueued_at)))


def ahead(session: Session, job: Job) -> int:
    """Return how many jobs of its queue are done before one that waits; 0 once it is started."""
    if job.status != "QUEUED":
        return 0
    sooner = (Job.priority == job.priority) & (Job.enqueued_at < job.enqueued_at)
    query = select(func.count()).where(Job.status == "QUEUED", Job.queue == job.queue)
    return session.scalar(query.where(or_(Job.priority > job.priority, sooner))) or 0


def counts(session: Session, *, since: datetime | None = None) -> dict[tuple[str, str], int]:
    """Return the number of jobs by queue and state, if wanted only of those asked for since a moment."""
    query = select(Job.queue, Job.status, func.count()).group_by(Job.queue, Job.status)
    query = query if since is None else query.where(Job.enqueued_at >= since)
    return {(queue, status): int(count) for queue, status, count in session.execute(query)}


def forget(session: Session, *, kinds: Mapping[str, datetime], others: datetime) -> int:
    """Delete jobs that ended long ago; return their number.

    Args:
        session: A writing session.
        kinds: For some kinds of jobs, the moment before which they must have ended.
        others: That moment for all others.
    """
    count = 0
    # Jobs that somebody waits for stay whatever their age, also if they ended once and were queued again.
    for rows, before in [*((Job.kind == kind, at) for kind, at in kinds.items()), (Job.kind.not_in(kinds), others)]:
        query = delete(Job).where(rows, Job.ended_at < before, Job.status.not_in(PENDING))
        count += rows_changed(session, query)
    return count
