"""Tab Replay of an asset or a sensor: its charts as they were known at each moment of the past."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from app.assemble.showing import ShownChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.charts import charts
from app.pages.charts.charts import ChartSpan
from app.web.context import current
from app.widgets import time_range
from app.widgets.async_content import fill, note, waiting
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.replay.history import History
from components.replay.replay import Remembered, Replay
from db.assets import Asset
from db.beliefs import store
from db.core import listing
from db.core.database import get
from db.sensors import Sensor
from engine.iso_time import zone

LONGEST = timedelta(days=31)
TOO_LONG = "A replay covers at most 31 days. Choose a shorter time range on the chart tab."
NOTHING = "Nothing to replay in this time range. Choose another one on the chart tab."


Plan = Callable[[Session, SignedIn], list[ShownChart]]
"""Says what is shown, and refuses whoever may not see it."""


@dataclass(frozen=True)
class ReplayContent:
    """What the tab shows."""

    charts: list[Remembered]
    span: tuple[int, int]
    zone: str


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab of an asset; it shows the time range that is in the address when it is opened."""
    return _part(page, partial(_of_asset, asset_id))


def sensor_part(page: Shell, sensor_id: int) -> Part:
    """Return the tab of a sensor."""
    return _part(page, partial(_of_sensor, sensor_id))


def _part(page: Shell, plan: Plan) -> Part:
    def opened(_nothing: None) -> list[pn.viewable.Viewable]:
        place = pn.Column(waiting(), sizing_mode="stretch_width")
        asked = (query("start"), query("end"))
        fill(place, partial(_read, plan, asked), partial(_show, page))
        return [place]

    return Part("replay", "Replay", lambda _work, _who: None, opened)


def _of_asset(asset_id: int, session: Session, who: SignedIn) -> list[ShownChart]:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    return charts.wanted(session, asset)


def _of_sensor(sensor_id: int, session: Session, who: SignedIn) -> list[ShownChart]:
    access.check(who, "read", get(session, Sensor, sensor_id))
    return [ShownChart("", [sensor_id])]


def _read(planned: Plan, asked: tuple[str | None, str | None], session: Session, who: SignedIn) -> ReplayContent | None:
    plan = planned(session, who)
    local, now = zone(who.timezone), datetime.now(UTC)
    data = listing.data_span(session, {key for chart in plan for key in chart.sensors})
    start, end = time_range.asked(*asked, local) or time_range.remembered(data, now=now, local=local)
    if end - start > LONGEST:
        return None
    found = listing.sensors(session, {key for chart in plan for key in chart.sensors})
    playing = current().settings.is_playing
    seen = {key: sensor for key, sensor in found.items() if access.may_be_shown(who, sensor, playing=playing)}
    lines = {key: histories(session, sensor, ChartSpan(start, end, now)) for key, sensor in seen.items()}
    named = [(chart, [seen[key] for key in chart.sensors if key in seen]) for chart in plan]
    shown = [
        Remembered(chart.title or charts.title(sensors), [line for sensor in sensors for line in lines[sensor.id]])
        for chart, sensors in named
    ]
    return ReplayContent(shown, time_range.microseconds((start, end)), who.timezone)


def histories(session: Session, sensor: Sensor, span: ChartSpan) -> list[History]:
    """Return all that was ever believed of a sensor in a span, one history for each source."""
    every = store.read_all(session, sensor, span.start, span.end, known_at=span.known_at)
    parts = {int(key): every.beliefs.take(every.source_ids == key) for key in np.unique(every.source_ids)}
    return [History(every=line) for line in lines_of(sensor, parts, listing.sources(session, parts))]


def _show(page: Shell, found: ReplayContent | None) -> Sequence[Any]:
    if found is None:
        return [note(TOO_LONG, "warning")]
    if not any(len(line.times) for chart in found.charts for line in chart.histories):
        return [note(NOTHING)]
    shown = Replay(charts=found.charts, span=found.span, zone=found.zone, player_kind=pmui.Player)
    page.follow(shown)
    return [shown]
