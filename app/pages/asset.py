"""One asset: what it is, its charts above each other, and the numbers of its latest schedule."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble import plan_summary
from app.assemble.plan_summary import PlanSummary
from app.auth import access
from app.auth.identity import SignedIn
from app.pages import charts, plan_cards, time_range
from app.pages.charts import Span, Wanted
from app.pages.graphs import Graphs
from app.pages.shell import Shell, address, plain, query
from components.asset_cards import AssetCards, Card, words
from components.traces import Chart
from db import listing
from db.assets import Asset
from db.base import get
from db.sensors import of_asset
from engine.iso_time import zone

NO_SENSORS = (
    "This asset has no sensors yet. Add one with 'flexscope add sensor --asset {id} …', or post it to "
    "/api/v3_0/sensors; then choose what to show in sensors_to_show."
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the page shows."""

    asset: Asset
    above: list[Asset]
    """The assets this one is part of, nearest first."""
    below: list[Asset]
    sensors: int
    plan: list[Wanted]
    charts: list[Chart]
    span: tuple[datetime, datetime]
    local: ZoneInfo
    latest: PlanSummary | None
    by: str
    """Who made the latest plan."""


def view() -> Shell:
    """Return the page of the asset in the address."""
    page = Shell("Asset", at="/assets")
    wanted = (query("start"), query("end"))
    page.fill(partial(_read, int(pn.state.route_params["id"]), wanted), partial(_show, page))
    return page


def _read(asset_id: int, wanted: tuple[str | None, str | None], work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    local, now = zone(who.timezone), datetime.now(UTC)
    plan = charts.wanted(work, asset)
    data = listing.data_span(work, {key for chart in plan for key in chart.sensors})
    span = time_range.asked(*wanted, local) or time_range.usual(data, now=now, local=local)
    latest = plan_summary.latest(work, asset, known_at=now)
    return Found(
        asset=asset,
        above=[above for above in lineage(asset) if access.may(who, "read", above)],
        below=[below for below in asset.children if access.may(who, "read", below)],
        sensors=len(of_asset(work, asset.id)),
        plan=plan,
        charts=charts.read(work, who, plan, Span(*span, known_at=now)),
        span=span,
        local=local,
        latest=latest,
        by=listing.sources(work, [latest.source_id])[latest.source_id].description if latest else "",
    )


def lineage(asset: Asset) -> list[Asset]:
    """Return the assets an asset is part of, nearest first."""
    found = []
    while asset.parent is not None:
        asset = asset.parent
        found.append(asset)
    return found


def _show(page: Shell, found: Found) -> Sequence[Any]:
    asset = found.asset
    page.rename(asset.name)
    head: list[Any] = [_trail(found), _facts(found)]
    if found.latest is not None:
        head.append(plan_cards.cards(found.latest, found.by, found.local))
    if not found.plan:
        note = NO_SENSORS.format(id=asset.id)
        return [*head, pmui.Alert(note, severity="info", sizing_mode="stretch_width"), *_parts(found)]
    graphs = Graphs(plan=found.plan, charts=found.charts, span=found.span, local=found.local)
    page.follow(graphs.series)
    return [*head, graphs, *_parts(found)]


def _trail(found: Found) -> pn.viewable.Viewable:
    """Return the way here: the list of assets, the assets this one is part of, itself."""
    items: list[dict[str, Any]] = [{"label": "Assets", "href": address("/assets")}]
    items += [{"label": above.name, "href": address(f"/assets/{above.id}")} for above in reversed(found.above)]
    items.append({"label": found.asset.name})
    return pmui.Breadcrumbs(items=items, active=len(items) - 1, margin=(0, 8))


def _facts(found: Found) -> pn.viewable.Viewable:
    asset = found.asset
    parts = [words(asset.asset_type.name), f"{found.sensors} sensor{'' if found.sensors == 1 else 's'}"]
    parts += [asset.description] if asset.description else []
    return pmui.Typography(plain(" · ".join(parts)), variant="body2", margin=(0, 8, 8, 8))


def _parts(found: Found) -> list[Any]:
    """Return links to the assets this one consists of."""
    if not found.below:
        return []
    cards = [
        Card(name=part.name, kind=part.asset_type.name, href=address(f"/assets/{part.id}")) for part in found.below
    ]
    heading = pmui.Typography("Parts of this asset", variant="h3", sx={"fontSize": "1rem"}, margin=(20, 8, 0, 8))
    return [heading, AssetCards(cards=cards)]
