"""Page of a job: request, progress, outcome, and links to its result."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.schedule_facts import nearness
from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.auth.access.job_access import readable_result, readable_warnings
from app.auth.access.references import References
from app.fragments.html_forms import button_html
from app.fragments.page import PageForm, TextPage
from app.fragments.tables import facts, following, sections
from app.fragments.time_range import clock_text
from app.fragments.visit import Fragment, Visit, address
from app.pages.jobs import job_table
from app.pages.jobs import jobs as jobs_page
from app.pages.jobs.job_table import JOB_FORMS, JobLine, job_buttons, state_cell, timing_texts
from app.pages.jobs.jobs import JobsContent
from app.pages.plan.plan_cards import breach_text, cost_cards
from app.running import current
from components.tables.fact_table import Cell, Code, Lines, Link
from db import schedules
from db.jobs import jobs
from db.schedules import StoredSchedule
from db.sources import Source
from engine.series.iso_time import zone
from engine.site import Status


@dataclass(frozen=True, kw_only=True)
class JobContent:
    """Content of the page."""

    line: JobLine
    sensors: dict[int, str]
    """Sensors that got values: id → name with its asset."""
    row: StoredSchedule | None
    """Schedule that the job computed; None: none, or one for each of many sites."""
    warnings: list[str]
    """Its warnings, as far as the user may read what they quote."""
    result: dict[str, Any]
    """Result of the job, in the same way."""
    source: str
    """Source of those values, for people."""
    may_trace: bool
    local: ZoneInfo


def read_job(job_id: str, session: Session, principal: SignedIn) -> JobContent:
    """Job with the sensors it wrote to and its schedule."""
    job = jobs.one(session, job_id)
    job_access.check(session, principal, "read", job)
    references = References(session, principal)
    written = references.readable([int(key) for key in job.result.get("outputs", {})])
    rows = schedules.of_job(session, job.id)
    source = session.get(Source, job.source_id) if job.source_id else None
    return JobContent(
        line=job_table.job_lines(session, principal, [job])[0],
        sensors={key: f"{sensor.asset.name}: {sensor.name}" for key, sensor in written.items()},
        row=rows[0] if len(rows) == 1 else None,
        warnings=readable_warnings(references, rows[0]) if len(rows) == 1 else [],
        result=readable_result(references, job),
        source=f"{source.name} {source.model} v{source.version}" if source else "",
        may_trace="admin" in principal.roles,
        local=zone(principal.timezone),
    )


def show_job(_visit: Visit, content: JobContent) -> Fragment:
    """The page; it is kept up to date."""
    job = content.line.job
    every = current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
    return Fragment(
        heading=f"{job.kind.capitalize()} job of {content.line.asset}",
        crumbs=[Link("Jobs", address("/tasks"))],
        body=following("job", job_part(content), every=every),
    )


def job_part(content: JobContent) -> Markup:
    """What is known of the job, and what can be done with it."""
    buttons = Markup("").join(button_html(each.word, each.label) for each in job_buttons(content.line))
    rows = [[name, value] for name, value in job_facts(content, datetime.now(UTC)).items()]
    return buttons + facts(["", ""], rows) + job_documents(content)


def job_facts(content: JobContent, now: datetime) -> dict[str, Cell]:
    """Facts of a job by name; those that are not known are left out."""
    job, local = content.line.job, content.local
    moments = {"Started": job.started_at, "Computed": job.saving_at, "Ended": job.ended_at, "Due": job.due_at}
    requester = content.line.requester
    values: dict[str, Cell] = {
        "State": Lines((state_cell(job), *([job.message] * bool(job.message)))),
        "Took": Lines(tuple(timing_texts(job, now))),
        "Asset": Link(content.line.asset, address(f"/assets/{job.asset_id}?tab=status")) if job.asset_id else "",
        "Result": result_cell(content),
        **(schedule_facts(content.row, content.warnings, local) if content.row else {}),
        "Requested": Lines((clock_text(job.enqueued_at, local), f"by {requester}")),
        "Belief time": Lines((clock_text(job.known_at, local), "Data recorded later are not used.")),
        **{name: clock_text(moment, local) for name, moment in moments.items() if moment},
        "Computing time": "" if job.cpu_s is None else f"{job.cpu_s:.3f} s",
        "Tries": str(job.tries),
        "Queue": Link(job.queue, address(f"/tasks?queue={job.queue}")),
        "Priority": str(job.priority),
        "After": Link(job.after_id, address(f"/tasks/{job.after_id}")) if job.after_id else "",
        "Automation": Link(requester, address(f"/tasks?automation={job.automation_id}")) if job.automation_id else "",
        "Worker": Code(job.worker) if job.worker else "",
        "Time zone": str(local),
    }
    return {name: value for name, value in values.items() if value != ""}


def schedule_facts(row: StoredSchedule, warnings: Sequence[str], local: ZoneInfo) -> dict[str, Cell]:
    """Window, costs, exceeded limits and assumptions of a schedule, by name."""
    costs = tuple(f"{card.name}: {card.value}" for card in cost_cards(row.costs, row.currency))
    window = f"{clock_text(row.start, local)} to {clock_text(row.end, local)}"
    near = () if row.status == Status.FALLBACK else (f"Its cost is {nearness(row.gap)}.",)
    return {
        "Schedule": Lines((window, f"by {row.scheduler}, {row.status}", *near)),
        "Costs": Lines(costs) if costs else "",
        "Limits exceeded": breach_text(row.breaches, local),
        "Assumed": Lines(tuple(warnings)) if warnings else "",
    }


def result_cell(content: JobContent) -> Cell:
    """Links to the sensors that got values, and the number of those values."""
    job = content.line.job
    if not content.sensors:
        return ""
    links = tuple(Link(name, address(f"/sensors/{key}")) for key, name in content.sensors.items())
    plan = (Link("Plan of the asset", address(f"/assets/{job.asset_id}?tab=plan")),) if job.kind == "schedule" else ()
    count = job.result.get("num-beliefs", 0)
    counted = f"{count:,} new value{'s' * (count != 1)}" + (f" by {content.source}" if content.source else "")
    return Lines((*plan, *links, counted))


def job_documents(content: JobContent) -> Markup:
    """Request, result and traceback of a job, as JSON and text."""
    job = content.line.job
    result = {name: value for name, value in content.result.items() if value not in ([], {}, None)}
    texts = {"Request": json.dumps(job.request, indent=2, ensure_ascii=False)}
    texts |= {"Result": json.dumps(result, indent=2, ensure_ascii=False)} if result else {}
    texts |= {"Traceback": job.trace} if job.trace and content.may_trace else {}
    return sections({name: Markup('<pre tabindex="0">{}</pre>').format(text) for name, text in texts.items()})


def read_word(visit: Visit, session: Session, principal: SignedIn) -> JobContent | JobsContent:
    """The job in the address, or the jobs of the queue that it names as FlexMeasures does."""
    if visit.route["job"] in jobs_page.OLD_NAMES:
        return jobs_page.read_jobs(visit, session, principal)
    return read_job(visit.route["job"], session, principal)


def show_word(visit: Visit, content: JobContent | JobsContent) -> Fragment:
    """The page of the job, or of the jobs of a queue."""
    return jobs_page.show_jobs(visit, content) if isinstance(content, JobsContent) else show_job(visit, content)


def word_forms(visit: Visit, content: JobContent | JobsContent) -> Mapping[str, PageForm]:
    """What can be done there."""
    return jobs_page.job_forms(visit, content) if isinstance(content, JobsContent) else JOB_FORMS


PAGE = TextPage(
    at="/tasks", heading="Job", read=read_word, show=show_word, forms=word_forms,
    parts={
        **jobs_page.PAGE.parts,
        "job": lambda visit, session, principal: job_part(read_job(visit.route["job"], session, principal)),
    },
)  # fmt: skip
