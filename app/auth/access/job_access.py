"""Who may do what with which job: whoever may do it with its asset; a job of no asset is that of its principal."""

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import Action, NotAllowed
from app.auth.access.identity import SignedIn
from db.assets import Asset
from db.core.database import get
from db.jobs.jobs import Job


def is_host(principal: SignedIn) -> bool:
    """Return whether a user may see everything the server does."""
    return bool(principal.roles & access.SERVER_ROLES)


def readable(principal: SignedIn) -> ColumnElement[bool]:
    """Return the condition that selects the jobs a user may see."""
    if is_host(principal):
        return true()
    of_readable = Job.asset_id.in_(select(Asset.id).where(access.readable_assets(principal)))
    return or_(of_readable, Job.asset_id.is_(None) & (Job.user_id == principal.id))


def check(session: Session, principal: SignedIn, action: Action, job: Job) -> None:
    """Raise NotAllowed unless a user may read a job, or cancel and requeue it (``create-children``)."""
    if not may(session, principal, action, job):
        raise NotAllowed("read" if action == "read" else "update", f"job {job.id}")


def may(session: Session, principal: SignedIn, action: Action, job: Job) -> bool:
    """Return whether a user may read a job, or cancel and requeue it (``create-children``)."""
    if job.asset_id is not None:
        return access.may(principal, action, get(session, Asset, job.asset_id))
    if "admin" in principal.roles or (action == "read" and is_host(principal)):
        return True
    return job.user_id == principal.id and not access.only_reads(principal)
