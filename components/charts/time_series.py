"""Charts above each other, linked by one time range.

The stack grows as a person scrolls near its end, so that charts nobody looks at cost neither server nor browser any
time; it is saved as one picture of the time range in view.
"""

from collections.abc import Sequence
from itertools import count
from typing import Any

import panel as pn
import param
from bokeh.events import RangesUpdate, SelectionGeometry
from bokeh.models import BoxSelectTool, Column, CustomJS, Div, LayoutDOM, Model, Pane
from bokeh.plotting import figure

from components.charts import legend
from components.charts.annotations import AnnotationBand, band_columns
from components.charts.figures import HEIGHT, DrawnChart
from components.charts.traces import Chart
from components.charts.view import View
from components.component import Component
from components.local_time import MILLISECOND
from components.scripts import Script
from engine.series.iso_time import zone as known_zone

DAY_US = 86_400_000_000
HEADING_HEIGHT = 56
"""Height of the heading of a chart with one line of sources, about [px]."""
SCRIPT = Script(__file__)


class TimeSeries(Component):
    """Draws charts from top to bottom; panning or zooming one moves all, and thins the lines anew."""

    charts = param.List(item_type=Chart, doc="What to draw, from top to bottom; lines of other units below each other.")
    zone = param.String(default="UTC", doc="IANA name of the zone times are written in.")
    span = param.Tuple(
        default=None, length=2, allow_None=True, doc="Time range in view [µs since 1970 UTC]; None: all data."
    )
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    now = param.Integer(
        default=None, allow_None=True, constant=True,
        doc="The present [µs since 1970 UTC]: what comes after it is shaded. None: nothing is.",
    )  # fmt: skip
    moment = param.Integer(default=None, allow_None=True, doc="Time to mark with a line [µs since 1970 UTC].")
    annotations = param.List(item_type=AnnotationBand, doc="Annotations of time ranges, drawn in all charts.")
    choosing = param.Boolean(default=False, constant=True, doc="Whether a tool to select a time range is offered.")
    chosen = param.Tuple(default=None, length=2, allow_None=True, doc="Time range selected last [µs since 1970 UTC].")
    steady = param.Boolean(default=False, doc="Whether charts keep their place while they have no data.")
    file = param.String(default="charts", doc="Name of pictures that are saved, without ending.")
    height = param.Integer(default=HEIGHT, bounds=(120, None), doc="Height of one chart [px].")
    at_once = param.Integer(
        default=None, allow_None=True, bounds=(1, None), constant=True,
        doc="Charts that are built at first; more follow when a person comes near their end, which needs a running"
        " server or kernel. None: all.",
    )  # fmt: skip

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        known_zone(self.zone)
        self._drawn: list[DrawnChart] = []
        self._kept: list[list[object]] = []
        self._saved = count()
        self._parts = Pane(styles={"display": "block", "width": "100%"})
        self._parts.on_change("tags", lambda attr, old, new: self.more())
        self._stack = Column(self._parts, sizing_mode="stretch_width")
        self._saver = picture_saver([], [], self.file)
        self._stack.js_on_change("tags", self._saver)
        self._pane = pn.pane.Bokeh(self._stack, sizing_mode="stretch_width", margin=0)
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        return self._pane

    @property
    def drawn(self) -> list[DrawnChart]:
        """The charts built so far, from top to bottom."""
        return self._drawn

    @property
    def view(self) -> View:
        """What the charts share."""
        return self._view

    @property
    def stack(self) -> Column:
        """The model of all charts together."""
        return self._stack

    @property
    def figures(self) -> list[figure]:
        """The figures built so far, from top to bottom; those of charts without data are not shown."""
        return [drawn.figure for drawn in self._drawn]

    @param.depends("charts", watch=True)
    def _show_charts(self) -> None:
        """Keep the figures if only the data of their lines are new, so that nothing flickers while loading on."""
        charts = self._split_charts()
        if self._kept != [self._lines(chart) for chart in charts]:
            self._draw()
            return  # a figure the browser does not have yet must not be changed
        self._charts = charts
        for drawn, chart in zip(self._drawn, charts, strict=False):
            drawn.chart = chart
            drawn.redraw()

    @param.depends("zone", "height", watch=True)
    def _draw(self) -> None:
        """Build the figures anew."""
        self._charts = self._split_charts()
        self._kept = [self._lines(chart) for chart in self._charts]
        self._view = View.of(*(self.span or self._whole()), zone=self.zone, dark=self.dark, now_us=self.now)
        self._mark()
        self._drawn = []
        self._build()
        while self._waiting and not any(map(self._is_visible, self._drawn)):
            self._build()  # only a figure can tell that more are wanted
        self._place()

    def more(self) -> None:
        """Build the next charts, as many as at once; without effect if all are there."""
        if self._waiting:
            self._build()
            self._place()

    @property
    def _waiting(self) -> list[Chart]:
        """The charts that are not built yet."""
        return self._charts[len(self._drawn) :]

    def _build(self) -> None:
        last = max((i for i, chart in enumerate(self._charts) if chart.span or self.steady), default=-1)
        for chart in self._waiting[: self.at_once]:
            drawn = DrawnChart(chart, self._view, height=self.height)
            drawn.show_time(is_named=len(self._drawn) == last)
            if self._view.dark != self.dark:
                drawn.recolour(self.dark)
            drawn.figure.on_event(RangesUpdate, self._follow_range)
            if self.choosing:
                # No lines are selected: only the time range counts.
                select = BoxSelectTool(dimensions="width", renderers=[], description="Select a time range")
                drawn.figure.add_tools(select)
                drawn.figure.on_event(SelectionGeometry, self._follow_selection)
            self._drawn.append(drawn)
        self._annotate()

    def _is_visible(self, drawn: DrawnChart) -> bool:
        return self.steady or drawn.chart.span is not None

    def _place(self) -> None:
        """Put what is built into the document."""
        shown = [drawn for drawn in self._drawn if self._is_visible(drawn)]
        self._saver.args = picture_saver([d.figure for d in shown], [d.chart.title for d in shown], self.file).args
        self._view.readout.tell_of([drawn.figure for drawn in shown])
        parts: list[LayoutDOM] = []
        for drawn in self._drawn:
            body = drawn.figure if self._is_visible(drawn) else Div(text=legend.notice(drawn.chart.empty), margin=8)
            parts += [drawn.heading, body]
        if self._waiting:
            room = empty_room(len(self._waiting), self.height)
            ask_near_end(self._parts, shown[-1].figure, room)
            parts.append(room)
        self._parts.elements = parts

    def take_picture(self, kind: str) -> None:
        """Let the browser save all charts as a picture of what is in view: ``png`` or ``svg``."""
        # A picture has all charts in it, also those to which nobody has scrolled.
        while self._waiting:
            self.more()
        # A number of its own, so that the same kind twice is a change as well.
        self._stack.tags = [kind, next(self._saved)]

    def _whole(self) -> tuple[int, int]:
        """Time range of all data, or one day where there are none [µs since 1970 UTC]."""
        spans = [chart.span for chart in self.charts if chart.span]
        return (min(s[0] for s in spans), max(s[1] for s in spans)) if spans else (0, DAY_US)

    def _follow_range(self, event: RangesUpdate) -> None:
        """Follow the time range a person chose in the browser."""
        self._view.time.update(start=event.x0, end=event.x1)
        self.span = (int(event.x0 * MILLISECOND), int(event.x1 * MILLISECOND))

    @param.depends("span", watch=True)
    def _show_span(self) -> None:
        self._view.move(*(self.span or self._whole()))
        for drawn in self._drawn:
            drawn.redraw()

    @param.depends("dark", watch=True)
    def _recolour(self) -> None:
        for drawn in self._drawn:
            drawn.recolour(self.dark)
        self._annotate()

    def _follow_selection(self, event: SelectionGeometry) -> None:
        """Take the time range a person drew in the browser."""
        if event.geometry is not None and event.geometry["type"] == "rect":
            self.chosen = (int(event.geometry["x0"] * MILLISECOND), int(event.geometry["x1"] * MILLISECOND))

    @param.depends("annotations", watch=True)
    def _annotate(self) -> None:
        self._view.annotations.data = band_columns(self.annotations, dark=self.dark)
        if self.annotations:
            for drawn in self._drawn:
                drawn.annotate()

    @param.depends("moment", watch=True)
    def _mark(self) -> None:
        if self.moment is not None:
            self._view.moment.location = self.moment / MILLISECOND

    def _split_charts(self) -> list[Chart]:
        return [part for chart in self.charts for part in chart.split()]

    def _lines(self, chart: Chart) -> list[object]:
        """Facts of a chart that must stay the same for its figure to be kept."""
        lines = [(trace.label, trace.unit, trace.source, trace.role, trace.stepped) for trace in chart.traces]
        return [chart.title, self.steady or chart.span is None, chart.bounds, *lines]


def ask_near_end(stack: Model, last: figure, room: Div) -> None:
    """Let the browser set the tags of a stack once its last chart, or the room below it, comes close to the window."""
    code = SCRIPT.call("askNearEnd", "{stack, last, room}", "cb_context.index")
    last.js_on_change("inner_width", CustomJS(code=code, args={"stack": stack, "last": last, "room": room}))


def empty_room(charts: int, height: int) -> Div:
    """Empty block as high as the charts that are not built yet, so that the page does not move once they are.

    Args:
        charts: How many.
        height: Of each without its heading [px].
    """
    return Div(text="", height=charts * (height + HEADING_HEIGHT), sizing_mode="stretch_width", margin=0)


def picture_saver(figures: Sequence[figure], titles: Sequence[str], file: str) -> CustomJS:
    """Callback that saves a picture when ``tags`` of its model become ``[kind, …]`` with the kind png or svg.

    Args:
        figures: The charts, from top to bottom.
        titles: Heading of each.
        file: Name of the file without its ending.
    """
    code = SCRIPT.call("savePicture", "cb_obj.tags[0]", "{figures, titles, file}", "cb_context.index")
    return CustomJS(code=code, args={"figures": list(figures), "titles": list(titles), "file": file})
