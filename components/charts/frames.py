"""The empty figure of a chart: axes with units, limits, clock changes, and tools."""

from bokeh.models import (
    CrosshairTool,
    CustomJS,
    DataRange1d,
    NumeralTickFormatter,
    PanTool,
    Range1d,
    ResetTool,
    SaveTool,
    Span,
    WheelZoomTool,
)
from bokeh.models.tools import BoxZoomTool
from bokeh.plotting import figure

from components.charts.traces import Chart
from components.charts.view import KEEP_TIME, View
from components.scripts import Script
from components.theme import FAINT

REST = Script(__file__).call("restOutOfSight", "plot", "cb_context.index")


def frame(chart: Chart, view: View, *, height: int) -> figure:
    """Empty figure of a chart, ``height`` px high."""
    file = chart.title.lower().replace(" ", "-")
    tools = [PanTool(dimensions="width"), WheelZoomTool(dimensions="width", modifiers={"ctrl": True})]
    tools += [BoxZoomTool(dimensions="width"), ResetTool(), SaveTool(filename=file), CrosshairTool(overlay=view.ruler)]
    made = figure(
        x_range=view.time, y_range=value_range(chart), height=height, sizing_mode="stretch_width", tools=tools,
        name=chart.title, toolbar_location="above", toolbar_inner=True, min_border_left=78, min_border_right=40,
        lod_threshold=None,
    )  # fmt: skip
    made.toolbar.stylesheets = [":host { background: transparent !important }"]  # the chart stays readable below it
    made.toolbar.update(logo=None, autohide=True, active_drag=tools[0], active_scroll=tools[1])
    made.xaxis.update(ticker=view.ticker(made), formatter=view.clock)
    made.xgrid.ticker = made.xaxis[0].ticker
    made.yaxis.update(axis_label=chart.axis, formatter=NumeralTickFormatter(format="0,0.[000]"))
    made.yaxis.axis_label_text_font_style = "normal"
    for limit in chart.bounds or ():
        made.add_layout(Span(location=limit, dimension="width", line_dash="dashed", line_color=FAINT, line_width=1.5))
    for mark in (view.future, view.now, view.moment, *view.changes):
        made.add_layout(mark)
    made.js_on_change("inner_width", CustomJS(code=REST, args={"plot": made}))
    made.js_on_change("inner_width", CustomJS(code=KEEP_TIME, args={"line": view.now, "shade": view.future}))
    return made


def value_range(chart: Chart) -> Range1d | DataRange1d:
    """Range of the value axis: 0 to 100 % of shares; with limits or an extent at least these; else that of the data."""
    seen = [trace.present[1] for trace in chart.traces if len(trace.present[1])]
    shares = {trace.unit for trace in chart.traces} == {"%"}
    ends = [*(chart.bounds or ()), *(chart.extent or ()), *((0.0, 100.0) if shares else ())]
    if not ends or not (seen or chart.extent):
        return DataRange1d(range_padding=0.08, only_visible=True)
    low, high = min(*ends, *(line.min() for line in seen)), max(*ends, *(line.max() for line in seen))
    margin = 0.0 if shares else 0.06 * (high - low)
    return Range1d(low - margin, high + margin)
