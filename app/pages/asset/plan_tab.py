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
from app.assemble.site import flex_config
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.pages.asset.context_tab import heading
from app.pages.asset.plan_now import PlanNow
from app.pages.charts import charts
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from components.charts.schedule_chart import ScheduleChart, Store
from components.charts.traces import Trace
from components.tables.kpis import Kpi, Kpis
from db import assets
from db.assets import Asset
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.core.database import get
from db.jobs import jobs
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import EngineError
from engine.iso_time import from_us, zone
from engine.solve.status import Status
from engine.units import units

NO_PLAN = "No schedule yet. Press 'Run schedule', use 'flexscope add schedule', or trigger one over the API."
BEFORE = timedelta(days=8)
"""How long before its last event a plan may have begun."""
KEPT = timedelta(days=30)
PLANS = SourceFilter(types=("scheduler",))


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
    job: Job | None = None
    """The newest job that made a plan of this asset."""
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
    tree = {each.id: each for each in assets.subtree(session, asset_id) if access.may(who, "read", each)}
    sensors = [sensor for sensor in listing.sensors_of(session, tree) if sensor.asset_id in tree]
    newest = listing.newest_plan(session, [sensor.id for sensor in sensors])
    if newest is None:
        return found
    end = from_us(newest.last_event_us) + timedelta(days=1)
    fields = flex_config.context(asset, {}).fields
    total = _sensor_of(fields.get("aggregate-power"))
    for sensor in sensors:
        planned = store.read_per_source(session, sensor, end - BEFORE, end, known_at=now, sources=PLANS)
        lines = lines_of(sensor, planned, listing.sources(session, planned))
        _sort(found, sensor, lines, is_total=sensor.id == total, model=tree[sensor.asset_id].flex_model)
    found.prices = _prices(session, who, fields, found)
    found.limit = _amount(fields.get("site-power-capacity"), found.connection[0].unit if found.connection else "kW")
    found.job = next((job for job in asked if job.status == "FINISHED"), None)
    return found


def _sort(found: PlanContent, sensor: Sensor, lines: list[Trace], *, is_total: bool, model: Mapping[str, Any]) -> None:
    """Put the lines of a sensor where they belong: connection, stored energy or power of a device."""
    if is_total:
        found.connection += lines
    elif lines and lines[0].quantity == "state of charge":
        low, high = (_amount(model.get(name), sensor.unit) for name in ("soc-min", "soc-max"))
        bounds = None if low is None or high is None else (low, high)
        found.stores += [Store(line, bounds) for line in lines]
    else:
        found.devices += lines


def _sensor_of(value: Any) -> object:
    return value.get("sensor") if isinstance(value, dict) else None


def _amount(text: Any, unit: str) -> float | None:
    """Return a fixed quantity in a unit; None where it is not fixed, not given, or of another kind."""
    if not isinstance(text, str):
        return None
    try:
        return units.quantity(text, unit, field="limit")
    except EngineError:
        return None


def _prices(session: Session, who: SignedIn, fields: Mapping[str, Any], found: PlanContent) -> list[Trace]:
    """Return the prices the plan answers to, over the time of the plan."""
    planned = [line.present[0] for line in (*found.devices, *found.connection) if len(line.present[0])]
    keys = [_sensor_of(fields.get(name)) for name in ("consumption-price", "production-price")]
    seen = References(session, who).readable(keys)
    if not planned:
        return []
    start, end = from_us(int(min(line[0] for line in planned))), from_us(int(max(line[-1] for line in planned)))
    lines: list[Trace] = []
    for sensor in seen.values():
        span = charts.ChartSpan(start - sensor.resolution, end + sensor.resolution, known_at=datetime.now(UTC))
        known = charts.read_sensor(session, sensor, span)
        lines += lines_of(sensor, known, listing.sources(session, known))
    return [line.converted(lines[0].unit) for line in lines]


def _show(page: Shell, found: PlanContent) -> Sequence[Any]:
    place = pn.Column(*_plan(page, found), sizing_mode="stretch_width")
    if not found.may_plan:
        return [place]
    again = partial(fill, place, partial(_read, found.asset.id), partial(_plan, page))
    return [PlanNow(found.asset.id, done=again, under_way=found.under_way), place]


def _plan(page: Shell, found: PlanContent) -> list[Any]:
    if not (found.devices or found.connection):
        return [note(NO_PLAN)]
    chart = ScheduleChart(
        prices=found.prices,
        devices=found.devices,
        connection=found.connection,
        limit=found.limit,
        stores=found.stores,
        zone=str(found.local),
    )
    page.follow(chart)
    return [*_costs(found), chart]


def _costs(found: PlanContent) -> list[Any]:
    """Return the costs of the newest job by name, and what it assumed or could not meet."""
    if found.job is None:
        return []
    result, made = found.job.result, found.job.known_at.astimezone(found.local)
    currency = result.get("currency", "")
    costs = result.get("commitment-costs", {})
    named = {name.replace("-", " ").capitalize(): cost for name, cost in costs.items()}
    named |= {"Total": sum(costs.values())} if len(costs) > 1 else {}
    items = [Kpi(name, f"{cost:,.2f} {currency}".strip()) for name, cost in named.items()]
    title = f"Costs of the schedule requested {made:%a %-d %b %H:%M} ({found.local})"
    warnings = [note(text, "warning") for text in result.get("warnings", [])]
    left = result.get("unresolved")
    gap = result.get("solver", {}).get("gap")
    if gap and result.get("status") == Status.WITHIN_GAP:
        warnings.append(
            note(f"No other schedule is cheaper by more than {100 * gap:.2g} % of this one's cost.", "info")
        )
    breaches = [heading("Limits the schedule exceeds"), note(str(left), "warning")] if left else []
    return [*([Kpis(title=title, items=items)] if items else []), *warnings, *breaches]
