"""Change a sensor that has data together with its data: another unit, another resolution."""

from datetime import timedelta
from functools import partial

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import rewrite
from db.beliefs.chunks import Beliefs
from db.beliefs.series import span_for, step_of
from db.sensors import Sensor
from engine.errors import FieldError, InputError
from engine.series import resample
from engine.series.iso_time import HOUR_US, zone
from engine.units import units


def refuse_if_filled(session: Session, sensor: Sensor, field: str) -> None:
    """Refuse to change a field of a sensor that its stored values depend on.

    Raises:
        FieldError: The sensor has data.
    """
    count = sum(line.n_beliefs for line in rewrite.locked(session, sensor))
    if count:
        way = {
            "unit": "convert them along with 'flexscope edit convert-data'",
            "event_resolution": "resample them along with 'flexscope edit resample-data'",
        }
        raise FieldError(
            field,
            f"sensor {sensor.id} has {count} values that depend on it; {way.get(field, 'delete them first')} "
            "or make another sensor.",
        )


def convert(session: Session, sensor: Sensor, unit: str) -> None:
    """Give a sensor another unit and write all its values in it, superseded ones too.

    Raises:
        UnitError: Its values cannot be written in that unit.
    """
    change = partial(_converted, sensor=sensor, source=sensor.unit, target=unit)
    # Tried on nothing first: without data, too, a unit that does not fit is refused.
    change(Beliefs.none())
    for line in rewrite.locked(session, sensor):
        rewrite.change(session, line, change)
    sensor.unit = unit


def _converted(beliefs: Beliefs, *, sensor: Sensor, source: str, target: str) -> Beliefs:
    lasts = resample.lengths(beliefs.events, sensor.resolution, zone(sensor.timezone))
    # With the length of each event, an energy becomes a power; a day over a clock change has 23 or 25 h.
    hours = lasts[:, None] / HOUR_US if sensor.resolution else None
    values = units.convert(beliefs.values, source, target, hours=hours)
    return Beliefs(beliefs.events, beliefs.times, values, beliefs.levels)


def resample_data(session: Session, sensor: Sensor, resolution: timedelta) -> None:
    """Give a sensor another resolution and its data with it, superseded beliefs too.

    Values of longer events are repeated; of shorter ones the mean is known once all of them are. Amounts, such as
    energies, are shared out and added up instead.

    Raises:
        InputError: The sensor is or would be instantaneous, or has probabilistic data that would have to be averaged.
        TimeError: Neither resolution is a multiple of the other.
    """
    if not resolution or not sensor.resolution:
        raise InputError("An instantaneous sensor has no resolution to resample from or to; make another sensor.")
    longer, shorter = max(resolution, sensor.resolution), min(resolution, sensor.resolution)
    resample.check_multiple(longer, shorter)
    change = partial(_spread if resolution < sensor.resolution else _gathered, sensor=sensor, resolution=resolution)
    step_us = step_of(resolution)
    for line in rewrite.locked(session, sensor):
        rewrite.rebuild(session, line, step_us=step_us, span_us=span_for(step_us), how=change)
    sensor.resolution = resolution


def _spread(beliefs: Beliefs, *, sensor: Sensor, resolution: timedelta) -> Beliefs:
    events, at = resample.spread(beliefs.events, sensor.resolution, resolution, zone(sensor.timezone))
    part = beliefs.take(at)
    values = part.values / np.bincount(at)[at, None] if sensor.adds_up else part.values
    return Beliefs(events, part.times, values, part.levels)


def _gathered(beliefs: Beliefs, *, sensor: Sensor, resolution: timedelta) -> Beliefs:
    if beliefs.values.shape[1] > 1:
        raise InputError(f"Sensor {sensor.id} has probabilistic data; means and sums of quantiles would be wrong.")
    slots = resample.floor(beliefs.events, resolution, zone(sensor.timezone))
    values = beliefs.values[:, 0]
    return Beliefs.certain(
        *resample.gathered_as_known(slots, beliefs.events, beliefs.times, values, add=sensor.adds_up)
    )
