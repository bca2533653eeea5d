"""Tab Replay of an asset or a sensor: its charts as of each moment of the past."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from app.assemble.showing import SensorChart
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.pages.charts import graphs
from app.pages.charts.graphs import ChartSpan
from app.running import current
from app.widgets.async_content import note
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.charts.traces import Chart
from components.replay.replay import History, Replay, ReplayedChart
from db import listing
from db.assets import Asset
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import zone

LONGEST = timedelta(days=31)
TOO_LONG = "A replay covers at most 31 days. Choose a shorter time range above."
NOTHING_TO_REPLAY = "There is nothing to replay in this time range. Choose another one above."


Plan = Callable[[Session, SignedIn], list[SensorChart]]
"""Reads which charts are shown; raises NotAllowed for users who may not see them."""


@dataclass(frozen=True)
class ReplayContent:
    """Content of the tab."""

    charts: list[ReplayedChart]
    span: tuple[int, int]
    zone: str


def part(page: Shell, asset_id: int) -> Part:
    """Tab of an asset."""

    def plan(session: Session, principal: SignedIn) -> list[SensorChart]:
        asset = get(session, Asset, asset_id)
        access.check(principal, "read", asset)
        return graphs.charts_of_asset(session, asset)

    return _part(page, plan)


def sensor_part(page: Shell, sensor_id: int) -> Part:
    """Tab of a sensor."""

    def plan(session: Session, principal: SignedIn) -> list[SensorChart]:
        access.check(principal, "read", get(session, Sensor, sensor_id))
        return [SensorChart("", [sensor_id])]

    return _part(page, plan)


def _part(page: Shell, plan: Plan) -> Part:
    def show(content: ReplayContent | None) -> Sequence[Any]:
        if content is None:
            return [note(TOO_LONG, "warning")]
        if not any(len(line.times) for chart in content.charts for line in chart.histories):
            return [note(NOTHING_TO_REPLAY)]
        replay = Replay(charts=content.charts, span=content.span, zone=content.zone, player_kind=pmui.Player)
        page.follow(replay)
        return [replay]

    return Part("replay", "Replay", partial(read_replay, plan, (query("start"), query("end"))), show)


def read_replay(
    read_plan: Plan, arguments: tuple[str | None, str | None], session: Session, principal: SignedIn
) -> ReplayContent | None:
    """All beliefs of the charts over the time range that the address asks for; None if that is too long."""
    plan = read_plan(session, principal)
    local, now = zone(principal.timezone), datetime.now(UTC)
    data = listing.data_span(session, {key for chart in plan for key in chart.sensors})
    start, end = time_range.asked(*arguments, local) or time_range.remembered(data, now=now, local=local)
    if end.astimezone(local) - start.astimezone(local) > LONGEST:  # by the clock: months may have an hour more
        return None
    sensors_by_id = listing.sensors(session, {key for chart in plan for key in chart.sensors})
    playing = current().settings.is_playing
    seen = {
        key: sensor
        for key, sensor in sensors_by_id.items()
        if access.may_be_charted(principal, sensor, playing=playing)
    }
    lines = {key: histories(session, sensor, ChartSpan(start, end, now)) for key, sensor in seen.items()}
    shown = []
    for chart in plan:
        sensors = [seen[key] for key in chart.sensors if key in seen]
        title = chart.title or graphs.chart_title([sensor.name for sensor in sensors])
        whole = Chart(title=title, traces=[line.every for sensor in sensors for line in lines[sensor.id]])
        shown += [ReplayedChart(part.title, [History(every=line) for line in part.traces]) for part in whole.split()]
    return ReplayContent(shown, time_range.microseconds((start, end)), principal.timezone)


def histories(session: Session, sensor: Sensor, span: ChartSpan) -> list[History]:
    """All beliefs of a sensor in a time range, one history for each source."""
    every = store.read_all(session, sensor, BeliefQuery(span.start, span.end, known_at=span.known_at))
    parts = {int(key): every.beliefs.take(every.source_ids == key) for key in np.unique(every.source_ids)}
    return [History(every=line) for line in lines_of(sensor, parts, listing.sources(session, parts))]
