"""When something that is done again and again is due: in local time, across changes of the clock.

Each local day begins anew at the time of day given, and moments follow each other from there in elapsed time: "every
hour" happens 23 or 25 times on the days the clock changes, "every day at 06:00" at 06:00 by the clock.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from engine.errors import FieldError
from engine.series.iso_time import iso_duration

DAY = timedelta(days=1)
SHORTEST = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Recurrence:
    """A rule for moments that follow each other."""

    every: timedelta
    """Distance of two moments: a divisor of a day, or whole days."""
    at: timedelta = timedelta(0)
    """Local time of the first moment of a day, counted from midnight on the clock."""
    place: ZoneInfo

    def __post_init__(self) -> None:
        """Refuse what is no rule.

        Raises:
            FieldError: ``every`` or ``at`` cannot be used.
        """
        if self.every < SHORTEST or (self.every % DAY if self.every > DAY else DAY % self.every):
            told = iso_duration(self.every) if self.every > timedelta(0) else str(self.every)
            raise FieldError("every", f"{told} neither divides a day nor is whole days; take PT15M, PT1H or P1D.")
        if not timedelta(0) <= self.at < DAY:
            raise FieldError("at", "is a time of day, from 00:00 to 23:59.")

    def next_after(self, moment: datetime) -> datetime:
        """Return the first moment later than a given one, in UTC."""
        # A day earlier: a time the clock skips may push the first moment of a day into the next one
        day = moment.astimezone(self.place).date() - DAY
        while (found := self._within(day, moment)) is None:
            day += DAY
        return found

    def latest(self, moment: datetime) -> datetime:
        """Return the last moment not later than a given one, in UTC."""
        # Far enough back that a moment lies between, also over a day of 25 hours
        found = self.next_after(moment - max(self.every, DAY) - DAY)
        while (following := self.next_after(found)) <= moment:
            found = following
        return found

    def _within(self, day: date, moment: datetime) -> datetime | None:
        """Return the first moment of a local day that is later than a given one, if there is one."""
        # By the calendar itself, so that neither a pause nor a change of the rule's hour moves its days.
        if day.toordinal() % max(self.every // DAY, 1):
            return None
        first = self._begin(day)
        if self.every >= DAY:
            return first if first > moment else None
        # Before the first moment of the day, that one is next.
        steps = max((moment - first) // self.every + 1, 0)
        found = first + steps * self.every
        return found if found < self._begin(day + DAY) else None

    def _begin(self, day: date) -> datetime:
        """Return the first moment of a local day in UTC; a time the clock skips is that much later."""
        local = datetime.combine(day, time(), self.place) + self.at  # on the clock, whatever it does meanwhile
        return local.astimezone(UTC)


def in_words(every: timedelta, at: timedelta) -> str:
    """Return a rule as people say it: ``every 15 minutes``, ``every hour from 00:05 on``, ``every day at 06:00``."""
    lengths = {"day": DAY, "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
    name, length = next((each for each in lengths.items() if not every % each[1]), ("minute", SHORTEST))
    words = f"every {name}" if every == length else f"every {every // length} {name}s"
    clock = f"{at // timedelta(hours=1):02}:{at // timedelta(minutes=1) % 60:02}"
    if every >= DAY:
        return f"{words} at {clock}"
    return f"{words} from {clock} on" if at else words


def time_of_day(text: str) -> timedelta:
    """Return a time of day such as ``06:30`` as its distance from midnight.

    Raises:
        FieldError: It is none.
    """
    try:
        clock = time.fromisoformat(text)
    except ValueError:
        raise FieldError("at", f"{text!r} is no time of day; write it like 06:30.") from None
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second)
