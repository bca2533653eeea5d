"""Charts of an asset with their time range: presets, panning beyond what was read, the range in the address."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.showing import ShownChart
from app.auth.access.identity import SignedIn
from app.pages.charts import charts
from app.pages.charts.annotations import AnnotationTarget, Remarks
from app.pages.charts.charts import ChartSpan
from app.widgets import time_range
from app.widgets.async_content import later, note, reading
from app.widgets.downloads import Files
from app.widgets.layout import remember
from app.widgets.range_bar import RangeBar
from components.charts.time_series import TimeSeries
from components.charts.traces import Chart
from engine.errors import InputError

LONGEST_US = 3 * 366 * 86_400_000_000
"""The longest span that is read at once [µs]."""
AT_ONCE = 4
"""Charts that are built at first: more than a window shows."""
HINT = "Drag to pan, Ctrl + wheel to zoom; all charts move together. Click a source to hide it."


class Graphs(pn.viewable.Viewer):
    """Charts that read on when a person moves beyond what was read."""

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
            charts=list(charts), zone=str(local), span=self._read, choosing=True, at_once=AT_ONCE
        )  # fmt: skip
        self.series.param.watch(self._moved, "span")
        self._bar = RangeBar(self._span, local, lambda chosen: self.series.param.update(span=chosen))
        self._told = pn.Column(sizing_mode="stretch_width")
        self._files = Files(self.series, place.sensors)
        self._remarks = Remarks(self.series, place, local)

    def __panel__(self) -> pn.viewable.Viewable:
        hint = pmui.Typography(HINT, variant="caption", margin=(0, 8))
        below = pmui.FlexBox(hint, self._files, align_items="center", sizing_mode="stretch_width")
        parts = [self._bar, self._told, self._remarks.form, self.series, below, self._remarks]
        return pn.Column(*parts, sizing_mode="stretch_width")

    def draw(self, plan: list[ShownChart]) -> None:
        """Show other charts over the same time."""
        self._plan = plan
        pn.state.execute(self._read_on)

    @property
    def _span(self) -> tuple[int, int]:
        return time_range.within(self.series.span or self._read)

    def _moved(self, _event: object) -> None:
        """Write the range into address and bar, and read on where it leads beyond what was read."""
        start, end = time_range.from_microseconds(self._span, self._local)
        remember(start=start.isoformat(), end=end.isoformat())  # first: Back leads here once the bar tells the range
        self._bar.follow(self._span)
        self._files.follow(self._span)
        first, last = self._span
        pn.state.execute(self._remarks.refresh)
        if first < self._read[0] or last > self._read[1]:
            pn.state.execute(self._read_on)

    async def _read_on(self) -> None:
        """Read what is in view, and as much again before and after it."""
        first, last = self._span
        margin = min(last - first, max(LONGEST_US - (last - first), 0) // 2)
        try:
            found, wanted = await self._between(first - margin, last + margin)
        except InputError:  # too much; what is in view may not be
            try:
                found, wanted = await self._between(first, last)
            except InputError as error:
                told = note(str(error), "warning")
                later(lambda: self._told.param.update(objects=[told]))
                return
        self._read = time_range.microseconds(wanted)
        later(lambda: self._told.param.update(objects=[]))
        later(lambda: self.series.param.update(charts=found))

    async def _between(self, first: int, last: int) -> tuple[list[Chart], tuple[datetime, datetime]]:
        wanted = time_range.from_microseconds((first, last), self._local)
        return await reading(partial(self._charts, ChartSpan(*wanted, known_at=datetime.now(UTC)))), wanted

    def _charts(self, span: ChartSpan, session: Session, who: SignedIn) -> list[Chart]:
        return charts.read(session, who, self._plan, span)
