"""Follow a job that a page asked for, until it has come to an end."""

import asyncio
from functools import partial

from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.widgets.async_content import reading
from db.jobs import jobs
from db.jobs.jobs import Job

GLANCE = 0.5
"""How often to look whether the job is done [s]."""


async def ended(job_id: str) -> Job:
    """Return a job once it came to an end."""
    while (job := await reading(partial(_one, job_id))).is_pending:
        await asyncio.sleep(GLANCE)
    return job


def _one(job_id: str, session: Session, _who: SignedIn) -> Job:
    return jobs.one(session, job_id)
