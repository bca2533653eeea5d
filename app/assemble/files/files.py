"""Files for a sensor: read by ``engine.importing``, and made values of that sensor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

import numpy as np

from app.assemble.files.posted import Posted
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from engine.errors import FieldError
from engine.importing.intervals import in_steps, steps_between
from engine.importing.layout import FileReading, Layout, Target
from engine.importing.reading import read_file
from engine.series.iso_time import HOUR_US, MICROSECOND, zone
from engine.units import units


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """How a file is to be read and saved."""

    layout: Layout
    horizon: timedelta | None = None
    """How long before it could be known each value was known; negative: after."""
    most: Most | None = None
    """Values of the sensor that the file may make; None: as many as the session may write."""


def parse_file(file: bytes | BinaryIO, options: FileOptions, sensor: Sensor, *, now: datetime) -> FileReading:
    """Return what a file says about a sensor, and what is wrong with it or open; see ``engine.importing``.

    Raises:
        InputError: The file is no table of times and values, lacks a column, or holds too much.
    """
    target = Target(
        unit=sensor.unit,
        timezone=sensor.timezone,
        resolution=sensor.resolution,
        now=now,
        is_level=sensor.is_level,
    )
    return read_file(file, options.layout, target)


def posted_values(reading: FileReading, options: FileOptions, sensor: Sensor) -> Posted:
    """Return the values of a file; those of uneven intervals are shared out over the steps of the sensor.

    Before they are saved ``reading.check`` refuses what is wrong or open.

    Raises:
        InputError: The values do not fit the sensor, are too many, or are of an unknown length.
    """
    rows, horizon, most = reading.readings, options.horizon, options.most
    spans = reading.spans(sensor.resolution, zone(sensor.timezone))
    if spans is None:
        if not reading.step and sensor.resolution and units.hours_power(reading.unit, sensor.unit, timed=True):
            raise FieldError("resolution", "one row does not show how long its value holds; give it, such as PT15M.")
        return Posted(
            events=rows.starts, values=rows.values, step=reading.step, unit=reading.unit, times=rows.known,
            horizon=horizon, most=most,
        )  # fmt: skip
    if not sensor.resolution:
        values = rows.values
        if units.hours_power(reading.unit, sensor.unit, timed=True):
            values = units.convert(values, reading.unit, sensor.unit, hours=(spans[1] - spans[0]) / HOUR_US)
        unit = sensor.unit if values is not rows.values else reading.unit
        return Posted(events=rows.starts, values=values, step=timedelta(0), unit=unit, horizon=horizon, most=most)
    first, last = int(spans[0].min()), int(spans[1].max())
    bounds.check_written(most, (last - first) // (sensor.resolution // MICROSECOND))
    ticks = steps_between(first, last, sensor.resolution, zone(sensor.timezone))
    values, unit = in_steps(spans, rows.values, (reading.unit, sensor.unit), ticks, level=sensor.is_level)
    known = ~np.isnan(values)
    return Posted(
        events=ticks[:-1][known], values=values[known], step=sensor.resolution, unit=unit, horizon=horizon, most=most
    )
