"""Hours of the week and the year in words, such as "Nov-Mar Mon-Fri 07:00-20:00"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from engine.errors import FieldError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_TIMES: Final = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Hours:
    """Some hours of some days in some months, on a local clock."""

    months: frozenset[int]
    days: frozenset[int]
    begin: int
    """Minute of the day at which they begin."""
    end: int
    """Minute of the day at which they end; before the beginning where they last over midnight."""

    def contains(self, local: datetime) -> bool:
        """Return whether a moment lies in these hours; after midnight they belong to the day before."""
        minute, day, month = local.hour * 60 + local.minute, local.weekday(), local.month
        if self.begin < self.end:
            return month in self.months and day in self.days and self.begin <= minute < self.end
        # Fri 22:00-06:00 holds on Saturday morning, as people mean it, and not on Friday morning.
        of_yesterday = minute < self.end
        day = (day - 1) % 7 if of_yesterday else day
        return month in self.months and day in self.days and (of_yesterday or minute >= self.begin)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Hours that count: those of any entry."""

    entries: tuple[Hours, ...]

    @classmethod
    def read(cls, text: str, *, field: str) -> Self:
        """Return the calendar that a text describes, such as ``Mon-Fri 07:00-20:00, Sat 09:00-12:00``.

        Raises:
            FieldError: It is no such text.
        """
        return cls(tuple(_entry(entry.split(), text, field) for entry in re.split("[,;]", text)))

    def contains(self, local: datetime) -> bool:
        """Return whether a moment on the local clock counts."""
        return any(hours.contains(local) for hours in self.entries)


def _entry(words: Sequence[str], text: str, field: str) -> Hours:
    months, days, begin, end = frozenset(range(1, 13)), frozenset(range(7)), 0, 24 * 60
    for word in words:
        first, _, last = word.lower().partition("-")
        last = last or first
        if first in DAYS and last in DAYS:
            days = _span(DAYS.index(first), DAYS.index(last), 7)
        elif first in MONTHS and last in MONTHS:
            months = frozenset(month + 1 for month in _span(MONTHS.index(first), MONTHS.index(last), 12))
        elif times := _TIMES.fullmatch(word):
            numbers = [int(number) for number in times.groups()]
            begin, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
            if begin == end or max(begin, end) > 24 * 60:
                raise FieldError(field, f"{word} is no time of a day; write it like 07:00-20:00.")
        else:
            raise FieldError(field, f"{word!r} in {text!r} is not known; write it like 'Nov-Mar Mon-Fri 07:00-20:00'.")
    if not words:
        raise FieldError(field, "an entry is empty; write it like 'Mon-Fri 07:00-20:00'.")
    return Hours(months, days, begin, end)


def _span(first: int, last: int, size: int) -> frozenset[int]:
    return frozenset((first + step) % size for step in range((last - first) % size + 1))
