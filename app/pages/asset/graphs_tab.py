"""Tab Graphs of an asset: the numbers of its latest plan, and the charts it wants shown."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import panel as pn
from sqlalchemy.orm import Session

from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset import graph_editor, plan_cards
from app.pages.asset.graph_editor import Editable, GraphEditor
from app.pages.asset.plan_cards import BEFORE_ROWS, LatestSchedule
from app.pages.charts import charts
from app.pages.charts.annotations import AnnotationTarget
from app.pages.charts.charts import ChartSpan
from app.pages.charts.graphs import Graphs
from app.widgets import time_range
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.charts.traces import Chart
from db.assets import Asset
from db.core import listing
from db.core.database import get
from engine.iso_time import zone

NO_SENSORS = (
    "This asset has no sensors yet. Add one on the tab Context, with 'flexscope add sensor --asset {id} …', or post it "
    "to /api/v3_0/sensors; those of other assets are shown once they are chosen with 'Edit graphs'."
)


@dataclass(frozen=True, kw_only=True)
class GraphsContent:
    """What the tab shows."""

    asset_id: int
    plan: list[ShownChart]
    charts: list[Chart]
    span: tuple[datetime, datetime]
    local: ZoneInfo
    latest: LatestSchedule | None
    is_older: bool
    """Whether there are schedules only of a version that kept nothing but their values."""
    editable: Editable | None
    """What may be edited of the charts; None: nothing."""


Read: TypeAlias = Callable[[Session, SignedIn], GraphsContent]


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("graphs", "Graphs", _reader(asset_id), partial(_show, page))


def _reader(asset_id: int) -> Read:
    """Return what reads the tab, over the time range that is in the address now."""
    return partial(_read, asset_id, (query("start"), query("end")))


def _read(asset_id: int, asked: tuple[str | None, str | None], session: Session, who: SignedIn) -> GraphsContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    local, now = zone(who.timezone), datetime.now(UTC)
    plan = charts.wanted(session, asset)
    data = listing.data_span(session, {key for chart in plan for key in chart.sensors})
    span = time_range.asked(*asked, local) or time_range.usual(data, now=now, local=local)
    latest = plan_cards.latest_schedule(session, who, asset_id, as_of=now)
    return GraphsContent(
        asset_id=asset_id,
        plan=plan,
        charts=charts.read(session, who, plan, ChartSpan(*span, known_at=now)),
        span=span,
        local=local,
        latest=latest,
        is_older=latest is None and listing.has_schedule(session, [asset_id]),
        editable=graph_editor.read(session, who, asset, plan) if access.may(who, "update", asset) else None,
    )


def _show(page: Shell, found: GraphsContent) -> Sequence[Any]:
    place = pn.Column(sizing_mode="stretch_width")

    def again() -> None:
        told = note("Graphs saved.", "success")
        fill(place, _reader(found.asset_id), lambda now: [told, *_parts(page, now, again)])

    place[:] = _parts(page, found, again)
    return [place]


def _parts(page: Shell, found: GraphsContent, again: Callable[[], None]) -> list[Any]:
    """Return editor, cards and charts; once the editor has saved, all are read again."""
    graphs = _graphs(page, found) if found.plan else None
    shown: list[Any] = [graphs or note(NO_SENSORS.format(id=found.asset_id))]
    if found.latest:
        shown.insert(0, plan_cards.cards(found.latest, str(found.local)))
    if found.is_older:
        shown.insert(0, note(BEFORE_ROWS, "info"))
    if found.editable is not None and found.editable.offered:
        preview = graphs.draw if graphs else lambda _plan: None
        shown.insert(0, GraphEditor(found.asset_id, found.editable, preview=preview, saved=again))
    return shown


def _graphs(page: Shell, found: GraphsContent) -> Graphs:
    place = AnnotationTarget(
        kind=Asset, id=found.asset_id, sensors=[key for chart in found.plan for key in chart.sensors]
    )
    graphs = Graphs(plan=found.plan, charts=found.charts, span=found.span, local=found.local, place=place)
    page.follow(graphs.series)
    return graphs
