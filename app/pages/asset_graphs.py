"""Tab Graphs of an asset: the numbers of its latest plan, and the charts it wants shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.assemble import plan_summary
from app.assemble.plan_summary import PlanSummary
from app.assemble.showing import Wanted
from app.auth import access
from app.auth.identity import SignedIn
from app.pages import charts, plan_cards, time_range
from app.pages.charts import Span
from app.pages.filling import note
from app.pages.graphs import Graphs
from app.pages.remarks import Place
from app.pages.shell import Shell, query
from app.pages.tabs import Part
from components.traces import Chart
from db import listing
from db.assets import Asset
from db.base import get
from engine.iso_time import zone

NO_SENSORS = (
    "This asset has no sensors yet. Add one with 'flexscope add sensor --asset {id} …', or post it to "
    "/api/v3_0/sensors; then choose what to show in sensors_to_show."
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tab shows."""

    asset_id: int
    plan: list[Wanted]
    charts: list[Chart]
    span: tuple[datetime, datetime]
    local: ZoneInfo
    latest: PlanSummary | None
    by: str
    """Who made the latest plan."""


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    asked = (query("start"), query("end"))
    return Part("graphs", "Graphs", partial(_read, asset_id, asked), partial(_show, page))


def _read(asset_id: int, asked: tuple[str | None, str | None], work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    local, now = zone(who.timezone), datetime.now(UTC)
    plan = charts.wanted(work, asset)
    data = listing.data_span(work, {key for chart in plan for key in chart.sensors})
    span = time_range.asked(*asked, local) or time_range.usual(data, now=now, local=local)
    latest = plan_summary.latest(work, asset, known_at=now)
    return Found(
        asset_id=asset_id,
        plan=plan,
        charts=charts.read(work, who, plan, Span(*span, known_at=now)),
        span=span,
        local=local,
        latest=latest,
        by=listing.sources(work, [latest.source_id])[latest.source_id].description if latest else "",
    )


def _show(page: Shell, found: Found) -> Sequence[Any]:
    if not found.plan:
        return [note(NO_SENSORS.format(id=found.asset_id))]
    place = Place(kind=Asset, id=found.asset_id, sensors=[key for chart in found.plan for key in chart.sensors])
    graphs = Graphs(plan=found.plan, charts=found.charts, span=found.span, local=found.local, place=place)
    page.follow(graphs.series)
    return [plan_cards.cards(found.latest, found.by, found.local), graphs] if found.latest else [graphs]
