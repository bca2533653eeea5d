"""Tab Graphs of an asset: the numbers of its latest schedule, and its charts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
from sqlalchemy.orm import Session

from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.pages.asset import graph_editor, plan_cards
from app.pages.asset.graph_editor import Editable, GraphEditor
from app.pages.asset.plan_cards import BEFORE_ROWS, LatestSchedule
from app.pages.charts import graphs
from app.pages.charts.annotations import AnnotationTarget
from app.pages.charts.graphs import ChartSpan, Graphs
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.charts.traces import Chart
from db.assets import Asset
from db.core import listing
from db.core.database import get
from engine.series.iso_time import zone

NO_SENSORS = (
    "This asset has no sensors yet. Add one on the Context tab, with 'flexscope add sensor --asset {id} …' on the "
    "server, or with POST /api/v3_0/sensors. To show sensors of other assets here, choose them with 'Edit graphs'."
)


@dataclass(frozen=True, kw_only=True)
class GraphsContent:
    """Content of the tab."""

    asset_id: int
    plan: list[ShownChart]
    charts: list[Chart]
    span: tuple[datetime, datetime]
    local: ZoneInfo
    latest: LatestSchedule | None
    is_older: bool
    """Whether there are schedules only of a version that kept nothing but their values."""
    editable: Editable | None
    """What the graph editor begins with; None: the user may not edit."""


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    return Part("graphs", "Graphs", _reader(asset_id), partial(show_graphs, page))


def _reader(asset_id: int) -> Callable[[Session, SignedIn], GraphsContent]:
    """Reader of the tab over the time range that is in the address now."""
    return partial(read_graphs, asset_id, (query("start"), query("end")))


def read_graphs(
    asset_id: int, arguments: tuple[str | None, str | None], session: Session, principal: SignedIn
) -> GraphsContent:
    """Charts of an asset over the time range that the address asks for, with its latest schedule."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    local, now = zone(principal.timezone), datetime.now(UTC)
    plan = graphs.charts_of_asset(session, asset)
    data = listing.data_span(session, {key for chart in plan for key in chart.sensors})
    span = time_range.asked(*arguments, local) or time_range.usual(data, now=now, local=local)
    latest = plan_cards.latest_schedule(session, principal, asset_id, as_of=now)
    return GraphsContent(
        asset_id=asset_id,
        plan=plan,
        charts=graphs.read_charts(session, principal, plan, ChartSpan(*span, known_at=now)),
        span=span,
        local=local,
        latest=latest,
        is_older=latest is None and listing.has_schedule(session, [asset_id]),
        editable=graph_editor.read_editable(session, principal, asset, plan)
        if access.may(principal, "update", asset)
        else None,
    )


def show_graphs(page: Shell, content: GraphsContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    place = pn.Column(sizing_mode="stretch_width")

    def read_again() -> None:
        saved = note("Graphs saved.", "success")
        fill(place, _reader(content.asset_id), lambda now: [saved, *_parts(page, now, read_again)])

    place[:] = _parts(page, content, read_again)
    return [place]


def _parts(page: Shell, content: GraphsContent, saved: Callable[[], None]) -> list[Any]:
    """Editor, cards and charts; ``saved`` is called once the editor has saved."""
    graphs = None
    if content.plan:
        shown_sensors = [key for chart in content.plan for key in chart.sensors]
        target = AnnotationTarget(kind=Asset, id=content.asset_id, sensors=shown_sensors)
        graphs = Graphs(
            plan=content.plan, charts=content.charts, span=content.span, local=content.local, place=target
        )  # fmt: skip
        page.follow(graphs.series)
    shown: list[Any] = [graphs or note(NO_SENSORS.format(id=content.asset_id))]
    if content.latest:
        shown.insert(0, plan_cards.schedule_cards(content.latest, str(content.local)))
    if content.is_older:
        shown.insert(0, note(BEFORE_ROWS, "info"))
    if content.editable is not None and content.editable.offered:
        preview = graphs.draw if graphs else lambda _plan: None
        shown.insert(0, GraphEditor(content.asset_id, content.editable, preview=preview, saved=saved))
    return shown
