"""How often values occur: a histogram, and a duration curve (share of the time in which a value is reached)."""

import numpy as np
import panel as pn
from bokeh.models import ColumnDataSource, HoverTool, NumeralTickFormatter, SaveTool
from bokeh.plotting import figure

from components.charts.points import Floats
from components.charts.trace_view import TraceView
from components.charts.traces import Chart, Trace

BINS = 40
MOST_POINTS = 800


class Distribution(TraceView):
    """Shows the values of one line without their time."""

    def _panes(self, trace: Trace) -> list[pn.viewable.Viewable]:
        parts = [histogram(trace, self.colour), duration_curve(trace, self.colour)]
        self._coloured = [part.renderers[0] for part in parts]
        panes = [pn.pane.Bokeh(part, sizing_mode="stretch_width", margin=0) for part in parts]
        headings = [_heading("How often values occur"), _heading("Duration curve")]
        return [each for pair in zip(headings, panes, strict=True) for each in pair]


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
