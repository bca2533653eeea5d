"""How queues and workers are doing: jobs that wait, run and ended lately, how long they took, and who did them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from db.jobs import job_search, job_states
from db.jobs.job_search import Durations
from db.jobs.jobs import UNSUCCESSFUL, Job

NEWEST = 200
"""Jobs whose durations are looked at."""


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """One queue."""

    queue: str
    waiting: int
    later: int
    """Jobs that are to be done at a moment, or after another one."""
    running: int
    finished: int
    failed: int
    """Of the jobs asked for lately, as finished ones."""
    newest: Durations
    """How its newest jobs went."""


def states(session: Session, queues: Sequence[str], *, since: datetime) -> list[QueueState]:
    """Return the state of some queues, in their order.

    Args:
        session: A session of any kind.
        queues: Their names.
        since: From when on ended jobs count.
    """
    # Two statements for all queues, however many there are.
    counts, lately = job_states.counts(session), job_states.counts(session, since=since)
    return [
        QueueState(
            queue=queue,
            waiting=counts.get((queue, "QUEUED"), 0),
            later=counts.get((queue, "SCHEDULED"), 0) + counts.get((queue, "DEFERRED"), 0),
            running=counts.get((queue, "STARTED"), 0),
            finished=lately.get((queue, "FINISHED"), 0),
            failed=sum(lately.get((queue, state), 0) for state in UNSUCCESSFUL),
            newest=job_search.newest_durations(session, queue, most=NEWEST),
        )
        for queue in queues
    ]


@dataclass(frozen=True, kw_only=True)
class WorkerState:
    """One worker that has begun a job lately."""

    name: str
    """Host, process and name in it."""
    running: int
    ended: int
    last_at: datetime
    """When it began its newest job."""


def workers(session: Session, *, since: datetime) -> list[WorkerState]:
    """Return the workers that have begun a job since a moment, the one with the newest job first."""
    last, running = func.max(Job.started_at), func.sum(case((Job.status == "STARTED", 1), else_=0))
    query = (
        select(Job.worker, running, func.count(), last)
        .where(Job.worker.is_not(None), Job.started_at >= since)
        .group_by(Job.worker)
        .order_by(last.desc(), Job.worker)
    )
    return [
        WorkerState(name=name, running=busy, ended=every - busy, last_at=at)
        for name, busy, every, at in session.execute(query)
    ]
