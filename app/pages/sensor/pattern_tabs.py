"""Tabs Analysis, Heatmap, Bars and Distribution of a sensor: the patterns in the values of a longer time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.lines import kind
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.widgets.async_content import fill, note
from app.widgets.layout import Shell, query, remember
from app.widgets.tabs import Part
from components.analysis.analysis import SensorAnalysis
from components.charts.bars import PER, Bars
from components.charts.distribution import Distribution
from components.charts.heatmap import Heatmap
from components.charts.traces import Trace
from components.component import Component
from db import listing
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import from_us, zone

MEASURED = SourceFilter(not_types=("forecaster", "scheduler"))
LENGTHS = {"4 weeks": 28, "13 weeks": 91, "1 year": 366}
"""Time to look back from the newest value, for people → [days]."""
ROWS = {"Days": 1, "Weeks": 7}
NO_DATA = (
    "No values yet. Upload a file on the Data tab, run 'flexscope add beliefs --sensor {id} …' on the server, or send "
    "values with POST /api/v3_0/sensors/{id}/data."
)
LONGEST_STEP = timedelta(days=1)


@dataclass(frozen=True)
class PatternContent:
    """Content of the tabs."""

    sensor: Sensor
    trace: Trace | None
    zone: str


def read_pattern(sensor_id: int, days: int, session: Session, principal: SignedIn) -> PatternContent:
    """Values of the newest days: the measurements, or where there are none, forecasts and schedules."""
    sensor = get(session, Sensor, sensor_id)
    access.check(principal, "read", sensor)
    now = datetime.now(UTC)
    data = listing.data_span(session, [sensor_id])
    if data is None:
        return PatternContent(sensor, None, principal.timezone)
    last = from_us(data[1]) + (sensor.resolution or timedelta(seconds=1))
    for sources, end in ((MEASURED, min(last, now)), (None, last)):
        start = time_range.following(time_range.midnight(end, zone(principal.timezone)), 1 - days)
        known = store.read(session, sensor, BeliefQuery(start, end, known_at=now, sources=sources))
        if len(known):
            break
    label = f"{sensor.asset.name}: {sensor.name}"
    facts: dict[str, Any] = {"label": label, "unit": sensor.unit, "step": sensor.resolution, "quantity": kind(sensor)}
    return PatternContent(sensor, Trace(events=known.events, values=known.values, **facts), principal.timezone)


def _chosen_option(name: str, options: Mapping[str, int], usual: int) -> int:
    """Option that the address asks for."""
    return next((value for value in options.values() if str(value) == query(name)), usual)


class Patterns(pn.viewable.Viewer):
    """One of the pictures, with the length of time it covers."""

    def __init__(self, page: Shell, sensor_id: int, kind: str) -> None:
        super().__init__()
        self._page, self._id, self._kind = page, sensor_id, kind
        look: dict[str, Any] = {"size": "small", "margin": 8, "width": 130}
        self._length = pmui.Select(label="Time", options=LENGTHS, value=_chosen_option("days", LENGTHS, 366), **look)
        self._rows = pmui.Select(label="Rows", options=ROWS, value=_chosen_option("rows", ROWS, 1), **look)
        per, options = query("per"), {word.capitalize(): word for word in PER}
        self._per = pmui.Select(label="One bar per", options=options, value=per if per in PER else "day", **look)
        self._place = pn.Column(sizing_mode="stretch_width")
        for select in (self._length, self._rows, self._per):
            select.param.watch(self.change, "value")
        self._fill()

    def __panel__(self) -> pn.viewable.Viewable:
        more = {"heatmap": [self._rows], "bars": [self._per]}.get(self._kind, [])
        return pn.Column(pmui.FlexBox(self._length, *more), self._place, sizing_mode="stretch_width")

    def change(self, _event: object) -> None:
        """Write the choice into the address, and show it."""
        remember(days=self._length.value, rows=self._rows.value, per=self._per.value)
        self._fill()

    def _fill(self) -> None:
        fill(self._place, partial(read_pattern, self._id, self._length.value), self._show)

    def _show(self, content: PatternContent) -> Sequence[Any]:
        if content.trace is None:
            return [note(NO_DATA.format(id=self._id))]
        if self._kind == "heatmap" and content.sensor.resolution >= LONGEST_STEP:
            return [note("A heatmap needs values more often than once a day. See the Chart tab.")]
        picture: Component
        if self._kind == "analysis":
            picture = SensorAnalysis(trace=content.trace, zone=content.zone, dark=self._page.root.dark_theme)
        elif self._kind == "heatmap":
            picture = Heatmap(trace=content.trace, zone=content.zone, days=self._rows.value)
        elif self._kind == "bars":
            picture = Bars(trace=content.trace, zone=content.zone, per=self._per.value)
        else:
            picture = Distribution(trace=content.trace)
        # It follows dark mode, which the page may change at any time
        self._page.follow(picture)
        return [picture]


def _part(kind: str, page: Shell, sensor_id: int) -> Part:
    # The picture reads its values itself, anew for each choice.
    return Part(kind, kind.capitalize(), lambda _session, _principal: None, lambda _: [Patterns(page, sensor_id, kind)])


PARTS = {kind: partial(_part, kind) for kind in ("analysis", "bars", "heatmap", "distribution")}
"""Makers of the tabs, by their names in the address."""
