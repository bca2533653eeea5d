"""Content that is kept up to date: read again and again for as long as the page is open."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

import panel as pn
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.widgets.async_content import later, reading
from db.jobs import jobs
from db.jobs.jobs import Job
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
EVERY = 1.0
"""Pause between two readings [s]."""
JOB_EVERY = 0.5
"""Pause between two questions whether a job is done [s]."""

Result = TypeVar("Result")


class Following:
    """Reads until it is stopped or the page is closed; one reading at a time."""

    def __init__(
        self,
        read: Callable[[Session, SignedIn], Result],
        show: Callable[[Result], Any],
        *,
        every: float = EVERY,
    ) -> None:
        """Begin.

        Args:
            read: Reads what is shown, in a thread.
            show: Shows it; should change only what is not shown already.
            every: Pause between two readings [s].
        """
        self._read, self._show = read, show
        self._reading: asyncio.Task[None] | None = None
        self._timer = pn.state.add_periodic_callback(self.refresh, period=int(1000 * every))

    def refresh(self) -> None:
        """Read now, unless a reading is under way."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.get_running_loop().create_task(self._read_once())

    def stop(self) -> None:
        """Read no more."""
        if self._timer.running:
            self._timer.stop()

    async def _read_once(self) -> None:
        try:
            content = await reading(self._read)
        except EngineError as error:  # such as a user who has signed out
            LOG.info("A page is no longer kept up to date: %s", error)
            later(self.stop)
        except Exception:  # such as a database that restarts: the next reading may succeed
            LOG.exception("A page could not be brought up to date")
        else:
            later(lambda: self._show(content))


async def finished_job(job_id: str) -> Job:
    """Wait for the end of a job, and return it."""
    while (job := await reading(lambda session, _principal: jobs.one(session, job_id))).is_pending:
        await asyncio.sleep(JOB_EVERY)
    return job
