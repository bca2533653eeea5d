"""Ask for a job: a new one, or the one of an equal request made a moment ago."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.jobs.handlers.kinds import QUEUE_OF
from app.settings.settings import Settings
from db.jobs import job_states, jobs
from db.jobs.jobs import Job


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a job is to do, for whom, and when."""

    kind: str
    asset_id: int | None
    request: dict[str, Any]
    prior: datetime | None = None
    """The moment of knowledge that was asked for; None: that of the request."""
    user_id: int | None = None
    automation_id: int | None = None
    priority: int = 0
    """Higher ones are done first."""
    force: bool = False
    """Whether to do it although an equal request was made a moment ago."""
    requeue: bool = False
    """Whether an equal job that failed is done anew under its own id."""
    due_at: datetime | None = None
    """When to do it; None: now."""
    after_id: str | None = None
    """The job that must have ended before."""


def ask(session: Session, order: Order, *, now: datetime, settings: Settings) -> Job:
    """Job of an order: a new one, or one with an equal request; if QUEUED, the caller queues it after the commit.

    Args:
        session: A writing session.
        order: What is to be done.
        now: When it was asked for; its moment of knowledge unless it has one of its own.
        settings: They say how long equal orders share a job.
    """
    fingerprint = jobs.fingerprint(order.kind, order.asset_id, order.request, order.prior, order.user_id)
    if order.force and (waiting := jobs.unsent(session, fingerprint, order.user_id)) is not None:
        return waiting  # who repeats what was answered with 503 means this job
    if not order.force and (same := _same(session, fingerprint, order, now=now, settings=settings)) is not None:
        return same
    job = Job(kind=order.kind, request=order.request, request_hash=fingerprint, known_at=order.prior or now)
    job.queue, job.priority = QUEUE_OF[order.kind], order.priority
    job.asset_id, job.user_id, job.automation_id = order.asset_id, order.user_id, order.automation_id
    job.enqueued_at, job.due_at, job.after_id = now, order.due_at, order.after_id
    state = "DEFERRED" if order.after_id else "SCHEDULED" if order.due_at else "QUEUED"
    return jobs.add(session, job, state=state)


def _same(session: Session, fingerprint: str, order: Order, *, now: datetime, settings: Settings) -> Job | None:
    """Job of an equal order, if there is one; of two orders that come at once the second waits to see the first."""
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        # 15 digits, as the lock takes a signed number of 64 bits.
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": int(fingerprint[:15], 16)})
    lasts = settings.FLEXMEASURES_JOB_CACHE_TTL
    # A negative time means for ever: every equal job there ever was counts
    since = now - timedelta(seconds=lasts) if lasts >= 0 else datetime.min.replace(tzinfo=UTC)
    same = jobs.equal(session, fingerprint, since=since)
    if same is not None or not order.requeue:
        return same
    failed = jobs.equal(session, fingerprint, since=since, states=jobs.UNSUCCESSFUL)
    if failed is not None:
        job_states.requeue(session, failed.id, user_id=order.user_id)
        session.refresh(failed)
    return failed
