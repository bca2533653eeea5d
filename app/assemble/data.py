"""A sensor's stored values → an equidistant series, in the unit and at the resolution asked for."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.site.series import on_steps
from db.beliefs import store
from db.beliefs.knowledge import AsOf
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from engine.errors import FieldError
from engine.iso_time import MICROSECOND, Microseconds, after, iso_duration, to_us
from engine.units import units
from engine.window import MOST_STEPS, Window

EVER = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
"""The moment of knowledge of a request that names none: all that was ever posted counts, planned data included."""


@dataclass(frozen=True, kw_only=True)
class SeriesQuery:
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
class EquidistantSeries:
    """Equidistant values."""

    window: Window
    values: NDArray[np.float64]
    """In the unit asked for, NaN where nothing is known, shape (n,)."""
    unit: str
    resolution: timedelta
    """Length of an event; zero for an instantaneous sensor."""


def read(session: Session, sensor: Sensor, asked: SeriesQuery) -> EquidistantSeries:
    """Return one value per step, as it was known at one moment.

    Raises:
        FieldError: The resolution is finer than the sensor's or no multiple of it, or the answer would be too long.
        UnitError: The sensor's values cannot be written in the unit asked for.
    """
    return all_of(session, [sensor], asked)[sensor.id]


def all_of(session: Session, sensors: list[Sensor], asked: SeriesQuery) -> dict[int, EquidistantSeries]:
    """Return the same for several sensors, by sensor id; what is too much is refused before anything is read."""
    most = bounds.of(session).read
    steps = [asked.resolution or sensor.resolution for sensor in sensors]
    for sensor, step in zip(sensors, steps, strict=True):
        _check(sensor, step, asked)
    _check_size([step for step in steps if step], asked.length, most)
    before = max((sensor.resolution for sensor in sensors), default=timedelta(0))
    start, end = asked.start - before, after(asked.start, asked.length, field="duration")
    found = store.read_many(session, sensors, start, end, known_at=asked.as_of, sources=asked.sources)
    usual = {
        sensor.id: asked.resolution or sensor.resolution or usual_step(found[sensor.id].events, asked.length, most)
        for sensor in sensors
    }
    _check_size(list(usual.values()), asked.length, most)
    return {sensor.id: _written(sensor, found[sensor.id], asked, usual[sensor.id]) for sensor in sensors}


def _check(sensor: Sensor, step: timedelta, asked: SeriesQuery) -> None:
    if step < timedelta(0) or asked.resolution == timedelta(0):
        raise FieldError("resolution", "must be longer than zero.")
    if sensor.resolution and step % sensor.resolution:
        own = iso_duration(sensor.resolution)
        raise FieldError("resolution", f"{iso_duration(step)} is no multiple of the {own} of sensor {sensor.id}.")


def _check_size(steps: list[timedelta], length: timedelta, most: Most | None) -> None:
    """Refuse more values than one answer may have; each series has one in every step."""
    count = sum(length // step for step in steps)
    if most is not None and count > most.number:
        raise FieldError(
            "duration",
            f"the answer would have {count} values, more than the {most.number} of one request ({most.setting}); ask "
            "for a shorter time or a coarser resolution, or for a file by /sensors/data/export.",
        )


def _written(sensor: Sensor, known: Known, asked: SeriesQuery, step: timedelta) -> EquidistantSeries:
    window = Window.of_length(asked.start, asked.length, step)
    values = _at_once(known, sensor, window)
    if values is None:
        values = on_steps(known.events, known.values, sensor.resolution, window)
    unit = asked.unit or sensor.unit
    converted = units.convert(values, sensor.unit, unit, hours=window.hours if sensor.resolution else None)
    return EquidistantSeries(
        window=window, values=converted, unit=unit, resolution=step if sensor.resolution else timedelta(0)
    )


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


def usual_step(events: Microseconds, length: timedelta, most: Most | None = None) -> timedelta:
    """Return the step at which instantaneous values are given: as far apart as they mostly are, within the length."""
    apart = np.diff(events)
    step = int(np.median(apart)) * MICROSECOND if len(apart) else timedelta(minutes=15)
    fits = step > timedelta(0) and not length % step and length // step <= (most.number if most else MOST_STEPS)
    return step if fits else next(nice for nice in NICE if not length % nice)


NICE = [timedelta(seconds=seconds) for seconds in (900, 300, 60, 1)] + [MICROSECOND]
