"""A job acts for who asked for it: with that user's rights, as they are when it runs and again when it is saved."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn, identity
from app.auth.access.references import References
from db.accounts.users import User
from db.jobs import job_states
from db.jobs.automations import Automation
from db.jobs.jobs import PENDING, Job
from engine.errors import EngineError


class NoLongerAllowed(EngineError):
    """Who asked for a job may not have it, or not any more."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Nothing was saved: {reason}; ask someone who has the right to request it.")


def principal(session: Session, user_id: int | None) -> SignedIn | None:
    """Return a user as of now, for whom something is done; None: the host at a terminal.

    Raises:
        NoLongerAllowed: The user was deleted or deactivated.
    """
    if user_id is None:
        return None
    user = session.get(User, user_id)
    if user is None or not user.active:
        raise NoLongerAllowed("who asked for this is no active user any more")
    return identity(session, user)


@contextmanager
def acting(session: Session, job: Job, before: References | None = None) -> Iterator[References]:
    """Give what resolves references for who asked for a job; what that user may not use ends the job.

    Args:
        session: A session that sees users as they are now.
        job: The job.
        before: What was resolved when it was computed; all of it is asked for again.

    Raises:
        NoLongerAllowed: The principal was deactivated, or may not use what the job needs.
    """
    # As the user is now: rights may have changed while the job waited
    who = principal(session, job.user_id)
    try:
        references = before.renewed(session, who) if before is not None else References(session, who)
        if job.asset_id is not None:
            references.asset(job.asset_id, field="", action="create-children")
        yield references
    except NotAllowed as error:
        name = repr(who.username) if who is not None else "the host"
        where = f" ({error.field})" if error.field else ""
        raise NoLongerAllowed(f"{name}, who asked for this, may not use {error.row}{where}") from None


def leave(session: Session, users: Collection[int], *, now: datetime) -> None:
    """Cancel what users wait for and pause what they set up, before they are deleted: nobody else asked for it."""
    waiting = select(Job.id).where(Job.user_id.in_(users), Job.status.in_(PENDING))
    for job_id in session.scalars(waiting).all():
        job_states.cancel(session, job_id, now=now, message="Cancelled: who asked for it was deleted.")
    for automation in session.scalars(select(Automation).where(Automation.user_id.in_(users))):
        automation.active = False
