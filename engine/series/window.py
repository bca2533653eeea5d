"""Start, end and step, which never travel apart."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from engine.errors import MomentError, TimeError
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds, after, from_us, iso_duration, to_us

if TYPE_CHECKING:  # the solve path does without pandas, whose import costs more than a day's plan
    import pandas as pd

MOST_STEPS = 10_000_000
"""Steps of the longest window: an array of them takes 80 MB. Requests have narrower bounds, this one no step passes."""


@dataclass(frozen=True)
class Window:
    """The n steps from start (included) to end (excluded), in UTC; all equal unless their bounds say otherwise.

    The first step of a schedule asked for at 07:10 is what is left of its quarter of an hour, and later steps may last
    several times as long as the first ones. Each bound but the start lies a whole number of ``step`` before the end.

    Raises:
        TimeError: A moment has no zone, the end is not after the start, the steps do not fill the window, or there are
            too many of them.
    """

    start: datetime
    end: datetime
    step: timedelta
    """Length of each step; of steps of several lengths, what each but the first is a multiple of."""
    bounds: tuple[int, ...] = ()
    """All n + 1 bounds of steps that are not all equal [us since 1970 UTC]; else none."""

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            moment = getattr(self, name)
            if moment.tzinfo is None:
                raise TimeError(f"{name}: {moment.isoformat()} has no time zone; add one.")
            # One moment is then one value, whatever zone it was written in, and equal windows are equal.
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.step <= timedelta(0):
            raise TimeError(f"The step must be longer than zero, not {iso_duration(self.step)}.")
        if self.end <= self.start:
            raise TimeError(f"The window must end after it starts ({self.start.isoformat()}).")
        if self.bounds:
            self._check_bounds()
        elif (self.end - self.start) % self.step:
            raise TimeError(
                f"The window of {iso_duration(self.end - self.start)} is not a whole number of steps of "
                f"{iso_duration(self.step)}; change its start, its end or the resolution."
            )
        if self.n > MOST_STEPS:
            raise MomentError(
                "duration",
                f"{self.n} steps of {iso_duration(self.step)} are more than the {MOST_STEPS} of the longest "
                "window; give a shorter one or a coarser resolution.",
            )

    def _check_bounds(self) -> None:
        ticks = np.array(self.bounds, dtype=np.int64)
        ends = int(ticks[0]) == to_us(self.start) and int(ticks[-1]) == to_us(self.end)
        if not ends or (np.diff(ticks) <= 0).any() or ((ticks[-1] - ticks[1:]) % self.step_us).any():
            raise TimeError(
                f"The bounds of the steps must rise from {self.start.isoformat()} to {self.end.isoformat()}, "
                f"each but the first a whole number of {iso_duration(self.step)} before the end."
            )

    @classmethod
    def between(cls, start: datetime, end: datetime, step: timedelta) -> Self:
        """Window from a moment to an end, whose first step is what is left of it where the others do not fill it."""
        if not (end - start) % step:
            return cls(start, end, step)
        us, last = step // MICROSECOND, to_us(end)
        later = range(last - (last - to_us(start)) // us * us, last + 1, us)
        return cls(start, end, step, (to_us(start), *later))

    @classmethod
    def of_length(cls, start: datetime, length: timedelta, step: timedelta) -> Self:
        """Return the window that starts at a moment and lasts a length, whatever the clocks do meanwhile."""
        if start.tzinfo is not None:
            start = start.astimezone(UTC)
        return cls(start, after(start, length, field="duration"), step)

    @cached_property
    def n(self) -> int:
        """Number of steps."""
        return len(self.bounds) - 1 if self.bounds else (self.end - self.start) // self.step

    @cached_property
    def hours(self) -> float | NDArray[np.float64]:
        """Length of each step [h]: one number, or shape (n,) where they differ."""
        return np.diff(self.ticks) / HOUR_US if self.bounds else self.step_hours

    @cached_property
    def step_hours(self) -> float:
        """Length of ``step`` [h]."""
        return self.step / timedelta(hours=1)

    @cached_property
    def step_us(self) -> int:
        """Length of one step [microseconds]."""
        return self.step // MICROSECOND

    @cached_property
    def starts(self) -> Microseconds:
        """Start of each step [microseconds since 1970 UTC], shape (n,)."""
        return self.ticks[:-1]

    @cached_property
    def ticks(self) -> Microseconds:
        """Bounds of the steps [microseconds since 1970 UTC], shape (n + 1,): where a stored energy is known."""
        if self.bounds:
            return np.array(self.bounds, dtype=np.int64)
        return to_us(self.start) + np.arange(self.n + 1, dtype=np.int64) * self.step_us

    def moment(self, tick: float) -> datetime:
        """When a step begins, or for a fraction a moment within it."""
        if not self.bounds:
            return self.start + tick * self.step
        into = np.interp(tick, np.arange(self.n + 1), self.ticks - self.ticks[0])
        return from_us(self.bounds[0] + round(float(into)))

    def position(self, moment: datetime) -> float:
        """Where a moment lies [steps since the start]: whole at the bound of a step, also outside the window."""
        us = to_us(moment)
        if self.bounds and self.bounds[0] <= us <= self.bounds[-1]:
            step = min(int(np.searchsorted(self.ticks, us, side="right")), self.n) - 1
            return step + (us - self.bounds[step]) / (self.bounds[step + 1] - self.bounds[step])
        if self.bounds and us > self.bounds[-1]:
            return self.n + (us - self.bounds[-1]) / self.step_us
        return (us - to_us(self.start)) / self.step_us

    @cached_property
    def with_step_after(self) -> Self:
        """The window and one step more, whose starts are all bounds of this one."""
        end = self.end + self.step
        return type(self)(self.start, end, self.step, (*self.bounds, to_us(end)) if self.bounds else ())

    @cached_property
    def slots(self) -> Self:
        """The equal steps that this window touches: what a schedule is stored in."""
        return type(self)(self.end - -(-(self.end - self.start) // self.step) * self.step, self.end, self.step)

    def on_slots(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of each step [any unit that is averaged] in the slots of the window, shape (slots.n,)."""
        # By their ends, as the first slot may begin before the window does.
        return values if not self.bounds else values[np.searchsorted(self.ticks, self.slots.ticks[1:]) - 1]

    def on_slot_ticks(self, levels: NDArray[np.float64]) -> NDArray[np.float64]:
        """Levels at each bound of a step at the start and the end of each slot, shape (slots.n + 1,).

        Within a step of several slots a level rises or falls evenly.
        """
        return np.interp(self.slot_ticks, self.ticks, levels) if self.bounds else levels

    @cached_property
    def slot_ticks(self) -> Microseconds:
        """The start of the window and the end of each slot [microseconds since 1970 UTC], shape (slots.n + 1,)."""
        return np.append(self.ticks[:1], self.slots.ticks[1:])

    @cached_property
    def index(self) -> "pd.DatetimeIndex":
        """Start of each step as a pandas index in UTC, shape (n,)."""
        import pandas as pd

        return pd.DatetimeIndex(self.starts.view("datetime64[us]"), tz="UTC", name="event_start")
