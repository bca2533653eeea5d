"""How the values of a sensor are spread over days, hours and sizes; days that are brushed are looked at alone."""

from datetime import timedelta
from typing import Any

import numpy as np
import panel as pn
import param
from holoviews import Curve, DynamicMap, Histogram, Image, Layout, NdOverlay, Overlay
from holoviews.streams import BoundsX

from components.analysis import elements
from components.analysis.patterns import local_days, of_days
from components.charts import legend
from components.charts.heatmap import DAY
from components.charts.traces import Trace
from components.component import Component
from components.theme import QUANTITIES

WHOLE = "All days. Draw a box over the days above to look at them alone."


NOTHING = Trace(label="", unit="", events=np.zeros(0, np.int64), values=np.zeros(0), step=timedelta(0))


class SensorAnalysis(Component):
    """Shows a heatmap of days, and a duration curve, histogram and mean day of those chosen, and data quality."""

    trace = param.ClassSelector(class_=Trace, constant=True, doc="What to show.")
    zone = param.String(default="UTC", constant=True, doc="IANA name of the zone of the days.")
    dark = param.Boolean(default=False, doc="Whether dark mode is on.")
    days = param.Tuple(
        default=None, length=2, allow_None=True, doc="First and last day to look at [days since 1970]; None: all."
    )

    def __init__(self, **params: Any) -> None:
        super().__init__(**params)
        self._line: Trace = self.trace or NOTHING
        self._told = pn.pane.HTML(self._days_text(), margin=(10, 8), sizing_mode="stretch_width")
        self._all = pn.widgets.Button(label="All days", disabled=self.days is None, margin=(4, 8))
        self._all.on_click(self.look_at_all_days)

    def __panel__(self) -> pn.viewable.Viewable:
        if not len(self._line.present[0]):
            return pn.pane.HTML(legend.notice(legend.NO_DATA), sizing_mode="stretch_width")
        looks = {"days": self.param.days, "dark": self.param.dark}
        kinds = [self.duration_curve, self.histogram, *([self.week_profile] if self.has_hours else [])]
        moving = [pane(DynamicMap(lambda days, dark, show=show: show(), streams=looks)) for show in kinds]
        quality = pane(DynamicMap(lambda dark: self.quality_strip(), streams={"dark": self.param.dark}))
        above = []
        if self.has_hours:
            image = self.heatmap()
            BoundsX(source=image).add_subscriber(self.brush)
            above = [pane(image), pn.Row(self._all, self._told)]
        return pn.Column(*above, *moving, quality, sizing_mode="stretch_width", margin=0)

    @property
    def has_hours(self) -> bool:
        """Whether there are several values a day."""
        return self._line.pace < DAY

    @property
    def hv(self) -> Layout:
        """The views as elements of HoloViews, of the days that are chosen, to be taken apart or put together."""
        by_hour = [self.heatmap(), self.week_profile()] if self.has_hours else []
        return Layout([*by_hour, self.duration_curve(), self.histogram(), self.quality_strip()]).cols(1)

    def heatmap(self) -> Image:
        """Values by day and time of day, of all days."""
        return elements.heatmap(self._line, zone=self.zone)

    def duration_curve(self) -> Curve:
        """Share of the time in which a value is reached."""
        return elements.duration_curve(self._chosen, colour=self._colour)

    def histogram(self) -> Histogram:
        """Share of the values in each range."""
        return elements.histogram(self._chosen, colour=self._colour)

    def week_profile(self) -> NdOverlay:
        """Mean by time of day and kind of day."""
        return elements.week_profile(self._chosen, zone=self.zone, dark=self.dark)

    def quality_strip(self) -> Overlay:
        """Gaps, constant values and jumps, of all days."""
        return elements.quality_strip(self._line, dark=self.dark)

    def brush(self, boundsx: tuple[Any, Any] | None) -> None:
        """Look at the days within two moments of the heatmap alone; what are no moments change nothing."""
        known = local_days(self._line, self.zone)
        if boundsx is None or not len(known):
            return
        try:
            begin, end = (day_of(bound) for bound in boundsx)
        except (TypeError, ValueError, OverflowError):
            return
        first, last = max(begin, int(known.min())), min(end, int(known.max()))
        if first <= last:
            self.days = (first, last)

    def look_at_all_days(self, _event: object) -> None:
        """Undo the choice of days."""
        self.days = None

    @property
    def _chosen(self) -> Trace:
        return of_days(self._line, self.zone, self.days)

    @property
    def _colour(self) -> str:
        return QUANTITIES[self._line.quantity].on(self.dark)

    @param.depends("days", watch=True)
    def _tell(self) -> None:
        self._told.object, self._all.disabled = self._days_text(), self.days is None

    def _days_text(self) -> str:
        if self.days is None:
            return f'<span role="status">{WHOLE}</span>'
        first, last = (np.datetime64(day, "D").item() for day in self.days)
        count = self.days[1] - self.days[0] + 1
        return f'<span role="status">{count} day{"s" * (count > 1)}: {first:%-d %b %Y} to {last:%-d %b %Y}</span>'


def day_of(bound: Any) -> int:
    """Day [days since 1970] of a bound of a brush, which is a moment or milliseconds since 1970.

    Raises:
        TypeError, ValueError, OverflowError: It is neither.
    """
    moment = np.datetime64(int(bound), "ms") if isinstance(bound, int | float) else np.datetime64(bound)
    if np.isnat(moment):
        raise ValueError("This is no moment.")
    return int(moment.astype("datetime64[D]").astype(int))


def pane(element: Any) -> pn.pane.HoloViews:
    """Element as wide as there is room."""
    return pn.pane.HoloViews(element, sizing_mode="stretch_width", margin=8, linked_axes=False)
