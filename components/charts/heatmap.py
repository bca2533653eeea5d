"""Values over days and time of day, or over weeks and time of week, true on the days the clocks change.

A row is a day (or week) of a zone, a column a time on its clock. Where the clock is put forward the hour that does not
exist stays empty; where it is put back the hour that comes twice is split: the first in the left half of its cells, the
second in the right half.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import panel as pn
import param
from bokeh.models import (
    ColorBar,
    CustomJSHover,
    CustomJSTickFormatter,
    FixedTicker,
    HoverTool,
    LinearColorMapper,
    SaveTool,
)
from bokeh.palettes import Cividis256
from bokeh.plotting import figure

from components.charts.points import Floats
from components.charts.trace_view import TraceView
from components.charts.traces import Trace
from components.local_time import changes
from components.scripts import Script
from engine.series.iso_time import Microseconds

HOUR, DAY = 3_600_000_000, 86_400_000_000
MONDAY = 4 * DAY
"""1970-01-05 was the first Monday."""
FINEST = 300_000_000
"""Shortest column [µs]; shorter events are averaged, or added up if they are amounts such as kWh."""
MOST_LABELS = 12
"""Rows that are named at the axis."""
DIVERGING = (np.array([0, 114, 178]), np.array([242, 242, 238]), np.array([213, 94, 0]))
"""Colours of the lowest negative value, of zero and of the highest value: blue, near white, orange."""
OUTER = (0.02, 0.98)
"""Quantiles of the values at which the colours end."""
LITTLE = 0.05
"""Share of the largest that values of the other sign must have to count."""
SCRIPT = Script(__file__)


@dataclass(frozen=True, eq=False)
class HeatmapCells:
    """Values by row and column."""

    values: Floats
    """NaN where there is none, shape (rows, columns)."""
    first: int
    """Local clock time at which the first row begins [µs since 1970 on the clock]."""
    row: int
    """Length of a row on the clock [µs]."""


def clock(zone: str, events: Microseconds) -> tuple[Microseconds, np.ndarray]:
    """Clock times of events in a zone, and whether each is in the second passing of an hour that comes twice."""
    moments, offsets = (np.array(part, dtype=np.int64) for part in zip(*changes(zone), strict=True))
    at = np.searchsorted(moments, events, side="right") - 1
    back = np.append(0, np.maximum(offsets[:-1] - offsets[1:], 0))
    known = np.maximum(at, 0)
    second = (at > 0) & (events < moments[known] + back[known])
    return events + offsets[known], second


def heatmap_cells(trace: Trace, *, zone: str, days: int = 1, finest: int = FINEST) -> HeatmapCells:
    """Values of a line as rows of 1 or 7 days; several values of one cell are averaged, amounts added.

    Args:
        trace: The line.
        zone: IANA name of the zone of the days.
        days: Days of one row.
        finest: Shortest column [µs].
    """
    events, values, _ = trace.present
    local, second = clock(zone, events)
    row, step = days * DAY, max(trace.pace or HOUR, finest)
    origin = MONDAY if days == 7 else 0
    first = (int(local.min()) - origin) // row * row + origin
    twice = is_in_repeated_hour(zone, events)
    halves = 2 if twice.any() else 1
    rows, columns = (int(local.max()) - first) // row + 1, -(-row // step) * halves
    at_row, within = (local - first) // row, (local - first) % row
    cell = at_row * columns + within // step * halves
    sums, counts = np.zeros(rows * columns), np.zeros(rows * columns)
    for half in range(halves):
        mine = ~twice | (second == bool(half))
        np.add.at(sums, cell[mine] + half, values[mine])
        np.add.at(counts, cell[mine] + half, 1)
    with np.errstate(invalid="ignore"):
        cells = np.where(counts > 0, sums if trace.adds_up else sums / counts, np.nan)
    return HeatmapCells(cells.reshape(rows, columns), first, row)


def is_in_repeated_hour(zone: str, events: Microseconds) -> np.ndarray:
    """Whether each event lies in an hour that comes twice, at its first or its second passing, shape (n,)."""
    twice = np.zeros(len(events), dtype=bool)
    listed = changes(zone)
    for (_, before), (moment, after) in pairwise(listed):
        if after < before:
            twice |= (events >= moment - (before - after)) & (events < moment + (before - after))
    return twice


class Heatmap(TraceView):
    """Shows one line as a heatmap."""

    zone = param.String(default="UTC", doc="IANA name of the zone whose days are the rows.")
    days = param.Integer(default=1, bounds=(1, 7), doc="Days of one row: 1 or 7.")

    def _panes(self, trace: Trace) -> list[pn.viewable.Viewable]:
        drawn = draw_heatmap(heatmap_cells(trace, zone=self.zone, days=self.days), trace, self.zone)
        return [pn.pane.Bokeh(drawn, sizing_mode="stretch_width", margin=0)]


def draw_heatmap(cells: HeatmapCells, trace: Trace, zone: str) -> figure:
    """Figure of a heatmap."""
    rows, hours = len(cells.values), cells.row / HOUR
    height = int(np.clip(rows * 12 + 110, 220, 640))
    made = figure(
        x_range=(0, hours), y_range=(rows, 0), height=height, sizing_mode="stretch_width", min_border_left=84,
        toolbar_location="above", toolbar_inner=True, tools="box_zoom,reset",
    )  # fmt: skip
    made.add_tools(SaveTool(filename=trace.label.lower().replace(" ", "-")))
    made.toolbar.update(logo=None, autohide=True)
    mapper = colour_mapper(trace, cells.values)
    image = cells.values.astype(np.float32)
    drawn = made.image([image], x=0, y=0, dw=hours, dh=rows, color_mapper=mapper, origin="bottom_left")  # rows run down
    made.add_layout(ColorBar(color_mapper=mapper, title=f"{trace.unit}", width=12), "right")
    days = int(cells.row // DAY)
    args = {"first": cells.first / 1000, "row": cells.row / 1000}
    made.yaxis.ticker = FixedTicker(ticks=[row + 0.5 for row in range(0, rows, -(-rows // MOST_LABELS))])
    made.yaxis.formatter = CustomJSTickFormatter(code=SCRIPT.call("rowLabel", "tick", "first", "row"), args=args)
    made.yaxis.axis_label = "Week beginning" if days == 7 else "Day"
    made.xaxis.ticker = FixedTicker(ticks=list(range(0, days * 24 + 1, 24 if days == 7 else 3)))
    label = "weekdayLabel" if days == 7 else "clockLabel"
    made.xaxis.formatter = CustomJSTickFormatter(code=SCRIPT.call(label, "tick"))
    made.xaxis.axis_label = f"Time of {'week' if days == 7 else 'day'} in {zone}"
    for axis in made.axis:
        axis.axis_label_text_font_style = "normal"
    made.grid.visible = False
    when = CustomJSHover(code=SCRIPT.call("clockTime", "special_vars", "first", "row"), args=args)
    tips = [("", "$x{custom}"), (trace.label, f"@image{{0,0.[000]}} {trace.unit}")]
    made.add_tools(HoverTool(tooltips=tips, formatters={"$x": when}, renderers=[drawn], point_policy="follow_mouse"))
    return made


def colour_mapper(trace: Trace, values: Floats) -> LinearColorMapper:
    """Blue to orange around zero for power that flows both ways, else dark to light."""
    low, high, diverging = colour_range(trace, values)
    palette = DIVERGING_PALETTE if diverging else Cividis256
    return LinearColorMapper(palette=palette, low=low, high=high, nan_color="rgba(0, 0, 0, 0)")


def colour_range(trace: Trace, values: Floats) -> tuple[float, float, bool]:
    """Values at which the colours end, their quantiles 2 and 98 %, and whether they diverge from zero.

    They do for power and energy that flow both ways to some extent: a few slightly negative values waste no half of the
    colours.
    """
    low, high = (float(end) for end in np.nanquantile(values, OUTER))
    if low == high:
        low, high = float(np.nanmin(values)), float(np.nanmax(values))
    most = max(-low, high)
    if trace.quantity != "other" and min(-low, high) > LITTLE * most:
        return -most, most, True
    return low, high if high > low else low + 1, False


def diverging_palette() -> list[str]:
    """Colours from blue over near white to orange: an odd number, so that zero has one of its own."""
    palette = []
    for share in np.linspace(-1, 1, 255):
        end = DIVERGING[0] if share < 0 else DIVERGING[2]
        red, green, blue = (DIVERGING[1] + abs(share) * (end - DIVERGING[1])).round().astype(int)
        palette.append(f"#{red:02x}{green:02x}{blue:02x}")
    return palette


DIVERGING_PALETTE = diverging_palette()
