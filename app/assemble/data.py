"""A sensor's stored values → an equidistant series, in the unit and at the resolution asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.series import on_steps
from db import beliefs
from db.knowledge import AsOf
from db.painting import Known
from db.sensors import Sensor
from db.source_filter import SourceFilter
from engine import units
from engine.errors import FieldError
from engine.iso_time import MICROSECOND, Microseconds, iso_duration, to_us
from engine.window import Window

EVER = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
"""The moment of knowledge of a request that names none: all that was ever posted counts, planned data included."""
LONGEST = 2_000_000
"""Most values of one answer."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which values of a sensor are wanted, and how."""

    start: datetime
    length: timedelta
    unit: str
    resolution: timedelta | None = None
    """Length of the steps; None: that of the sensor."""
    as_of: AsOf
    """Which beliefs count."""
    sources: SourceFilter | None = None


@dataclass(frozen=True, kw_only=True)
class Series:
    """Equidistant values."""

    window: Window
    values: NDArray[np.float64]
    """In the unit asked for, NaN where nothing is known, shape (n,)."""
    unit: str
    resolution: timedelta
    """Length of an event; zero for an instantaneous sensor."""


def read(work: Session, sensor: Sensor, asked: Asked) -> Series:
    """Return one value per step, as it was known at one moment.

    Raises:
        FieldError: The resolution is finer than the sensor's or no multiple of it, or the answer would be too long.
        UnitError: The sensor's values cannot be written in the unit asked for.
    """
    return all_of(work, [sensor], asked)[sensor.id]


def all_of(work: Session, sensors: list[Sensor], asked: Asked) -> dict[int, Series]:
    """Return the same for several sensors, by sensor id."""
    before = max((sensor.resolution for sensor in sensors), default=timedelta(0))
    start, end = asked.start - before, asked.start + asked.length
    found = beliefs.read_many(work, sensors, start, end, known_at=asked.as_of, sources=asked.sources)
    return {sensor.id: _written(sensor, found[sensor.id], asked) for sensor in sensors}


def _written(sensor: Sensor, known: Known, asked: Asked) -> Series:
    step = asked.resolution or sensor.resolution or usual_step(known.events, asked.length)
    _check(sensor, step, asked.length)
    window = Window.of_length(asked.start, asked.length, step)
    values = _at_once(known, sensor, window)
    if values is None:
        values = on_steps(known.events, known.values, sensor.resolution, window)
    unit = asked.unit or sensor.unit
    converted = units.convert(values, sensor.unit, unit, hours=window.hours if sensor.resolution else None)
    return Series(window=window, values=converted, unit=unit, resolution=step if sensor.resolution else timedelta(0))


def _at_once(known: Known, sensor: Sensor, window: Window) -> NDArray[np.float64] | None:
    """Return the values on the steps of a window where each event is one step: the usual case, without a search."""
    if sensor.resolution != window.step:
        return None
    first, step, n = to_us(window.start), window.step_us, len(known.events)
    if n and (np.diff(known.events) == step).all() and not (int(known.events[0]) - first) % step:
        skipped = (first - int(known.events[0])) // step  # events before the window
        if skipped >= 0 and skipped + window.n <= n:
            return known.values[skipped : skipped + window.n].copy()
    places, rest = np.divmod(known.events - first, step)
    if rest.any():
        return None
    inside = (places >= 0) & (places < window.n)
    values = np.full(window.n, np.nan)
    values[places[inside]] = known.values[inside]
    return values


def _check(sensor: Sensor, step: timedelta, length: timedelta) -> None:
    if step <= timedelta(0):
        raise FieldError("resolution", "must be longer than zero.")
    if sensor.resolution and step % sensor.resolution:
        own = iso_duration(sensor.resolution)
        raise FieldError("resolution", f"{iso_duration(step)} is no multiple of the {own} of sensor {sensor.id}.")
    if length / step > LONGEST:
        raise FieldError("duration", f"the answer would have more than {LONGEST} values; ask for parts.")


def usual_step(events: Microseconds, length: timedelta) -> timedelta:
    """Return the step at which instantaneous values are given: as far apart as they mostly are, within the length."""
    apart = np.diff(events)
    step = int(np.median(apart)) * MICROSECOND if len(apart) else timedelta(minutes=15)
    fits = step > timedelta(0) and not length % step and length / step <= LONGEST
    return step if fits else next(nice for nice in NICE if not length % nice)


NICE = [timedelta(seconds=seconds) for seconds in (900, 300, 60, 1)] + [MICROSECOND]
