"""Which span of time a page shows: what its address says, else the days around now, else the newest data."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from engine.errors import TimeError
from engine.series.iso_time import FIRST, LAST, from_us, instant, to_us

USUAL = 2
"""Length of the span shown first [days]."""

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


def length_text(length: timedelta) -> str:
    """Length of time as people say it: 210 ms, 4.2 s, 42 s, 12 min, 3 h, 5 days."""
    seconds = max(length / timedelta(seconds=1), 0.0)
    if 1 <= seconds < 10:
        return f"{seconds:.1f} s"
    for most, size, unit in ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def clock_text(moment: datetime, local: ZoneInfo) -> str:
    """Weekday, day and time of a moment in a time zone."""
    return f"{moment.astimezone(local):%a %-d %b %H:%M:%S}"
