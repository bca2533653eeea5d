"""The values of events, read over other steps: exact for any pair of resolutions, by the nature of their unit.

Amounts per event (kWh, EUR) add up and are shared out; all else (kW, EUR/kWh, °C) is averaged by time, or its least,
most or last value counts. Between an amount and its flow (kWh and kW) the true length of each event tells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import Any, Literal, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds
from engine.series.resample import lengths
from engine.units import units

Floats: TypeAlias = NDArray[np.float64]
Rule = Literal["mean", "least", "most", "last"]
"""What counts of several values in one step: their mean by time, the least or most of those that touch the step, or the
one that holds when the step begins."""

REDUCTIONS: Mapping[str, Callable[[Floats], Floats]] = {
    "mean": lambda table: table.mean(axis=1),
    "sum": lambda table: table.sum(axis=1),
    "least": lambda table: table.min(axis=1),
    "most": lambda table: table.max(axis=1),
    "last": lambda table: table[:, 0].copy(),
}
"""One value of the k events of a step; the first one holds when it begins."""
UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class EventSeries:
    """Values of events that do not overlap.

    10-minute powers in quarters of an hour keep their energy, and energies add up:

    >>> tens = EventSeries(np.arange(3) * 600_000_000, np.array([0.0, 6.0, 0.0]), timedelta(minutes=10), "kW")
    >>> tens.over(np.arange(3) * 900_000_000).tolist()
    [2.0, 2.0]
    >>> replace(tens, unit="kWh").over(np.arange(3) * 900_000_000).tolist()
    [3.0, 3.0]
    """

    events: Microseconds
    """Start of each event, increasing [us since 1970 UTC], shape (n,)."""
    values: Floats
    """NaN where missing, shape (n,)."""
    step: timedelta
    """Length of an event; zero: instantaneous, and a value holds until the next one, but not longer than a step."""
    unit: str
    """Unit of the values."""
    place: ZoneInfo = UTC
    """Where events of days are local days."""
    level: bool = False
    """Whether the values are of a stored amount, which is no amount per event whatever its unit."""

    def over(self, ticks: Microseconds, unit: str | None = None, rule: Rule = "mean") -> Floats:
        """Values in the steps between ticks [unit], NaN where nothing is known, shape (len(ticks) - 1,).

        The mean is over the time that is known, and an amount is that of the time that is known: nothing is added for
        what is not.

        Args:
            ticks: Bounds of the steps, increasing [us since 1970 UTC].
            unit: Unit wanted; None: the own one.
            rule: What counts of several values in one step, unless they add up.

        Raises:
            UnitError: The values cannot be written in the unit.
        """
        unit = self.unit if unit is None else unit
        per_hour = units.hours_power(self.unit, unit, timed=bool(self.step) and not self.level)
        own = self._known
        if not len(own.events):
            return np.full(len(ticks) - 1, np.nan)
        # From an amount to its flow the length of each event counts, so that is done before steps are formed.
        if per_hour < 0:
            own = replace(own, values=own._converted(own.values, unit, own._lengths), unit=unit)
        how: Rule | Literal["sum"] = rule if per_hour == 0 else "mean"
        if per_hour == 0 and self.step and not self.level and units.adds_up(self.unit):
            how = "sum"
        table, step, length = own._table(ticks), int(ticks[1] - ticks[0]), own.step // MICROSECOND
        if table is None:
            values = own._by_pieces(ticks, how)
        elif table.shape[1] > 1:
            values = REDUCTIONS[how](table)
        else:  # each step lies in one event, of an amount a part
            values = table[:, 0] * (step / length) if how == "sum" and length > step else table[:, 0].copy()
        # From a flow to an amount the length of each step counts, so that is done last.
        if per_hour > 0:
            return own._converted(values, unit, np.diff(ticks) if table is not None else own._time_known(ticks))
        return own._converted(values, unit)

    def known_share(self, ticks: Microseconds) -> Floats:
        """Share of the time of each step that has a value, shape (len(ticks) - 1,)."""
        return self._known._time_known(ticks) / np.diff(ticks)

    def _converted(self, values: Floats, unit: str, us: NDArray[Any] | None = None) -> Floats:
        return units.convert(values, self.unit, unit, hours=None if us is None or not self.step else us / HOUR_US)

    @cached_property
    def _known(self) -> "EventSeries":
        missing = np.isnan(self.values)
        return replace(self, events=self.events[~missing], values=self.values[~missing]) if missing.any() else self

    @cached_property
    def _lengths(self) -> Microseconds:
        """Length of each event, or the one of all [us], shape (n,) or (1,): a local day has 23 to 25 hours."""
        nominal, apart = lengths(self.events, self.step, self.place), np.diff(self.events)
        if (apart >= nominal[: len(apart)]).all():
            return nominal
        # Events that come closer than their length: each ends where the next begins, so that no time counts twice.
        trimmed: Microseconds = np.minimum(np.broadcast_to(nominal, self.events.shape), np.append(apart, nominal[-1]))
        return trimmed

    def _table(self, ticks: Microseconds) -> Floats | None:
        """Values of the events that each step consists of or lies in, shape (steps, k); None if they do not fit."""
        step, length, n = int(ticks[1] - ticks[0]), self.step // MICROSECOND, len(ticks) - 1
        into = int(ticks[0]) - int(self.events[0])
        if not length or (step % length and length % step) or into < 0 or into % min(step, length):
            return None
        first, last = into // length, (int(ticks[-1]) - 1 - int(self.events[0])) // length
        # A local day of 23 hours lies in no table of days of 24, also where it is the only one.
        if (self._lengths != length).any() or last >= len(self.events) or ticks[-1] - ticks[0] != n * step:
            return None
        # Events do not overlap: if the first and the last lie in their places, so do all between.
        if self.events[first] != self.events[0] + first * length or self.events[last] != self.events[0] + last * length:
            return None
        if length > step:
            return self.values[(ticks[:-1] - self.events[0]) // length, None]
        return self.values[first : last + 1].reshape(n, -1)

    def _pieces(self, ticks: Microseconds) -> tuple[Microseconds, NDArray[np.intp], Microseconds]:
        """Steps that events touch, in order; the event of each; how long they have in common, or all have [us]."""
        n, step = len(ticks) - 1, int(ticks[1] - ticks[0])
        regular = ticks[-1] - ticks[0] == n * step
        length = self._lengths if self.step else np.array([step])
        if regular:
            first, into = np.divmod(self.events - ticks[0], step)
            if self.step and len(length) == 1 and (into <= step - length).all():  # none reaches into a second step
                inside = np.flatnonzero((first >= 0) & (first < n))
                return first[inside], inside, length
        ends = self.events + length
        if not self.step:
            ends[:-1] = np.minimum(ends[:-1], self.events[1:])
        first = first if regular else np.searchsorted(ticks, self.events, side="right") - 1
        until = -((ticks[0] - ends) // step) if regular else np.searchsorted(ticks, ends)
        first = np.maximum(first, 0)
        count = np.maximum(np.minimum(until, n) - first, 0)
        which = np.repeat(np.arange(len(ends)), count)
        steps = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
        return steps, which, np.minimum(ends[which], ticks[steps + 1]) - np.maximum(self.events[which], ticks[steps])

    def _by_pieces(self, ticks: Microseconds, how: Rule | Literal["sum"]) -> Floats:
        """Value of each step from the pieces of events in it, NaN where there is none."""
        n = len(ticks) - 1
        steps, which, spent = self._pieces(ticks)
        values, found = self.values[which], np.full(n, np.nan)
        if not len(steps):
            return found
        if how == "sum":
            length = self._lengths[which] if len(self._lengths) > 1 else self._lengths
            total = np.bincount(steps, values * (spent / length), n).astype(float, copy=False)
            return np.where(np.bincount(steps, minlength=n) > 0, total, np.nan)
        if how == "mean":
            # By the shortest one: pieces of one length then weigh 1, which rounds nothing.
            weights = None if len(spent) == 1 else spent / spent.min()
            total = np.bincount(steps, values if weights is None else values * weights, n).astype(float, copy=False)
            known = np.bincount(steps, weights, n)
            np.divide(total, known, out=found, where=known > 0)
            return found
        firsts = np.flatnonzero(np.diff(steps, prepend=-1))
        if how == "last":
            firsts = firsts[self.events[which[firsts]] <= ticks[steps[firsts]]]
            found[steps[firsts]] = values[firsts]
        else:
            # Pieces are in order of step, so that each step is one run from its first piece on.
            extreme = np.minimum if how == "least" else np.maximum
            found[steps[firsts]] = extreme.reduceat(values, firsts)
        return found

    def _time_known(self, ticks: Microseconds) -> Floats:
        """Time of each step that has a value [us], shape (len(ticks) - 1,)."""
        if not len(self.events):
            return np.zeros(len(ticks) - 1)
        steps, _, spent = self._pieces(ticks)
        return np.bincount(steps, np.broadcast_to(spent.astype(float), steps.shape), len(ticks) - 1).astype(float)
