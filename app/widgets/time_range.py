"""Which span of time a page shows: what its address says, else the days around now, else the newest data.

And the bar by which people choose another: days, moves, and a calendar.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui

from components.local_time import changes_between
from engine.errors import TimeError
from engine.series.iso_time import FIRST, LAST, from_us, instant, to_us

PRESETS = {"Day": 1, "2 days": 2, "Week": 7, "Month": 31, "Year": 366}
"""Name of a time range → its length [days]."""
USUAL = 2
"""Length of the span shown first [days]."""
SMALL = {"size": "small", "margin": 2, "disable_elevation": True, "sx": {"minWidth": 40, "px": 1}}
NAMED = {"components": {"MuiIconButton": {"defaultProps": {"aria-label": "Choose days"}}}}
"""The picker gives the button of its calendar no name that a screen reader could read."""

Span = tuple[int, int]
"""First and last moment [µs since 1970 UTC]."""


def asked(start: str | None, end: str | None, local: ZoneInfo) -> tuple[datetime, datetime] | None:
    """Return the span an address asks for; None if it says nothing that makes sense."""
    try:
        first = instant(start or "", field="start", local=local)
        last = instant(end or "", field="end", local=local)
    except TimeError:
        return None
    return (first, last) if first < last else None


def usual(data: tuple[int, int] | None, *, now: datetime, local: ZoneInfo) -> tuple[datetime, datetime]:
    """Return today and tomorrow if there are data then, else the last days of the data, in whole days of a zone.

    Args:
        data: Start of the first and of the last event [µs since 1970 UTC]; None without data.
        now: The present moment.
        local: The zone whose days are meant.
    """
    today = midnight(now, local)
    if data is None or (today <= from_us(data[1]) and from_us(data[0]) < following(today, USUAL)):
        return today, following(today, USUAL)
    last = midnight(from_us(data[1]), local) if from_us(data[1]) < today else midnight(from_us(data[0]), local)
    return (following(last, 1 - USUAL), following(last, 1)) if last < today else (last, following(last, USUAL))


def remembered(data: tuple[int, int] | None, *, now: datetime, local: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the usual span with the day before it: in a day that has just begun little was learned yet."""
    start, end = usual(data, now=now, local=local)
    return following(start, -1), end


def preset(days: int, end: datetime, local: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a number of whole days of a zone, the last of which is that of the moment before ``end``."""
    last = following(midnight(end - timedelta(microseconds=1), local), 1)
    return following(last, -days), last


def around(now: datetime, local: ZoneInfo) -> dict[str, tuple[datetime, datetime]]:
    """Return spans that people ask for by name, in days, months and years of a zone."""
    today, month = midnight(now, local), midnight(now, local).replace(day=1)
    hour = now.astimezone(local).replace(minute=0, second=0, microsecond=0)
    # 32 days from the first of a month on lie in the next one, whichever it is.
    next_month = (month + timedelta(days=32)).replace(day=1)
    return {
        "Today": (today, following(today, 1)),
        "Yesterday": (following(today, -1), today),
        # Hours that pass: by the clock it would be 23 or 25 of them where it changes.
        "Next 24 hours": (hour, (hour.astimezone(UTC) + timedelta(hours=24)).astimezone(local)),
        "Last 7 days": (following(today, -6), following(today, 1)),
        "This month": (month, next_month),
        "Last month": ((month - timedelta(days=1)).replace(day=1), month),
        "This year": (month.replace(month=1), month.replace(year=month.year + 1, month=1)),
    }


def moved(start: datetime, end: datetime, way: int) -> tuple[datetime, datetime]:
    """Return the span before (-1) or after (1) one of the same clock length; whole days stay whole days."""
    length = end.replace(tzinfo=None) - start.replace(tzinfo=None)
    return start + way * length, end + way * length


def days(start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and the last day of a span; a day of which only midnight belongs to it does not count."""
    return start.date(), max(end - timedelta(microseconds=1), start).date()


def of_days(first: date, last: date, *, local: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the span of whole days of a zone, both included."""
    begin, end = (min(max(day, FIRST.date()), LAST.date()) for day in (first, last))
    return datetime.combine(begin, time(), local), following(datetime.combine(end, time(), local), 1)


def midnight(moment: datetime, local: ZoneInfo) -> datetime:
    """Return the start of the day of a moment, in a zone."""
    return moment.astimezone(local).replace(hour=0, minute=0, second=0, microsecond=0)


def following(day: datetime, days: int) -> datetime:
    """Return the start of the day a number of days later; days of 23 and 25 hours count as days."""
    return day + timedelta(days=days)  # aware arithmetic within one zone keeps the clock time


def microseconds(span: tuple[datetime, datetime]) -> tuple[int, int]:
    """Return a span in microseconds since 1970 UTC."""
    return to_us(span[0]), to_us(span[1])


def within(span: tuple[int, int]) -> tuple[int, int]:
    """Return the part of a span that lies in the years that are taken; what comes from a browser may be any number."""
    first, last = (min(max(moment, to_us(FIRST)), to_us(LAST)) for moment in span)
    return first, last


def from_microseconds(span: tuple[int, int], local: ZoneInfo) -> tuple[datetime, datetime]:
    """Return a span given in microseconds since 1970 UTC, rounded to minutes, in a zone."""
    first, last = (from_us(moment - moment % 60_000_000).astimezone(local) for moment in within(span))
    return first, last


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
