"""Elements of HoloViews for the values of one sensor, which ``+`` lays beside each other and ``*`` upon each other.

Their dimensions have the names and units of what they show, so that those of several sensors link. However long a
series is, an element has some ten thousand numbers at most: they are counted and averaged before they are drawn.
"""

from collections.abc import Sequence
from typing import Any

import holoviews as hv
import holoviews.plotting.bokeh  # registers the backend, without which elements take no options
import numpy as np
from bokeh.models import DatetimeTickFormatter, HoverTool
from bokeh.palettes import Cividis256

from components.analysis.patterns import FINEST, KINDS, WEEK, day_profile, odd_stretches
from components.charts.distribution import duration_points, histogram_shares
from components.charts.heatmap import DAY, DIVERGING_PALETTE, HOUR, HeatmapCells, colour_range, heatmap_cells
from components.charts.traces import Trace
from components.local_time import MILLISECOND
from components.theme import BAD, FAINT, QUANTITIES, WARN, Colour
from engine.series.quality import Oddity

hv.Store.set_current_backend("bokeh")
DAYS = {"hours": "%H:%M", "days": "%-d %b", "months": "%b", "years": "%Y"}
YEARS = {"days": "%Y", "months": "%Y"}
"""Formats of ticks by their distance, and what stands below the first of them."""
LINES = dict(zip(WEEK, (QUANTITIES["power"], QUANTITIES["production"], QUANTITIES["consumption"]), strict=True))
"""Colour of each kind of day."""
ODD = {"Gaps": BAD, "Constant": WARN, "Jumps": QUANTITIES["state of charge"]}
"""Colour of each kind of stretch that looks wrong, from top to bottom."""
EMPTY = HeatmapCells(np.full((1, 24), np.nan), 0, DAY)
"""A day without values."""
MOST_ODD = 2000
"""Stretches that are drawn, the longest first."""


def hide_logo(plot: Any, _element: object) -> None:
    """Leave the toolbar to tools, and show it while the pointer is over the chart alone."""
    plot.state.toolbar.update(logo=None, autohide=True)


CLEAR = {"background_fill_alpha": 0, "border_line_alpha": 0, "padding": 0}
SIZES = {"title": "14px", "labels": "12px", "ticks": "11px", "legend": "11px"}
SHARED = {
    "responsive": True,
    "default_tools": ["reset", "save"],
    "toolbar": "above",
    "hooks": [hide_logo],
    "fontsize": SIZES,
}
FRAME = {"min_height": 240, "height": 260, **SHARED}


def day_formatter() -> DatetimeTickFormatter:
    """Writes days or months at an axis, and the year below the first of them."""
    year = DatetimeTickFormatter(**YEARS)
    return DatetimeTickFormatter(**DAYS, context=year, context_which="start", hide_repeats=True)


def value_dimension(trace: Trace) -> hv.Dimension:
    """Dimension of the values of a line."""
    return hv.Dimension("value", label=trace.quantity.capitalize(), unit=trace.unit or "-")


