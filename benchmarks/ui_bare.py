"""A page of plain Bokeh figures with the data of the benchmark: what the library alone takes in the same browser."""

from datetime import timedelta
from pathlib import Path

import numpy as np
from bokeh.embed import file_html
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataRange1d, PanTool, Range1d, WheelZoomTool
from bokeh.plotting import figure
from bokeh.resources import INLINE

from components.charts.figures import MOST_POINTS
from components.charts.traces import Trace
from engine.series.window import Window


def page(folder: Path, window: Window, lines: list[np.ndarray]) -> str:
    """Write the page, with lines thinned to as many points as ours; return its address."""
    begin, end = window.ticks[0], window.ticks[-1]
    time = Range1d(begin / 1000, end / 1000)
    figures = []
    for values in lines:
        trace = Trace(label="", unit="", events=window.starts, values=values, step=timedelta(minutes=5))
        points = trace.points(int(begin), int(end), MOST_POINTS)
        wheel = WheelZoomTool(dimensions="width", modifiers={"ctrl": True})
        made = figure(
            x_range=time, y_range=DataRange1d(), height=220, sizing_mode="stretch_width", x_axis_type="datetime",
            tools=[PanTool(), wheel],
        )  # fmt: skip
        made.toolbar.active_scroll = wheel
        made.line("x", "y", source=ColumnDataSource({"x": points["x"], "y": points["y"].astype(np.float32)}))
        figures.append(made)
    file = folder / "bare.html"
    file.write_text(file_html(column(*figures, sizing_mode="stretch_width"), INLINE))
    return file.as_uri()
