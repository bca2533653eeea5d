"""Page of a job: request, progress, outcome, and links to its result."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.schedule_facts import nearness
from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.auth.access.job_access import readable_result, readable_warnings
from app.auth.access.references import References
from app.fragments.visit import address
from app.jobs.handlers.kinds import QUEUES
from app.pages.asset.plan_cards import breach_text, cost_cards
from app.pages.jobs import job_table
from app.pages.jobs import jobs as tasks
from app.pages.jobs.job_table import JobLine, change_job, job_actions
from app.pages.jobs.job_texts import clock_text, state_cell, timing_texts
from app.web.context import current
from app.widgets.async_content import Following, attempt, confirm, later
from app.widgets.layout import Shell, section_heading
from components.tables.fact_table import Cell, Code, FactTable, Lines, Link
from db import schedules
from db.jobs import jobs
from db.schedules import StoredSchedule
from db.sources import Source
from engine.series.iso_time import zone
from engine.site import Status

OLD_NAMES = {"schedules": "scheduling"} | {queue: queue for queue in QUEUES}
"""Words after /tasks/ that mean the jobs of one queue."""


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


def view() -> Shell:
    """Page of the job in the address, or of the jobs of a queue."""
    word = str(pn.state.route_params["job"])
    if word in OLD_NAMES:
        return tasks.view(OLD_NAMES[word])
    page = Shell("Job", at="/tasks")
    page.fill(partial(read_job, word), lambda content: JobPage(page, content).shown())
    return page


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


class JobPage:
    """The page once its first content is read; it is kept up to date."""

    def __init__(self, page: Shell, content: JobContent) -> None:
        self._id = content.line.job.id
        self._state: Any = None
        page.rename(f"{content.line.job.kind.capitalize()} job of {content.line.asset}")
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._buttons = pmui.FlexBox(sizing_mode="stretch_width")
        self._facts = FactTable(columns=["", ""])
        page.follow(self._facts)
        self._more = pn.Column(sizing_mode="stretch_width")
        self._actions: list[str] = []
        self._show(content)
        self._following = Following(
            partial(read_job, self._id), self._show, every=current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
        )

    def shown(self) -> Sequence[Any]:
        """Parts of the page below its heading."""
        back = pmui.Breadcrumbs(
            items=[{"label": "Jobs", "href": address("/tasks")}, {"label": self._id}], active=1, margin=(0, 8)
        )
        return [back, self._notice, self._buttons, self._facts, self._more]

    def _show(self, content: JobContent) -> None:
        """Show the state of the job; parts that did not change are left alone, so that nothing flickers."""
        facts = [[name, value] for name, value in _facts(content, datetime.now(UTC)).items()]
        if facts != self._facts.rows:
            self._facts.rows = facts
        actions = job_actions(content.line)
        if [action.word for action in actions] != self._actions:
            self._actions = [action.word for action in actions]
            self._buttons[:] = [
                pmui.Button(label=action.label, variant="outlined", on_click=partial(self.act, action.word), margin=8)
                for action in actions
            ]
        job = content.line.job
        state = (job.status, job.tries, job.ended_at)
        if state != self._state:
            self._state = state
            self._more[:] = job_documents(content)

    async def act(self, word: str, _event: Any) -> None:
        """Cancel or requeue the job."""
        await attempt(change_job(self._id, word), self._notice, partial(confirm, self._notice))
        later(self._following.refresh)


def _facts(content: JobContent, now: datetime) -> dict[str, Cell]:
    """Facts of a job by name; those that are not known are left out."""
    job, local = content.line.job, content.local
    moments = {"Started": job.started_at, "Computed": job.saving_at, "Ended": job.ended_at, "Due": job.due_at}
    requester = content.line.requester
    facts: dict[str, Cell] = {
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
    return {name: value for name, value in facts.items() if value != ""}


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


def job_documents(content: JobContent) -> list[Any]:
    """Request, result and traceback of a job, as JSON and text."""
    job = content.line.job
    result = {name: value for name, value in content.result.items() if value not in ([], {}, None)}
    texts = {"Request": json.dumps(job.request, indent=2, ensure_ascii=False)}
    texts |= {"Result": json.dumps(result, indent=2, ensure_ascii=False)} if result else {}
    texts |= {"Traceback": job.trace} if job.trace and content.may_trace else {}
    style = {"overflow": "auto", "max-height": "420px", "font-size": "13px"}
    parts: list[Any] = []
    for title, text in texts.items():
        escaped = escape(text, quote=False)  # this pane shows HTML, whatever its name says
        pane = pn.pane.Str(escaped, sizing_mode="stretch_width", styles=style, margin=8)
        parts += [section_heading(title), pane]
    return parts
