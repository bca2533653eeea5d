"""ISO 8601 text to moments and durations and back.

Inside Flexscope a moment is an aware ``datetime``, or microseconds since 1970-01-01 UTC where there are many of them;
a time without a zone never passes this door.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

import isodate
import numpy as np
from numpy.typing import NDArray

from engine.errors import MomentError, TimeError, nearest

Microseconds: TypeAlias = NDArray[np.int64]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
HOUR_US = 3_600_000_000
DURATION = re.compile(r"([+-]?)P(?=.)([^T]*)(?:T(.+))?")
"""Sign, days and longer, hours and shorter: they count differently, so that PT24H is no P1D."""
FIRST, LAST = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""Moments that are taken lie between these. No meter is older and no plan reaches further; pandas' nanoseconds end in
2262, and near the years 1 and 9999 a zone's offset or a length added leads out of what a ``datetime`` holds."""
LONGEST = LAST - FIRST
"""The longest duration that is taken."""
DAY = timedelta(days=1)


@cache
def zone(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as ``Europe/Amsterdam``.

    Raises:
        TimeError: There is no such zone; the nearest name is told.
    """
    known = available_timezones()
    if name not in known:
        hint = nearest(name, sorted(known))
        if not hint.startswith("did you mean"):  # all 600 of them would not help
            hint = "use an IANA name such as 'Europe/Amsterdam' or 'UTC'."
        raise TimeError(f"There is no time zone {name!r}; {hint}")
    return ZoneInfo(name)


def instant(text: str, *, field: str, local: ZoneInfo | None = None) -> datetime:
    """Return the aware moment that an ISO 8601 text names, in the offset it was written with.

    Args:
        text: Such as ``2026-03-29T00:00:00+01:00``; a date alone is its midnight.
        field: What the text is, for the error.
        local: The zone of a text without one; None refuses such a text.

    Raises:
        TimeError: Not a time, one outside the years that are taken, or one without zone where none is agreed.
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise MomentError(field, f"{text!r} is not a time; write it like 2026-03-29T00:00:00+01:00.") from None
    if not FIRST.year <= moment.year < LAST.year:
        raise MomentError(field, f"{text!r} lies outside the years {FIRST.year} to {LAST.year - 1}.")
    if moment.tzinfo is not None:
        return moment
    if local is None:
        raise MomentError(field, f"{text!r} has no time zone; add an offset such as +01:00, or Z for UTC.")
    return moment.replace(tzinfo=local)


def duration(text: str, *, field: str, start: datetime | None = None) -> timedelta:
    """Return the length of an ISO 8601 duration such as ``PT15M``, ``P1D`` or ``P1M``.

    Days, weeks, months and years are nominal: they are counted on the clock of ``start``, so a day over a clock change
    lasts 23 or 25 hours. Without ``start`` a day is 24 hours and months are refused.

    Raises:
        TimeError: Not a duration, one that is longer than time is counted here, or one that needs a start to be a
            length.
    """
    written = DURATION.fullmatch(text.strip())
    try:
        if written is None:
            raise ValueError(text)
        sign, days, hours = written.groups()
        nominal: timedelta | isodate.Duration = isodate.parse_duration(f"P{days}") if days else timedelta(0)
        fixed: timedelta = isodate.parse_duration(f"PT{hours}") if hours else timedelta(0)
        if sign == "-":
            nominal, fixed = -nominal, -fixed
    except (isodate.ISO8601Error, ValueError, TypeError):
        raise MomentError(field, f"{text!r} is not a duration; write it like PT15M, PT1H or P1D.") from None
    except ArithmeticError:
        raise _too_long(text, field) from None
    if start is None and not isinstance(nominal, timedelta):
        raise MomentError(field, "months and years have no fixed length here; give days or hours.")
    try:
        length = fixed + (nominal if start is None else _utc(start + nominal) - _utc(start))
    except (ArithmeticError, ValueError):  # isodate counts whole months and years only, to the year 9999
        raise _too_long(text, field) from None
    if abs(length) > LONGEST:
        raise _too_long(text, field)
    return length


def _too_long(text: str, field: str) -> MomentError:
    years = LAST.year - FIRST.year
    return MomentError(
        field, f"{text!r} cannot be counted; give at most {years} years, months and years as whole ones."
    )


def after(start: datetime, length: timedelta, *, field: str) -> datetime:
    """Return the moment that lies a length after another; the one place where a length is added to what was given.

    Raises:
        TimeError: It lies outside the years that are taken.
    """
    try:
        end = start + length
        if FIRST - DAY <= end <= LAST + DAY:  # an offset may lead out by less than a day
            return end
    except OverflowError:
        pass
    raise MomentError(field, f"{iso_duration(length)} from {start.isoformat()} leads beyond the year {LAST.year - 1}.")


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def iso_duration(length: timedelta) -> str:
    """Return a length as ISO 8601 in hours, minutes and seconds (24 hours are PT24H: a P1D would be nominal).

    >>> iso_duration(timedelta(days=1, minutes=15))
    'PT24H15M'
    """
    sign = "-" if length < timedelta(0) else ""
    hours, rest = divmod(abs(length), timedelta(hours=1))
    minutes, rest = divmod(rest, timedelta(minutes=1))
    seconds = f"{rest.seconds}.{rest.microseconds:06}".rstrip("0").removesuffix(".")
    parts = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes) + f"{seconds}S" * bool(rest)
    return f"{sign}PT{parts or '0M'}"


def to_us(moment: datetime) -> int:
    """Return an aware moment as microseconds since 1970-01-01 UTC, without rounding."""
    return (moment - EPOCH) // MICROSECOND


def from_us(microseconds: int) -> datetime:
    """Return microseconds since 1970-01-01 UTC as an aware moment in UTC."""
    return EPOCH + timedelta(microseconds=int(microseconds))
