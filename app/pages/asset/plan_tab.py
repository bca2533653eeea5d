"""Tab Plan of an asset: the latest plan of its devices, what it costs, and a new one at a click."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.pages.asset.context_tab import heading
from app.pages.asset.plan_cards import BEFORE_ROWS, breach_text, cost_cards
from app.pages.asset.plan_now import PlanNow
from app.pages.charts import charts
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.traces import Trace
from components.tables.kpis import Kpis
from db import assets, schedules
from db.assets import Asset
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.core.database import get
from db.jobs import jobs
from db.schedules import CONNECTION, SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.iso_time import MICROSECOND, zone
from engine.solve.backend import Status
from engine.units import units

NO_PLAN = "No schedule yet. Press 'Run schedule', use 'flexscope add schedule', or trigger one over the API."
KEPT = timedelta(days=30)
"""How far back jobs under way are looked for."""


@dataclass(kw_only=True)
class PlanContent:
    """What the tab shows."""

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
    is_older: bool = False
    """Whether there are schedules only of a version that kept nothing but their values."""
    under_way: str | None = None
    """The newest job that is to make one."""


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("plan", "Plan", partial(_read, asset_id), partial(_show, page))


def _read(asset_id: int, session: Session, who: SignedIn) -> PlanContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    now = datetime.now(UTC)
    found = PlanContent(asset=asset, may_plan=access.may(who, "create-children", asset), local=zone(who.timezone))
    asked = [job for job in jobs.recent(session, [asset_id], since=KEPT, now=now) if job.kind == "schedule"]
    found.under_way = next((job.id for job in asked if job.is_pending and (job.tries or not job.due_at)), None)
    tree = [each.id for each in assets.subtree(session, asset_id) if access.may(who, "read", each)]
    found.row = schedules.newest_with_outputs(session, tree, as_of=now)
    if found.row is None:
        found.is_older = listing.has_schedule(session, tree)
        return found
    references = References(session, who)
    shown = references.readable(output.sensor_id for output in found.row.outputs)
    for key, sensor in shown.items():
        if sensor.asset_id in tree:
            output = next(output for output in found.row.outputs if output.sensor_id == key)
            _sort(found, output, _lines(session, sensor, found.row), sensor.unit)
    electricity = found.row.connection("electricity")
    found.prices = _prices(references, found.row, electricity)
    limit = electricity.get("consumption-limit")
    if limit is not None and found.connection:
        found.limit = float(units.convert(limit, "kW", found.connection[0].unit))
    return found


def _lines(session: Session, sensor: Sensor, row: StoredSchedule) -> list[Trace]:
    """Return what a schedule says of a sensor as a line, also where a later schedule says something else."""
    if row.source_id is None:
        return []
    span = charts.ChartSpan(row.start, row.end + MICROSECOND, known_at=row.belief_time)
    only = SourceFilter(ids=[row.source_id])
    known = store.read_per_source(session, sensor, span.start, span.end, known_at=span.known_at, sources=only)
    return lines_of(sensor, known, listing.sources(session, known))


def _sort(found: PlanContent, output: ScheduleOutput, lines: list[Trace], unit: str) -> None:
    """Put the lines of a sensor where they belong: connection, stored energy or power of a device."""
    if output.role == CONNECTION:
        found.connection += lines
    elif output.role == SOC:
        low, high = (output.numbers.get(name) for name in ("soc-min", "soc-max"))
        bounds = None
        if low is not None and high is not None and unit != "%":
            bounds = (float(units.convert(low, "kWh", unit)), float(units.convert(high, "kWh", unit)))
        found.stores += [Store(line, bounds) for line in lines]
    else:
        found.devices += lines


def _prices(references: References, row: StoredSchedule, connection: Mapping[str, Any]) -> list[Trace]:
    """Return the prices a schedule answers to, as they were known to it; those that may not be read are left out."""
    written = [connection.get(name) for name in ("consumption-price", "production-price")]
    lines: list[Trace] = []
    for sensor in references.readable(
        each["sensor"] for each in written if isinstance(each, dict) and "sensor" in each
    ).values():
        span = charts.ChartSpan(row.start - sensor.resolution, row.end, known_at=row.belief_time)
        known = charts.read_sensor(references.session, sensor, span)
        lines += lines_of(sensor, known, listing.sources(references.session, known))
    return [line.converted(lines[0].unit) for line in lines]


def _show(page: Shell, found: PlanContent) -> Sequence[Any]:
    place = pn.Column(*_plan(page, found), sizing_mode="stretch_width")
    if not found.may_plan:
        return [place]
    again = partial(fill, place, partial(_read, found.asset.id), partial(_plan, page))
    return [PlanNow(found.asset.id, done=again, under_way=found.under_way), place]


def _plan(page: Shell, found: PlanContent) -> list[Any]:
    if found.row is None:
        return [note(BEFORE_ROWS if found.is_older else NO_PLAN)]
    chart = ScheduleChart(
        prices=found.prices,
        devices=found.devices,
        connection=found.connection,
        limit=found.limit,
        stores=found.stores,
        zone=str(found.local),
    )
    page.follow(chart)
    return [*_costs(found.row, found.local), chart]


def _costs(row: StoredSchedule, local: ZoneInfo) -> list[Any]:
    """Return the costs of a schedule by name, and what it assumed or could not meet."""
    title = f"Costs of the schedule requested {row.belief_time.astimezone(local):%a %-d %b %H:%M} ({local})"
    shown: list[Any] = [Kpis(title=title, items=cost_cards(row.costs, row.currency))] if row.costs else []
    shown += [note(text, "warning") for text in row.warnings]
    if row.gap and row.status == Status.WITHIN_GAP:
        shown.append(
            note(f"No other schedule is cheaper by more than {100 * row.gap:.2g} % of this one's cost.", "info")
        )
    if row.breaches:
        shown += [heading("Limits the schedule exceeds"), note(breach_text(row.breaches, local), "warning")]
    return shown
