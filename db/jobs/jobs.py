"""What was asked of schedulers, forecasters and reporters, with state and result: rows are the truth, not the queue."""

import hashlib
import json
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Double, ForeignKey, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from db.core.database import NotFound, Table

PENDING = ("QUEUED", "DEFERRED", "SCHEDULED", "STARTED")
UNSUCCESSFUL = ("FAILED", "STOPPED", "CANCELED")
UNSENT = "The queue cannot be reached; this is done once it can."
"""Message of a job that its queue could not be told of."""


class Job(Table):
    """One request to a scheduler, forecaster or reporter."""

    __tablename__ = "job"

    id: Mapped[str] = mapped_column(String(36), primary_key=True, doc="UUID")
    kind: Mapped[str] = mapped_column(doc="schedule, forecast, report or ingest")
    status: Mapped[str] = mapped_column(index=True, doc="See PENDING, UNSUCCESSFUL; or FINISHED")
    request: Mapped[dict[str, Any]] = mapped_column(doc="What was asked, as the job's function takes it")
    request_hash: Mapped[str] = mapped_column(String(64), index=True, doc="SHA-256 by which equal requests are found")
    known_at: Mapped[datetime] = mapped_column(doc="Moment of knowledge: what was learned later is not used")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("app_user.id", ondelete="SET NULL"), doc="Who asked")
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("asset.id", ondelete="CASCADE"), index=True)
    enqueued_at: Mapped[datetime] = mapped_column(index=True)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    message: Mapped[str] = mapped_column(default="", doc="How it ended, for the one who asked")
    trace: Mapped[str] = mapped_column(default="", doc="Of a failure nobody foresaw; for admins")
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    queue: Mapped[str] = mapped_column(index=True, default="scheduling", server_default="scheduling")
    priority: Mapped[int] = mapped_column(default=0, server_default="0", doc="Higher ones are done first")
    tries: Mapped[int] = mapped_column(default=0, server_default="0", doc="How many times it was started")
    progress: Mapped[float] = mapped_column(Double, default=0.0, server_default="0", doc="How far it is, from 0 to 1")
    worker: Mapped[str | None] = mapped_column(doc="Who does or did it: host/process id/name")
    lease_until: Mapped[datetime | None] = mapped_column(
        doc="Its worker is taken for lost if it says nothing until then"
    )
    due_at: Mapped[datetime | None] = mapped_column(doc="When a SCHEDULED job is to be done")
    after_id: Mapped[str | None] = mapped_column(String(36), doc="The job a DEFERRED one waits for")
    saving_at: Mapped[datetime | None] = mapped_column(doc="When it was computed and its result began to be saved")
    cpu_s: Mapped[float | None] = mapped_column(Double, doc="Time its thread spent computing [s]")
    source_id: Mapped[int | None] = mapped_column(
        ForeignKey("data_source.id", ondelete="SET NULL"), doc="The source of the values it saved"
    )
    automation_id: Mapped[int | None] = mapped_column(
        ForeignKey("automation.id", ondelete="SET NULL"), index=True, doc="What asked for it again and again"
    )

    @property
    def is_pending(self) -> bool:
        """Whether the result is still to come."""
        return self.status in PENDING


def fingerprint(
    kind: str, asset_id: int | None, request: dict[str, Any], prior: datetime | None, user_id: int | None = None
) -> str:
    """Return the SHA-256 by which equal requests are found, in whatever order their fields are.

    A job of no asset is the business of its user alone, so that equal requests of two users are two jobs.
    """
    whose = [user_id] if asset_id is None else []
    facts = [kind, asset_id, request, prior and prior.isoformat(), *whose]
    plain = json.dumps(facts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def add(session: Session, job: Job, *, state: str = "QUEUED") -> Job:
    """Add a job that waits to be done; its id and state are set here."""
    job.id, job.status = str(uuid.uuid4()), state
    session.add(job)
    session.flush()
    return job


def equal(
    session: Session, fingerprinted: str, *, since: datetime, states: Collection[str] = (*PENDING, "FINISHED")
) -> Job | None:
    """Return the newest job with an equal request in one of some states, if it was asked for since a moment."""
    query = select(Job).where(Job.request_hash == fingerprinted, Job.enqueued_at >= since)
    return session.scalar(query.where(Job.status.in_(states)).order_by(Job.enqueued_at.desc()).limit(1))


def unsent(session: Session, fingerprinted: str, user_id: int | None) -> Job | None:
    """Return the job of somebody's equal request that its queue could not be told of, and that nobody has begun."""
    query = select(Job).where(Job.request_hash == fingerprinted, Job.status == "QUEUED", Job.message == UNSENT)
    return session.scalar(query.where(Job.user_id == user_id).order_by(Job.enqueued_at.desc()).limit(1))


def one(session: Session, job_id: str) -> Job:
    """Return the job with an id.

    Raises:
        NotFound: There is none.
    """
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound("job", job_id)
    return job


def is_pending(session: Session, job_id: str) -> bool:
    """Return whether the result of a job is still to come."""
    return session.scalar(select(Job.status).where(Job.id == job_id)) in PENDING


def recent(session: Session, asset_ids: list[int], *, since: timedelta, now: datetime, most: int = 100) -> list[Job]:
    """Return the newest jobs of some assets."""
    query = select(Job).where(Job.asset_id.in_(asset_ids), Job.enqueued_at >= now - since)
    return list(session.scalars(query.order_by(Job.enqueued_at.desc()).limit(most)))


def newest(session: Session, asset_ids: Collection[int], *, since: timedelta, now: datetime) -> dict[int, Job]:
    """Return the newest job of each of some assets, by asset id; assets without one are left out."""
    last = (
        select(func.max(Job.enqueued_at).label("at"), Job.asset_id.label("asset_id"))
        .where(Job.asset_id.in_(asset_ids), Job.enqueued_at >= now - since)
        .group_by(Job.asset_id)
        .subquery()
    )
    query = select(Job).join(last, (Job.asset_id == last.c.asset_id) & (Job.enqueued_at == last.c.at))
    # Of two asked for at one moment, the order by id lets the same one win each time.
    return {job.asset_id: job for job in session.scalars(query.order_by(Job.id)) if job.asset_id is not None}


def of_automation(session: Session, automation_id: int, *, most: int = 100) -> list[Job]:
    """Return the newest jobs an automation asked for."""
    query = select(Job).where(Job.automation_id == automation_id).order_by(Job.enqueued_at.desc(), Job.id)
    return list(session.scalars(query.limit(most)))
