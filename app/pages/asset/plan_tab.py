"""Tab Plan of an asset: the latest schedule of its devices with its costs, and a button that runs a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from app.assemble.schedule_facts import nearness
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.job_access import readable_warnings
from app.auth.access.references import References
from app.pages.asset.plan_cards import BEFORE_ROWS, breach_text, cost_cards
from app.pages.asset.plan_now import PlanNow
from app.pages.charts import graphs
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell, section_heading
from app.widgets.tabs import Part
from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.traces import Trace
from components.tables.kpis import Kpis
from db import assets, schedules
from db.assets import Asset
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core import listing
from db.core.database import get
from db.jobs import jobs
from db.schedules import CONNECTION, GUIDANCE, SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.series.iso_time import MICROSECOND, to_us, zone
from engine.site import Status
from engine.units import units

NO_PLAN = (
    "No schedule yet. Press 'Run schedule', run 'flexscope add schedule' on the server, or request one with "
    "POST /api/v3_0/assets/{id}/schedules/trigger."
)
KEPT = timedelta(days=30)
"""How far back jobs under way are searched."""


@dataclass(kw_only=True)
class PlanContent:
    """Content of the tab."""

    asset: Asset
    may_plan: bool
    local: ZoneInfo
    prices: list[Trace] = field(default_factory=list)
    devices: list[Trace] = field(default_factory=list)
    connection: list[Trace] = field(default_factory=list)
    stores: list[Store] = field(default_factory=list)
    limit: float | None = None
    row: StoredSchedule | None = None
    """The newest schedule of this asset and those below it."""
    costs: dict[str, float] = field(default_factory=dict)
    """Its costs by name; empty, like breaches and warnings, if it is of a site that the user may not read."""
    breaches: list[dict[str, Any]] = field(default_factory=list)
    """Limits that it does not keep."""
    warnings: list[str] = field(default_factory=list)
    """Its warnings, as far as the user may read what they quote."""
    is_older: bool = False
    """Whether there are schedules only of a version that kept nothing but their values."""
    under_way: str | None = None
    """Id of the newest job that computes one."""


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    return Part("plan", "Plan", partial(read_plan, asset_id), partial(show_plan, page))


def read_plan(asset_id: int, session: Session, principal: SignedIn) -> PlanContent:
    """Newest schedule of an asset and those below it, as lines of charts, as far as the user may read them."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    now = datetime.now(UTC)
    content = PlanContent(
        asset=asset, may_plan=access.may(principal, "create-children", asset), local=zone(principal.timezone)
    )
    requested = [job for job in jobs.recent(session, [asset_id], since=KEPT, now=now) if job.kind == "schedule"]
    content.under_way = next((job.id for job in requested if job.is_pending and (job.tries or not job.due_at)), None)
    tree = [each.id for each in assets.subtree(session, asset_id) if access.may(principal, "read", each)]
    content.row = schedules.newest_with_outputs(session, tree, as_of=now)
    if content.row is None:
        content.is_older = listing.has_schedule(session, tree)
        return content
    references = References(session, principal)
    if access.may(principal, "read", get(session, Asset, content.row.asset_id)):
        content.costs, content.breaches = content.row.costs, content.row.breaches
        content.warnings = readable_warnings(references, content.row)
    shown = references.readable(output.sensor_id for output in content.row.outputs)
    for key, sensor in shown.items():
        if sensor.asset_id in tree:
            output = next(output for output in content.row.outputs if output.sensor_id == key)
            add_lines(content, output, schedule_lines(session, sensor, content.row), sensor.unit)
    electricity = content.row.connection("electricity")
    content.prices = price_lines(references, content.row, electricity)
    limit = electricity.get("consumption-limit")
    if limit is not None and content.connection:
        content.limit = float(units.convert(limit, "kW", content.connection[0].unit))
    return content


def schedule_lines(session: Session, sensor: Sensor, row: StoredSchedule) -> list[Trace]:
    """Values of a schedule for a sensor as a line, also where a later schedule has other values."""
    if row.source_id is None:
        return []
    span = graphs.ChartSpan(row.start, row.end + MICROSECOND, known_at=row.belief_time)
    only = SourceFilter(ids=[row.source_id])
    known = store.read_per_source(
        session, sensor, BeliefQuery(span.start, span.end, known_at=span.known_at, sources=only)
    )
    return lines_of(sensor, known, listing.sources(session, known))


def add_lines(content: PlanContent, output: ScheduleOutput, lines: list[Trace], unit: str) -> None:
    """Add the lines of a sensor to the chart of its role: connection, stored energy or power of a device."""
    if output.role == CONNECTION:
        content.connection += lines
    elif output.role == SOC:
        low, high = (output.numbers.get(name) for name in ("soc-min", "soc-max"))
        bounds = None
        if low is not None and high is not None and unit != "%":
            bounds = (float(units.convert(low, "kWh", unit)), float(units.convert(high, "kWh", unit)))
        content.stores += [Store(line, bounds) for line in lines]
    elif output.role != GUIDANCE:
        content.devices += lines


def price_lines(references: References, row: StoredSchedule, connection: Mapping[str, Any]) -> list[Trace]:
    """Prices of a schedule as they were known to it, in one unit; without those that the user may not read."""
    prices = [connection.get(name) for name in ("consumption-price", "production-price")]
    price_sensors = [price["sensor"] for price in prices if isinstance(price, dict) and "sensor" in price]
    lines: list[Trace] = []
    for sensor in references.readable(price_sensors).values():
        span = graphs.ChartSpan(row.start - sensor.resolution, row.end, known_at=row.belief_time)
        known = graphs.read_by_source(references.session, sensor, span)
        lines += lines_of(sensor, known, listing.sources(references.session, known))
    return [line.converted(lines[0].unit) for line in lines]


def show_plan(page: Shell, content: PlanContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    place = pn.Column(*_schedule_parts(page, content), sizing_mode="stretch_width")
    if not content.may_plan:
        return [place]
    again = partial(fill, place, partial(read_plan, content.asset.id), partial(_schedule_parts, page))
    return [PlanNow(content.asset.id, done=again, under_way=content.under_way), place]


def _schedule_parts(page: Shell, content: PlanContent) -> list[Any]:
    """Costs of the schedule, its assumptions and exceeded limits, and its charts."""
    row, local = content.row, content.local
    if row is None:
        return [note(BEFORE_ROWS if content.is_older else NO_PLAN.format(id=content.asset.id))]
    shown: list[Any] = []
    if content.costs:
        requested = f"{row.belief_time.astimezone(local):%a %-d %b %H:%M} ({local})"
        title = f"Costs of the schedule requested {requested}"
        shown.append(Kpis(title=title, items=cost_cards(content.costs, row.currency)))
    shown += [note(text, "warning") for text in content.warnings]
    if row.gap and row.status == Status.WITHIN_GAP:
        shown.append(note(f"The cost is {nearness(row.gap)}."))
    if content.breaches:
        shown += [section_heading("Limits exceeded"), note(breach_text(content.breaches, local), "warning")]
    chart = ScheduleChart(
        prices=content.prices,
        devices=content.devices,
        connection=content.connection,
        limit=content.limit,
        stores=content.stores,
        zone=str(content.local),
        now=to_us(datetime.now(UTC)),
    )
    page.follow(chart)
    return [*shown, chart]
