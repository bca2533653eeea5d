"""Tab Chart of a sensor: its values over time, a line for each source."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.charts import charts
from app.pages.charts.annotations import AnnotationTarget
from app.pages.charts.charts import ChartSpan
from app.pages.charts.graphs import Graphs
from app.widgets import time_range
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.charts.traces import Chart
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from engine.iso_time import zone

HEIGHT = 380
"""Of the one chart [px]."""


@dataclass(frozen=True)
class ChartContent:
    """What the tab shows."""

    plan: list[ShownChart]
    charts: list[Chart]
    span: tuple[datetime, datetime]
    local: ZoneInfo


def part(page: Shell, sensor_id: int) -> Part:
    """Return the tab."""
    asked = (query("start"), query("end"))
    return Part("chart", "Chart", partial(_read, sensor_id, asked), partial(_show, page))


def _read(sensor_id: int, asked: tuple[str | None, str | None], session: Session, who: SignedIn) -> ChartContent:
    access.check(who, "read", get(session, Sensor, sensor_id))
    local, now = zone(who.timezone), datetime.now(UTC)
    plan = [ShownChart("", [sensor_id])]
    data = listing.data_span(session, [sensor_id])
    span = time_range.asked(*asked, local) or time_range.usual(data, now=now, local=local)
    return ChartContent(plan, charts.read(session, who, plan, ChartSpan(*span, known_at=now)), span, local)


def _show(page: Shell, found: ChartContent) -> Sequence[Any]:
    place = AnnotationTarget(kind=Sensor, id=found.plan[0].sensors[0], sensors=found.plan[0].sensors)
    graphs = Graphs(plan=found.plan, charts=found.charts, span=found.span, local=found.local, place=place)
    graphs.series.height = HEIGHT
    page.follow(graphs.series)
    return [graphs]
