"""The tab Reports: choose a report, look at it, save it as a file, keep it in sensors."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.filters import Filter, filter_bar
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm
from app.fragments.tabs import TextTab
from app.fragments.templates import note, render
from app.fragments.threads import actor_of, reading, triggering
from app.fragments.visit import Visit
from app.pages.reports.form import (
    ARGUMENT,
    CONFIG,
    asked_report,
    label,
    report_fields,
    report_of,
    usual_inputs,
)
from app.pages.reports.results import report_file, results_html
from app.usecases.jobs.reports import KeptReport, ReportPreview, keep_report, preview_report
from db import assets, listing
from db.assets import Asset
from db.core.database import get
from db.sensors import Sensor, time_zone
from engine import plugins
from engine.errors import EngineError, FieldError
from engine.reporting.reporter import Reporter, ReportSeries
from engine.series.iso_time import MICROSECOND, to_us, zone

USUAL = "EnergyBillReporter"
NO_SENSORS = "This asset has no sensors to report on yet. Add some on the Context tab."
NO_VALUES = "Of these days no value of this report is known. Choose other days or other sensors."
MOST_SENSORS = 500
"""Sensors that are offered, nearest first."""
PAST = timedelta(days=2) // MICROSECOND
"""Age of the first value from which a sensor that a flex-context names is offered first: others are plans alone."""
PRODUCERS = ("solar", "wind")
"""Types of assets that produce energy."""
FILES = {"CSV": "csv", "Excel": "xlsx", "PDF": "pdf"}
EVERY = {"once, for the time above": None, "again each day": "P1D", "again each week": "P7D"}


@dataclass(frozen=True, kw_only=True)
class ReportsContent:
    """Content of the tab."""

    asset: Asset
    place: ZoneInfo
    reporters: Mapping[str, type[Reporter]]
    reporter: str
    """Name of the chosen one."""
    sensors: Sequence[Sensor]
    """Those that may be chosen, nearest first."""
    usual: Mapping[str, int]
    """Sensor of an input by the name of the input."""
    asked: Mapping[str, Any] = field(default_factory=dict)
    """Report in the address, as the API takes it."""
    results: Mapping[str, ReportSeries] | None = None
    """None: none is asked for, or it cannot be computed."""
    problem: str = ""
    may_keep: bool = False

    @property
    def title(self) -> str:
        """Name of the report with its asset."""
        return f"{label(self.reporter)} of {self.asset.name}"


def read_reports(visit: Visit, session: Session, principal: SignedIn) -> ReportsContent:
    """Reporters and sensors to choose from, and the report that the address asks for."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    reporters, problem = dict(sorted(plugins.known("reporters").items())), ""
    actor = actor_of(principal)
    try:
        asked = asked_report(visit) or {}
        if asked:  # addresses are edited by hand: a form can only show what a reporter takes
            actor.read(ReportPreview, asked).request()
    except EngineError as error:
        asked, problem = {}, str(error)
    wanted = visit.query.get("reporter") or str(asked.get("reporter", ""))
    reporter = wanted if wanted in reporters else USUAL if USUAL in reporters else next(iter(reporters))
    asked = asked if asked.get("reporter") == reporter else {}
    context: dict[str, int] = {}
    for layer in assets.lineage(asset):
        named = {name: each.get("sensor") for name, each in layer.flex_context.items() if isinstance(each, dict)}
        context |= {name: key for name, key in named.items() if isinstance(key, int)}
    sensors, own = reportable_sensors(session, principal, asset, context.values())
    now = to_us(datetime.now(UTC))
    past = {name: key for name, key in context.items() if (listing.data_span(session, [key]) or (now,))[0] < now - PAST}
    produces = {row.asset_id for row in sensors if row.asset.asset_type.name in PRODUCERS}
    results = None
    if asked:
        try:
            results = preview_report(session, actor, asset.id, actor.read(ReportPreview, asked))
        except EngineError as error:
            problem = str(error)
    return ReportsContent(
        asset=asset,
        place=zone(time_zone(session, asset.id).key),
        reporters=reporters,
        reporter=reporter,
        sensors=sensors,
        usual=usual_inputs(reporters[reporter], own, past, produces),
        asked=asked,
        results=results,
        problem=problem,
        may_keep=access.may(principal, "create-children", asset),
    )


def reportable_sensors(
    session: Session, principal: SignedIn, asset: Asset, named: Collection[int]
) -> tuple[list[Sensor], list[Sensor]]:
    """Sensors to choose from: of the asset and below it (also alone), of its site, and those named elsewhere."""
    root = assets.lineage(asset)[0]
    near = [row.id for row in assets.own_subtree(session, asset.id)[0]]
    far = [row.id for row in assets.own_subtree(session, root.id)[0] if row.id not in set(near)]
    order = {key: place for place, key in enumerate([*near, *far])}
    rows = sorted(listing.sensors_of(session, order), key=lambda row: (order[row.asset_id], row.id))
    rows += [row for key, row in listing.sensors(session, named).items() if row.asset_id not in order]
    readable = [row for row in rows[:MOST_SENSORS] if access.may(principal, "read", row)]
    return readable, [row for row in readable if row.asset_id in set(near)]


