"""Tables of jobs and of queues, and what can be done with each of their rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.fragments.page import Done, PageForm
from app.fragments.tables import ButtonRow, RowButton, button_rows
from app.fragments.threads import in_turn, writing
from app.fragments.time_range import clock_text, length_text
from app.fragments.visit import Visit, address
from app.running import current
from app.usecases.jobs.jobs import cancel_job, clear_queues, requeue_job
from components.tables.fact_table import Bar, Cell, Light, Lines, Link
from db.accounts.users import User
from db.assets import Asset
from db.jobs.automations import Automation
from db.jobs.job_search import QueueState
from db.jobs.jobs import PENDING, UNSUCCESSFUL, Job

STATES = {"FINISHED": "good", "QUEUED": "none", "SCHEDULED": "none", "DEFERRED": "none", "STARTED": "warn"}
"""State of a job → its light; all others are bad."""
CANCEL, REQUEUE = RowButton(word="cancel", label="Cancel"), RowButton(word="requeue", label="Requeue")
JOB_COLUMNS = ["State", "Job", "Asset", "Requested", "Took", "Details"]
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
QUESTION = "Cancel {jobs} waiting in the queue {queue}? Running jobs go on; cancelled jobs can be requeued."


@dataclass(frozen=True, kw_only=True)
class JobLine:
    """One job with the names of its asset and of its requester."""

    job: Job
    asset: str
    """Name of its asset."""
    requester: str
    """Name of the automation or user that requested it."""
    may_change: bool


def state_cell(job: Job) -> Cell:
    """Light for the state of a job, and its progress while it runs."""
    light = Light(STATES.get(job.status, "bad"), job.status.lower())
    return Lines((light, Bar(job.progress, f"{job.progress:.0%}"))) if job.status == "STARTED" else light


def timing_texts(job: Job, now: datetime) -> list[str]:
    """How long a job took and waited; until now, if it has not ended."""
    if job.status == "SCHEDULED" and job.due_at is not None and job.due_at > now:
        return [f"due in {(job.due_at - now) / timedelta(seconds=1):.0f} s"]
    if job.started_at is None:
        waited = length_text((job.ended_at or now) - job.enqueued_at)
        return [f"waited {waited}" if job.ended_at else f"waiting for {waited}"]
    took = length_text((job.ended_at or now) - job.started_at)
    waited = length_text(job.started_at - job.enqueued_at)
    return [took if job.ended_at else f"{took} so far", f"waited {waited}"]


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


def job_rows(lines: Sequence[JobLine], local: ZoneInfo, *, empty: str) -> Markup:
    """Table of jobs.

    Args:
        lines: The jobs, in the order to show them.
        local: Zone of the clock times.
        empty: Text without jobs: what a person can do then.
    """
    now, rows = datetime.now(UTC), []
    for line in lines:
        job = line.job
        priority = [f"priority {job.priority}"] if job.priority else []
        name = Lines((Link(job.kind, address(f"/tasks/{job.id}")), *priority))
        place: Cell = Link(line.asset, address(f"/assets/{job.asset_id}?tab=status")) if job.asset_id else line.asset
        requested = Lines((clock_text(job.enqueued_at, local), f"by {line.requester}"))
        cells = [state_cell(job), name, place, requested, Lines(tuple(timing_texts(job, now))), job.message]
        name_of_row = f"{job.kind} of {line.asset}"
        rows.append(ButtonRow(key=job.id, cells=cells, name=name_of_row, buttons=job_buttons(line)))
    return button_rows(JOB_COLUMNS, rows, empty=empty)


def job_buttons(line: JobLine) -> list[RowButton]:
    """What a job in its state allows to the user."""
    if not line.may_change:
        return []
    return [CANCEL] * (line.job.status in PENDING) + [REQUEUE] * (line.job.status in UNSUCCESSFUL)


def queue_rows(states: Sequence[QueueState], *, may_clear: bool) -> Markup:
    """Table of how many jobs each queue has, and how long the newest of them waited and took."""
    rows = []
    for state in states:
        newest = state.newest
        lengths = [
            "-" if np.isnan(seconds) else length_text(timedelta(seconds=seconds))
            for seconds in (newest.waited, newest.took, newest.took_long)
        ]
        failed: Cell = Light("bad", f"{state.failed:,}") if state.failed else "0"
        name = Link(state.queue, address(f"/tasks?queue={state.queue}"))
        counts = [f"{number:,}" for number in (state.waiting, state.running, state.later, state.finished)]
        jobs = f"{state.waiting:,} job{'s' * (state.waiting != 1)}"
        question = QUESTION.format(jobs=jobs, queue=state.queue)
        clear = RowButton(word="clear", label="Clear", question=question, agree=f"Cancel {jobs}")
        buttons = [clear] * (may_clear and state.waiting > 0)
        cells = [name, *counts, failed, *lengths]
        rows.append(ButtonRow(key=state.queue, cells=cells, name=state.queue, buttons=buttons))
    return button_rows(QUEUE_COLUMNS, rows, empty="There are no queues.")


def _job_id(visit: Visit, values: dict[str, Any]) -> str:
    """Id of the job in the row whose button was pressed, else that of the page."""
    return str(values.get("key") or visit.route.get("job"))


async def cancel_row_job(visit: Visit, values: dict[str, Any]) -> Done:
    """Cancel the job in the row whose button was pressed."""
    await writing(lambda session, actor: cancel_job(session, actor, _job_id(visit, values)), visit.principal)
    return Done(text="The job is cancelled.")


async def requeue_row_job(visit: Visit, values: dict[str, Any]) -> Done:
    """Let the job in the row whose button was pressed be done anew."""
    job_id = _job_id(visit, values)
    await writing(lambda session, actor: requeue_job(session, actor, job_id), visit.principal)
    await in_turn(partial(current().queue.put, job_id), visit.principal)
    return Done(text="The job is requeued.")


async def clear_row_queue(visit: Visit, values: dict[str, Any]) -> Done:
    """Cancel the jobs that wait in the queue whose button was pressed."""
    queue = str(values["key"])
    count = await writing(lambda session, actor: clear_queues(session, actor, [queue]), visit.principal)
    # Once their rows say so: a worker that takes one meanwhile finds it cancelled
    await in_turn(partial(current().queue.clear, queue), visit.principal)
    return Done(text=f"{count:,} job{'s' * (count != 1)} of {queue} cancelled.")


JOB_FORMS = {CANCEL.word: PageForm(send=cancel_row_job), REQUEUE.word: PageForm(send=requeue_row_job)}
"""What can be done with a job, by the words of its buttons."""
QUEUE_FORMS = {"clear": PageForm(send=clear_row_queue)}
