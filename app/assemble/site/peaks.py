"""Peaks as a flex-context describes them → what is paid for them, over one window."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.assemble.site.series import Readings
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.quantity import Events, Fixed, Quantity, SensorReference
from engine.series.calendar import Calendar
from engine.series.iso_time import HOUR_US, MICROSECOND, duration, from_us, to_us
from engine.series.window import Window
from engine.tariffs import MeanPeakTariff, PeakTariff

Floats = NDArray[np.float64]
LATER_MONTHS = 11
"""Months after this one in which a ratchet counts."""


@dataclass(frozen=True)
class PeakBuilder:
    """The peaks of one connection."""

    context: CommodityContext
    window: Window
    readings: Readings
    zone: ZoneInfo
    """The zone in which months, days and hours are billed."""

    def tariffs(self) -> list[PeakTariff | MeanPeakTariff]:
        """Return the prices of peaks; none without one.

        Raises:
            FieldError: A field does not fit the others, or the steps of the schedule.
        """
        context, tariffs = self.context, list[PeakTariff | MeanPeakTariff]()
        if (price := context.site_peak_consumption_price) is not None or context.site_peak_bands:
            tariffs += self._of_consumption(price)
        else:
            for name in ("running_consumption", "hours", "share", "highest_days", "earlier_days", "floor", "ratchet"):
                if getattr(context, f"site_peak_{name}") not in (None, ()):
                    field = f"site-peak-{name}".replace("_", "-")
                    raise FieldError(field, "peaks of consumption cost nothing; add site-peak-consumption-price.")
        if (price := context.site_peak_production_price) is not None:
            reached = self._reached(context.site_peak_production, "site-peak-production")
            tariffs.append(self._tariff("production", self._price(price, "production"), reached, self._months()))
        return tariffs

    def _of_consumption(self, price: Quantity | None) -> list[PeakTariff | MeanPeakTariff]:
        context, months = self.context, self._months()
        per_kw = np.zeros(self.window.n) if price is None else self._price(price, "consumption")
        so_far = context.site_peak_consumption
        floor = np.full(self.window.n, self._number(context.site_peak_floor, "site-peak-floor"))
        ratchet = self._number(context.site_peak_ratchet, "site-peak-ratchet", "")
        highest = self._number(context.site_peak_year_consumption, "site-peak-year-consumption")
        if highest and not ratchet:
            raise FieldError("site-peak-year-consumption", "it needs site-peak-ratchet beside it, such as '80%'.")
        paid_for = np.maximum(floor, ratchet * highest)
        if context.site_peak_highest_days is not None:
            if ratchet:
                raise FieldError("site-peak-ratchet", "it is about one peak; leave out site-peak-highest-days.")
            return [self._of_days(per_kw, paid_for, context.site_peak_highest_days)]
        if context.site_peak_earlier_days:
            raise FieldError("site-peak-earlier-days", "they need site-peak-highest-days beside them.")
        reached = np.maximum(self._reached(so_far, "site-peak-consumption"), paid_for)
        tariffs = [self._tariff("consumption", per_kw, reached, months)]
        if ratchet and context.site_peak_bands:
            raise FieldError("site-peak-ratchet", "it is about one price; leave out site-peak-bands.")
        if ratchet:  # a peak above that of the year is paid for again in the months after this one
            later = per_kw * (ratchet * LATER_MONTHS)
            # They pay for the floor anyway, whose peak is the larger by the ratchet.
            known = max(highest, float(np.max(self._reached(so_far, "site-peak-consumption"))), floor[0] / ratchet)
            of_year = np.full(self.window.n, known)
            once = self._tariff("consumption", later, of_year, np.zeros(self.window.n, np.int32))
            tariffs.append(replace(once, name="ratchet"))
        return tariffs

    def _of_days(self, price: Floats, paid_for: Floats, count: int) -> MeanPeakTariff:
        """Return the price of the mean of the highest days; what is reached is paid for anyway."""
        context, months = self.context, self._months()
        field, told = "site-peak-earlier-days", context.site_peak_earlier_days
        meter = told[0] if told and isinstance(told[0], SensorReference) else None
        if meter is None and not told:
            own = context.aggregate_power or context.aggregate_consumption
            meter = None if own is None else SensorReference(own.sensor)
        earlier, today = ([], 0.0) if meter is None else self._measured_days(meter)
        earlier = sorted(earlier or [self._number(each, f"{field}[{at}]") for at, each in enumerate(told)])
        if context.site_peak_consumption is not None:
            today = float(self._reached(context.site_peak_consumption, "site-peak-consumption")[0])
        so_far = sum(sorted([*earlier, today])[-count:]) / count
        # What has been reached is of the month in which the schedule begins.
        reached = np.where(months == months[0], np.maximum(paid_for, so_far), paid_for)
        local = [from_us(int(each)).astimezone(self.zone).toordinal() for each in self.window.starts]
        return MeanPeakTariff(
            direction="consumption",
            price=price,
            interval=self._intervals(),
            reached=reached,
            billing=months,
            share=self._share(),
            begun=self._begun(),
            days=np.array(local, dtype=np.int32) - np.int32(local[0]),
            count=count,
            earlier=(*earlier[-count:], today),
            bands=self._bands,
        )

    @property
    def _bands(self) -> tuple[tuple[float, float], ...]:
        return tuple(each.numbers for each in self.context.site_peak_bands)

    def _measured_days(self, meter: SensorReference) -> tuple[list[float], float]:
        """Return the highest mean of an interval on each earlier day of the month, and on the first day so far [kW]."""
        first = self.window.start.astimezone(self.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        lasts = self._lasts // MICROSECOND
        ticks = np.arange(to_us(first), int(self.window.ticks[0]) + 1, lasts)
        if len(ticks) < 2:
            return [], 0.0
        # It tells what is taken as positive values, whatever its attributes say
        own = self.context.aggregate_consumption
        consuming = own is not None and own.sensor == meter.sensor
        means = np.nan_to_num(self.readings.powers(meter, ticks, consuming=consuming))
        local = [from_us(int(each)).astimezone(self.zone) for each in ticks[:-1]]
        if self.context.site_peak_hours is not None:
            calendar = Calendar.read(self.context.site_peak_hours, field="site-peak-hours")
            means = means * np.array([calendar.contains(each) for each in local], dtype=float)
        days: dict[int, float] = {}
        for moment, mean in zip(local, np.maximum(means, 0.0).tolist(), strict=True):
            days[moment.toordinal()] = max(days.get(moment.toordinal(), 0.0), mean)
        today = self.window.start.astimezone(self.zone).toordinal()
        return [peak for day, peak in days.items() if day != today], days.get(today, 0.0)

    def _tariff(
        self, way: Literal["consumption", "production"], price: Floats, reached: Floats, billing: NDArray[np.int32]
    ) -> PeakTariff | MeanPeakTariff:
        context = self.context
        own = context.site_peak_running_consumption, context.site_peak_hours, context.site_peak_share
        bands = self._bands if way == "consumption" else ()
        special = way == "consumption" and (any(each is not None for each in own) or bool(bands))
        if context.site_peak_interval is None and not special:
            return PeakTariff(direction=way, price=price, reached=reached, billing=billing)
        return MeanPeakTariff(
            direction=way,
            price=price,
            interval=self._intervals(),
            reached=reached,
            billing=billing,
            share=self._share() if special else 1.0,
            begun=self._begun() if special else (0.0, 0.0),
            bands=bands,
        )

    def _number(self, given: Quantity | None, field: str, unit: str = "kW") -> float:
        if not isinstance(given, Fixed):
            return 0.0
        return given.number(unit, field=field)

    def _price(self, given: Quantity, way: str) -> Floats:
        name = f"site-peak-{way}-price"
        return self.readings.series(given, self.context.fact(name), name=name, otherwise=0.0)

    @property
    def _lasts(self) -> timedelta:
        """Length of an interval."""
        step, text = self.window.step, self.context.site_peak_interval
        lasts = step if text is None else duration(text, field="site-peak-interval")
        if lasts % step and step % lasts:
            raise FieldError(
                "site-peak-interval",
                f"it does not fit steps of {step}; ask for a resolution of which it is a multiple, such as "
                f"PT{lasts // timedelta(minutes=1)}M.",
            )
        return lasts

    @property
    def _offset(self) -> int:
        """What the clock of the site is ahead of UTC [µs]."""
        return (self.window.start.astimezone(self.zone).utcoffset() or timedelta(0)) // MICROSECOND

    def _intervals(self) -> NDArray[np.int32]:
        """Interval of the clock of each step, over which peaks are means, shape (n,)."""
        number = (self.window.starts + self._offset) // (self._lasts // MICROSECOND)
        intervals: NDArray[np.int32] = (number - number[0]).astype(np.int32)
        return intervals

    def _begun(self) -> tuple[float, float]:
        """What has passed of the first interval [h], and the mean power in that time [kW]."""
        given, field = self.context.site_peak_running_consumption, "site-peak-running-consumption"
        start, lasts = int(self.window.ticks[0]), self._lasts // MICROSECOND
        passed = (start + self._offset) % lasts
        if given is None or not passed:
            return 0.0, 0.0
        if isinstance(given, Events):
            raise FieldError(field, "write one power, or name a sensor that has measured it.")
        if isinstance(given, Fixed):
            return passed / HOUR_US, given.number("kW", field=field)
        power = self.readings.mean_before(given, from_us(start - passed), unit="kW")
        if np.isnan(power):
            begin = self.readings.local(from_us(start - passed))
            self.readings.warn(
                f"{field}: sensor {given.sensor} has no value since {begin}; what has passed is left out."
            )
            return 0.0, 0.0
        return passed / HOUR_US, power

    def _share(self) -> Floats:
        """Share of the mean power of each step that counts, shape (n,)."""
        context, share = self.context, np.ones(self.window.n)
        if context.site_peak_share is not None:
            fact = context.fact("site-peak-share")
            share = self.readings.series(context.site_peak_share, fact, name=fact.name, otherwise=1.0)
        if context.site_peak_hours is not None:
            calendar = Calendar.read(context.site_peak_hours, field="site-peak-hours")
            local = [from_us(int(each)).astimezone(self.zone) for each in self.window.starts]
            share = share * np.array([calendar.contains(each) for each in local], dtype=float)
        return share

    def _reached(self, given: Quantity | None, field: str) -> Floats:
        """Return the peak paid for already [kW], shape (n,): what is known of it holds until its month ends."""
        if given is None:
            return np.zeros(self.window.n)
        values, months = self.readings.series(given, self.context.fact(field), name=field), self._months()
        if isinstance(given, Fixed):  # one number tells of the month in which it is asked
            return np.where(months == months[0], values, 0.0)
        if isinstance(given, SensorReference) and np.isnan(values[0]):
            last = self.readings.nearest(given, unit="kW")
            values[0] = np.nan if last is None else last
        known = np.maximum.accumulate(np.where(np.isnan(values), -1, np.arange(len(values))))
        reached = np.where((known >= 0) & (months[known] == months), values[known], np.nan)
        return np.nan_to_num(self.readings.assume(given, reached, 0.0, name=field, why="taken as 0 kW"))

    def _months(self) -> NDArray[np.int32]:
        """Return the month of each step as 0, 1, ...: a peak is billed once in each, shape (n,)."""
        first = self.window.start.astimezone(self.zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        starts = [to_us(first)]
        while from_us(starts[-1]) < self.window.end:
            # From the first day of a month, 32 days lead into the next one, however long it is.
            first = (first + timedelta(days=32)).replace(day=1)
            starts.append(to_us(first))
        return (np.searchsorted(starts, self.window.starts, side="right") - 1).astype(np.int32)
