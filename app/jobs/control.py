"""What people do with a job that is there: cancel it, or let it be done anew."""

from datetime import datetime

from sqlalchemy.orm import Session

from db.jobs import job_states
from db.jobs.jobs import Job
from engine.errors import EngineError


class WrongState(EngineError):
    """A job is in a state in which this cannot be done with it."""


def cancel(session: Session, job: Job, *, by: str, now: datetime) -> None:
    """Cancel a job that has not ended; what it is computing is not saved.

    Args:
        session: A writing session.
        job: The job; it is brought up to date.
        by: Who wants it, for those who asked for the job.
        now: The moment.

    Raises:
        WrongState: It has ended.
    """
    done = job_states.cancel(session, job.id, now=now, message=f"Cancelled by {by}.")
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} has ended already ({job.status.lower()}).")


def requeue(session: Session, job: Job, *, user_id: int) -> None:
    """Let a job that failed or was cancelled be done anew, under its own id; the caller hands it to the queue.

    Args:
        session: A writing session.
        job: The job; it is brought up to date.
        user_id: Who wants it; it then acts for that user.

    Raises:
        WrongState: It did not fail.
    """
    done = job_states.requeue(session, job.id, user_id=user_id)
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} did not fail: it is {job.status.lower()}.")
