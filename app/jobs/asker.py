"""A job acts for who asked for it: whether that user may still have it, looked at when it runs and when it is saved."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.auth import access, mentions
from app.auth.access import NotAllowed
from app.auth.identity import SignedIn, identity
from db import job_states
from db.assets import Asset
from db.automations import Automation
from db.base import get
from db.jobs import PENDING, Job
from db.sensors import Sensor
from db.users import User
from engine.errors import EngineError


class NoLongerAllowed(EngineError):
    """Who asked for a job was allowed to, and is not any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Nothing was saved: {reason}; let somebody ask for it who may.")


def check(work: Session, job: Job) -> None:
    """Refuse a job whose asker may not have it any more; the host at a terminal may have everything.

    Args:
        work: A session that sees users as they are now.
        job: The job.

    Raises:
        NoLongerAllowed: The asker was deactivated, or lost what the job needs.
    """
    if job.user_id is None:
        return
    user = work.get(User, job.user_id)
    if user is None or not user.active:
        raise NoLongerAllowed("who asked for this is no active user any more")
    try:
        if job.asset_id is not None:
            access.check(identity(work, user), "create-children", get(work, Asset, job.asset_id))
        USES.get(job.kind, _nothing)(work, identity(work, user), job.request)
    except NotAllowed as error:
        raise NoLongerAllowed(f"{user.username!r}, who asked for this, may not use {error.row} any more") from None


def leave(work: Session, users: Collection[int], *, now: datetime) -> None:
    """Cancel what users wait for and pause what they set up, before they are deleted: nobody else asked for it."""
    waiting = select(Job.id).where(Job.user_id.in_(users), Job.status.in_(PENDING))
    for job_id in work.scalars(waiting).all():
        job_states.cancel(work, job_id, now=now, message="Cancelled: who asked for it was deleted.")
    work.execute(update(Automation).where(Automation.user_id.in_(users)).values(active=False))


def _schedule(work: Session, who: SignedIn, request: Mapping[str, Any]) -> None:
    mentions.check(work, who, request.get("flex_model", []), field="flex-model", devices=True)
    mentions.check(work, who, request.get("flex_context", {}), field="flex-context")


def _report(work: Session, who: SignedIn, request: Mapping[str, Any]) -> None:
    mentions.check(work, who, [request.get("input", []), request.get("config", {})], field="input")
    mentions.check(work, who, request.get("output", []), field="output", devices=True)


def _sensor(work: Session, who: SignedIn, request: Mapping[str, Any]) -> None:
    access.check(who, "create-children", get(work, Sensor, request.get("sensor", 0)))


def _nothing(_work: Session, _who: SignedIn, _request: Mapping[str, Any]) -> None:
    """A kind that a plugin or a test adds names nothing that is known here."""


USES: dict[str, Callable[[Session, SignedIn, Mapping[str, Any]], None]] = {
    "schedule": _schedule,
    "report": _report,
    "forecast": _sensor,
    "ingest": _sensor,
}
"""What each kind of job reads and writes beside its asset."""
