"""Ask for a new plan and follow it: the job is done by a worker, the page may be left meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.request import ScheduleRequest
from app.auth import access
from app.auth.identity import SignedIn
from app.pages.filling import later, note, refuse, writing
from app.pages.following import ended
from app.running import current
from db import jobs
from db.assets import Asset
from db.base import get
from db.jobs import Job

LENGTHS = {"12 hours": 12, "1 day": 24, "2 days": 48, "1 week": 168}
"""Length of a plan, for people → in hours."""
DONE = "The plan is made."


class PlanNow(pn.viewable.Viewer):
    """A button that asks for a plan of an asset and all its devices, from now on."""

    def __init__(self, asset_id: int, *, done: Callable[[], None]) -> None:
        """Offer to plan an asset; ``done`` is called when a plan is there."""
        super().__init__()
        self._id, self._done = asset_id, done
        self._length = pmui.Select(label="Length", options=LENGTHS, value=48, width=140, size="small", margin=8)
        self._button = pmui.Button(label="Plan now", icon="bolt", on_click=self._ask, margin=8)
        self._told = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._length, self._button, align_items="center", sizing_mode="stretch_width")
        return pn.Column(bar, self._told, sizing_mode="stretch_width")

    async def _ask(self, _event: Any) -> None:
        self._button.disabled = True
        self._told[:] = [note("Planning …"), pmui.LinearProgress(sizing_mode="stretch_width")]
        try:
            job_id = await writing(partial(enqueue, self._id, timedelta(hours=self._length.value)))
            await asyncio.to_thread(current().queue.put, job_id)
            job = await ended(job_id)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._tell(job))
        later(lambda: self._button.param.update(disabled=False))

    def _tell(self, job: Job) -> None:
        made = job.status == "FINISHED"
        self._told[:] = [note(DONE, "success") if made else note(job.message, "warning")]
        if made:
            self._done()


def enqueue(asset_id: int, length: timedelta, work: Session, who: SignedIn) -> str:
    """Add the job that plans an asset from now on; return its id."""
    asset, now = get(work, Asset, asset_id), datetime.now(UTC)
    access.check(who, "create-children", asset)
    start = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    request = ScheduleRequest(asset=asset_id, start=start, duration=length).model_dump(mode="json")
    job = Job(kind="schedule", request=request, known_at=now, user_id=who.id, asset_id=asset_id, enqueued_at=now)
    job.request_hash = jobs.fingerprint("schedule", asset_id, request, None)
    return jobs.add(work, job).id
