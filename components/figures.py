"""One Bokeh figure per chart: units on the axis, steps and lines, gaps, limits, clock changes, a shared ruler."""

from collections.abc import Sequence
from dataclasses import dataclass

from bokeh.models import (
    ColumnDataSource,
    CrosshairTool,
    DataRange1d,
    GlyphRenderer,
    HoverTool,
    Label,
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

from components import local_time
from components.local_time import MILLISECOND
from components.theme import STROKES, Colour, distinct
from components.traces import Chart, Trace

MOST_POINTS = 1600
"""Points of one line beyond which it is thinned: about one per pixel of a wide screen."""

FAINT = "#8a94a0"
"""Marks that help to read a chart, on light and on dark paper."""


@dataclass(frozen=True, kw_only=True)
class View:
    """What all charts of a stack share."""

    time: Range1d
    """The time range [ms since 1970 UTC]."""
    ruler: Span
    """The vertical line that follows the pointer through all charts."""
    moment: Span
    """A vertical line at a moment that matters, such as that of knowledge in a replay; nowhere at first."""
    zone: str
    """IANA name of the zone times are written in."""
    dark: bool
    """Whether the paper is dark."""

    @classmethod
    def of(cls, start_us: int, end_us: int, *, zone: str, dark: bool) -> "View":
        """Return a view of a span of time."""
        start, end = start_us / MILLISECOND, end_us / MILLISECOND
        ruler = Span(dimension="height", line_color=FAINT, line_dash="dotted", line_width=1.5)
        moment = Span(dimension="height", line_color=FAINT, line_width=3)
        shared = Range1d(start=start, end=end, reset_start=start, reset_end=end, min_interval=60_000)
        return cls(time=shared, ruler=ruler, moment=moment, zone=zone, dark=dark)

    @property
    def span_us(self) -> tuple[int, int]:
        """First and last moment in view [microseconds since 1970 UTC]."""
        return int(self.time.start * MILLISECOND), int(self.time.end * MILLISECOND)


def colours_of(chart: Chart) -> list[Colour]:
    """Return the colour of each line: one for each sensor, whoever told its values."""
    by_label = distinct({trace.label: trace.quantity for trace in chart.traces})
    return [by_label[trace.label] for trace in chart.traces]


class Drawn:
    """One chart as a figure, which can be thinned anew for another time range and recoloured for other paper."""

    def __init__(self, chart: Chart, view: View) -> None:
        self.chart, self.view = chart, view
        self.colours = colours_of(chart)
        self.figure = _frame(chart, view)
        self._sources = [ColumnDataSource(data=trace.points(*view.span_us, MOST_POINTS)) for trace in chart.traces]
        self._lines: list[GlyphRenderer] = []
        self._fills: list[GlyphRenderer] = []
        for trace, source, colour in zip(chart.traces, self._sources, self.colours, strict=True):
            self._add(trace, source, colour)
        self.figure.add_tools(_hover(view.zone, self._lines))

    def _add(self, trace: Trace, source: ColumnDataSource, colour: Colour) -> None:
        """Draw one line; a plan also fills the ground below it."""
        ink = colour.on(self.view.dark)
        if trace.filled:
            alpha = 0.22 / sum(other.filled for other in self.chart.traces)  # several grounds overlap
            self._fills.append(self.figure.varea("x", 0, "y", source=source, fill_color=ink, fill_alpha=alpha))
        name = f"{trace.label} [{trace.unit or '-'}] {trace.told} {trace.source}".strip()
        stroke = {"line_color": ink, "line_width": 2, "line_dash": STROKES[trace.told]}
        self._lines.append(self.figure.line("x", "y", source=source, name=name, **stroke))

    def redraw(self) -> None:
        """Take the points anew for the time range now in view."""
        for trace, source in zip(self.chart.traces, self._sources, strict=True):
            source.data = trace.points(*self.view.span_us, MOST_POINTS)

    def recolour(self, dark: bool) -> None:
        """Take the colours for dark or for light paper."""
        for line, colour in zip(self._lines, self.colours, strict=True):
            line.glyph.line_color = colour.on(dark)
        plans = [colour for trace, colour in zip(self.chart.traces, self.colours, strict=True) if trace.filled]
        for fill, colour in zip(self._fills, plans, strict=True):
            fill.glyph.fill_color = colour.on(dark)


def _frame(chart: Chart, view: View) -> figure:
    """Return the empty figure of a chart: axes with units, limits, clock changes, tools."""
    file = chart.title.lower().replace(" ", "-")
    tools = [PanTool(dimensions="width"), WheelZoomTool(dimensions="width", modifiers={"ctrl": True})]
    tools += [BoxZoomTool(dimensions="width"), ResetTool(), SaveTool(filename=file), CrosshairTool(overlay=view.ruler)]
    made = figure(
        x_range=view.time, y_range=_values(chart), height=220, sizing_mode="stretch_width", tools=tools,
        toolbar_location="above", toolbar_inner=True, min_border_left=78, min_border_right=40, lod_threshold=None,
    )  # fmt: skip
    made.toolbar.stylesheets = [":host { background: transparent !important }"]  # the chart stays readable below it
    made.toolbar.update(logo=None, autohide=True, active_drag=tools[0], active_scroll=tools[1])
    made.xaxis.update(ticker=local_time.ticker(view.zone, made), formatter=local_time.formatter(view.zone))
    made.xgrid.ticker = made.xaxis[0].ticker
    made.yaxis.update(axis_label=chart.axis, formatter=NumeralTickFormatter(format="0,0.[000]"))
    made.yaxis.axis_label_text_font_style = "normal"
    for limit in chart.bounds or ():
        made.add_layout(Span(location=limit, dimension="width", line_dash="dashed", line_color=FAINT, line_width=1.5))
    made.add_layout(view.moment)
    _mark_clock_changes(made, view)
    return made


def _values(chart: Chart) -> Range1d | DataRange1d:
    """Return the range of values: shares from 0 to 100 %, out to limits where there are some, else as the data ask."""
    seen = [trace.present[1] for trace in chart.traces if len(trace.present[1])]
    shares = {trace.unit for trace in chart.traces} == {"%"}
    ends = [*(chart.bounds or ()), *((0.0, 100.0) if shares else ())]
    if not ends or not seen:
        return DataRange1d(range_padding=0.08)
    low, high = min(*ends, *(line.min() for line in seen)), max(*ends, *(line.max() for line in seen))
    margin = 0.0 if shares else 0.06 * (high - low)
    return Range1d(low - margin, high + margin)


def _mark_clock_changes(made: figure, view: View) -> None:
    for moment in local_time.changes_between(view.zone, *view.span_us):
        at = moment / MILLISECOND
        made.add_layout(Span(location=at, dimension="height", line_color=FAINT, line_dash="dotdash"))
        word = {"text": "clocks change", "text_font_size": "11px", "text_color": FAINT}
        made.add_layout(Label(x=at, y=4, y_units="screen", x_offset=5, **word))


def _hover(zone: str, lines: Sequence[GlyphRenderer]) -> HoverTool:
    """Return the box that names value, unit, source, moment, belief time and horizon of what is under the pointer."""
    moment = local_time.hover(zone)
    rows = [("", "$name"), ("value", "@y{0,0.[0000]}"), ("time", "@x{custom}")]
    rows += [("known since", "@known{custom}"), ("known ahead", "@ahead{0,0.[0]} h")]
    written = {"@x": moment, "@known": moment}
    return HoverTool(tooltips=rows, formatters=written, renderers=list(lines), mode="vline", line_policy="prev")
