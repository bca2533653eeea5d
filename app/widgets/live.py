"""Content that follows what happens: read again and again for as long as the page is open."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
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
"""Pause between two looks [s]."""
GLANCE = 0.5
"""How often to look whether a job is done [s]."""

Result = TypeVar("Result")


class Following:
    """Looks until it is told to stop or the page is closed; one look at a time, and none while a page waits for it."""

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
            every: Pause between two looks [s].
        """
        self._read, self._show = read, show
        self._looking: asyncio.Task[None] | None = None
        self._timer = pn.state.add_periodic_callback(self.look, period=int(1000 * every))

    def look(self) -> None:
        """Look now, unless a look is under way."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._timer.running:
            self._timer.stop()

    async def _look(self) -> None:
        try:
            found = await reading(self._read)
        except EngineError as error:
            LOG.info("A page is followed no more: %s", error)
            later(self.stop)
        except Exception:  # such as a database that restarts: the next look may succeed
            LOG.exception("A page could not be brought up to date")
        else:
            later(lambda: self._show(found))


async def finished_job(job_id: str) -> Job:
    """Return a job once it came to an end."""
    while (job := await reading(partial(_one, job_id))).is_pending:
        await asyncio.sleep(GLANCE)
    return job


def _one(job_id: str, session: Session, _who: SignedIn) -> Job:
    return jobs.one(session, job_id)
