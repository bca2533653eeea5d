"""Charts of an asset with their time range: presets, panning beyond what was read, the range in the address."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.showing import Wanted
from app.auth.identity import SignedIn
from app.pages import charts, time_range
from app.pages.charts import Span
from app.pages.filling import later, reading
from components.time_series import TimeSeries
from components.traces import Chart

LONGEST_US = 3 * 366 * 86_400_000_000
"""The longest span that is read at once [µs]."""
SMALL = {"size": "small", "margin": 2, "disable_elevation": True, "sx": {"minWidth": 40, "px": 1}}
HINT = "Drag to move, Ctrl and wheel to zoom; all charts follow."


class Graphs(pn.viewable.Viewer):
    """Charts that read on when a person moves beyond what was read."""

    def __init__(
        self, *, plan: list[Wanted], charts: Sequence[Chart], span: tuple[datetime, datetime], local: ZoneInfo
    ) -> None:
        super().__init__()
        self._plan, self._local = plan, local
        self._read = time_range.microseconds(span)
        self.series = TimeSeries(charts=list(charts), zone=str(local), span=self._read)
        self.series.param.watch(self._moved, "span")
        self._label = pmui.Typography(self._written(), variant="body2", margin=(0, 8))
        self._presets = [
            pmui.Button(label=name, on_click=partial(self._choose, days), **SMALL)
            for name, days in time_range.PRESETS.items()
        ]
        self._mark()

    def __panel__(self) -> pn.viewable.Viewable:
        earlier = pmui.IconButton(
            icon="chevron_left", description="Earlier", on_click=partial(self._step, -1), margin=0
        )
        later = pmui.IconButton(icon="chevron_right", description="Later", on_click=partial(self._step, 1), margin=0)
        parts = [earlier, *self._presets, later, self._label]
        bar = pmui.FlexBox(*parts, align_items="center", sizing_mode="stretch_width")
        hint = pmui.Typography(HINT, variant="caption", margin=(0, 8))
        return pn.Column(bar, self.series, hint, sizing_mode="stretch_width")

    @property
    def _span(self) -> tuple[int, int]:
        return self.series.span or self._read

    def _choose(self, days: int, _event: object) -> None:
        """Show a number of whole days, the last of which is the last one in view."""
        end = time_range.from_microseconds(self._span, self._local)[1]
        self.series.span = time_range.microseconds(time_range.preset(days, end, self._local))

    def _step(self, way: int, _event: object) -> None:
        """Move by the length of what is in view; whole days stay whole days over a clock change."""
        start, end = time_range.from_microseconds(self._span, self._local)
        self.series.span = time_range.microseconds(time_range.moved(start, end, way))

    def _moved(self, _event: object) -> None:
        """Write the range into label and address, and read on where it leads beyond what was read."""
        self._label.object = self._written()
        self._mark()
        start, end = time_range.from_microseconds(self._span, self._local)
        if pn.state.location is not None:
            shown: dict[str, Any] = {"start": start.isoformat(), "end": end.isoformat()}
            pn.state.location.update_query(**shown)
        first, last = self._span
        if first < self._read[0] or last > self._read[1]:
            pn.state.execute(self._read_on)

    async def _read_on(self) -> None:
        """Read what is in view, and as much again before and after it."""
        first, last = self._span
        margin = min(last - first, max(LONGEST_US - (last - first), 0) // 2)
        wanted = time_range.from_microseconds((first - margin, last + margin), self._local)
        found = await reading(partial(self._charts, Span(*wanted, known_at=datetime.now(UTC))))
        self._read = time_range.microseconds(wanted)
        later(lambda: self.series.param.update(charts=found))

    def _charts(self, span: Span, work: Session, who: SignedIn) -> list[Chart]:
        return charts.read(work, who, self._plan, span)

    def _mark(self) -> None:
        """Fill the button of the preset that is in view."""
        start, end = time_range.from_microseconds(self._span, self._local)
        for button, days in zip(self._presets, time_range.PRESETS.values(), strict=True):
            fits = time_range.preset(days, end, self._local) == (start, end)
            button.variant = "contained" if fits else "outlined"

    def _written(self) -> str:
        start, end = time_range.from_microseconds(self._span, self._local)
        return f"{start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %Y %H:%M}, {self._local}"
