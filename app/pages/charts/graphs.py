"""Charts with their time range, which is kept in the address, annotations, and a menu that saves them as files."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui

from app.assemble.showing import ShownChart
from app.pages.charts import charts
from app.pages.charts.annotations import Annotations, AnnotationTarget
from app.pages.charts.charts import ChartSpan
from app.widgets import time_range
from app.widgets.async_content import later, note, reading
from app.widgets.layout import address, remember
from app.widgets.time_range import RangeBar
from components.charts.time_series import TimeSeries
from components.charts.traces import Chart
from engine.errors import InputError
from engine.series.iso_time import from_us, iso_duration, to_us

LONGEST_US = 3 * 366 * 86_400_000_000
"""The longest span that is read at once [µs]."""
AT_ONCE = 4
"""Charts that are built at first: more than fit into a window."""
HINT = "Drag to pan, Ctrl + wheel to zoom; all charts move together. Click a source to hide it."

PICTURES = {"Picture (PNG)": "png", "Drawing (SVG)": "svg"}
VALUES = {"Values (CSV)": "csv", "Values (Excel)": "xlsx", "Values (Parquet)": "parquet"}


class Graphs(pn.viewable.Viewer):
    """Charts that read more values when a person moves beyond those that were read."""

    def __init__(
        self,
        *,
        plan: list[ShownChart],
        charts: Sequence[Chart],
        span: tuple[datetime, datetime],
        local: ZoneInfo,
        place: AnnotationTarget,
    ) -> None:
        super().__init__()
        self._plan, self._local = plan, local
        self._read = time_range.microseconds(span)
        self.series = TimeSeries(
            charts=list(charts), zone=str(local), span=self._read, now=to_us(datetime.now(UTC)), choosing=True,
            at_once=AT_ONCE,
        )  # fmt: skip
        self.series.param.watch(self._moved, "span")
        self._bar = RangeBar(self._span, local, lambda chosen: self.series.param.update(span=chosen))
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._files = Files(self.series, place.sensors)
        self._annotations = Annotations(self.series, place, local)

    def __panel__(self) -> pn.viewable.Viewable:
        hint = pmui.Typography(HINT, variant="caption", margin=(0, 8))
        below = pmui.FlexBox(hint, self._files, align_items="center", sizing_mode="stretch_width")
        parts = [self._bar, self._notice, self._annotations.form, self.series, below, self._annotations]
        return pn.Column(*parts, sizing_mode="stretch_width")

    def draw(self, plan: list[ShownChart]) -> None:
        """Show other charts over the same time range."""
        self._plan = plan
        pn.state.execute(self._read_on)

    @property
    def _span(self) -> tuple[int, int]:
        return time_range.within(self.series.span or self._read)

    def _moved(self, _event: object) -> None:
        """Write the range into address and bar, and read more values where it goes beyond those that were read."""
        start, end = time_range.from_microseconds(self._span, self._local)
        remember(start=start.isoformat(), end=end.isoformat())  # first: Back leads here once the bar shows the range
        self._bar.follow(self._span)
        self._files.follow(self._span)
        first, last = self._span
        pn.state.execute(self._annotations.refresh)
        if first < self._read[0] or last > self._read[1]:
            pn.state.execute(self._read_on)

    async def _read_on(self) -> None:
        """Read the range in view, and as much again before and after it."""
        first, last = self._span
        margin = min(last - first, max(LONGEST_US - (last - first), 0) // 2)
        try:
            shown, span = await self._charts_between(first - margin, last + margin)
        except InputError:  # too many values; those in view alone may not be
            try:
                shown, span = await self._charts_between(first, last)
            except InputError as error:
                problem = note(str(error), "warning")
                later(lambda: self._notice.param.update(objects=[problem]))
                return
        self._read = time_range.microseconds(span)
        later(lambda: self._notice.param.update(objects=[]))
        later(lambda: self.series.param.update(charts=shown))

    async def _charts_between(self, first: int, last: int) -> tuple[list[Chart], tuple[datetime, datetime]]:
        start, end = time_range.from_microseconds((first, last), self._local)
        span = ChartSpan(start, end, known_at=datetime.now(UTC))
        shown = await reading(lambda session, principal: charts.read_charts(session, principal, self._plan, span))
        return shown, (start, end)


class Files(pn.viewable.Viewer):
    """Menu that saves the charts as a picture, made in the browser, or their values as a file, from the API."""

    def __init__(self, series: TimeSeries, sensors: Sequence[int]) -> None:
        super().__init__()
        self._series, self._sensors = series, list(dict.fromkeys(sensors))
        self._menu = pmui.MenuButton(label="Save", icon="download", variant="text", size="small", margin=0)
        self._menu.on_click(self._save_picture)
        if series.span is not None:
            self.follow(series.span)

    def __panel__(self) -> pn.viewable.Viewable:
        return self._menu

    def follow(self, span: tuple[int, int]) -> None:
        """Offer the files of a time range [µs since 1970 UTC]."""
        start, end = (from_us(moment - moment % 1_000_000) for moment in span)
        arguments = {"sensors": ",".join(map(str, self._sensors)), "start": start.isoformat()}
        arguments["duration"] = iso_duration(end - start)
        path = address("/api/v3_0/sensors/data/export")
        pictures: list[dict[str, Any]] = [{"label": label, "icon": "image"} for label in PICTURES]
        values = [
            {"label": label, "icon": "table_view", "href": f"{path}?{urlencode(arguments | {'format': kind})}"}
            for label, kind in VALUES.items()
        ]
        self._menu.items = pictures + values

    def _save_picture(self, item: dict[str, Any]) -> None:
        if item["label"] in PICTURES:
            self._series.take_picture(PICTURES[item["label"]])
