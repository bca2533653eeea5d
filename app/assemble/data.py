"""A sensor's stored values → an equidistant series, in the unit and at the resolution asked for."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.site.series import of_sensor
from db.beliefs import store
from db.beliefs.knowledge import AsOf
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from engine.errors import FieldError, QuantityError, UnitError
from engine.series import resample
from engine.series.iso_time import DAY, HOUR_US, MICROSECOND, Microseconds, after, zone
from engine.series.window import MOST_STEPS, Window
from engine.units import units

EVER = datetime.fromisoformat("9000-01-01T00:00:00+00:00")
"""The moment of knowledge of a request that names none: all that was ever posted counts, planned data included."""
LONGER_DAY = timedelta(hours=1)
"""What a day over a clock change lasts longer."""


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
    starts: Microseconds
    """Start of each step [us since 1970 UTC], shape (n,); of days those of the sensor's zone."""
    values: NDArray[np.float64]
    """In the unit asked for, NaN where nothing is known, shape (n,)."""
    unit: str
    resolution: timedelta
    """Length of an event; zero for an instantaneous sensor."""


def read(session: Session, sensor: Sensor, asked: SeriesQuery) -> EquidistantSeries:
    """Return one value per step, as it was known at one moment.

    Raises:
        FieldError: The resolution is no length, or the answer would be too long.
        UnitError: The sensor's values cannot be written in the unit asked for.
    """
    return all_of(session, [sensor], asked)[sensor.id]


def all_of(session: Session, sensors: list[Sensor], asked: SeriesQuery) -> dict[int, EquidistantSeries]:
    """Return the same for several sensors, by sensor id; what is too much is refused before anything is read."""
    most = bounds.of(session).read
    steps = [asked.resolution or sensor.resolution for sensor in sensors]
    if asked.resolution is not None and asked.resolution <= timedelta(0):
        raise FieldError("resolution", "must be longer than zero.")
    # Before anything is read, by the steps that are known; those of instantaneous sensors come with the data
    _check_size([step for step in steps if step], asked.length, most)
    # An event may begin before the time asked for and reach into it
    before = max((sensor.resolution for sensor in sensors), default=timedelta(0)) + LONGER_DAY
    start, end = asked.start - before, after(asked.start, asked.length, field="duration") + LONGER_DAY
    found = store.read_many(session, sensors, BeliefQuery(start, end, known_at=asked.as_of, sources=asked.sources))
    usual = {
        sensor.id: asked.resolution or sensor.resolution or usual_step(found[sensor.id].events, asked.length, most)
        for sensor in sensors
    }
    _check_size(list(usual.values()), asked.length, most)
    return {sensor.id: _written(sensor, found[sensor.id], asked, usual[sensor.id]) for sensor in sensors}


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
    length = asked.length
    if not step % DAY and abs(length - (days := round(length / step) * step)) <= LONGER_DAY:
        length = days  # three days over a clock change last 71 or 73 hours, and are three days all the same
    window = Window.of_length(asked.start, length, step)
    ticks = window.ticks
    if not step % DAY:  # a day of a sensor is one of its zone, of 23 to 25 hours
        ticks = resample.later(ticks[:1], ticks - ticks[0], zone(sensor.timezone))
    unit, series = asked.unit or sensor.unit, of_sensor(sensor, known.events, known.values)
    try:
        if asked.resolution is None:  # as they are stored, also where the time asked for begins within an event
            stored = replace(series, level=True).over(ticks, rule="last")
            hours = np.diff(ticks) / HOUR_US if sensor.resolution else None
            values = units.convert(stored, sensor.unit, unit, hours=hours)
        else:
            values = series.over(ticks, unit, "mean" if sensor.resolution else "last")
    except UnitError as error:
        raise QuantityError("unit", str(error)) from None
    return EquidistantSeries(
        window=window,
        starts=ticks[:-1],
        values=values,
        unit=unit,
        resolution=step if sensor.resolution else timedelta(0),
    )


def usual_step(events: Microseconds, length: timedelta, most: Most | None = None) -> timedelta:
    """Return the step at which instantaneous values are given: as far apart as they mostly are, within the length."""
    apart = np.diff(events)
    step = int(np.median(apart)) * MICROSECOND if len(apart) else timedelta(minutes=15)
    fits = step > timedelta(0) and not length % step and length // step <= (most.number if most else MOST_STEPS)
    return step if fits else next(nice for nice in NICE if not length % nice)


NICE = [timedelta(seconds=seconds) for seconds in (900, 300, 60, 1)] + [MICROSECOND]
