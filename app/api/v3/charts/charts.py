"""Charts for other people's pages: a specification, with or without data, and the data apart."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import numpy as np
from pydantic import Field
from sqlalchemy import select

from app.api.http.route import Call, Reply, get
from app.api.v3 import documents
from app.api.v3.assets.annotations import few
from app.api.v3.assets.assets import readable as readable_asset
from app.api.v3.assets.sensors import readable as readable_sensor
from app.assemble import showing
from app.assemble.data import EVER
from app.assemble.flex_lines import FieldLine, field_lines, with_sensors
from app.assemble.showing import SensorChart
from app.auth.access import access
from app.auth.access.references import References
from app.usecases.fields import HYPHENS, Length, Moment, Query, lasting
from components.charts.traces import Trace
from db import sensors
from db.accounts.users import LEGENDS_BELOW, User
from db.annotations import Annotation
from db.assets import Asset
from db.beliefs import store, time_range
from db.beliefs.time_range import BeliefQuery
from db.core import database
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import MICROSECOND, after, to_us, zone

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class PlannedChart:
    """One chart that the principal may see."""

    title: str
    sensors: list[Sensor]
    fields: list[FieldLine] = field(default_factory=list)
    """What flex-configs say, drawn beside them."""

    def drawn(self, span: tuple[datetime, datetime]) -> tuple[str, list[Sensor], list[Trace]]:
        """Title, sensors, and lines of what flex-configs say over a span."""
        return self.title, self.sensors, [trace for line in self.fields for trace in line.traces(*span)]


Plan = list[PlannedChart]
USUAL = timedelta(days=2)
DEFAULT = 2
"""How many sensors an asset shows that does not say which."""


class Range(Query):
    """Which stretch of time; without it the last two days."""

    model_config = HYPHENS

    start: Moment | None = None
    event_starts_after: Annotated[Moment | None, Field(description="The same as start")] = None
    end: Moment | None = None
    event_ends_before: Annotated[Moment | None, Field(description="The same as end")] = None
    duration: Length | None = None
    prior: Annotated[Moment | None, Field(description="As it was known then")] = None
    beliefs_before: Annotated[Moment | None, Field(description="The same as prior")] = None

    def span(self, now: datetime, place: ZoneInfo) -> tuple[datetime, datetime]:
        """Return start and end of the stretch; days of a duration are counted on the clock of a place."""
        start, end = self.start or self.event_starts_after, self.end or self.event_ends_before
        if start is not None and self.duration is not None:
            end = after(start, lasting(self.duration, start, place=place), field="duration")
        if start is None:
            start = after(end or now, -USUAL, field="end")
        return start, end or after(start, USUAL, field="start")


class ChartQuery(Range):
    """How the chart is to look."""

    include_data: Annotated[bool, Field(description="Whether the rows are in the specification")] = False
    combine_legend: Annotated[bool | None, Field(description="Below the charts; without it as you chose")] = None
    include_asset_annotations: bool = False
    include_account_annotations: bool = False
    include_sensor_annotations: bool = False
    dataset_name: Annotated[str | None, Field(max_length=100)] = None
    width: Annotated[int | None, Field(ge=50, le=10_000, description="[px]; without it as wide as its place")] = None
    height: Annotated[int, Field(ge=50, le=10_000, description="Of each chart [px]")] = 300
    chart_type: Literal["bar_chart", "daily_heatmap", "weekly_heatmap", "chart_for_multiple_sensors"] | None = None
    format: Annotated[Literal["vega", "bokeh"], Field(description="Vega-Lite, or a Bokeh json_item")] = "vega"


def asset_chart(call: Call, id: int, query: ChartQuery) -> Any:
    """Return the chart of what an asset shows."""
    asset = readable_asset(call, id)
    return _chart(call, _plan(call, asset), query, f"asset_{id}", sensors.time_zone(call.session, id))


def sensor_chart(call: Call, id: int, query: ChartQuery) -> Any:
    """Return the chart of one sensor."""
    sensor = readable_sensor(call, id)
    return _chart(call, [PlannedChart(sensor.asset.name, [sensor])], query, f"sensor_{id}", zone(sensor.timezone))


def _plan(call: Call, asset: Asset) -> Plan:
    """Return the charts an asset shows, without sensors and fields the principal may not read."""
    asked = showing.wanted(asset.sensors_to_show)
    asked = asked or [SensorChart("", [row.id]) for row in sensors.of_asset(call.session, asset.id)[:DEFAULT]]
    said = field_lines(References(call.session, call.user), (entry for chart in asked for entry in chart.fields))
    lines = [[said[entry] for entry in chart.fields if entry in said] for chart in asked]
    shown_ids = [with_sensors(chart, some) for chart, some in zip(asked, lines, strict=True)]
    wanted = {key for keys in shown_ids for key in keys}
    found = {row.id: row for row in call.session.scalars(select(Sensor).where(Sensor.id.in_(wanted)))}
    playing = call.running.settings.is_playing
    seen = {key: row for key, row in found.items() if access.may_be_charted(call.user, row, playing=playing)}
    plan = []
    for chart, some, keys in zip(asked, lines, shown_ids, strict=True):
        rows = [seen[key] for key in keys if key in seen]
        names = [row.name for row in rows] + [line.field.name for line in some]
        if names:
            plan.append(PlannedChart(chart.title or ", ".join(dict.fromkeys(names)), rows, some))
    return plan


def _chart(call: Call, plan: Plan, query: ChartQuery, name: str, place: ZoneInfo) -> Any:
    start, end = span = query.span(call.now, place)
    # The libraries take a second to load, for which nobody should wait who does not draw this kind of chart.
    if query.format == "bokeh":
        from app.api.charts import bokeh_chart

        if not query.include_data:
            # A span without any event, as the data of the chart are not wanted.
            start = end - MICROSECOND
        _check_size(call, [row for chart in plan for row in chart.sensors], start, end)
        parts = [chart.drawn((start, end)) for chart in plan]
        return bokeh_chart.item(call.session, parts, (start, end), known_at=query.prior or query.beliefs_before or EVER)
    from app.api.charts import vega

    legend_below = query.combine_legend
    if legend_below is None:
        legend_below = bool(database.get(call.session, User, call.user.id).preferences.get(LEGENDS_BELOW, True))
    given = query.start or query.event_starts_after or query.end or query.event_ends_before
    frame = vega.VegaFrame(
        name=query.dataset_name or name,
        width=query.width or "container",
        height=query.height,
        span=(to_us(start) // 1000, to_us(end) // 1000) if given or not query.include_data else None,
        legend_below=legend_below,
    )
    kind = query.chart_type or ("chart_for_multiple_sensors" if name.startswith("asset") else "bar_chart")
    found = vega.specification([chart.drawn((start, end)) for chart in plan], frame, kind)
    every = list({row.id: row for chart in plan for row in chart.sensors}.values())
    rows = _rows(call, every, query, span) if query.include_data else []
    return found | ({"datasets": {frame.name: rows}} if query.include_data else {})


class ChartDataQuery(Range):
    """Which rows, and in which form."""

    use_latest_version_per_event: bool = True
    most_recent_beliefs_only: bool = True
    compress_json: Annotated[bool, Field(description="Short rows, with tables of sensors and sources")] = False


def asset_data(call: Call, id: int, query: ChartDataQuery) -> Any:
    """Return the rows behind the chart of an asset."""
    plan = _plan(call, readable_asset(call, id))
    wanted = list({row.id: row for chart in plan for row in chart.sensors}.values())
    return _data(call, wanted, query, sensors.time_zone(call.session, id))


def sensor_data(call: Call, id: int, query: ChartDataQuery) -> Any:
    """Return the rows behind the chart of a sensor."""
    sensor = readable_sensor(call, id)
    return _data(call, [sensor], query, zone(sensor.timezone))


def _data(call: Call, wanted: list[Sensor], query: ChartDataQuery, place: ZoneInfo) -> Any:
    rows = _rows(call, wanted, query, query.span(call.now, place))
    if not query.compress_json:
        return rows
    told = {row["src"]: {"name": row["source_name"], "type": row["source_type"]} for row in rows}
    named = {row.id: {"name": row.name, "unit": row.unit, "asset": row.asset.name} for row in wanted}
    short = [{"ts": r["event_start"], "sid": r["sid"], "val": r["event_value"], "src": r["src"]} for r in rows]
    times = [{"bt": r["belief_time"], "sf": 1.0} for r in rows]
    return {"data": [one | two for one, two in zip(short, times, strict=True)], "sensors": named, "sources": told}


def _check_size(call: Call, wanted: list[Sensor], start: datetime, end: datetime) -> None:
    """Refuse to draw more values than the charts of one answer may have, before any is read."""
    most, often = call.running.settings.most("CHART_VALUES"), Counter(row.id for row in wanted)
    share = most._replace(number=most.number // max(often.values(), default=1))  # a sensor may be in many charts
    time_range.check(call.session, wanted, time_range.EventSpan(start, end), most=share)


def _rows(call: Call, wanted: list[Sensor], query: Range, span: tuple[datetime, datetime]) -> Rows:
    """Return one row per event and source, oldest first."""
    start, end = span
    _check_size(call, wanted, start, end)
    known_at = query.prior or query.beliefs_before or EVER
    sources = {row.id: row for row in call.session.scalars(select(Source))}
    rows: Rows = []
    for sensor in wanted:
        for key, found in store.read_per_source(
            call.session, sensor, BeliefQuery(start, end, known_at=known_at)
        ).items():
            same = {"sid": sensor.id, "sensor_name": sensor.name, "unit": sensor.unit, "src": key}
            same |= {"source_name": sources[key].description, "source_type": sources[key].type}
            moments = zip(found.events // 1000, np.asarray(found.middle), found.times // 1000, strict=True)
            rows += [
                {"event_start": int(at), "event_value": float(value), "belief_time": int(known), **same}
                for at, value, known in moments
            ]
    return sorted(rows, key=lambda row: (row["event_start"], row["sid"]))


class RemarkQuery(Range):
    """Which annotations."""

    clip: Annotated[bool, Field(description="Cut to the stretch of time asked for")] = True


def asset_annotations(call: Call, id: int, query: RemarkQuery) -> Any:
    """Return the annotations of an asset in a stretch of time."""
    asset = readable_asset(call, id)
    return _remarks(call, Annotation.asset_id == asset.id, query, sensors.time_zone(call.session, id))


def sensor_annotations(call: Call, id: int, query: RemarkQuery) -> Any:
    """Return the annotations of a sensor in a stretch of time."""
    sensor = readable_sensor(call, id)
    return _remarks(call, Annotation.sensor_id == sensor.id, query, zone(sensor.timezone))


def _remarks(call: Call, of: Any, query: RemarkQuery, place: ZoneInfo) -> Rows:
    start, end = query.span(call.now, place)
    within = select(Annotation).where(of, Annotation.start < end, Annotation.end > start)
    rows = few(call, within.order_by(Annotation.start, Annotation.id))
    return [
        {
            "start": (max(row.start, start) if query.clip else row.start).isoformat(),
            "end": (min(row.end, end) if query.clip else row.end).isoformat(),
            "content": [row.content],
            "type": row.type,
            "source": row.source.name,
        }
        for row in rows
    ]


def dev_sensor(call: Call, id: int) -> Reply:
    """Return one sensor, for old pages."""
    row = readable_sensor(call, id)
    return Reply(content={"id": row.id, "name": row.name, "unit": row.unit, "generic_asset_id": row.asset_id})


def dev_asset(call: Call, id: int) -> Reply:
    """Return one asset, for old pages."""
    return Reply(content=documents.assets(call.session, [readable_asset(call, id)])[0])


ROUTES = [
    get("/assets/{id}/chart", asset_chart, pool="heavy"),
    get("/assets/{id}/chart_data", asset_data, pool="heavy"),
    get("/assets/{id}/chart_annotations", asset_annotations),
    get("/sensors/{id}/chart", sensor_chart, pool="heavy"),
    get("/sensors/{id}/chart_data", sensor_data, pool="heavy"),
    get("/sensors/{id}/chart_annotations", sensor_annotations),
]
ROOT = [
    get("/dev/asset/{id}", dev_asset, documented=False),
    get("/dev/sensor/{id}", dev_sensor, documented=False),
    get("/dev/sensor/{id}/chart", sensor_chart, pool="heavy", documented=False),
    get("/dev/sensor/{id}/chart_data", sensor_data, pool="heavy", documented=False),
    get("/dev/sensor/{id}/chart_annotations", sensor_annotations, documented=False),
]
