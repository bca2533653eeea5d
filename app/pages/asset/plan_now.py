"""Ask for a new plan and follow it: the job is done by a worker, the page may be left meanwhile and come back to."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.pages.jobs.job_table import act, span
from app.usecases.jobs.schedules import request_schedule_from_now
from app.widgets.async_content import later, note, plain, refuse, triggering
from app.widgets.layout import address
from app.widgets.live import Following
from db.jobs import job_states, jobs
from db.jobs.jobs import Job

LENGTHS = {"12 hours": 12, "1 day": 24, "2 days": 48, "1 week": 168}
"""Length of a plan, for people → in hours."""
DONE = "Schedule ready."
GLANCE = 0.5
"""How often to look how far the job is [s]."""


class PlanNow(pn.viewable.Viewer):
    """A button that asks for a plan of an asset and all its devices, from now on; and how far that plan is."""

    def __init__(self, asset_id: int, *, done: Callable[[], None], under_way: str | None = None) -> None:
        """Offer to plan an asset.

        Args:
            asset_id: The asset.
            done: Called when a plan is there.
            under_way: The job that plans it already, if one does; it is followed.
        """
        super().__init__()
        self._id, self._done, self._job_id = asset_id, done, ""
        self._following: Following | None = None
        self._length = pmui.Select(label="Length", options=LENGTHS, value=48, width=140, size="small", margin=8)
        self._button = pmui.Button(label="Run schedule", icon="bolt", on_click=self._ask, margin=8)
        self._told = pn.Column(sizing_mode="stretch_width")
        self._words = pmui.Typography("", variant="body2", margin=(12, 8))
        self._bar = pmui.LinearProgress(sizing_mode="stretch_width", margin=8)
        self._cancel = pmui.Button(label="Cancel", variant="outlined", on_click=self._stop, margin=8)
        if under_way:
            self._follow(under_way)

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._length, self._button, align_items="center", sizing_mode="stretch_width")
        return pn.Column(bar, self._told, sizing_mode="stretch_width")

    async def _ask(self, _event: Any) -> None:
        self._button.disabled = True
        try:
            length = timedelta(hours=self._length.value)
            (job,) = await triggering(
                lambda session, actor: [request_schedule_from_now(session, actor, self._id, length)]
            )
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: self._refuse(problem))
        else:
            later(lambda: self._follow(job.id))

    async def _stop(self, _event: Any) -> None:
        self._cancel.disabled = True
        try:
            await act(self._job_id, "cancel")
        except Exception as error:  # such as a job that has just ended: what became of it is shown anyway
            problem = error
            later(lambda: refuse(self._told, problem))

    def _refuse(self, error: Exception) -> None:
        refuse(self._told, error)
        self._button.disabled = False

    def _follow(self, job_id: str) -> None:
        """Show how far a job is until it ends."""
        self._job_id, self._button.disabled, self._cancel.disabled = job_id, True, False
        self._words.object = "Requesting schedule …"
        more = pmui.Button(label="Details", variant="text", href=address(f"/tasks/{job_id}"), target="_self", margin=8)
        self._told[:] = [pmui.FlexBox(self._words, self._cancel, more, align_items="center"), self._bar]
        self._following = Following(partial(_look, job_id), self._show, every=GLANCE)

    def _show(self, seen: tuple[Job, int]) -> None:
        job, ahead = seen
        if self._following is None or job.id != self._job_id:
            return
        if job.is_pending:
            self._words.object = plain(_said(job, ahead, datetime.now(UTC)))
            self._bar.param.update(
                value=round(100 * job.progress),
                variant="determinate" if job.status == "STARTED" and job.progress else "indeterminate",
            )
            return
        self._following.stop()
        self._following, self._button.disabled = None, False
        made = job.status == "FINISHED"
        self._told[:] = [note(DONE, "success") if made else note(job.message, "warning")]
        if made:
            self._done()


def _look(job_id: str, session: Session, who: SignedIn) -> tuple[Job, int]:
    """Return a job, and how many its queue does before it."""
    job = jobs.one(session, job_id)
    job_access.check(session, who, "read", job)
    return job, job_states.ahead(session, job)


def _said(job: Job, ahead: int, now: datetime) -> str:
    """Return what a job that has not ended is at."""
    if job.status == "STARTED":
        return f"Computing for {span(now - (job.started_at or now))} …"
    if job.status == "SCHEDULED":
        return job.message or "Scheduled for later …"
    before = f"; {ahead} other job{'s' * (ahead != 1)} first" if ahead else ""
    return f"Waiting for a worker: {span(now - job.enqueued_at)}{before} …"