def heatmap(trace: Trace, *, zone: str) -> hv.Image:
    """Values by day, from left to right, and time of day, from top to bottom.

    The colours end at the quantiles 2 and 98 %, so that single values do not pale all others.
    """
    known = len(trace.present[0]) > 0
    cells = heatmap_cells(trace, zone=zone, finest=FINEST) if known else EMPTY
    days = (cells.first // DAY + np.arange(len(cells.values))).astype("datetime64[D]").astype("datetime64[ns]")
    columns = cells.values.shape[1]
    hours = (np.arange(columns) + 0.5) * cells.row / HOUR / columns
    low, high, diverging = colour_range(trace, cells.values) if known else (0.0, 1.0, False)
    dimensions = [hv.Dimension("day", label="Day"), hv.Dimension("hour", label="Time of day", unit="h")]
    # Pixels in each microsecond and each hour: one day alone, or one time of day, does not say how wide it is
    densities = {"xdensity": 1 / DAY, "ydensity": columns * HOUR / cells.row}
    image = hv.Image((days + np.timedelta64(12, "h"), hours, cells.values.T.astype(np.float32)), kdims=dimensions,
                     vdims=[value_dimension(trace)], **densities)  # fmt: skip
    hover = HoverTool(tooltips=[("Day", "$x{%a %-d %b %Y}"), ("Hour", "$y{0.00}"), ("Value", "@image{0,0.[000]}")],
                      formatters={"$x": "datetime"})  # fmt: skip
    return image.opts(
        title="Days", cmap=DIVERGING_PALETTE if diverging else Cividis256, clim=(low, high), colorbar=True,
        tools=[hover, "xbox_select"], active_tools=["xbox_select"], invert_yaxis=True, yticks=[0, 6, 12, 18, 24],
        xformatter=day_formatter(), **(FRAME | {"height": 320}),
    )  # fmt: skip


def duration_curve(trace: Trace, *, colour: str = "") -> hv.Curve:
    """Share of the time in which a value is reached or exceeded."""
    points = duration_points(trace) if len(trace.present[1]) else (np.zeros(0), np.zeros(0))
    share = hv.Dimension("share", label="Share of the time", unit="%")
    curve = hv.Curve(points, kdims=[share], vdims=[value_dimension(trace)])
    return curve.opts(title="Duration curve", color=colour or usual(trace), tools=["hover"], framewise=True, **FRAME)


def histogram(trace: Trace, *, colour: str = "") -> hv.Histogram:
    """Share of the values in each of equal ranges."""
    bounds, shares = histogram_shares(trace) if len(trace.present[1]) else (np.array([0.0, 1.0]), np.zeros(1))
    drawn = hv.Histogram((bounds, shares), kdims=[value_dimension(trace)],
                         vdims=[hv.Dimension("frequency", label="Frequency", unit="%")])  # fmt: skip
    bars = {"color": colour or usual(trace), "line_color": None, "tools": ["hover"], "framewise": True}
    return drawn.opts(title="Histogram", **bars, **FRAME)


def week_profile(trace: Trace, *, zone: str, dark: bool = False) -> hv.NdOverlay:
    """Mean by time of day, for working days, Saturdays and Sundays."""
    profile, hour = day_profile(trace, zone), hv.Dimension("hour", label="Time of day", unit="h")
    empty = np.full(len(profile.hours), np.nan)
    curves = {
        name: hv.Curve((profile.hours, profile.means.get(name, empty)), kdims=[hour], vdims=[value_dimension(trace)])
        .opts(color=LINES[name].on(dark), tools=["hover"], interpolation="steps-post")
        for name in WEEK
    }  # fmt: skip
    legend = {"legend_position": "top", "legend_cols": len(WEEK), "legend_opts": {"title": None, **CLEAR}}
    return hv.NdOverlay(curves, kdims=["Days"]).opts(
        title="Mean day", xticks=list(range(0, 25, 6)), framewise=True, **legend, **FRAME
    )


def quality_strip(trace: Trace, *, dark: bool = False) -> hv.Overlay:
    """Gaps, constant values and jumps as marks above the time, each kind in a row of its own."""
    odd = sorted(odd_stretches(trace), key=lambda each: each.start_us - each.end_us)[:MOST_ODD]
    rows = {name: [each for each in odd if KINDS[each.kind] == name] for name in ODD}
    events = trace.present[0]
    ends = (int(events[0]), int(events[-1])) if len(events) else (0, 1)
    whole = [Oddity("", *ends, 0.0)]  # the row itself, so that the axis is there where nothing is wrong
    parts = [strips(whole, at, FAINT).opts(fill_alpha=0.15, line_alpha=0) for at in range(len(ODD))]
    least = (ends[1] - ends[0]) // 600  # no narrower than can be seen
    parts += [strips(rows[name], at, colour.on(dark), least=least) for at, (name, colour) in enumerate(ODD.items())]
    ticks = [(len(ODD) - 0.5 - at, f"{name} {len(rows[name])}") for at, name in enumerate(ODD)]
    return hv.Overlay(parts).opts(
        title="Data quality", yticks=ticks, ylabel="", ylim=(0, len(ODD)), show_legend=False, xlabel="Day",
        xformatter=day_formatter(), **(FRAME | {"min_height": 130, "height": 150}),
    )  # fmt: skip


def strips(odd: Sequence[Oddity], row: int, colour: str, *, least: int = 0) -> hv.Rectangles:
    """Stretches in one row from the top, each at least some time long [µs]."""
    foot = len(ODD) - 1 - row
    boxes = [
        (moment(each.start_us), foot + 0.15, moment(max(each.end_us, each.start_us + least)), foot + 0.85)
        for each in odd
    ]
    return hv.Rectangles(boxes, kdims=["day", "row", "until", "top"]).opts(
        color=colour, line_color=colour, default_tools=[]
    )


def moment(us: int) -> np.datetime64:
    """Moment [µs since 1970 UTC] as HoloViews takes it."""
    return np.datetime64(int(us // MILLISECOND), "ms")


def usual(trace: Trace) -> str:
    """Colour of what a line is about, in light mode."""
    colour: Colour = QUANTITIES[trace.quantity]
    return colour.light
