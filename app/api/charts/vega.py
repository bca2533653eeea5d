"""Vega-Lite specifications of charts, built with altair; they render wherever vegaEmbed does."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np

from components.charts.traces import Trace
from db.sensors import Sensor
from engine.series.iso_time import MICROSECOND
from engine.units.units import same_kind

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


def specification(
    charts: Sequence[tuple[str, Sequence[Sensor], Sequence[Trace]]], frame: VegaFrame, kind: str
) -> dict[str, Any]:
    """Return charts from top to bottom: one for each entry, or one for each unit of its sensors and lines.

    Args:
        charts: Title, sensors, whose values are found by their id in the rows, and lines with values of their own.
        frame: How they are to look.
        kind: Of chart.
    """
    # altair refuses more than 5000 rows; here they were counted before they were read.
    alt.data_transformers.disable_max_rows()
    alt.data_transformers.consolidate_datasets = False  # the name of the data set of the rows is the only one
    if kind in ("daily_heatmap", "weekly_heatmap"):
        parts = [_heatmap(title, sensor, frame, kind) for title, sensors, _ in charts for sensor in sensors]
    else:
        parts = [part for title, sensors, beside in charts for part in _by_unit(title, sensors, beside, frame, kind)]
    rows = alt.NamedData(frame.name)
    if len(parts) == 1:  # only a single chart fills its place to the pixel
        whole = parts[0].properties(data=rows, autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
    else:
        whole = alt.vconcat(*parts, data=rows).resolve_scale(color="independent")
    found: dict[str, Any] = whole.to_dict(context={"pre_transform": False})
    return found | {"$schema": SCHEMA}


def _by_unit(
    title: str, sensors: Sequence[Sensor], beside: Sequence[Trace], frame: VegaFrame, kind: str
) -> list[alt.Chart]:
    """Return a chart for each unit: the rows hold the values of each sensor in its own."""
    parts = []
    of_sensors = list(dict.fromkeys(sensor.unit for sensor in sensors))
    homes = {trace.unit: next((u for u in of_sensors if same_kind(u, trace.unit)), trace.unit) for trace in beside}
    every = list(dict.fromkeys([*of_sensors, *homes.values()]))
    for unit in every:
        some = [sensor for sensor in sensors if sensor.unit == unit]
        layers = [_lines(title, some, frame, kind)] if some else []
        layers += [_line_of(trace.converted(unit)) for trace in beside if homes[trace.unit] == unit]
        name = title if len(every) == 1 else f"{title} [{unit or '-'}]"
        parts.append(_sized((layers[0] if len(layers) == 1 else alt.layer(*layers)).properties(title=name), frame))
    return parts


def _line_of(trace: Trace) -> alt.Chart:
    """Return a line with values of its own."""
    starts, values, _ = trace.present
    ends = starts + trace.step // MICROSECOND
    moments = zip(np.stack([starts, ends], axis=1).ravel() // 1000, values.repeat(2), strict=True)
    rows = [{"event_start": int(at), "event_value": float(value), "sensor_name": trace.label} for at, value in moments]
    line: alt.Chart = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_line(strokeDash=[4, 4], clip=True)
        .encode(
            x=alt.X("event_start:T", title=None),
            y=alt.Y("event_value:Q", title=f"[{trace.unit}]"),
            color=alt.Color("sensor_name:N", title=None),
            tooltip=["event_value:Q", "sensor_name:N"],
        )
    )
    return line


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
    return encoded


def _heatmap(title: str, sensor: Sensor, frame: VegaFrame, kind: str) -> alt.Chart:
    weekly = kind == "weekly_heatmap"
    by = "day(event_start):O" if weekly else "yearmonthdate(event_start):O"
    chart = alt.Chart(title=f"{title}: {sensor.name}").transform_filter(f"datum.sid == {sensor.id}")
    encoded: alt.Chart = chart.mark_rect().encode(
        x=alt.X("hoursminutes(event_start):O", title="Time of day"),
        y=alt.Y(by, title="Day of the week" if weekly else "Day"),
        color=alt.Color("mean(event_value):Q", title=f"[{sensor.unit}]"),
    )
    sized: alt.Chart = _sized(encoded, frame)
    return sized


def _sized(chart: Any, frame: VegaFrame) -> Any:
    sized: Any = chart.properties(width=frame.width, height=frame.height)
    return sized
