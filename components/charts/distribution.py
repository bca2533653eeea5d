"""How often values occur: a histogram, and a duration curve (share of the time in which a value is reached)."""

from typing import Any

import numpy as np
import panel as pn
import param
from bokeh.models import ColumnDataSource, GlyphRenderer, HoverTool, NumeralTickFormatter, SaveTool
from bokeh.plotting import figure

from components.charts import legend
from components.charts.points import Floats
from components.charts.traces import Chart, Trace
from components.component import Component
from components.theme import QUANTITIES

BINS = 40
MOST_POINTS = 800


class Distribution(Component):
    """Shows the values of one line without their time."""

    trace = param.ClassSelector(class_=Trace, doc="What to show.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._layout = pn.Column(sizing_mode="stretch_width", margin=0)
        self._drawn: list[GlyphRenderer] = []
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._layout

    @param.depends("trace", watch=True)
    def _draw(self) -> None:
        if self.trace is None or not len(self.trace.present[0]):
            self._layout[:] = [pn.pane.HTML(legend.notice(legend.NO_DATA), sizing_mode="stretch_width")]
            return
        colour = QUANTITIES[self.trace.quantity].on(self.dark)
        parts = [histogram(self.trace, colour), duration_curve(self.trace, colour)]
        self._drawn = [part.renderers[0] for part in parts]
        panes = [pn.pane.Bokeh(part, sizing_mode="stretch_width", margin=0) for part in parts]
        headings = [_heading("How often values occur"), _heading("Duration curve")]
        self._layout[:] = [each for pair in zip(headings, panes, strict=True) for each in pair]

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        colour = QUANTITIES[self.trace.quantity].on(self.dark) if self.trace else ""
        for drawn in self._drawn:
            name = "fill_color" if hasattr(drawn.glyph, "fill_color") else "line_color"
            drawn.glyph.update(**{name: colour})


def _heading(text: str) -> pn.pane.HTML:
    style = "margin:12px 0 0;font-size:1rem;font-weight:500"
    return pn.pane.HTML(f'<h3 style="{style}">{text}</h3>', margin=(0, 8))


def histogram_shares(trace: Trace) -> tuple[Floats, Floats]:
    """Bounds of the bins [unit], shape (b + 1,), and the share of values in each [%], shape (b,)."""
    values = trace.present[1]
    counts, bounds = np.histogram(values, bins=BINS)
    return bounds, counts / len(values) * 100


def duration_points(trace: Trace) -> tuple[Floats, Floats]:
    """Shares of the time [%] and the value reached or exceeded in each [unit], from high to low; shapes (p,)."""
    values = np.sort(trace.present[1])[::-1]
    share = np.arange(1, len(values) + 1) / len(values) * 100
    picked = np.unique(np.linspace(0, len(values) - 1, min(len(values), MOST_POINTS)).round().astype(int))
    return share[picked], values[picked]


def histogram(trace: Trace, colour: str) -> figure:
    """Figure of a histogram."""
    bounds, shares = histogram_shares(trace)
    made = _frame(trace, "histogram", x=Chart(title="", traces=[trace]).axis, y="Share of the values [%]")
    source = ColumnDataSource({"left": bounds[:-1], "right": bounds[1:], "top": shares})
    drawn = made.quad("left", "right", "top", 0, source=source, fill_color=colour, line_color=None, fill_alpha=0.8)
    tips = [("values", f"@left{{0,0.[00]}} to @right{{0,0.[00]}} {trace.unit}"), ("share", "@top{0.[00]} %")]
    made.add_tools(HoverTool(tooltips=tips, renderers=[drawn]))
    return made


def duration_curve(trace: Trace, colour: str) -> figure:
    """Figure of a duration curve."""
    shares, values = duration_points(trace)
    made = _frame(trace, "duration", x="Share of the time [%]", y=Chart(title="", traces=[trace]).axis)
    source = ColumnDataSource({"share": shares, "value": values})
    drawn = made.line("share", "value", source=source, line_color=colour, line_width=2)
    tips = [("at least", f"@value{{0,0.[00]}} {trace.unit}"), ("in", "@share{0.[0]} % of the time")]
    made.add_tools(HoverTool(tooltips=tips, renderers=[drawn], mode="vline"))
    return made


def _frame(trace: Trace, kind: str, *, x: str, y: str) -> figure:
    """Empty figure with named axes."""
    made = figure(
        height=260, sizing_mode="stretch_width", min_border_left=78, tools="box_zoom,reset", toolbar_location="above",
        toolbar_inner=True, x_axis_label=x, y_axis_label=y,
    )  # fmt: skip
    made.add_tools(SaveTool(filename=f"{trace.label}-{kind}".lower().replace(" ", "-")))
    made.toolbar.update(logo=None, autohide=True)
    for axis in made.axis:
        axis.update(axis_label_text_font_style="normal", formatter=NumeralTickFormatter(format="0,0.[000]"))
    return made
