"""When the value of an event can be known: right after it, some time before, or at a market's gate.

A sensor says so in one of three forms: ``{"ex_post": "PT0H"}`` (that long after the end of the event), ``{"ex_ante":
"PT24H"}`` (that long before its start), or ``{"days_ago": 1, "at": "12:00", "timezone": "Europe/Amsterdam"}`` (on the
clock of a place, that many days before the day of the event).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache, partial
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError
from engine.series.iso_time import MICROSECOND, Microseconds, duration, from_us, to_us, zone

Mask: TypeAlias = NDArray[np.bool_]

FIELD = "knowledge-horizon"
FARTHEST = 3660
"""How far ahead a market may close [days]."""


@dataclass(frozen=True, kw_only=True)
class AsOf:
    """Which beliefs count: those formed until a moment, and, if asked for, so long before the value could be known."""

    known_at: datetime
    """The latest moment at which a belief may have been formed; that moment counts."""
    horizon: timedelta | None = None
    """Formed at least so long before the value could be known; negative: at most so long after."""
    at_most: timedelta | None = None
    """Formed at most so long before the value could be known."""
    since: datetime | None = None
    """The earliest moment at which a belief may have been formed; that moment counts."""

    @property
    def is_moment(self) -> bool:
        """Whether all that is asked is that a belief was formed until the moment."""
        return self.since is None and self.horizon is None and self.at_most is None

    def allows(self, rule: Mapping[str, Any], resolution: timedelta, events: Microseconds, times: Microseconds) -> Mask:
        """Return which beliefs about events of a sensor count, shape (n,).

        Args:
            rule: The sensor's ``knowledge_horizon``.
            resolution: Length of an event.
            events: What the beliefs are about [us since 1970 UTC], shape (n,).
            times: When they were formed [us since 1970 UTC], shape (n,).
        """
        passes = times <= to_us(self.known_at)
        if self.since is not None:
            passes &= times >= to_us(self.since)
        if self.horizon is not None or self.at_most is not None:
            ahead = knowable(rule, resolution, events)
            # Safe in place: but for no events at all, the array is a new one.
            ahead -= times
            if self.horizon is not None:
                passes &= ahead >= self.horizon // MICROSECOND
            if self.at_most is not None:
                passes &= ahead <= self.at_most // MICROSECOND
        return passes


def knowable(rule: Mapping[str, Any], resolution: timedelta, events: Microseconds) -> Microseconds:
    """Return when the value of each event can be known [us since 1970 UTC], shape (n,).

    A belief formed from then on is a measurement, an earlier one a forecast; its horizon counts back from there.

    Args:
        rule: The sensor's ``knowledge_horizon``.
        resolution: Length of an event.
        events: Starts of the events [us since 1970 UTC], shape (n,), in any order.

    Raises:
        FieldError: The rule is none of the three forms.
    """
    kind = set(rule)
    if kind == {"ex_post"}:
        return events + (resolution + _length(rule["ex_post"])) // MICROSECOND
    if kind == {"ex_ante"}:
        return events - _length(rule["ex_ante"]) // MICROSECOND
    if kind == {"days_ago", "at", "timezone"}:
        return _gates(rule, events)
    raise FieldError(FIELD, f"give ex_post, or ex_ante, or days_ago with at and timezone, not {sorted(kind)}.")


def check(rule: Mapping[str, Any]) -> None:
    """Refuse a rule that could not be applied; see ``knowable``."""
    knowable(rule, timedelta(0), np.zeros(1, np.int64))


_read_duration = cache(partial(duration, field=FIELD))
"""The duration of a text, kept as every read and write asks for the same few."""


def _length(text: Any) -> timedelta:
    # Texts only, as the cache hashes what it is asked for.
    if not isinstance(text, str):
        raise FieldError(FIELD, f"{text!r} is not a duration; write it like PT15M, PT1H or P1D.")
    return _read_duration(text)


def _gates(rule: Mapping[str, Any], events: Microseconds) -> Microseconds:
    """When the market closes for each event [us since 1970 UTC], shape (n,), as the clock of the place says."""
    if not len(events):
        return events
    place = zone(str(rule["timezone"]))
    try:
        at, ago = time.fromisoformat(rule["at"]), int(rule["days_ago"])
    except (ValueError, TypeError, OverflowError):
        raise FieldError(FIELD, "write at like 12:00 and days_ago as a whole number.") from None
    if abs(ago) > FARTHEST:
        raise FieldError(FIELD, f"days_ago: a market closes at most {FARTHEST} days ahead.")
    first = from_us(int(events.min())).astimezone(place).date()
    last = from_us(int(events.max())).astimezone(place).date()
    days = [first + timedelta(days=day) for day in range((last - first).days + 1)]
    # The clock is asked once per day, not per event; days of 23 and 25 h come out right, as midnights are local ones.
    midnights = [to_us(datetime.combine(day, time(0), place).astimezone(UTC)) for day in days]
    gates = [to_us(datetime.combine(day - timedelta(days=ago), at, place).astimezone(UTC)) for day in days]
    return np.array(gates)[np.searchsorted(np.array(midnights), events, side="right") - 1]
