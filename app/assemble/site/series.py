"""A sensor reference → values over a window, as known at one moment."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app.assemble.forecasting.missing import MissingForecasts, may_forecast
from app.assemble.outputs import consumption_sign
from app.auth.access.references import References
from db.beliefs import store
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.facts import Fact, Kind, Overlap
from engine.flex.quantity import ANY_CURRENCY, Events, Fixed, Quantity, SensorReference, currency_of, unit_for
from engine.flex.values import Resolver, held, per_step, per_step_mean, rule_of
from engine.model.arrays import LARGEST
from engine.series.event_series import EventSeries
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds, from_us, to_us, zone
from engine.series.window import Window
from engine.units import units

Floats = NDArray[np.float64]
NEAR = 4
"""Steps before and after the start within which a measured state of charge counts as the one at the start."""


MOST_BACK = 10_000
"""Slots before the start that are looked at, at most, for what is running."""
HELD = ("price", "efficiency", "retention", "share", "carbon", "temperature")
"""Kinds of values that stay what they were last where they are not known."""


@dataclass(frozen=True)
class Readings:
    """Reads sensors for a plan; every value as it was known at one moment."""

    references: References
    window: Window
    known_at: datetime
    place: ZoneInfo
    """The zone of the site, in which moments are told."""
    warnings: list[str] = field(default_factory=list)
    """What was assumed where data lack."""
    currencies: set[str] = field(default_factory=set)
    """Currencies of the price sensors read."""
    forecasts: MissingForecasts | None = None
    """What foresees what is missing; None: nothing does."""

    def series(
        self, given: Quantity, fact: Fact, *, name: str, unit: str | None = None, otherwise: float | None = None
    ) -> Floats:
        """Value of a field in each step [unit], read by its kind, shape (n,).

        Where a sensor lacks values, prices and shares stay what they were last, and all else is taken as another value;
        both are told as warnings.

        Args:
            given: The value as written.
            fact: What there is to know of the field.
            name: How the field is called in errors and warnings.
            unit: Unit wanted, where the field leaves it open.
            otherwise: What is taken where nothing is known; None: NaN stays.
        """
        unit, resolve = unit or fact.unit or "", self.by_kind(fact.kind, fact.overlap)
        if fact.kind == "load" and isinstance(given, Events):
            return per_step_mean(given, self.window, unit=unit, field=name, resolve=resolve)
        values = per_step(given, self.window, unit=unit, field=name, resolve=resolve, overlap=fact.overlap)
        if isinstance(given, Fixed) or not (missing := np.isnan(values)).any():
            return values
        # One lost hour of prices must not keep a site from its plan.
        if fact.kind in HELD and not missing.all():
            kept, which = held(values), "first" if missing[0] else "last"
            value = f"{kept[missing][0]:g} {self._unit(given, unit)}".rstrip()
            return self.assume(given, values, kept, name=name, why=f"its {which} value, {value}, counts")
        if otherwise is None:
            return values
        value = f"{otherwise:g} {self._unit(given, unit)}".rstrip()
        return self.assume(given, values, otherwise, name=name, why=f"taken as {value}")

    def _unit(self, given: Quantity, unit: str) -> str:
        return unit_for(unit, self._sensor(given).unit) if isinstance(given, SensorReference) else unit

    def assume(self, given: Quantity, values: Floats, instead: Floats | float, *, name: str, why: str) -> Floats:
        """Values with others in the place of missing ones; of a sensor it is told which, when and what is taken.

        In ``why``, braces stand for the first value taken.
        """
        missing = np.isnan(values)
        filled = np.where(missing, instead, values)
        if missing.any() and isinstance(given, SensorReference):
            self.warn(f"{name}: {self._stretch(given, missing)}; {why.format(filled[missing][0])}.")
        return filled

    def _stretch(self, given: SensorReference, missing: NDArray[np.bool_]) -> str:
        """Return which sensor lacks values and when, in a few words."""
        sensor = self._sensor(given)
        edges = np.flatnonzero(np.diff(missing, prepend=False, append=False))
        begin, end = (_local(self.window.ticks[min(at, self.window.n)], sensor) for at in edges[:2])
        more = f" and {len(edges) // 2 - 1} more times" if len(edges) > 2 else ""
        return f"sensor {sensor.id} ({sensor.name}) has no value from {begin} to {end}{more}"

    def warn(self, text: str) -> None:
        """Tell the one who asks, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def local(self, moment: datetime) -> str:
        """Return a moment on the clock of the site, as text."""
        return moment.astimezone(self.place).isoformat(timespec="minutes")

    def by_kind(self, kind: Kind | None, overlap: Overlap = "first") -> Resolver:
        """Return what reads sensors of fields of a kind; see ``engine.flex.values``."""
        return partial(self._read, kind=kind, overlap=overlap)

    def _read(
        self, reference: SensorReference, *, unit: str, window: Window, kind: Kind | None, overlap: Overlap
    ) -> Floats:
        sensor = self._sensor(reference)
        sources = self._filter(reference, sensor)
        known = self.known(sensor, window, sources)
        if self.forecasts is not None and may_forecast(kind, sensor):
            known, told = self.forecasts.complete(self.references, sensor, known, window, sources)
            if told:
                self.warn(told)
        if ANY_CURRENCY in unit and (money := currency_of(sensor.unit)):
            self.currencies.add(money)
        series = of_sensor(sensor, known.events, known.values)
        if kind in ("energy", "state-of-charge"):
            series = replace(series, level=True)
        rule = rule_of(kind, overlap, lasts=bool(sensor.resolution))
        found = series.over(window.ticks, unit_for(unit, sensor.unit), rule)
        _refuse_extremes(sensor, found, window.starts)
        if rule == "mean" and timedelta(0) < sensor.resolution < window.step:
            self._warn_of_parts(series, sensor, window)
        return found

    def _warn_of_parts(self, series: EventSeries, sensor: Sensor, window: Window) -> None:
        """Tell of steps of which only a part is known."""
        inside = np.searchsorted(series.events, window.ticks[[0, -1]])
        if (inside[1] - inside[0]) * sensor.resolution >= window.end - window.start:
            return
        share = series.known_share(window.ticks)
        parts = np.flatnonzero((share > 0) & (share < 1 - 1e-9))
        if len(parts):
            first = _local(window.starts[parts[0]], sensor)
            self.warn(
                f"sensor {sensor.id} ({sensor.name}) is known for a part only of {len(parts)} of {window.n} steps, "
                f"first at {first}; the mean of that part counts."
            )

    def quantiles(self, reference: SensorReference, *, unit: str) -> dict[float, Floats]:
        """Return what is not exceeded with each probability that is known of a sensor at each step [unit], shape (n,).

        Nothing where only single values are known.
        """
        sensor, window = self._sensor(reference), self.window
        start = window.start - max(sensor.resolution, window.step)
        sources = self._filter(reference, sensor)
        query = BeliefQuery(start, window.end, known_at=self.known_at, sources=sources)
        known = store.read_quantiles(self.references.session, sensor, query).beliefs
        if known.values.shape[1] < 2:
            return {}
        own = np.broadcast_to(known.levels, known.values.shape)
        levels = np.unique(own[~np.isnan(own)].round(6))
        found = np.array(
            [  # beyond its own levels a belief stays as it is
                np.interp(levels, at[there], values[there])
                for at, values, there in zip(own, known.values, ~np.isnan(known.values), strict=True)
            ]
        )
        steps = [of_sensor(sensor, known.events, values).over(window.ticks, unit) for values in found.T]
        _refuse_extremes(sensor, np.nan_to_num(steps).max(axis=0), window.starts)
        return {float(level): np.nan_to_num(values) for level, values in zip(levels, steps, strict=True)}

    def hours(self, reference: SensorReference) -> float:
        """Return the length of one event of a sensor [h]; 0 if it is instantaneous."""
        return self._sensor(reference).hours

    def nearest(self, reference: SensorReference, *, unit: str, whole: float | None = None) -> float | None:
        """Return the value nearest to the start of the window, at most four steps away; None if there is none.

        Args:
            reference: The sensor.
            unit: Unit wanted.
            whole: What 100 % is, in the unit wanted, for a sensor in percent.
        """
        sensor = self._sensor(reference)
        start, far = self.window.start, NEAR * self.window.step
        sources = self._filter(reference, sensor)
        # The end of a query is left out, and a value at this very moment is as near as the others.
        near = BeliefQuery(start - far, start + far + MICROSECOND, known_at=self.known_at, sources=sources)
        known = store.read(self.references.session, sensor, near)
        if not len(known.events):
            return None
        nearest = np.abs(known.events - to_us(start)).argmin()
        value = float(known.values[nearest])
        _refuse_extremes(sensor, known.values[nearest : nearest + 1], known.events[nearest : nearest + 1])
        if sensor.unit == "%" and whole is not None:
            return value / 100 * whole
        return units.convert(value, sensor.unit, unit)

    def before_start(self, sensor: Sensor, lasts: timedelta) -> tuple[Floats, Floats]:
        """Power in the last slots before the window, in schedules and measurements alike, and how long each lasts.

        Args:
            sensor: A power sensor.
            lasts: How far back it matters.

        Returns:
            Powers, positive when consuming, NaN where nothing is known [kW], and lengths [h], each shape (k,): whole
            slots in order, and what has passed of the one in which the window begins.
        """
        slots = self.window.slots
        back = np.arange(min(-(-lasts // slots.step), MOST_BACK), -1, -1)
        ticks = np.unique(np.append(slots.ticks[0] - back * slots.step_us, self.window.ticks[0]))
        if len(ticks) < 2:  # no time before the start matters
            return np.empty(0), np.empty(0)
        span = Window.between(from_us(int(ticks[0])), from_us(int(slots.ticks[1])), slots.step)
        known = self.known(sensor, span, None)
        powers = of_sensor(sensor, known.events, known.values).over(ticks, "kW") * consumption_sign(sensor)
        return powers, np.diff(ticks) / HOUR_US

    def mean_before(self, reference: SensorReference, begin: datetime, *, unit: str) -> float:
        """Return the mean of what a sensor has measured since a moment before the window; NaN if nothing is known."""
        sensor, start = self._sensor(reference), from_us(int(self.window.ticks[0]))
        span = Window(begin, start, start - begin)
        known = self.known(sensor, span, self._filter(reference, sensor))
        return float(of_sensor(sensor, known.events, known.values).over(span.ticks, unit)[0])

    def powers(self, reference: SensorReference, ticks: Microseconds, *, consuming: bool) -> Floats:
        """Mean power between moments before the window, positive when consuming [kW], NaN where nothing is known.

        Args:
            reference: A power sensor.
            ticks: The moments [us since 1970 UTC], equally far apart.
            consuming: Whether its values are positive when consuming, whatever its attributes say.
        """
        sensor, step = self._sensor(reference), timedelta(microseconds=int(ticks[1] - ticks[0]))
        span = Window.between(from_us(int(ticks[0])), from_us(int(ticks[-1])), step)
        known = self.known(sensor, span, self._filter(reference, sensor))
        sign = 1.0 if consuming else consumption_sign(sensor)
        return sign * of_sensor(sensor, known.events, known.values).over(ticks, "kW")

    def known(self, sensor: Sensor, window: Window, sources: SourceFilter | None) -> Known:
        """Return what is known of a sensor in a window, with the event that covers its start."""
        before = max(sensor.resolution, window.step)
        start = window.start - before
        session = self.references.session
        return store.read(session, sensor, BeliefQuery(start, window.end, known_at=self.known_at, sources=sources))

    def _sensor(self, reference: SensorReference) -> Sensor:
        return self.references.sensor(reference.sensor, field=f"sensor {reference.sensor}")

    def _filter(self, reference: SensorReference, sensor: Sensor) -> SourceFilter | None:
        types, not_types = reference.source_types, reference.exclude_source_types
        ids, account = reference.sources, reference.source_account
        if not (ids or types or not_types or account is not None):
            return None
        if ids:
            self.references.sources(ids, field=f"sources of sensor {sensor.id}", sensor=sensor)
        if account is not None:
            self.references.account(account, field=f"source-account of sensor {sensor.id}", sensor=sensor)
        accounts = None if account is None else [account]
        return SourceFilter(ids=ids or None, types=types or None, not_types=not_types, account_ids=accounts)


def _local(moment: np.int64, sensor: Sensor) -> str:
    return from_us(int(moment)).astimezone(zone(sensor.timezone)).isoformat(timespec="minutes")


def _refuse_extremes(sensor: Sensor, values: Floats, events: NDArray[np.int64]) -> None:
    """Raise FieldError if a value is none that can be planned with; a missing one is told otherwise."""
    wrong = np.flatnonzero(np.abs(values) > LARGEST)
    if len(wrong):
        first = wrong[0]
        value, at = f"{values[first]:g}", from_us(int(events[first])).isoformat()
        raise FieldError(
            f"sensor {sensor.id} ({sensor.name})",
            f"its value at {at}, {value} in the unit of the plan, is beyond the {LARGEST:g} that a plan can work with; "
            "correct the data.",
        )


def of_sensor(sensor: Sensor, events: Microseconds, values: Floats) -> EventSeries:
    """Return values of a sensor as a series that knows what they are."""
    return EventSeries(
        events, values, sensor.resolution, sensor.unit, place=zone(sensor.timezone), level=sensor.is_level
    )
