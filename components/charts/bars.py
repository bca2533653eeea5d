"""A bar for each day, week or month: the energy of a power, the sum of amounts, the mean of anything else."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
import param
from bokeh.models import (
    ColumnDataSource,
    GlyphRenderer,
    HoverTool,
    NumeralTickFormatter,
    SaveTool,
)
from bokeh.plotting import figure

from components import local_time
from components.charts.heatmap import DAY, HOUR, MONDAY, clock
from components.charts.points import Floats
from components.charts.trace_view import TraceView
from components.charts.traces import Chart, Trace
from components.local_time import MILLISECOND
from engine.series.iso_time import Microseconds
from engine.units.units import same_kind

PER = ("day", "week", "month")
GAP = 0.08
"""Share of a bar's place that is left free on each side."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sums:
    """Values of each day, week or month that has any; shapes (b,)."""

    start: Microseconds
    """Local clock time at which each begins [µs since 1970 on the clock]."""
    end: Microseconds
    """Where the next one begins, the same way."""
    height: Floats
    """Energy [unit · h] of a power; the sum of amounts, such as energies [unit]; else the mean [unit]."""
    mean: Floats
    low: Floats
    high: Floats
    hours: Floats
    """Time with values [h]; of instantaneous values NaN."""


def is_power(trace: Trace) -> bool:
    """Whether the bars of a line show energy."""
    return trace.stepped and same_kind(trace.unit, "kW")


def sums(trace: Trace, *, zone: str, per: str) -> Sums:
    """Values of a line by day, week or month of a zone; days of clock changes have 23 or 25 h."""
    events, values, _ = trace.present
    local, _ = clock(zone, events)
    if per == "month":
        months = local.astype("datetime64[us]").astype("datetime64[M]")
        begin, following = (part.astype("datetime64[us]").astype(np.int64) for part in (months, months + 1))
    else:
        length, origin = (7 * DAY, MONDAY) if per == "week" else (DAY, 0)
        begin = (local - origin) // length * length + origin
        following = begin + length
    start, first, counts = np.unique(begin, return_index=True, return_counts=True)
    ordered = np.argsort(begin, kind="stable")
    places = np.concatenate([[0], np.cumsum(counts)[:-1]])
    taken = values[ordered]
    mean = np.add.reduceat(taken, places) / counts
    hours = counts * trace.pace / HOUR if trace.stepped else np.full(len(counts), np.nan)
    return Sums(
        start=start,
        end=following[first],
        height=mean * hours if is_power(trace) else mean * counts if trace.adds_up else mean,
        mean=mean,
        low=np.minimum.reduceat(taken, places),
        high=np.maximum.reduceat(taken, places),
        hours=hours,
    )


class Bars(TraceView):
    """Shows one line as bars."""

    zone = param.String(default="UTC", doc="IANA name of the zone whose days, weeks or months the bars are.")
    per: Any = param.Selector(default="day", objects=list(PER), doc="What each bar stands for.")

    def _panes(self, trace: Trace) -> list[pn.viewable.Viewable]:
        drawn, bars = draw_bars(trace, self.zone, self.per, self.colour)
        self._coloured = [bars]
        return [pn.pane.Bokeh(drawn, sizing_mode="stretch_width", margin=0)]


def draw_bars(trace: Trace, zone: str, per: str, colour: str) -> tuple[figure, GlyphRenderer]:
    """Figure of the bars, and the bars in it."""
    totals, power = sums(trace, zone=zone, per=per), is_power(trace)
    unit = f"{trace.unit}h" if power else trace.unit
    width = totals.end - totals.start
    columns = {name: getattr(totals, name) for name in ("height", "mean", "low", "high", "hours")}
    columns |= {"start": totals.start / MILLISECOND, "left": (totals.start + GAP * width) / MILLISECOND}
    columns |= {"right": (totals.end - GAP * width) / MILLISECOND}
    statistic = "Total" if trace.adds_up else "Mean"
    axis = f"Energy per {per} [{unit}]" if power else f"{statistic} per {per}: {Chart(title='', traces=[trace]).axis}"
    made = figure(
        height=380, sizing_mode="stretch_width", min_border_left=78, tools="xpan,box_zoom,reset",
        x_axis_type="datetime", toolbar_location="above", toolbar_inner=True, x_axis_label=f"Time in {zone}",
        y_axis_label=axis,
    )  # fmt: skip
    made.add_tools(SaveTool(filename=f"{trace.label}-per-{per}".lower().replace(" ", "-")))
    made.toolbar.update(logo=None, autohide=True)
    made.axis.axis_label_text_font_style = "normal"
    # The bars stand on clock times of the zone, which are drawn as if they were UTC.
    made.xaxis.update(ticker=local_time.ticker("UTC", made), formatter=local_time.formatter("UTC"))
    made.yaxis.formatter = NumeralTickFormatter(format="0,0.[000]")
    made.xgrid.visible = False
    bars = made.quad(
        "left",
        "right",
        "height",
        0,
        source=ColumnDataSource(columns),
        fill_color=colour,
        line_color=None,
        fill_alpha=0.85,
    )
    made.add_tools(HoverTool(tooltips=hover_rows(trace, unit), formatters={"@start": "datetime"}, renderers=[bars]))
    return made, bars


def hover_rows(trace: Trace, unit: str) -> list[tuple[str, str]]:
    """Rows of the hover box of a bar; ``unit`` is that of its height."""
    number = "{0,0.[000]}"
    summed = {"energy": is_power(trace), "total": trace.adds_up}
    power = [(word, f"@height{number} {unit}") for word, shown in summed.items() if shown]
    spread = [(word, f"@{word}{number} {trace.unit}") for word in ("mean", "low", "high")]
    known = [("hours with values", "@hours{0,0.[0]}")] if trace.stepped else []
    return [("from", "@start{%a %-d %b %Y}"), *power, *spread, *known]
