"""Table of jobs, with the actions that each allows."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import panel as pn
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.fragments.visit import address
from app.pages.jobs.job_texts import clock_text, length_text, state_cell, timing_texts
from app.usecases.jobs import jobs as usecases
from app.usecases.jobs.jobs import clear_queues
from app.web.context import current
from app.widgets.async_content import attempt, confirm, in_turn, later, writing
from app.widgets.confirm import Question
from app.widgets.layout import Shell
from components.tables.action_table import Action, ActionRow, ActionTable
from components.tables.fact_table import Cell, Light, Lines, Link
from db.accounts.users import User
from db.assets import Asset
from db.jobs.automations import Automation
from db.jobs.job_search import QueueState
from db.jobs.jobs import PENDING, UNSUCCESSFUL, Job

CANCEL, REQUEUE = Action("cancel", "Cancel"), Action("requeue", "Requeue")
QUEUE_COLUMNS = [
    "Queue",
    "Waiting",
    "Running",
    "Later",
    "Finished, 24 h",
    "Failed, 24 h",
    "Waited",
    "Took",
    "Took (p95)",
]
CLEAR = Action("clear", "Clear")
QUESTION = "Cancel all {count} jobs that wait in the queue {queue}? Running jobs go on; cancelled jobs can be requeued."


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """One job with the names of its asset and of its requester."""

    job: Job
    asset: str
    """Name of its asset."""
    requester: str
    """Name of the automation or user that requested it."""
    may_change: bool


def job_lines(session: Session, principal: SignedIn, found: Sequence[Job]) -> list[JobLine]:
    """Jobs with names instead of ids."""

    def names(key: Any, name: Any, ids: set[int | None]) -> dict[int, str]:
        return {row[0]: row[1] for row in session.execute(select(key, name).where(key.in_(ids - {None})))}

    assets = names(Asset.id, Asset.name, {job.asset_id for job in found})
    users = names(User.id, User.username, {job.user_id for job in found})
    automations = names(Automation.id, Automation.name, {job.automation_id for job in found})
    return [
        JobLine(
            job=job,
            asset=assets.get(job.asset_id or 0, "-"),
            requester=automations.get(job.automation_id or 0) or users.get(job.user_id or 0, "the operator"),
            may_change=job_access.may(session, principal, "create-children", job),
        )
        for job in found
    ]


class JobTable(pn.viewable.Viewer):
    """Shows jobs; cancels and requeues them at a click."""

    def __init__(self, page: Shell, *, local: ZoneInfo, empty: str, changed: Callable[[], Any]) -> None:
        """Show nothing yet.

        Args:
            page: The page it is on.
            local: Zone of the clock times.
            empty: Text without jobs: what a person can do then.
            changed: Called when a job was cancelled or requeued.
        """
        super().__init__()
        self._local, self._changed = local, changed
        columns = ["State", "Job", "Asset", "Requested", "Took", "Details"]
        self._table = ActionTable(columns=columns, empty=empty, on_action=self._act)
        self._notice = pn.Column(sizing_mode="stretch_width")
        page.follow(self._table)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._notice, self._table, sizing_mode="stretch_width")

    def put(self, lines: Sequence[JobLine]) -> None:
        """Show these jobs, in this order."""
        now, rows = datetime.now(UTC), []
        for line in lines:
            job = line.job
            priority = [f"priority {job.priority}"] if job.priority else []
            name = Lines((Link(job.kind, address(f"/tasks/{job.id}")), *priority))
            place = Link(line.asset, address(f"/assets/{job.asset_id}?tab=status")) if job.asset_id else line.asset
            requested = Lines((clock_text(job.enqueued_at, self._local), f"by {line.requester}"))
            cells = [state_cell(job), name, place, requested, Lines(tuple(timing_texts(job, now))), job.message]
            rows.append(ActionRow(job.id, cells, f"{job.kind} of {line.asset}", job_actions(line)))
        self._table.rows = rows

    def _act(self, job_id: str, word: str) -> None:
        async def act() -> None:
            await attempt(change_job(job_id, word), self._notice, partial(confirm, self._notice))
            later(self._changed)

        asyncio.get_running_loop().create_task(act())


def job_actions(line: JobLine) -> list[Action]:
    """Actions that a job in its state allows to the user."""
    if not line.may_change:
        return []
    return [CANCEL] * (line.job.status in PENDING) + [REQUEUE] * (line.job.status in UNSUCCESSFUL)


async def change_job(job_id: str, word: str) -> str:
    """Cancel or requeue a job as the signed-in user; return a sentence that says so.

    Raises:
        WrongState: It is in a state in which that cannot be done.
        NotAllowed: The user may not.
        QueueDown: It is requeued and kept, but the queue cannot be reached.
    """
    if word == CANCEL.word:
        await writing(lambda session, actor: usecases.cancel_job(session, actor, job_id))
        return "The job is cancelled."
    await writing(lambda session, actor: usecases.requeue_job(session, actor, job_id))
    await in_turn(partial(current().queue.put, job_id))
    return "The job is requeued."


class QueueTable(pn.viewable.Viewer):
    """Shows how many jobs each queue has, and how long the newest of them waited and took."""

    def __init__(self, page: Shell, *, may_clear: bool, changed: Callable[[], Any]) -> None:
        """Show nothing yet.

        Args:
            page: The page it is on.
            may_clear: Whether the user may clear queues.
            changed: Called when a queue was cleared.
        """
        super().__init__()
        self._may_clear, self._changed = may_clear, changed
        self._states: dict[str, QueueState] = {}
        self._table = ActionTable(columns=QUEUE_COLUMNS, on_action=self._ask)
        self._question, self._notice = Question(), pn.Column(sizing_mode="stretch_width")
        page.follow(self._table)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._table, self._question, self._notice, sizing_mode="stretch_width")

    def put(self, states: Sequence[QueueState]) -> None:
        """Show these queues."""
        self._states = {state.queue: state for state in states}
        rows = []
        for state in states:
            newest = state.newest
            lengths = [
                "-" if np.isnan(seconds) else length_text(timedelta(seconds=seconds))
                for seconds in (newest.waited, newest.took, newest.took_long)
            ]
            failed: Cell = Light("bad", str(state.failed)) if state.failed else "0"
            name = Link(state.queue, address(f"/tasks?queue={state.queue}"))
            counts = [str(state.waiting), str(state.running), str(state.later), str(state.finished)]
            actions = [CLEAR] * (self._may_clear and state.waiting > 0)
            rows.append(ActionRow(state.queue, [name, *counts, failed, *lengths], state.queue, actions))
        self._table.rows = rows

    def _ask(self, queue: str, _word: str) -> None:
        async def clear() -> int:
            count = await writing(lambda session, actor: clear_queues(session, actor, [queue]))
            # Once their rows say so: a worker that takes one meanwhile finds it cancelled
            await in_turn(partial(current().queue.clear, queue))
            return count

        async def act() -> None:
            await attempt(
                clear(),
                self._notice,
                lambda count: confirm(self._notice, f"{count} job{'s' * (count != 1)} of {queue} cancelled."),
            )
            later(self._changed)

        text = QUESTION.format(count=self._states[queue].waiting, queue=queue)
        create_task = asyncio.get_running_loop().create_task
        self._question.ask(text, f"Yes, clear {queue}", lambda: create_task(act()))