def show_reports(visit: Visit, content: ReportsContent) -> Markup:
    """Choice of the report, its form, and what it comes to."""
    if not content.sensors:
        return note(NO_SENSORS)
    offered = {label(name): name for name in content.reporters}
    shown = filter_bar([Filter(name="reporter", label="Report", value=content.reporter, options=offered)])
    forms = report_forms(visit, content)
    shown += Markup('<p class="small">{}</p>').format(content.reporters[content.reporter].summary)
    shown += form_html("show-report", forms["show-report"])
    shown += note(content.problem, "warning") if content.problem else Markup("")
    if content.results is None:
        return shown
    if not any(np.isfinite(series.values).any() for series in content.results.values()):
        return shown + note(NO_VALUES)
    files = {text: visit.href(tab="reports", data=f"report-{kind}") for text, kind in FILES.items()}
    names = {text: f"{content.title}.{kind}".replace("/", "-") for text, kind in FILES.items()}
    shown += render("report_head", title=content.title, period=period_text(content), files=files, names=names)
    shown += results_html(content.results, content.reporters[content.reporter])
    keeping = forms.get("keep-report")
    return shown + (form_html("keep-report", keeping, opener="Keep this report") if keeping else Markup(""))


def period_text(content: ReportsContent) -> str:
    """Days that a report is about."""
    fields = {each.name: each.value for each in fields_of(content)}
    return f"{fields['start']} to {fields['end']}, {content.place}"


def fields_of(content: ReportsContent) -> list[Field]:
    """Fields of the form of the chosen report."""
    today = datetime.now(UTC).astimezone(content.place).date()
    kind = content.reporters[content.reporter]
    return report_fields(kind, content.sensors, content.usual, content.asked, today)


def report_forms(_visit: Visit, content: ReportsContent) -> dict[str, PageForm]:
    """What may be done here."""
    asking = PageForm(send=partial(send_report, content), fields=fields_of(content), button="Show report", whole=True)
    forms = {"show-report": asking}
    known = [name for name, series in (content.results or {}).items() if len(series.values)]
    if content.may_keep and known:
        fields = [
            Field(name="name", label="Name", value=label(content.reporter), optional=False,
                  help="The names of its sensors begin with it; sensors that are there serve again"),
            Field(name="outputs", label="Results to store", kind="choices", options={n: n for n in known}, value=known),
            Field(name="every", label="Store", kind="choice", options=EVERY, value=None,
                  help="What is repeated stands on the Automations tab"),
        ]  # fmt: skip
        forms["keep-report"] = PageForm(
            send=partial(send_kept, content), fields=fields, button="Store in sensors", whole=True
        )
    return forms


async def send_report(content: ReportsContent, visit: Visit, values: dict[str, Any]) -> Done:
    """Lead to the report that the form describes, once it is known to be computable."""
    asked = report_of(content.reporters[content.reporter], content.sensors, values, content.place)

    def check(session: Session, principal: SignedIn) -> None:
        actor = actor_of(principal)
        preview_report(session, actor, visit.key, actor.read(ReportPreview, asked))

    try:
        await reading(check, visit.principal)
    except FieldError as error:
        outer, _, inner = error.field.partition(".")
        raise (FieldError(f"{CONFIG}{inner}", error.problem) if outer == "config" and inner else error) from None
    text = json.dumps(asked, separators=(",", ":"))
    return Done(href=visit.href(**{"tab": "reports", "reporter": content.reporter, ARGUMENT: text}))


async def send_kept(content: ReportsContent, visit: Visit, values: dict[str, Any]) -> Done:
    """Store the report in sensors, now or again and again."""
    await triggering(
        lambda session, actor: keep_report(
            session, actor, visit.key, actor.read(ReportPreview, content.asked), actor.read(KeptReport, values)
        ),
        visit.principal,
    )
    repeated = " It is repeated by an automation." if values.get("every") else ""
    return Done(text=f"The report is being stored.{repeated} See the sensors on the Context tab.")


def read_file(kind: str, visit: Visit, session: Session, principal: SignedIn) -> bytes:
    """The report in the address as a file; a text that says what is wrong where there is none."""
    content = read_reports(visit, session, principal)
    if content.results is None:
        return (content.problem or "The address holds no report.").encode()
    return report_file(content.results, kind, title=f"{content.title}, {period_text(content)}")


TAB = TextTab(read=read_reports, show=show_reports, forms=report_forms)
DATA = {f"report-{kind}": partial(read_file, kind) for kind in FILES.values()}
"""Files that the tab offers, by their names in the address."""
