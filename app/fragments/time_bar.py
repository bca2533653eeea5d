"""The time bar of pages: which time range is shown, read from the address, and the bar that changes it.

In the browser ``assets-static/shell/time_bar.js`` moves it, keeps it in the address and between tabs, and tells others.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup

from app.fragments import time_range
from app.fragments.templates import render
from app.fragments.visit import Visit
from components.local_time import MILLISECOND
from engine.series.iso_time import zone

NAMED = {
    "today": "Today",
    "two-days": "Today and tomorrow",
    "yesterday": "Yesterday",
    "next-24-h": "Next 24 h",
    "last-7-days": "Last 7 days",
    "this-month": "Month",
    "this-year": "Year",
}
"""Time range as ``time_spans.js`` knows it → its name for people."""


@dataclass(frozen=True, kw_only=True)
class TimeInView:
    """Time range that a page shows."""

    start: datetime
    """In the zone of the user, as is the end."""
    end: datetime
    is_live: bool = False
    """Whether new data are shown as they come."""

    @property
    def span(self) -> time_range.Span:
        """First and last moment [µs since 1970 UTC]."""
        return time_range.microseconds((self.start, self.end))

    @property
    def arguments(self) -> dict[str, str]:
        """The time range as arguments of an address."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat()} | ({"live": "1"} if self.is_live else {})


def read_time(
    visit: Visit,
    data: time_range.Span | None,
    *,
    usual: Callable[..., tuple[datetime, datetime]] = time_range.usual,
) -> TimeInView:
    """Time range that the address of a page asks for, by its arguments ``start``, ``end`` and ``live``.

    Args:
        visit: The request.
        data: First and last event that the page can show [µs since 1970 UTC]; None without data.
        usual: Time range of an address that names none, from data, present moment and zone.
    """
    local = zone(visit.principal.timezone)
    asked = time_range.asked(visit.query.get("start"), visit.query.get("end"), local)
    start, end = asked or usual(data, now=datetime.now(UTC), local=local)
    return TimeInView(start=start.astimezone(local), end=end.astimezone(local), is_live="live" in visit.query)


def time_bar(visit: Visit, shown: TimeInView) -> Markup:
    """Bar that shows a time range and lets people choose another, as HTML."""
    start, end = (moment // MILLISECOND for moment in shown.span)
    return render(
        "time_bar", zone=visit.principal.timezone, start=start, end=end, is_live=shown.is_live, named=NAMED
    )  # fmt: skip
