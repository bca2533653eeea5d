"""The bar by which people choose the time range of live charts: days, moves, and a calendar."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui

from app.fragments.time_range import (
    PRESETS,
    Span,
    around,
    days,
    from_microseconds,
    microseconds,
    moved,
    of_days,
    preset,
)
from components.local_time import changes_between
from engine.series.iso_time import from_us

SMALL = {"size": "small", "margin": 2, "disable_elevation": True, "sx": {"minWidth": 40, "px": 1}}
NAMED = {"components": {"MuiIconButton": {"defaultProps": {"aria-label": "Choose days"}}}}
"""The picker gives the button of its calendar no name that a screen reader could read."""


class RangeBar(pn.viewable.Viewer):
    """Shows a time range and lets a person choose another."""

    def __init__(self, span: Span, local: ZoneInfo, choose: Callable[[Span], Any]) -> None:
        super().__init__()
        self._span, self._local, self._choose = span, local, choose
        self._presets = [
            pmui.Button(label=name, on_click=partial(self.choose_preset, days), **SMALL)
            for name, days in PRESETS.items()
        ]
        self._named = pmui.MenuButton(
            label="Go to", items=[{"label": name} for name in around(datetime.now(UTC), local)],
            variant="text", size="small", margin=2,
        )  # fmt: skip
        self._named.on_click(self._go_to)
        self._calendar = pmui.DateRangePicker(
            label="First and last day", size="small", width=250, margin=(10, 8, 4, 8), theme_config=NAMED
        )
        self._label = pmui.Typography(variant="body2", margin=(0, 8))
        self._showing = False
        self.follow(span)
        self._calendar.param.watch(self.choose_days, "value")

    def __panel__(self) -> pn.viewable.Viewable:
        way = [
            pmui.IconButton(icon=f"chevron_{side}", description=word, on_click=partial(self.step, by), margin=0)
            for side, word, by in (("left", "Earlier", -1), ("right", "Later", 1))
        ]
        parts = [way[0], *self._presets, way[1], self._named, self._calendar, self._label]
        return pmui.FlexBox(*parts, align_items="center", sizing_mode="stretch_width")

    def follow(self, span: Span) -> None:
        """Show a time range, which is in view now."""
        self._span = span
        start, end = self._local_span
        text = f"{start:%a %-d %b %Y %H:%M} to {end:%a %-d %b %Y %H:%M}, {self._local}"
        moments = [from_us(moment).astimezone(self._local) for moment in changes_between(str(self._local), *self._span)]
        if moments:
            dates = ", ".join(f"{moment:%-d %b %Y}" for moment in moments[:2])
            text += f" · clocks change on {dates}{' …' if len(moments) > 2 else ''}"
        self._label.object = text
        for button, length in zip(self._presets, PRESETS.values(), strict=True):
            fits = preset(length, end, self._local) == (start, end)
            button.variant = "contained" if fits else "outlined"
        # The calendar calls back for what the bar writes as it does for what people choose
        self._showing = True
        self._calendar.value = days(start, end)
        self._showing = False

    @property
    def _local_span(self) -> tuple[datetime, datetime]:
        return from_microseconds(self._span, self._local)

    def choose_preset(self, days: int, _event: object) -> None:
        """Choose a number of whole days, the last of which is the last one in view."""
        self._choose(microseconds(preset(days, self._local_span[1], self._local)))

    def _go_to(self, item: dict[str, str]) -> None:
        """Choose a span by its name, as it lies now."""
        self._choose(microseconds(around(datetime.now(UTC), self._local)[item["label"]]))

    def step(self, way: int, _event: object) -> None:
        """Move by the length of what is in view; whole days stay whole days over a clock change."""
        self._choose(microseconds(moved(*self._local_span, way)))

    def choose_days(self, event: Any) -> None:
        """Choose the days that were picked in the calendar."""
        if event.new is None or self._showing:  # the bar itself writes the days in view into the calendar
            return
        self._choose(microseconds(of_days(*event.new, local=self._local)))
