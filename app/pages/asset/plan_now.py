"""Button that runs a schedule and shows its progress; a worker computes it, so the page may be left meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.fragments.visit import address
from app.pages.jobs.job_table import change_job
from app.pages.jobs.job_texts import length_text
from app.usecases.jobs.schedules import request_schedule_from_now
from app.widgets.async_content import Following, attempt, later, note, plain, refuse, triggering
from db.jobs import job_states, jobs
from db.jobs.jobs import Job

LENGTHS = {"12 hours": 12, "1 day": 24, "2 days": 48, "1 week": 168}
"""Length of a schedule, for people → [h]."""
DONE = "Schedule ready."
EVERY = 0.5
"""Pause between two readings of the job [s]."""


class PlanNow(pn.viewable.Viewer):
    """Runs a schedule of an asset and all its devices, from now on, and shows its progress."""

    def __init__(self, asset_id: int, *, done: Callable[[], None], under_way: str | None = None) -> None:
        """Show the button.

        Args:
            asset_id: The asset.
            done: Called once a schedule is computed.
            under_way: Job that computes one already, whose progress is shown; None: there is none.
        """
        super().__init__()
        self._id, self._done, self._job_id = asset_id, done, ""
        self._following: Following | None = None
        self._length = pmui.Select(label="Length", options=LENGTHS, value=48, width=140, size="small", margin=8)
        self._button = pmui.Button(label="Run schedule", icon="bolt", on_click=self.request, margin=8)
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._words = pmui.Typography("", variant="body2", margin=(12, 8))
        self._bar = pmui.LinearProgress(sizing_mode="stretch_width", margin=8)
        self._cancel = pmui.Button(label="Cancel", variant="outlined", on_click=self.cancel, margin=8)
        if under_way:
            self._follow(under_way)

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._length, self._button, align_items="center", sizing_mode="stretch_width")
        return pn.Column(bar, self._notice, sizing_mode="stretch_width")

    async def request(self, _event: Any) -> None:
        """Ask for a schedule from now on, and follow its job."""

        def refused(problem: Exception) -> None:
            refuse(self._notice, problem)
            self._button.disabled = False

        self._button.disabled = True
        try:
            length = timedelta(hours=self._length.value)
            (job,) = await triggering(
                lambda session, actor: [request_schedule_from_now(session, actor, self._id, length)]
            )
        except Exception as error:  # whatever it is, the button must not stay disabled
            problem = error
            later(lambda: refused(problem))
        else:
            later(lambda: self._follow(job.id))

    async def cancel(self, _event: Any) -> None:
        """Cancel the job whose progress is shown."""
        self._cancel.disabled = True
        # The outcome is shown by the job's own state; an error is one of a job that has just ended.
        await attempt(change_job(self._job_id, "cancel"), self._notice, lambda _: None)

    def _follow(self, job_id: str) -> None:
        """Show the progress of a job until it ends."""

        def read_job(session: Session, principal: SignedIn) -> tuple[Job, int]:
            job = jobs.one(session, job_id)
            job_access.check(session, principal, "read", job)
            return job, job_states.ahead(session, job)

        def show(job: Job, ahead: int) -> None:
            if self._following is None or job.id != self._job_id:
                return  # a reading of the job before
            if job.is_pending:
                self._words.object = plain(progress_text(job, ahead, datetime.now(UTC)))
                self._bar.param.update(
                    value=round(100 * job.progress),
                    variant="determinate" if job.status == "STARTED" and job.progress else "indeterminate",
                )
                return
            # First: the next reading would show the end a second time
            self._following.stop()
            self._following, self._button.disabled = None, False
            finished = job.status == "FINISHED"
            self._notice[:] = [note(DONE, "success") if finished else note(job.message, "warning")]
            if finished:
                self._done()

        self._job_id, self._button.disabled, self._cancel.disabled = job_id, True, False
        self._words.object = "Requesting schedule …"
        more = pmui.Button(label="Details", variant="text", href=address(f"/tasks/{job_id}"), target="_self", margin=8)
        self._notice[:] = [pmui.FlexBox(self._words, self._cancel, more, align_items="center"), self._bar]
        self._following = Following(read_job, lambda job_and_ahead: show(*job_and_ahead), every=EVERY)


def progress_text(job: Job, ahead: int, now: datetime) -> str:
    """State of a job that has not ended, with the number of jobs that its queue does before it."""
    if job.status == "STARTED":
        return f"Computing for {length_text(now - (job.started_at or now))} …"
    if job.status == "SCHEDULED":
        return job.message or "Scheduled for later …"
    before = f", with {ahead} other job{'s' * (ahead != 1)} before this one" if ahead else ""
    return f"Waiting for a worker for {length_text(now - job.enqueued_at)}{before} …"
