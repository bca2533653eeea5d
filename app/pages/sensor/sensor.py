"""The page of a sensor, with its tab Chart (values over time)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import panel as pn
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.assemble.showing import SensorChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.page import PageForm, TextPage
from app.fragments.tabs import open_tab, tab_list
from app.fragments.time_bar import TimeInView, read_time, time_bar
from app.fragments.visit import Fragment, Visit, address
from app.pages.charts import chart_data, replay
from app.pages.charts.annotations import AnnotationTarget, annotation_forms
from app.pages.charts.chart_data import ChartSubject, refusable
from app.pages.charts.stack import ChartTools, charts_html
from app.pages.sensor import accuracy_tab, data_tab, pattern_tabs, settings_tab, statistics_tab
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.tables.fact_table import Link
from db import listing
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import iso_duration

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
    time: TimeInView | None
    """Time range that the tab shows; None: it shows none."""
    may_annotate: bool
    content: Any
    """Content of the tab, where it is one of HTML."""


def read_head(visit: Visit, session: Session, principal: SignedIn) -> SensorHead:
    """Sensor in the address."""
    sensor, chosen = read_sensor(visit.key, session, principal), open_tab(TABS, visit.query.get("tab"))
    time = None
    if chosen in TIMED:
        time = read_time(visit, listing.data_span(session, [sensor.id]), usual=TIMED[chosen])
    content = TEXT_TABS[chosen].read(visit, session, principal) if chosen in TEXT_TABS else None
    may_annotate = access.may(principal, "create-children", sensor)
    return SensorHead(sensor=sensor, chosen=chosen, time=time, may_annotate=may_annotate, content=content)


def show_sensor(visit: Visit, head: SensorHead) -> Fragment:
    """What stands above the tabs, the tabs, and the content of the one that is open."""
    sensor = head.sensor
    resolution = "instantaneous values"
    if sensor.resolution:
        iso = iso_duration(sensor.resolution)
        words = next((text for text, known in settings_tab.RESOLUTIONS.items() if known == iso), iso)
        resolution = f"every {words.removeprefix('1 ')}"
    facts = [f"Sensor {sensor.id}", f"unit {sensor.unit or '-'}", resolution, f"time zone {sensor.timezone}"]
    body = Markup('<p class="small">{}</p>').format(" · ".join(facts)) + tab_list(visit, TABS, head.chosen)
    body += time_bar(visit, head.time) if head.time else ""
    crumbs = [Link("Assets", address("/assets")), Link(sensor.asset.name, address(f"/assets/{sensor.asset_id}"))]
    heading = f"{sensor.asset.name}: {sensor.name}"
    if head.chosen == "chart":
        form = FORMS["annotate"] if head.may_annotate else None
        body += charts_html(visit, "chart", ChartTools(sensors=[sensor.id], form=form))
        return Fragment(heading=heading, body=body, crumbs=crumbs)
    live, below = {"tab": head.chosen, **(head.time.arguments if head.time else {})}, Markup()
    if text := TEXT_TABS.get(head.chosen):
        body, below = body + text.show(visit, head.content), text.below(visit, head.content)
    shown_live = live if head.chosen in PARTS else None
    return Fragment(heading=heading, body=body, crumbs=crumbs, live=shown_live, below=below)


def sensor_forms(visit: Visit, head: SensorHead) -> Mapping[str, PageForm]:
    """Forms of the tab that is open."""
    return TEXT_TABS[head.chosen].forms(visit, head.content) if head.chosen in TEXT_TABS else FORMS


def live_tab() -> Shell:
    """Content of the tab that is open."""
    page, sensor_id = Shell("", at="/assets"), int(pn.state.route_params["id"])
    part = PARTS[open_tab(TABS, query("tab"))](page, sensor_id)
    page.fill(part.read, part.show)
    return page


def read_plan(visit: Visit, session: Session, principal: SignedIn) -> list[SensorChart]:
    """The one chart of the sensor in the address."""
    return [SensorChart("", [read_sensor(visit.key, session, principal).id])]


@refusable
def read_values(visit: Visit, session: Session, principal: SignedIn) -> bytes:
    """Values of the chart."""
    target = AnnotationTarget(kind=Sensor, id=visit.key, sensors=[visit.key])
    subject = ChartSubject(plan=read_plan(visit, session, principal), target=target, height=HEIGHT)
    return chart_data.read_values(subject, visit, session, principal)


PARTS: dict[str, Callable[[Shell, int], Part]] = {
    "replay": replay.sensor_part,
    **pattern_tabs.PARTS,
    "data": data_tab.part,
}
"""Live parts of tabs."""
TEXT_TABS = {
    "accuracy": accuracy_tab.TAB,
    "statistics": statistics_tab.TAB,
    "data": data_tab.TAB,
    "settings": settings_tab.TAB,
}
NAMES = ("chart", "analysis", "replay", "bars", "heatmap", "distribution", "accuracy", "statistics", "data", "settings")
TABS = {key: key.capitalize() for key in NAMES}
FORMS = annotation_forms(Sensor)
TIMED = {"chart": time_range.usual, "replay": time_range.remembered}
"""Tabs that show a time range → the one they show if the address names none."""
PAGE = TextPage(
    at="/assets", heading="Sensor", read=read_head, show=show_sensor, forms=sensor_forms, live=live_tab,
    parts={name: part for tab in TEXT_TABS.values() for name, part in tab.parts.items()}, data={"charts": read_values},
)  # fmt: skip
