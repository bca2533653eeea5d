"""Start, end and step, which never travel apart."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.errors import TimeError
from engine.iso_time import MICROSECOND, Microseconds, after, iso_duration, to_us

if TYPE_CHECKING:  # the solve path does without pandas, whose import costs more than a day's plan
    import pandas as pd

MOST_STEPS = 10_000_000
"""Steps of the longest window: an array of them takes 80 MB. Requests have narrower bounds, this one no step passes."""


@dataclass(frozen=True)
class Window:
    """The n equal steps from start (included) to end (excluded), in UTC.

    Raises:
        TimeError: A moment has no zone, the end is not after the start, the steps do not fill the window, or there are
            too many of them.
    """

    start: datetime
    end: datetime
    step: timedelta

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            moment = getattr(self, name)
            if moment.tzinfo is None:
                raise TimeError(f"{name}: {moment.isoformat()} has no time zone; add one.")
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.step <= timedelta(0):
            raise TimeError(f"The step must be longer than zero, not {iso_duration(self.step)}.")
        if self.end <= self.start:
            raise TimeError(f"The window must end after it starts ({self.start.isoformat()}).")
        if (self.end - self.start) % self.step:
            raise TimeError(
                f"The window of {iso_duration(self.end - self.start)} is not a whole number of steps of "
                f"{iso_duration(self.step)}; change its start, its end or the resolution."
            )
        if self.n > MOST_STEPS:
            raise TimeError(
                f"duration: {self.n} steps of {iso_duration(self.step)} are more than the {MOST_STEPS} of the longest "
                "window; give a shorter duration or a coarser resolution."
            )

    @classmethod
    def of_length(cls, start: datetime, length: timedelta, step: timedelta) -> Self:
        """Return the window that starts at a moment and lasts a length, whatever the clocks do meanwhile."""
        if start.tzinfo is not None:
            start = start.astimezone(UTC)
        return cls(start, after(start, length, field="duration"), step)

    @cached_property
    def n(self) -> int:
        """Number of steps."""
        return (self.end - self.start) // self.step

    @cached_property
    def hours(self) -> float:
        """Length of one step [h]."""
        return self.step / timedelta(hours=1)

    @cached_property
    def step_us(self) -> int:
        """Length of one step [microseconds]."""
        return self.step // MICROSECOND

    @cached_property
    def starts(self) -> Microseconds:
        """Start of each step [microseconds since 1970 UTC], shape (n,)."""
        return to_us(self.start) + np.arange(self.n, dtype=np.int64) * self.step_us

    @cached_property
    def ticks(self) -> Microseconds:
        """Bounds of the steps [microseconds since 1970 UTC], shape (n + 1,): where a stored energy is known."""
        return to_us(self.start) + np.arange(self.n + 1, dtype=np.int64) * self.step_us

    def moment(self, tick: float) -> datetime:
        """Return when a step begins, or for a fraction a moment within it."""
        return self.start + tick * self.step

    @cached_property
    def index(self) -> "pd.DatetimeIndex":
        """Start of each step as a pandas index in UTC, shape (n,)."""
        import pandas as pd

        return pd.DatetimeIndex(self.starts.view("datetime64[us]"), tz="UTC", name="event_start")
