"""The page of one job: what was asked, how far it is, how it ended, and where its result is."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import job_access
from app.auth.access.identity import SignedIn
from app.jobs.handlers.kinds import QUEUES
from app.pages.asset.context_tab import heading
from app.pages.asset.plan_cards import breach_text, cost_cards
from app.pages.jobs import job_table
from app.pages.jobs import jobs as tasks
from app.pages.jobs.job_table import JobLine, act, actions, at
from app.web.context import current
from app.widgets.async_content import later, note, refuse
from app.widgets.layout import Shell, address
from app.widgets.live import Following
from components.tables.fact_table import Cell, Code, FactTable, Lines, Link
from db import schedules
from db.core import listing
from db.jobs import jobs
from db.schedules import StoredSchedule
from db.sources import Source
from engine.iso_time import zone

OLD_NAMES = {"schedules": "scheduling"} | {queue: queue for queue in QUEUES}
"""Words after /tasks/ that mean the jobs of one queue."""


@dataclass(frozen=True, kw_only=True)
class JobContent:
    """What the page shows."""

    line: JobLine
    sensors: dict[int, str]
    """Sensors that got values: id → name with its asset."""
    row: StoredSchedule | None
    """The schedule it made."""
    source: str
    """Under which source they stand."""
    may_trace: bool
    local: ZoneInfo


def view() -> Shell:
    """Return the page of the job in the address, or of the jobs of a queue."""
    word = str(pn.state.route_params["job"])
    if word in OLD_NAMES:
        return tasks.view(OLD_NAMES[word])
    page = Shell("Job", at="/tasks")
    page.fill(partial(_read, word), lambda found: JobPage(page, found).shown())
    return page


def _read(job_id: str, session: Session, who: SignedIn) -> JobContent:
    job = jobs.one(session, job_id)
    job_access.check(session, who, "read", job)
    rows = schedules.of_job(session, job.id)
    written = listing.sensors(session, [int(key) for key in job.result.get("outputs", {})])
    source = session.get(Source, job.source_id) if job.source_id else None
    return JobContent(
        line=job_table.lines(session, who, [job])[0],
        sensors={key: f"{sensor.asset.name}: {sensor.name}" for key, sensor in written.items()},
        row=rows[0] if len(rows) == 1 else None,
        source=f"{source.name} {source.model} v{source.version}" if source else "",
        may_trace="admin" in who.roles,
        local=zone(who.timezone),
    )


class JobPage:
    """The page once its first data are there."""

    def __init__(self, page: Shell, found: JobContent) -> None:
        self._id = found.line.job.id
        self._state: Any = None
        page.rename(f"{found.line.job.kind.capitalize()} job of {found.line.asset}")
        self._told = pn.Column(sizing_mode="stretch_width")
        self._buttons = pmui.FlexBox(sizing_mode="stretch_width")
        self._facts = FactTable(columns=["", ""])
        page.follow(self._facts)
        self._more = pn.Column(sizing_mode="stretch_width")
        self._words: list[str] = []
        self._show(found)
        self._following = Following(
            partial(_read, self._id), self._show, every=current().settings.RQ_DASHBOARD_POLL_INTERVAL / 1000
        )

    def shown(self) -> Sequence[Any]:
        """Return what is below the heading."""
        back = pmui.Breadcrumbs(
            items=[{"label": "Jobs", "href": address("/tasks")}, {"label": self._id}], active=1, margin=(0, 8)
        )
        return [back, self._told, self._buttons, self._facts, self._more]

    def _show(self, found: JobContent) -> None:
        """Show how the job is doing; what did not change is left alone."""
        facts = [[name, value] for name, value in _facts(found, datetime.now(UTC)).items()]
        if facts != self._facts.rows:
            self._facts.rows = facts
        offered = actions(found.line)
        if [each.word for each in offered] != self._words:
            self._words = [each.word for each in offered]
            self._buttons[:] = [
                pmui.Button(label=each.label, variant="outlined", on_click=partial(self._act, each.word), margin=8)
                for each in offered
            ]
        job = found.line.job
        state = (job.status, job.tries, job.ended_at)
        if state != self._state:
            self._state = state
            self._more[:] = _more(found)

    async def _act(self, word: str, _event: Any) -> None:
        try:
            told = await act(self._id, word)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note(told, "success")]))
        later(self._following.look)


def _facts(found: JobContent, now: datetime) -> dict[str, Cell]:
    """Return the facts of a job by name; those that are not known are left out."""
    job, local = found.line.job, found.local
    moments = {"Started": job.started_at, "Computed": job.saving_at, "Ended": job.ended_at, "Due": job.due_at}
    asset = Link(found.line.asset, address(f"/assets/{job.asset_id}?tab=status")) if job.asset_id else ""
    facts: dict[str, Cell] = {
        "State": Lines((job_table.state(job), *([job.message] * bool(job.message)))),
        "Took": Lines(tuple(job_table.timing(job, now))),
        "Asset": asset,
        "Result": _result(found),
        **(_schedule(found.row, local) if found.row else {}),
        "Requested": Lines((at(job.enqueued_at, local), f"by {found.line.asker}")),
        "Belief time": Lines((at(job.known_at, local), "Data recorded later are not used.")),
        **{name: at(moment, local) for name, moment in moments.items() if moment},
        "Computing time": span_of(job.cpu_s),
        "Tries": str(job.tries),
        "Queue": Link(job.queue, address(f"/tasks?queue={job.queue}")),
        "Priority": str(job.priority),
        "After": Link(job.after_id, address(f"/tasks/{job.after_id}")) if job.after_id else "",
        "Automation": _automation(found),
        "Worker": Code(job.worker) if job.worker else "",
        "Times in": str(local),
    }
    return {name: value for name, value in facts.items() if value != ""}


def _schedule(row: StoredSchedule, local: ZoneInfo) -> dict[str, Cell]:
    """Return what a schedule covers, costs and could not meet."""
    costs = tuple(f"{card.name}: {card.value}" for card in cost_cards(row.costs, row.currency))
    return {
        "Schedule": Lines((f"{at(row.start, local)} to {at(row.end, local)}", f"by {row.scheduler}, {row.status}")),
        "Costs": Lines(costs) if costs else "",
        "Limits exceeded": breach_text(row.breaches, local),
        "Assumed": Lines(tuple(row.warnings)) if row.warnings else "",
    }


def span_of(seconds: float | None) -> str:
    """Return a computing time as text; empty if it is not known."""
    return "" if seconds is None else f"{seconds:.3f} s"


def _automation(found: JobContent) -> Cell:
    key = found.line.job.automation_id
    return Link(found.line.asker, address(f"/tasks?automation={key}")) if key else ""


def _result(found: JobContent) -> Cell:
    """Return links to the sensors that got values, and how many values those were."""
    job = found.line.job
    if not found.sensors:
        return ""
    links = tuple(Link(name, address(f"/sensors/{key}")) for key, name in found.sensors.items())
    plan = (Link("the plan", address(f"/assets/{job.asset_id}?tab=plan")),) if job.kind == "schedule" else ()
    count = job.result.get("num-beliefs", 0)
    told = f"{count:,} new value{'s' * (count != 1)}" + (f" by {found.source}" if found.source else "")
    return Lines((*plan, *links, told))


def _more(found: JobContent) -> list[Any]:
    """Return what was asked and what came of it, as machines write it."""
    job = found.line.job
    result = {name: value for name, value in job.result.items() if value not in ([], {}, None)}
    parts = [heading("Request"), _document(job.request)]
    parts += [heading("Outcome"), _document(result)] if result else []
    if job.trace and found.may_trace:
        parts += [heading("Traceback"), _text(job.trace)]
    return parts


def _document(content: Mapping[str, Any]) -> Any:
    return _text(json.dumps(content, indent=2, ensure_ascii=False))


def _text(text: str) -> Any:
    style = {"overflow": "auto", "max-height": "420px", "font-size": "13px"}
    told = escape(text, quote=False)  # this pane shows HTML, whatever its name says
    return pn.pane.Str(told, sizing_mode="stretch_width", styles=style, margin=8)
