"""Jobs: cancel one, let one be done anew, clear the queues of them."""

from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.access import NotAllowed
from app.jobs.submission import Order, ask
from app.usecases.actor import Actor
from db.jobs import job_search, job_states, jobs
from db.jobs.jobs import Job
from engine.errors import EngineError

WAITING = ("QUEUED",)
"""State of the jobs that a cleared queue loses."""


class WrongState(EngineError):
    """A job is in a state in which this cannot be done with it."""


def ask_once(session: Session, actor: Actor, order: Order, record: Callable[[], None]) -> Job:
    """Job of an order; ``record`` writes into the audit log that it was asked for, once however often it is."""
    job = ask(session, order, now=actor.now, settings=actor.settings)
    if job.enqueued_at == actor.now:  # else it is the job of an equal request, which is in the log already
        record()
    return job


def cancel_job(session: Session, actor: Actor, job_id: str) -> Job:
    """Cancel a job that has not ended; what it is computing is not saved.

    Raises:
        NotFound: There is no such job.
        NotAllowed: The actor may not add to its asset.
        WrongState: It has ended.
    """
    job = _changeable(session, actor, job_id)
    done = job_states.cancel(session, job.id, now=actor.now, message=f"Cancelled by {actor.by[1]}.")
    # The UPDATE went past the row in hand, whose state is told.
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} has ended already ({job.status.lower()}).")
    return job


def requeue_job(session: Session, actor: Actor, job_id: str) -> Job:
    """Let a job that failed or was cancelled be done anew, under its own id; it then acts for the actor.

    One that an operator lets be done anew goes on acting for who asked for it. The caller hands it to the queue once
    that is committed.

    Raises:
        NotFound, NotAllowed: See ``cancel_job``.
        WrongState: It did not fail.
    """
    job = _changeable(session, actor, job_id)
    done = job_states.requeue(session, job.id, user_id=job.user_id if actor.principal is None else actor.user_id)
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} did not fail: it is {job.status.lower()}.")
    return job


def clear_queues(session: Session, actor: Actor, queues: Sequence[str], states: Sequence[str] = WAITING) -> int:
    """Cancel the jobs that wait in some queues; return their number.

    Args:
        session: A writing session.
        actor: Who does it.
        queues: Names of queues.
        states: States of the jobs, such as QUEUED; what is being done goes on.

    Raises:
        NotAllowed: The actor is no admin.
    """
    _check_admin(actor, queues)
    message = f"Cancelled by {actor.by[1]}: the queue was cleared."
    return job_search.cancel_all(session, queues, states, now=actor.now, message=message)


def forget_failed_jobs(session: Session, actor: Actor, queues: Sequence[str]) -> int:
    """Delete the jobs of some queues that failed or were cancelled; return their number. Admins only."""
    _check_admin(actor, queues)
    return job_search.forget_unsuccessful(session, queues)


def forget_jobs(session: Session, actor: Actor, queues: Sequence[str]) -> int:
    """Delete the jobs of some queues but those being done; return their number. Admins only."""
    _check_admin(actor, queues)
    return job_search.forget_all(session, queues)


def _check_admin(actor: Actor, queues: Sequence[str]) -> None:
    if not actor.is_admin:
        raise NotAllowed("delete", f"the jobs of queue {', '.join(queues)}")


def _changeable(session: Session, actor: Actor, job_id: str) -> Job:
    job = jobs.one(session, job_id)
    if actor.principal is not None:
        job_access.check(session, actor.principal, "create-children", job)
    return job
