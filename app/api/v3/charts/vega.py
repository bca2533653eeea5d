"""Vega-Lite specifications of charts, built with altair; they render wherever vegaEmbed does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt

from db.sensors import Sensor

DASHES = {"forecaster": [6, 3], "scheduler": [2, 2]}
"""Strokes by type of source; measurements are solid."""

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""What published pages load; nothing here needs more, and newer versions draw it as well."""


class VegaFrame(NamedTuple):
    """How a chart is to look."""

    name: str
    """Name of the data set, under which the rows are given."""
    width: int | str
    """[px], or ``container``."""
    height: int
    """Of each chart [px]."""
    span: tuple[int, int] | None
    """Time range shown [ms since 1970 UTC]; None: that of the data."""
    legend_below: bool = False


def specification(charts: Sequence[tuple[str, Sequence[Sensor]]], frame: VegaFrame, kind: str) -> dict[str, Any]:
    """Return one chart per entry, from top to bottom; each shows its sensors, by id in the rows."""
    alt.data_transformers.disable_max_rows()
    if kind in ("daily_heatmap", "weekly_heatmap"):
        parts = [_heatmap(title, sensor, frame, kind) for title, sensors in charts for sensor in sensors]
    else:
        parts = [_lines(title, sensors, frame, kind) for title, sensors in charts if sensors]
    rows = alt.NamedData(frame.name)
    if len(parts) == 1:  # only a single chart fills its place to the pixel
        whole = parts[0].properties(data=rows, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    else:
        whole = alt.vconcat(*parts, data=rows).resolve_scale(color="independent")
    found: dict[str, Any] = whole.to_dict(context={"pre_transform": False})
    return found | {"$schema": SCHEMA}


def _lines(title: str, sensors: Sequence[Sensor], frame: VegaFrame, kind: str) -> alt.Chart:
    unit = sensors[0].unit
    ids = [sensor.id for sensor in sensors]
    names = list(dict.fromkeys(sensor.name for sensor in sensors))  # a legend without any would be endlessly high
    base = alt.Chart(title=title).transform_filter(alt.FieldOneOfPredicate(field="sid", oneOf=ids))
    marked = base.mark_bar() if kind == "bar_chart" else base.mark_line(interpolate="step-after", clip=True)
    legend = alt.Legend(orient="bottom") if frame.legend_below else alt.Legend(orient="right")
    time = alt.Scale(domain=list(frame.span)) if frame.span else alt.Undefined
    # A range also without any data; shares are shown as parts of the whole.
    values = alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 100] if unit == "%" else [0]))
    encoded: alt.Chart = marked.encode(
        x=alt.X("event_start:T", title=None, scale=time),
        y=alt.Y("event_value:Q", title=f"[{unit}]", scale=values),
        color=alt.Color("sensor_name:N", title=None, legend=legend, scale=alt.Scale(domain=names)),
        strokeDash=alt.StrokeDash(
            "source_type:N",
            legend=None,
            scale=alt.Scale(domain=["user", *DASHES], range=[[1, 0], *DASHES.values()]),
        ),
        detail="source_name:N",
        tooltip=["event_start:T", "event_value:Q", "sensor_name:N", "source_name:N", "belief_time:T"],
    )
    return _sized(encoded, frame)


def _heatmap(title: str, sensor: Sensor, frame: VegaFrame, kind: str) -> alt.Chart:
    weekly = kind == "weekly_heatmap"
    by = "day(event_start):O" if weekly else "yearmonthdate(event_start):O"
    chart = alt.Chart(title=f"{title}: {sensor.name}").transform_filter(f"datum.sid == {sensor.id}")
    encoded: alt.Chart = chart.mark_rect().encode(
        x=alt.X("hoursminutes(event_start):O", title="Time of day"),
        y=alt.Y(by, title="Day of the week" if weekly else "Day"),
        color=alt.Color("mean(event_value):Q", title=f"[{sensor.unit}]"),
    )
    return _sized(encoded, frame)


def _sized(chart: alt.Chart, frame: VegaFrame) -> alt.Chart:
    sized: alt.Chart = chart.properties(width=frame.width, height=frame.height)
    return sized
