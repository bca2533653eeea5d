"""One heading and one Bokeh figure per chart: a line for each source, filled below schedules, bands of forecasts."""

from functools import cached_property
from typing import Any

import numpy as np
from bokeh.models import (
    ColumnDataSource,
    CrosshairTool,
    CustomJS,
    DataRange1d,
    Div,
    GlyphRenderer,
    LabelSet,
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

from components.charts import legend, readout
from components.charts.annotations import draw_bands
from components.charts.traces import MOST_POINTS, Chart, Trace
from components.charts.view import KEEP_TIME, View
from components.scripts import Script
from components.theme import FAINT, STROKES, Colour, distinct

HEIGHT = 220
"""Of one chart [px]."""
SPARSE = 900
"""Points of one line up to which it is drawn bold and in its stroke. Closer points leave no room for either; and where
the browser draws without a graphics card, bold and dashed lines through many points cost it seconds, thin ones do not.
"""
REST = Script(__file__).call("restOutOfSight", "plot", "cb_context.index")


def colours_of(chart: Chart) -> list[Colour]:
    """Colour of each line: one for each sensor, whatever the source of its values."""
    by_label = distinct({trace.label: trace.quantity for trace in chart.traces})
    return [by_label[trace.label] for trace in chart.traces]


class DrawnTrace:
    """One trace in a figure: its line, and the area below it or the band around it."""

    def __init__(self, made: figure, trace: Trace, colour: Colour, *, view: View, opacity: float) -> None:
        """Draw it.

        Args:
            made: The figure to draw it in.
            trace: What to draw.
            colour: Its colour.
            view: Time range, and whether dark mode is on.
            opacity: Opacity of the area below a schedule, from 0 to 1.
        """
        self.colour, self._role = colour, trace.role
        self.source = ColumnDataSource(**_points(trace, view))
        area = {"source": self.source, "fill_color": colour.on(view.dark)}
        self.areas: list[GlyphRenderer] = []
        if trace.band is not None or trace.is_long:
            self.areas.append(made.varea("x", "low", "high", fill_alpha=0.2, **area))
        if trace.filled:
            self.areas.append(made.varea("x", 0, "top", fill_alpha=opacity, **area))
        name = f"{trace.label} [{trace.unit or '-'}] {trace.role} {trace.source}".strip()
        self.line = made.line("x", "y", source=self.source, name=name, line_color=colour.on(view.dark))
        self.line.tags = [readout.facts(trace) | {"colours": [colour.light, colour.dark]}]
        self._set_stroke()

    @property
    def parts(self) -> list[GlyphRenderer]:
        """All that is shown and hidden together."""
        return [self.line, *self.areas]

    def redraw(self, trace: Trace, view: View) -> None:
        """Take the points anew for the time range in view."""
        self.source.update(**_points(trace, view))
        self._set_stroke()

    def recolour(self, dark: bool) -> None:
        """Take the colours of dark or light mode."""
        self.line.glyph.line_color = self.colour.on(dark)
        for area in self.areas:
            area.glyph.fill_color = self.colour.on(dark)

    def _set_stroke(self) -> None:
        sparse = len(self.source.data["x"]) <= SPARSE
        self.line.glyph.update(line_width=2 if sparse else 1, line_dash=STROKES[self._role] if sparse else "solid")


class DrawnChart:
    """One chart as a heading and a figure, which can follow another time range and dark mode."""

    def __init__(self, chart: Chart, view: View, *, height: int = HEIGHT) -> None:
        """Draw it, ``height`` px high."""
        self.chart, self.view, self._annotated, self._dark = chart, view, False, view.dark
        self.colours = colours_of(chart)
        self.figure = empty_figure(chart, view, height=height)
        filled = sum(trace.filled for trace in chart.traces)
        drawn = zip(chart.traces, self.colours, strict=True)
        opacity = 0.22 / max(filled, 1)  # several areas overlap
        self.lines = [DrawnTrace(self.figure, trace, colour, view=view, opacity=opacity) for trace, colour in drawn]
        self.figure.vspan("at", source=view.changes, line_color=FAINT, line_dash="dotdash")
        word: dict[str, Any] = {"text_font_size": "11px", "text_color": FAINT, "y_units": "screen", "x_offset": 5}
        self.figure.add_layout(LabelSet(x="at", y=4, text="word", source=view.changes, **word))
        values = self.figure.y_range
        if isinstance(values, DataRange1d):
            values.renderers = [part for line in self.lines for part in line.parts]
        drawn_by = [*self.figure.axis, *self.figure.grid, self.figure.toolbar, self.figure.title]
        for model in (self.figure, values, *drawn_by):
            model.syncable = False  # the browser measures and colours them; each change would be a message to Python
        view.readout.join(self.figure)

    @cached_property
    def heading(self) -> Div:
        """Title and legend, whose names hide lines. Made when first used: a figure alone needs no widgets."""
        made = Div(text=self._legend(), margin=(12, 8, 0, 8), sizing_mode="stretch_width")
        hiding = {"heading": made, "lines": [line.parts for line in self.lines]}
        self.figure.js_on_change("inner_width", CustomJS(code=legend.HIDE, args=hiding))
        return made

    def show_time(self, *, is_named: bool) -> None:
        """Label the time axis with its time zone; charts above the last one of a stack keep its ticks as grid only."""
        self.figure.xaxis.update(visible=is_named, axis_label=f"Time in {self.view.zone}")
        self.figure.xaxis.axis_label_text_font_style = "normal"
        self.figure.height += 24 if is_named else -20

    def annotate(self) -> None:
        """Draw the annotations of the view, from now on."""
        if not self._annotated:
            draw_bands(self.figure, self.view.annotations)
            self._annotated = True

    def redraw(self) -> None:
        """Take the points anew for the time range now in view."""
        for trace, line in zip(self.chart.traces, self.lines, strict=True):
            line.redraw(trace, self.view)
        self.heading.text = self._legend()

    def recolour(self, dark: bool) -> None:
        """Take the colours of dark or light mode."""
        self._dark = dark
        for line in self.lines:
            line.recolour(dark)
        self.heading.text = self._legend()

    def _legend(self) -> str:
        hidden = [i for i, line in enumerate(self.lines) if not line.line.visible]
        return legend.html(self.chart, self.colours, span=self.view.span_us, dark=self._dark, hidden=hidden)


def _points(trace: Trace, view: View) -> dict[str, Any]:
    """Points in view, as precise as a screen can show, to send half the bytes; and whether they are thinned."""
    points = trace.points(*view.span_us, MOST_POINTS)
    exact = ("x", "known")
    seen = trace.in_view(*view.span_us)
    return {
        "data": {name: column if name in exact else column.astype(np.float32) for name, column in points.items()},
        "tags": ["thinned"] if seen.stop - seen.start > MOST_POINTS else [],
    }


def empty_figure(chart: Chart, view: View, *, height: int) -> figure:
    """Empty figure of a chart, ``height`` px high."""
    file = chart.title.lower().replace(" ", "-")
    tools = [PanTool(dimensions="width"), WheelZoomTool(dimensions="width", modifiers={"ctrl": True})]
    tools += [BoxZoomTool(dimensions="width"), ResetTool(), SaveTool(filename=file), CrosshairTool(overlay=view.ruler)]
    made = figure(
        x_range=view.time, y_range=value_range(chart), height=height, sizing_mode="stretch_width", tools=tools,
        name=chart.title, toolbar_location="above", toolbar_inner=True, min_border_left=78, min_border_right=40,
        # Bokeh would leave out points while somebody pans; here lines are thinned already.
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
    for mark in (view.future, view.now, view.moment):
        made.add_layout(mark)
    made.js_on_change("inner_width", CustomJS(code=REST, args={"plot": made}))
    made.js_on_change("inner_width", CustomJS(code=KEEP_TIME, args={"line": view.now, "shade": view.future}))
    return made


def value_range(chart: Chart) -> Range1d | DataRange1d:
    """Range of the value axis: its limits, else what the data of the lines that are shown need."""
    limits = axis_limits(chart)
    # What is hidden does not stretch the axis.
    return DataRange1d(range_padding=0.08, only_visible=True) if limits is None else Range1d(*limits)


def axis_limits(chart: Chart) -> tuple[float, float] | None:
    """Ends of the value axis: 0 to 100 % of shares; at least limits and extent; None: those of the data."""
    seen = [trace.extremes for trace in chart.traces if len(trace.present[1])]
    shares = {trace.unit for trace in chart.traces} == {"%"}
    ends = [*(chart.bounds or ()), *(chart.extent or ()), *((0.0, 100.0) if shares else ())]
    if not ends or not (seen or chart.extent):
        return None
    low, high = min(*ends, *(low for low, _ in seen)), max(*ends, *(high for _, high in seen))
    margin = 0.0 if shares else 0.06 * (high - low)
    return low - margin, high + margin
