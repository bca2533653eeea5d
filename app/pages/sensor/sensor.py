"""The page of a sensor, with its tabs Chart (values over time) and Statistics (by source)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.page import TextPage
from app.fragments.tabs import open_tab, tab_list
from app.fragments.time_bar import ShownTime, shown_time, time_bar
from app.fragments.visit import Fragment, Visit, address
from app.pages.charts import chart_data, replay
from app.pages.charts.annotations import AnnotationTarget, annotation_forms
from app.pages.charts.chart_data import ChartSubject, refusable
from app.pages.charts.stack import ChartTools, charts_html
from app.pages.sensor import data_tab, pattern_tabs, settings_tab
from app.pages.sensor.pattern_tabs import NO_DATA
from app.web.context import current
from app.widgets.layout import Shell, query, section_heading
from app.widgets.tabs import Part
from components.tables.fact_table import Cell, FactTable, Link
from components.theme import line_role
from db.beliefs import statistics
from db.beliefs.statistics import Statistics
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import iso_duration, zone

HEIGHT = 380
"""Height of the chart [px]."""


def read_sensor(sensor_id: int, session: Session, principal: SignedIn) -> Sensor:
    """Sensor that the user may read."""
    sensor = get(session, Sensor, sensor_id)
    access.check(principal, "read", sensor)
    return sensor


@dataclass(frozen=True, kw_only=True)
class SensorHead:
    """Content above the tabs."""

    sensor: Sensor
    chosen: str
    """Tab that is open."""
    time: ShownTime | None
    """Time range that the tab shows; None: it shows none."""
    may_annotate: bool


def read_head(visit: Visit, session: Session, principal: SignedIn) -> SensorHead:
    """Sensor in the address."""
    sensor, chosen = read_sensor(visit.key, session, principal), open_tab(TABS, visit.query.get("tab"))
    time = None
    if chosen in TIMED:
        time = shown_time(visit, listing.data_span(session, [sensor.id]), usual=TIMED[chosen])
    may_annotate = access.may(principal, "create-children", sensor)
    return SensorHead(sensor=sensor, chosen=chosen, time=time, may_annotate=may_annotate)


def show_sensor(visit: Visit, head: SensorHead) -> Fragment:
    """What stands above the tabs, and the tabs; the content of the one that is open is live."""
    sensor = head.sensor
    resolution = f"every {iso_duration(sensor.resolution)}" if sensor.resolution else "instantaneous"
    facts = [f"Sensor {sensor.id}", f"unit {sensor.unit or '-'}", resolution, f"time zone {sensor.timezone}"]
    body = Markup('<p class="small">{}</p>').format(" · ".join(facts)) + tab_list(visit, TABS, head.chosen)
    body += time_bar(visit, head.time) if head.time else ""
    crumbs = [Link("Assets", address("/assets")), Link(sensor.asset.name, address(f"/assets/{sensor.asset_id}"))]
    heading = f"{sensor.asset.name}: {sensor.name}"
    if head.chosen == "chart":
        form = FORMS["annotate"] if head.may_annotate else None
        body += charts_html(visit, "chart", ChartTools(sensors=[sensor.id], form=form))
        return Fragment(heading=heading, body=body, crumbs=crumbs)
    live = {"tab": head.chosen, **(head.time.arguments if head.time else {})}
    return Fragment(heading=heading, body=body, crumbs=crumbs, live=live)


def live_tab() -> Shell:
    """Content of the tab that is open."""
    page, sensor_id = Shell("", at="/assets"), int(pn.state.route_params["id"])
    part = PARTS[open_tab(TABS, query("tab"))](page, sensor_id)
    page.fill(part.read, part.show)
    return page


def read_plan(visit: Visit, session: Session, principal: SignedIn) -> list[ShownChart]:
    """The one chart of the sensor in the address."""
    return [ShownChart("", [read_sensor(visit.key, session, principal).id])]


@refusable
def read_values(visit: Visit, session: Session, principal: SignedIn) -> bytes:
    """Values of the chart."""
    target = AnnotationTarget(kind=Sensor, id=visit.key, sensors=[visit.key])
    subject = ChartSubject(plan=read_plan(visit, session, principal), target=target, height=HEIGHT)
    return chart_data.read_values(subject, visit, session, principal)


@dataclass(frozen=True)
class StatisticsContent:
    """Content of the tab Statistics."""

    sensor: Sensor
    by_source: dict[int, Statistics]
    sources: dict[int, Source]
    local: ZoneInfo


def statistics_part(page: Shell, sensor_id: int) -> Part:
    """Tab Statistics."""
    return Part("statistics", "Statistics", partial(read_statistics, sensor_id), show_statistics)


def read_statistics(sensor_id: int, session: Session, principal: SignedIn) -> StatisticsContent:
    """Statistics of the most recent value of each event, by source."""
    sensor = read_sensor(sensor_id, session, principal)
    by_source = statistics.per_source(session, sensor_id)
    return StatisticsContent(sensor, by_source, listing.sources(session, by_source), zone(principal.timezone))


def show_statistics(content: StatisticsContent) -> Sequence[Any]:
    """Table of the statistics."""
    unit = content.sensor.unit or "-"
    columns = ["Source", "Role", "First event", "Last event", "Newest recording", "Events"]
    columns += [f"Lowest [{unit}]", f"Mean [{unit}]", f"Highest [{unit}]"]
    rows: list[list[Cell]] = []
    for key, stats in content.by_source.items():
        source, moments = content.sources[key], (stats.first_event, stats.last_event, stats.last_belief)
        rows.append(
            [
                source.description,
                f"{line_role(source.type)} ({source.type})",
                *(f"{moment.astimezone(content.local):%Y-%m-%d %H:%M}" for moment in moments),
                f"{stats.count:,}",
                *(number_text(value) for value in (stats.minimum, stats.mean, stats.maximum)),
            ]
        )
    table = FactTable(columns=columns, rows=rows, empty=NO_DATA.format(id=content.sensor.id))
    return [section_heading(f"Most recent values by source (times in {content.local})"), table]


def number_text(value: float) -> str:
    """Number as text; NaN is empty where the settings hide it."""
    return "" if math.isnan(value) and current().settings.FLEXMEASURES_HIDE_NAN_IN_UI else f"{value:,.4g}"


PARTS: dict[str, Callable[[Shell, int], Part]] = {
    "replay": replay.sensor_part,
    **pattern_tabs.PARTS,
    "statistics": statistics_part,
    "data": data_tab.part,
    "settings": settings_tab.part,
}
TABS = {key: key.capitalize() for key in ("chart", *PARTS)}
FORMS = annotation_forms(Sensor)
TIMED = {"chart": time_range.usual, "replay": time_range.remembered}
"""Tabs that show a time range → the one they show if the address names none."""
PAGE = TextPage(
    at="/assets", heading="Sensor", read=read_head, show=show_sensor, live=live_tab, data={"charts": read_values},
    forms=lambda _visit, _head: FORMS,
)  # fmt: skip
