"""One heading and one Bokeh figure per chart: a line for each source, filled below schedules, bands of forecasts."""

from functools import cached_property
from typing import Any

import numpy as np
from bokeh.models import ColumnDataSource, CustomJS, DataRange1d, Div, GlyphRenderer
from bokeh.plotting import figure

from components.charts import frames, legend, readout
from components.charts.annotations import draw_bands
from components.charts.traces import MOST_POINTS, Chart, Trace
from components.charts.view import View
from components.theme import STROKES, Colour, distinct

HEIGHT = 220
"""Of one chart [px]."""
SPARSE = 900
"""Points of one line up to which it is drawn bold and in its stroke. Closer points leave no room for either; and where
the browser draws without a graphics card, bold and dashed lines through many points cost it seconds, thin ones do not.
"""


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
        self._source = ColumnDataSource(**_points(trace, view))
        area = {"source": self._source, "fill_color": colour.on(view.dark)}
        self.areas: list[GlyphRenderer] = []
        if trace.band is not None or trace.is_long:
            self.areas.append(made.varea("x", "low", "high", fill_alpha=0.2, **area))
        if trace.filled:
            self.areas.append(made.varea("x", 0, "top", fill_alpha=opacity, **area))
        name = f"{trace.label} [{trace.unit or '-'}] {trace.role} {trace.source}".strip()
        self.line = made.line("x", "y", source=self._source, name=name, line_color=colour.on(view.dark))
        self.line.tags = [readout.facts(trace)]
        self._set_stroke()

    @property
    def parts(self) -> list[GlyphRenderer]:
        """All that is shown and hidden together."""
        return [self.line, *self.areas]

    def redraw(self, trace: Trace, view: View) -> None:
        """Take the points anew for the time range in view."""
        self._source.update(**_points(trace, view))
        self._set_stroke()

    def recolour(self, dark: bool) -> None:
        """Take the colours of dark or light mode."""
        self.line.glyph.line_color = self.colour.on(dark)
        for area in self.areas:
            area.glyph.fill_color = self.colour.on(dark)

    def _set_stroke(self) -> None:
        sparse = len(self._source.data["x"]) <= SPARSE
        self.line.glyph.update(line_width=2 if sparse else 1, line_dash=STROKES[self._role] if sparse else "solid")


class DrawnChart:
    """One chart as a heading and a figure, which can follow another time range and dark mode."""

    def __init__(self, chart: Chart, view: View, *, height: int = HEIGHT) -> None:
        """Draw it, ``height`` px high."""
        self.chart, self.view, self._annotated, self._dark = chart, view, False, view.dark
        self.colours = colours_of(chart)
        self.figure = frames.frame(chart, view, height=height)
        filled = sum(trace.filled for trace in chart.traces)
        drawn = zip(chart.traces, self.colours, strict=True)
        opacity = 0.22 / max(filled, 1)  # several areas overlap
        self.lines = [DrawnTrace(self.figure, trace, colour, view=view, opacity=opacity) for trace, colour in drawn]
        values = self.figure.y_range
        if isinstance(values, DataRange1d):
            values.renderers = [part for line in self.lines for part in line.parts]
        for measured in (self.figure, values):
            measured.syncable = False  # Python need not hear of the widths and ranges that the browser measures
        view.readout.join(self.figure)

    @cached_property
    def heading(self) -> Div:
        """Title and legend, whose names hide lines. Made when first used: a figure alone needs no widgets."""
        made = Div(text=self._legend(), margin=(12, 8, 0, 8))
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

    @property
    def summary(self) -> str:
        """Title and sensors, in one line of plain text."""
        named = dict.fromkeys(f"{trace.label} [{trace.unit or '-'}]" for trace in self.chart.traces)
        return f"{self.chart.title}: {', '.join(named)}" if named else self.chart.title

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
