"""Capacity tariffs by the calendar: monthly demand, means over months, steps and ratchets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from engine.errors import FieldError, UnknownName
from engine.series import resample
from engine.series.iso_time import MICROSECOND, Microseconds, duration, from_us, to_us

Floats = NDArray[np.float64]
QUARTER: Final = timedelta(minutes=15)
MOST_MONTHS: Final = 36


@dataclass(frozen=True, kw_only=True)
class MonthlyDemand:
    """The demand of one month of the calendar, and what is charged for it."""

    month: date
    """Its first day."""
    demand: float
    """Measured demand: the highest mean power, or the mean of the highest ones [kW]."""
    charged: float
    """Demand that is charged, after minimum, months before and ratchet [kW]."""
    cost: float
    """[currency]."""


@dataclass(frozen=True, kw_only=True)
class CapacityTariff:
    """What a grid operator charges each month for the highest power taken.

    Flanders: ``least=2.5, months=12, over="mean"``. Norway: ``interval=1 h, highest=3, on_different_days=True`` with
    steps. A ratchet: ``months=12, over="ratchet", ratchet=0.8``.

    Raises:
        FieldError: A field is not as it must be.
    """

    price: float = 0.0
    """Of the charged demand [currency/kW and month]."""
    steps: Sequence[tuple[float, float]] = ()
    """In place of a price: demand up to which a step reaches [kW], and its charge [currency/month]; the last one holds
    beyond."""
    interval: timedelta = QUARTER
    """Time over which power is averaged."""
    highest: int = 1
    """So many of the highest powers are averaged to the demand of a month."""
    on_different_days: bool = False
    """Whether only the highest power of each day counts."""
    least: float = 0.0
    """Least demand of a month [kW]."""
    months: int = 1
    """Months that count, the one that is charged included."""
    over: Literal["mean", "highest", "ratchet"] = "highest"
    """What is charged of these months: their mean, the highest, or that of the last month but at least a share of the
    highest of those before."""
    ratchet: float = 1.0
    """That share."""

    def __post_init__(self) -> None:
        limits = {"price": (0, 1e6), "highest": (1, 100), "least": (0, 1e9), "months": (1, MOST_MONTHS)}
        for name, (low, high) in (limits | {"ratchet": (0, 1)}).items():
            value = getattr(self, name)
            whole = name in ("highest", "months")
            if (
                isinstance(value, bool)
                or not isinstance(value, int if whole else int | float)
                or not low <= value <= high
            ):
                raise FieldError(f"capacity_tariff.{name}", f"a number from {low} to {high} is wanted.")
        if self.over not in ("mean", "highest", "ratchet"):
            raise UnknownName("rule over months", str(self.over)[:50], ("mean", "highest", "ratchet"))
        if not timedelta(minutes=1) <= self.interval <= timedelta(hours=1) or timedelta(hours=1) % self.interval:
            raise FieldError("capacity_tariff.interval", "a part of an hour is wanted, such as PT15M.")
        if any(later[0] <= earlier[0] for earlier, later in pairwise(self.steps)):
            raise FieldError("capacity_tariff.steps", "each step must reach further than the one before.")

    @classmethod
    def from_config(cls, config: object) -> Self:
        """Tariff as JSON describes it, with ``interval`` as an ISO 8601 duration."""
        if not isinstance(config, Mapping):
            raise FieldError("capacity_tariff", "an object is wanted, such as {'price': 4.5}.")
        named: dict[str, Any] = {str(key).replace("-", "_"): value for key, value in config.items()}
        known = {field.name for field in fields(cls)}
        for key in named:
            if key not in known:
                raise UnknownName("field of a capacity tariff", key[:50], known)
        if "interval" in named:
            named["interval"] = duration(str(named["interval"]), field="capacity_tariff.interval")
        if "steps" in named:
            named["steps"] = _read_steps(named["steps"])
        return cls(**named)

    def first_month(self, start: datetime) -> datetime:
        """Start of the earliest month whose demand counts for what is charged at a local moment."""
        number = start.year * 12 + start.month - self.months
        return start.replace(year=number // 12, month=number % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0)

    def charge(self, demand: float) -> float:
        """Charge of a month for the demand that is charged [currency]."""
        if not self.steps:
            return self.price * demand
        return next((cost for limit, cost in self.steps if demand <= limit), self.steps[-1][1])

    def charged(self, demands: Sequence[float]) -> float:
        """Demand that is charged for the last of some months [kW], from the measured ones; earlier may be missing."""
        counted = [max(demand, self.least) for demand in demands[-self.months :]]
        if self.over == "mean":
            return sum(counted) / len(counted)
        if self.over == "highest":
            return max(counted)
        return max([counted[-1], *(self.ratchet * demand for demand in counted[:-1])])

    def incumbent(self, demands: Sequence[float]) -> float:
        """Power up to which a month costs no more than it does already [kW], from the demands so far.

        With a mean over months that is the demand of the month itself, or the least one; with a ratchet also the share
        of the highest month before; with steps, the end of the step that the month is on.
        """
        counted = [max(demand, self.least) for demand in demands[-self.months :]]
        reached = counted[-1] if self.over == "mean" else self.charged(demands)
        if self.steps:
            return next((limit for limit, _ in self.steps if reached <= limit), reached)
        return reached

    def monthly(self, starts: Microseconds, power: Floats, step: timedelta, place: ZoneInfo) -> list[MonthlyDemand]:
        """Demand and charge of each month that the values touch, in order.

        Args:
            starts: Start of each value [us since 1970 UTC], shape (n,), rising.
            power: Mean power taken from the grid [kW], NaN where it is not known, shape (n,).
            step: Length of a value.
            place: Zone of the calendar.
        """
        billed: list[MonthlyDemand] = []
        for month, (moments, means) in self._by_month(starts, power, step, place).items():
            demand = self._demand(moments, means, place)
            charged = self.charged([*(one.demand for one in billed), demand])
            billed.append(MonthlyDemand(month=month, demand=demand, charged=charged, cost=self.charge(charged)))
        return billed

    def accrued(self, starts: Microseconds, power: Floats, step: timedelta, place: ZoneInfo) -> Floats:
        """What each value adds to the charge of its month [currency], shape (n,); the sums over months are the bill.

        What is charged whatever the month brings, such as a least demand, is in the first value of the month. Charges
        never fall within a month, except for means that are taken before there are enough days: those are then of what
        there is, so that a value may add less than nothing.
        """
        costs = np.zeros(len(starts))
        earlier: list[float] = []
        for _, (moments, means) in self._by_month(starts, power, step, place).items():
            before, reached, peaks = 0.0, -np.inf, np.empty(0)
            threshold = -np.inf
            for at in range(len(moments)):
                value = means[at]
                # Only what exceeds the lowest power that counts changes the demand.
                if at and not value > threshold:
                    continue
                reached = self._demand(moments[: at + 1], means[: at + 1], place)
                cost = self.charge(self.charged([*earlier, reached]))
                last = np.searchsorted(starts, moments[at] + self.interval // MICROSECOND, side="left") - 1
                costs[max(last, 0)] += cost - before
                before = cost
                peaks = self._peaks(moments[: at + 1], means[: at + 1], place)
                threshold = peaks[-1] if len(peaks) == self.highest else -np.inf
            earlier.append(max(reached, 0.0))
        return costs

    def _by_month(
        self, starts: Microseconds, power: Floats, step: timedelta, place: ZoneInfo
    ) -> dict[date, tuple[Microseconds, Floats]]:
        """Mean power of each interval, by the month of the calendar."""
        slots = starts // (self.interval // MICROSECOND) * (self.interval // MICROSECOND)
        moments, means = (starts, power) if step >= self.interval else resample.gathered(slots, power, add=False)
        months: dict[date, tuple[Microseconds, Floats]] = {}
        if not len(moments):
            return months
        bound = from_us(int(moments[0])).astimezone(place).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while to_us(bound.astimezone(UTC)) <= moments[-1]:
            following = (bound + timedelta(days=32)).replace(day=1)
            inside = slice(*np.searchsorted(moments, [to_us(one.astimezone(UTC)) for one in (bound, following)]))
            months[bound.date()] = (moments[inside], means[inside])
            bound = following
        return months

    def _peaks(self, moments: Microseconds, means: Floats, place: ZoneInfo) -> Floats:
        """The highest powers of a month that count [kW], falling; at most ``highest``."""
        known = np.where(np.isnan(means), -np.inf, means)
        if self.on_different_days and len(moments):
            days = resample.floor(moments, timedelta(days=1), place)
            known = np.maximum.reduceat(known, np.flatnonzero(np.r_[True, days[1:] != days[:-1]]))
        found = np.sort(known)[::-1][: self.highest]
        return np.asarray(found[np.isfinite(found)])

    def _demand(self, moments: Microseconds, means: Floats, place: ZoneInfo) -> float:
        """Demand of a month [kW]; power given to the grid is none."""
        peaks = self._peaks(moments, means, place)
        return float(max(peaks.mean(), 0.0)) if len(peaks) else 0.0


def _read_steps(raw: object) -> list[tuple[float, float]]:
    """Steps of JSON, each a pair of demand and charge."""
    steps = []
    for number, pair in enumerate(raw if isinstance(raw, list) else [raw]):
        numbers = pair if isinstance(pair, list | tuple) else []
        good = [value for value in numbers if not isinstance(value, bool) and isinstance(value, int | float)]
        if len(good) != 2 or len(numbers) != 2 or not all(0 <= value <= 1e9 for value in good):
            raise FieldError(
                f"capacity_tariff.steps[{number}]", "a demand [kW] and a charge are wanted, such as [5, 200]."
            )
        steps.append((float(good[0]), float(good[1])))
    return steps
