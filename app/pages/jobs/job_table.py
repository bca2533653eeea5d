"""Jobs as rows of a table, with what may be done with each."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.usecases.jobs import jobs as usecases
from app.web.context import current
from app.widgets.async_content import in_turn, later, note, refuse, writing
from app.widgets.layout import Shell, address
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.fact_table import Bar, Cell, Light, Lines, Link
from db.accounts.users import User
from db.assets import Asset
from db.jobs.automations import Automation
from db.jobs.jobs import PENDING, UNSUCCESSFUL, Job

STATES = {"FINISHED": "good", "QUEUED": "none", "SCHEDULED": "none", "DEFERRED": "none", "STARTED": "warn"}
"""State of a job → its light; all others are bad."""
CANCEL, REQUEUE = Action("cancel", "Cancel"), Action("requeue", "Requeue")
DONE = {"cancel": "is cancelled", "requeue": "is requeued"}
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """One job with what a person wants to know of it."""

    job: Job
    asset: str
    """Name of its asset."""
    asker: str
    """Who or what asked for it."""
    may_change: bool


def lines(session: Session, who: SignedIn, found: Sequence[Job]) -> list[JobLine]:
    """Return jobs with names instead of ids."""
    assets = _names(session, Asset.id, Asset.name, {job.asset_id for job in found})
    users = _names(session, User.id, User.username, {job.user_id for job in found})
    automations = _names(session, Automation.id, Automation.name, {job.automation_id for job in found})
    return [
        JobLine(
            job=job,
            asset=assets.get(job.asset_id or 0, "-"),
            asker=automations.get(job.automation_id or 0) or users.get(job.user_id or 0, "the host"),
            may_change=job_access.may(session, who, "create-children", job),
        )
        for job in found
    ]


def _names(session: Session, key: Any, name: Any, wanted: set[int | None]) -> dict[int, str]:
    return {row[0]: row[1] for row in session.execute(select(key, name).where(key.in_(wanted - {None})))}


def state(job: Job) -> Cell:
    """Return a light for the state of a job, and how far it is."""
    shown = Light(STATES.get(job.status, "bad"), job.status.lower())
    return Lines((shown, Bar(job.progress, f"{job.progress:.0%}"))) if job.status == "STARTED" else shown


def timing(job: Job, now: datetime) -> list[str]:
    """Return how long a job waited and took, as texts; of one that is under way until now."""
    if job.status == "SCHEDULED" and job.due_at is not None and job.due_at > now:
        return [f"due in {(job.due_at - now) / SECOND:.0f} s"]
    if job.started_at is None:
        ended = job.ended_at or now
        return [f"{'waited' if job.ended_at else 'waits for'} {span(ended - job.enqueued_at)}"]
    took = span((job.ended_at or now) - job.started_at)
    waited = span(job.started_at - job.enqueued_at)
    return [took if job.ended_at else f"{took} so far", f"waited {waited}"]


def span(length: timedelta) -> str:
    """Return a length of time as people say it: 210 ms, 4.2 s, 42 s, 12 min, 3 h, 5 days."""
    seconds = max(length / SECOND, 0.0)
    if 1 <= seconds < 10:
        return f"{seconds:.1f} s"
    for most, size, unit in ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def at(moment: datetime, local: ZoneInfo) -> str:
    """Return a moment on the clock of who looks."""
    return f"{moment.astimezone(local):%a %-d %b %H:%M:%S}"


class JobTable(pn.viewable.Viewer):
    """Shows jobs; cancels and requeues them at a click."""

    def __init__(self, page: Shell, *, local: ZoneInfo, empty: str, changed: Callable[[], Any]) -> None:
        """Show nothing yet.

        Args:
            page: Where it stands.
            local: Zone of the clock times.
            empty: What to say, and to do, without jobs.
            changed: Called when a job was cancelled or requeued.
        """
        super().__init__()
        self._local, self._changed = local, changed
        columns = ["State", "Job", "Asset", "Requested", "Took", "Details"]
        self._table = ActionTable(columns=columns, empty=empty, on_action=self._act)
        self._told = pn.Column(sizing_mode="stretch_width")
        page.follow(self._table)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._told, self._table, sizing_mode="stretch_width")

    def put(self, found: Sequence[JobLine]) -> None:
        """Show these jobs, in this order."""
        now = datetime.now(UTC)
        self._table.rows = [self._row(line, now) for line in found]

    def _row(self, line: JobLine, now: datetime) -> ActionRow:
        job = line.job
        priority = [f"priority {job.priority}"] if job.priority else []
        name = Lines((Link(job.kind, address(f"/tasks/{job.id}")), *priority))
        place = Link(line.asset, address(f"/assets/{job.asset_id}?tab=status")) if job.asset_id else line.asset
        asked = Lines((at(job.enqueued_at, self._local), f"by {line.asker}"))
        cells = [state(job), name, place, asked, Lines(tuple(timing(job, now))), job.message]
        return ActionRow(job.id, cells, f"{job.kind} of {line.asset}", actions(line))

    def _act(self, job_id: str, word: str) -> None:
        asyncio.get_running_loop().create_task(self._do(job_id, word))

    async def _do(self, job_id: str, word: str) -> None:
        try:
            told = await act(job_id, word)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note(told, "success")]))
        later(self._changed)


def actions(line: JobLine) -> list[Action]:
    """Return what may be done with a job in its state."""
    if not line.may_change:
        return []
    return [CANCEL] * (line.job.status in PENDING) + [REQUEUE] * (line.job.status in UNSUCCESSFUL)


async def act(job_id: str, word: str) -> str:
    """Cancel or requeue a job as the signed-in user; return what became of it.

    Raises:
        WrongState: It is in a state in which that cannot be done.
        NotAllowed: The user may not.
        QueueDown: It is requeued and kept, but the queue cannot be reached.
    """
    if word == "cancel":
        await writing(lambda session, actor: usecases.cancel_job(session, actor, job_id))
    else:
        await writing(lambda session, actor: usecases.requeue_job(session, actor, job_id))
    if word == "requeue":
        await in_turn(partial(current().queue.put, job_id))
    return f"The job {DONE[word]}."
