"""Jobs as operators look for them: newest ones, how long they took, all of a queue at once, how workers do."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, case, delete, func, select, update
from sqlalchemy.orm import Session, defer

from db.core.database import rows_changed
from db.jobs import job_states
from db.jobs.jobs import UNSUCCESSFUL, Job

NEWEST_JOBS = 200
"""Jobs whose durations are looked at."""


@dataclass(frozen=True, kw_only=True)
class JobQuery:
    """Which jobs; what is left empty leaves a question open."""

    queues: Sequence[str]
    states: Sequence[str] = ()
    asset_ids: Sequence[int] | None = None
    automation_id: int | None = None
    sensor_id: int | None = None
    """A sensor that the request names or that got values; only ``newest`` looks at it."""
    only: ColumnElement[bool] | None = None
    """What else must be true of them."""

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        found: list[ColumnElement[bool]] = [Job.queue.in_(self.queues)]
        found += [Job.status.in_(self.states)] if self.states else []
        found += [] if self.asset_ids is None else [Job.asset_id.in_(self.asset_ids)]
        found += [] if self.automation_id is None else [Job.automation_id == self.automation_id]
        return found if self.only is None else [*found, self.only]


def newest(session: Session, wanted: JobQuery, *, most: int) -> list[Job]:
    """Return the newest jobs that are wanted."""
    query = select(Job).where(*wanted.conditions).order_by(Job.enqueued_at.desc())
    found: list[Job] = []
    # In Python, as the two databases look into JSON in different words; a hundred at a time, as most are not needed.
    for job in session.scalars(query.execution_options(yield_per=100)):
        parts, saved = [job.request, *job.request.get("flex_model", [])], job.result.get("outputs", {})
        is_named = any(part.get("sensor") == wanted.sensor_id for part in parts)
        if wanted.sensor_id is None or is_named or str(wanted.sensor_id) in saved:
            found.append(job)
        if len(found) == most:
            break
    return found


def page(session: Session, wanted: JobQuery, *, skip: int, most: int) -> list[Job]:
    """Return the newest jobs that are wanted, without the first ones; traces are not read."""
    # Traces, results and requests may be large, and a list shows none of them.
    query = select(Job).where(*wanted.conditions).options(defer(Job.trace), defer(Job.result), defer(Job.request))
    return list(session.scalars(query.order_by(Job.enqueued_at.desc(), Job.id).offset(skip).limit(most)))


def count(session: Session, wanted: JobQuery) -> int:
    """Return how many jobs are wanted."""
    return int(session.scalar(select(func.count()).select_from(Job).where(*wanted.conditions)) or 0)


def as_dict(job: Job) -> dict[str, Any]:
    """Return all that is known of a job as plain data, moments as ISO 8601 texts."""
    plain = {column.key: getattr(job, column.key) for column in Job.__table__.columns}
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in plain.items()}


@dataclass(frozen=True, kw_only=True)
class Durations:
    """How the jobs of one queue went."""

    queue: str
    count: int
    finished: int
    failed: int
    waited: float
    """Median time between asking and starting [s]; NaN before the first start."""
    took: float
    """Median time between start and end [s]."""
    took_long: float
    """Its 95th percentile [s]."""
    cpu: float
    """Computing time of all together [s]."""

    def cells(self) -> list[Any]:
        """Return the same as a row of a table."""
        lengths = (self.waited, self.took, self.took_long, self.cpu)
        shown = ["-" if np.isnan(length) else f"{length:.3f}" for length in lengths]
        return [self.queue, self.count, self.finished, self.failed, *shown]


MOMENTS = select(Job.queue, Job.status, Job.enqueued_at, Job.started_at, Job.ended_at, Job.cpu_s)


def durations(session: Session, *, since: datetime) -> list[Durations]:
    """Return how jobs asked for since a moment went, by queue."""
    rows: dict[str, list[Any]] = defaultdict(list)
    for row in session.execute(MOMENTS.where(Job.enqueued_at >= since)):
        rows[row.queue].append(row)
    return [_durations(queue, of_queue) for queue, of_queue in sorted(rows.items())]


def newest_durations(session: Session, queue: str, *, most: int) -> Durations:
    """Return how the newest jobs of a queue went that have been started."""
    query = MOMENTS.where(Job.queue == queue, Job.started_at.is_not(None))
    return _durations(queue, list(session.execute(query.order_by(Job.enqueued_at.desc()).limit(most))))


def _durations(queue: str, rows: list[Any]) -> Durations:
    waited = [(row.started_at - row.enqueued_at).total_seconds() for row in rows if row.started_at]
    took = [(row.ended_at - row.started_at).total_seconds() for row in rows if row.started_at and row.ended_at]
    states = [row.status for row in rows]
    return Durations(
        queue=queue,
        count=len(rows),
        finished=states.count("FINISHED"),
        failed=sum(state in UNSUCCESSFUL for state in states),
        waited=float(np.median(waited)) if waited else np.nan,
        took=float(np.median(took)) if took else np.nan,
        took_long=float(np.percentile(took, 95)) if took else np.nan,
        cpu=sum(row.cpu_s or 0.0 for row in rows),
    )


def cancel_all(session: Session, queues: Sequence[str], states: Sequence[str], *, now: datetime, message: str) -> int:
    """Cancel the jobs of some queues that wait in some states; return their number."""
    query = update(Job).where(Job.queue.in_(queues), Job.status.in_(states))
    return rows_changed(session, query.values(status="CANCELED", ended_at=now, message=message))


def forget_unsuccessful(session: Session, queues: Sequence[str]) -> int:
    """Delete the jobs of some queues that failed or were cancelled; return their number."""
    return rows_changed(session, delete(Job).where(Job.queue.in_(queues), Job.status.in_(UNSUCCESSFUL)))


def forget_all(session: Session, queues: Sequence[str]) -> int:
    """Delete the jobs of some queues but those being done; return their number."""
    return rows_changed(session, delete(Job).where(Job.queue.in_(queues), Job.status != "STARTED"))


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


def queue_states(session: Session, queues: Sequence[str], *, since: datetime) -> list[QueueState]:
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
            newest=newest_durations(session, queue, most=NEWEST_JOBS),
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


def worker_states(session: Session, *, since: datetime) -> list[WorkerState]:
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
