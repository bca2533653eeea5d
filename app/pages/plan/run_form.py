"""Run a schedule: from when on, how long, in which steps; its progress, and a button that cancels it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm
from app.fragments.tables import following
from app.fragments.templates import note, render
from app.fragments.threads import triggering, writing
from app.fragments.time_range import length_text
from app.fragments.visit import Visit, address
from app.pages.plan.content import PlanContent, read_plan
from app.usecases.jobs.jobs import cancel_job
from app.usecases.jobs.schedules import request_schedule_from_now
from db.jobs.jobs import Job

LENGTHS = {"12 hours": 12, "1 day": 24, "2 days": 48, "1 week": 168}
"""Length of a schedule, for people → [h]."""
STEPS = {"as its sensors": 0, "5 minutes": 5, "15 minutes": 15, "30 minutes": 30, "1 hour": 60}
"""Resolution of a schedule, for people → [min]; 0: that of the finest power sensor."""
OFTEN, SELDOM = 1.0, 15.0
"""Pause between two readings of the newest job, while it runs and while there is none [s]."""
PART = "plan-run"


def run_form(content: PlanContent) -> PageForm:
    """The form that runs a schedule."""
    fields = [
        Field(name="start", label="Start", kind="choice", options=start_choices(content), value=""),
        Field(name="hours", label="Length", kind="choice", options=LENGTHS, value=48),
        Field(name="minutes", label="Resolution", kind="choice", options=STEPS, value=0),
    ]
    return PageForm(send=send_run, fields=fields, button="Run schedule", whole=True)


def start_choices(content: PlanContent) -> dict[str, str]:
    """Moments to plan from, for people → ISO 8601; empty is now."""
    now = content.now.astimezone(content.local)
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    midnight = datetime(now.year, now.month, now.day, tzinfo=content.local) + timedelta(days=1)
    moments = {f"at {hour:%H:%M}": hour, f"{midnight:%A} at midnight": midnight}
    return {"now": ""} | {text: moment.isoformat() for text, moment in moments.items()}


async def send_run(visit: Visit, values: dict[str, Any]) -> Done:
    """Request a schedule."""
    start = datetime.fromisoformat(values["start"]) if values.get("start") else None
    length, step = timedelta(hours=values["hours"]), timedelta(minutes=values.get("minutes") or 0) or None
    await triggering(
        lambda session, actor: [request_schedule_from_now(session, actor, visit.key, length, start=start, step=step)],
        visit.principal,
    )
    return Done(text="Schedule requested.")


async def send_cancel(visit: Visit, values: dict[str, Any]) -> Done:
    """Cancel the job that is followed."""
    key = str(values.get("key", ""))
    job = await writing(lambda session, actor: cancel_job(session, actor, key), visit.principal)
    return Done(text=job.message)


def forms(content: PlanContent) -> Mapping[str, PageForm]:
    """What those who may plan can do here."""
    return {"run": run_form(content), "cancel-job": PageForm(send=send_cancel)} if content.may_plan else {}


def read_run(visit: Visit, session: Session, principal: SignedIn) -> Markup:
    """The form, locked while a schedule is computed, and the progress of that."""
    return _run(read_plan(visit, session, principal))


def run_part(content: PlanContent) -> Markup:
    """The part of the page that follows the newest job."""
    return following(PART, _run(content), every=_pace(content))


def _run(content: PlanContent) -> Markup:
    job, newest = content.job, content.row
    running = job is not None and job.is_pending
    return render(
        "plan_run",
        form=form_html("run", run_form(content), locked=running) if content.may_plan else "",
        progress=progress(content, job) if job is not None else "",
        schedule=newest.id if newest is not None and content.after is None else "",
        running=running,
        every=_pace(content),
    )


def _pace(content: PlanContent) -> float:
    return OFTEN if content.job is not None and content.job.is_pending else SELDOM


def progress(content: PlanContent, job: Job) -> Markup:
    """How far a job is, with a button that cancels it; or why it failed."""
    if not job.is_pending:
        return note(f"The last schedule failed: {job.message}", "warning")
    known = job.status == "STARTED" and bool(job.progress)
    return render(
        "plan_progress",
        text=progress_text(job, content.ahead, content.now),
        share=round(100 * job.progress) if known else None,
        job=job.id if content.may_plan else "",
        details=address(f"/tasks/{job.id}"),
    )


def progress_text(job: Job, ahead: int, now: datetime) -> str:
    """State of a job that has not ended, with the number of jobs that its queue does before it."""
    if job.status == "STARTED":
        return f"Computing for {length_text(now - (job.started_at or now))} …"
    if job.status == "SCHEDULED":
        return job.message or "Scheduled for later …"
    before = f", with {ahead} other job{'s' * (ahead != 1)} before this one" if ahead else ""
    return f"Waiting for a worker for {length_text(now - job.enqueued_at)}{before} …"
