"""Engine results → beliefs with their source: the sensor's unit, resolution and sign."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.outputs import SensorOutput
from db.beliefs import store
from db.beliefs.store import Written
from db.sensors import Sensor
from db.sources import Source
from engine import resample
from engine.event_series import EventSeries
from engine.iso_time import HOUR_US, MICROSECOND, Microseconds, zone
from engine.site import Schedule
from engine.units import units
from engine.window import Window

Floats = NDArray[np.float64]
DECIMALS = 6
"""Digits kept: the solver's noise lies below."""


def save_schedule(
    session: Session, schedule: Schedule, outputs: Iterable[SensorOutput], *, by: Source, known_at: datetime
) -> dict[int, Written]:
    """Save what a plan says for each output sensor; return what became of it, by sensor id.

    Args:
        session: A writing session.
        schedule: The plan.
        outputs: The sensors and the part each receives.
        by: The source of the values.
        known_at: When the plan was asked for.
    """
    by_sensor: dict[int, list[SensorOutput]] = defaultdict(list)
    for output in outputs:
        by_sensor[output.sensor.id].append(output)
    written = {}
    for key, same in by_sensor.items():
        events, values = values_for(same[0], schedule)
        for more in same[1:]:  # several devices behind one meter are added
            values = values + values_for(more, schedule)[1]
        sensor = same[0].sensor
        written[key] = store.write(session, sensor, by, events=events, values=values.round(DECIMALS), known_at=known_at)
    return written


def values_for(output: SensorOutput, schedule: Schedule) -> tuple[Microseconds, Floats]:
    """Return the events of an output sensor and their values in its unit, resolution and sign."""
    if output.stored_energy:
        return _soc(output, schedule)
    power = schedule.power[output.name]
    if output.part == "consumption":
        power = np.maximum(power, 0.0)
    elif output.part == "production":
        power = np.minimum(power, 0.0)
    sensor, power = output.sensor, power * output.sign + 0.0
    if not sensor.resolution:
        return schedule.window.starts, units.convert(power, "kW", sensor.unit)
    slots = schedule.window.slots
    planned = EventSeries(slots.starts, schedule.window.on_slots(power), slots.step, "kW")
    ticks = _events(slots, sensor)
    return ticks[:-1], planned.over(ticks, sensor.unit)


def _events(window: Window, sensor: Sensor) -> Microseconds:
    """Return the bounds of the events of a sensor that a window touches [us since 1970 UTC]."""
    if sensor.resolution == window.step:
        return window.ticks
    place, step = zone(sensor.timezone), sensor.resolution // MICROSECOND
    first = resample.floor(window.ticks[:1], sensor.resolution, place)
    count = -(-(int(window.ticks[-1]) - int(first[0])) // step) + 1
    ends = np.arange(count + 1) * step
    ticks = resample.later(first, ends, place) if step > HOUR_US else first + ends
    return ticks[: int(np.searchsorted(ticks, window.ticks[-1])) + 1]


def _soc(output: SensorOutput, schedule: Schedule) -> tuple[Microseconds, Floats]:
    sensor, soc = output.sensor, schedule.soc[output.name]
    share = sensor.unit == "%" and output.whole
    values = soc / share * 100 if share else units.convert(soc, "kWh", sensor.unit)
    ticks, values = schedule.window.slot_ticks, schedule.window.on_slot_ticks(values)
    on_grid = ticks % (sensor.resolution // MICROSECOND or 1) == 0
    return ticks[on_grid], values[on_grid]
