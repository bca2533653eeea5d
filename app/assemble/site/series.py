"""A sensor reference → values over a window, as known at one moment."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.auth.access.references import References
from db.beliefs import store
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.sensors import Sensor
from engine.errors import FieldError
from engine.event_series import EventSeries
from engine.flex.money import ANY, currency_of, unit_for
from engine.flex.quantity import SensorReference
from engine.iso_time import MICROSECOND, Microseconds, from_us, to_us, zone
from engine.model.magnitudes import LARGEST
from engine.units import units
from engine.window import Window

Floats = NDArray[np.float64]
NEAR = 4
"""Steps before and after the start within which a measured state of charge counts as the one at the start."""


@dataclass(frozen=True)
class Readings:
    """Reads sensors for a plan; every value as it was known at one moment."""

    references: References
    known_at: datetime
    warnings: list[str] = field(default_factory=list)
    """What was assumed where data lack."""
    currencies: set[str] = field(default_factory=set)
    """Currencies of the price sensors read."""

    def __call__(self, reference: SensorReference, *, unit: str, window: Window) -> Floats:
        """See engine.flex.values.Resolver."""
        sensor = self._sensor(reference)
        known = self.known(sensor, window, self._filter(reference, sensor))
        if ANY in unit and (money := currency_of(sensor.unit)):
            self.currencies.add(money)
        found = of_sensor(sensor, known.events, known.values).over(window.ticks, unit_for(unit, sensor.unit))
        _refuse_extremes(sensor, found, window.starts)
        return found

    def quantiles(self, reference: SensorReference, *, unit: str, window: Window) -> dict[float, Floats]:
        """Return what is not exceeded with each probability that is known of a sensor at each step [unit], shape (n,).

        Nothing where only single values are known.
        """
        sensor = self._sensor(reference)
        start = window.start - max(sensor.resolution, window.step)
        known = store.read_quantiles(
            self.references.session,
            sensor,
            start,
            window.end,
            known_at=self.known_at,
            sources=self._filter(reference, sensor),
        ).beliefs
        if known.values.shape[1] < 2:
            return {}
        own = np.broadcast_to(known.levels, known.values.shape)
        levels = np.unique(own[~np.isnan(own)].round(6))
        found = np.array([_interpolated(levels, *each) for each in zip(own, known.values, strict=True)])
        steps = [of_sensor(sensor, known.events, values).over(window.ticks, unit) for values in found.T]
        _refuse_extremes(sensor, np.nan_to_num(steps).max(axis=0), window.starts)
        return {float(level): np.nan_to_num(values) for level, values in zip(levels, steps, strict=True)}

    def hours(self, reference: SensorReference) -> float:
        """Return the length of one event of a sensor [h]; 0 if it is instantaneous."""
        return self._sensor(reference).hours

    def nearest(
        self, reference: SensorReference, window: Window, *, unit: str, whole: float | None = None
    ) -> float | None:
        """Return the value nearest to the start of a window, at most four steps away; None if there is none.

        Args:
            reference: The sensor.
            window: Its start and step count.
            unit: Unit wanted.
            whole: What 100 % is, in the unit wanted, for a sensor in percent.
        """
        sensor = self._sensor(reference)
        start, far = window.start, NEAR * window.step
        read = partial(store.read, known_at=self.known_at, sources=self._filter(reference, sensor))
        known = read(self.references.session, sensor, start - far, start + far + MICROSECOND)
        if not len(known.events):
            return None
        nearest = np.abs(known.events - to_us(start)).argmin()
        value = float(known.values[nearest])
        _refuse_extremes(sensor, known.values[nearest : nearest + 1], known.events[nearest : nearest + 1])
        if sensor.unit == "%" and whole is not None:
            return value / 100 * whole
        return units.convert(value, sensor.unit, unit)

    def known(self, sensor: Sensor, window: Window, sources: SourceFilter | None) -> Known:
        """Return what is known of a sensor in a window, with the event that covers its start."""
        before = max(sensor.resolution, window.step)
        start = window.start - before
        session = self.references.session
        return store.read(session, sensor, start, window.end, known_at=self.known_at, sources=sources)

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


def _interpolated(levels: Floats, own: Floats, values: Floats) -> Floats:
    """Return the values of one belief at some levels; beyond its own ones it stays as it is."""
    there = ~np.isnan(values)
    found: Floats = np.interp(levels, own[there], values[there])
    return found


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
