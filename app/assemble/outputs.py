"""Which sensor receives which part of a schedule, and the values it gets there: in its unit, resolution and sign."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.auth.access.references import References
from db.beliefs import store
from db.beliefs.store import Written
from db.sensors import Sensor
from db.sources import Source
from engine.devices.energy.thermal import ThermalMass
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.facts import UNITS, Direction, Kind
from engine.flex.fields import FlexFields
from engine.flex.storage import StorageModel
from engine.series import resample
from engine.series.event_series import EventSeries
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds, zone
from engine.series.window import Window
from engine.site import Schedule
from engine.units import units

Floats = NDArray[np.float64]
GUIDANCE: dict[str, Kind] = {
    fact.name: fact.kind
    for model in (StorageModel, CommodityContext)
    for fact in model.facts()
    if fact.kind in ("headroom", "headroom-energy", "set-point", "mode")
}
"""Fields that receive what is told beside the plan, and what their values are."""
DECIMALS = 6
"""Digits kept: the solver's noise lies below."""


@dataclass(frozen=True)
class SensorOutput:
    """One sensor and the part of the plan it receives."""

    sensor: Sensor
    name: str
    """Port, connection or store of the plan, as the engine names it."""
    stored_energy: bool = False
    """Whether it is the state of charge, not a power."""
    guidance: str = ""
    """Field that receives what is told beside the plan, such as ``consumption-headroom``; empty for the plan itself."""
    part: Direction = "both"
    """Which direction of the power, both or one."""
    sign: float = 1.0
    """Stored value per value that is positive when consuming."""
    scale: float | ThermalMass | None = None
    """Of a state of charge: what 100 % is [kWh], or how energy is a temperature."""

    @property
    def is_power(self) -> bool:
        """Whether it receives a planned power."""
        return not self.stored_energy and not self.guidance


def consumption_sign(sensor: Sensor) -> float:
    """Sign in which a power sensor stores consumption: -1 unless its attributes say it is positive."""
    return 1.0 if sensor.attributes.get("consumption_is_positive") else -1.0


def of_power(references: References, name: str, fields: FlexFields) -> Iterable[SensorOutput]:
    """Give the sensors that receive a power, in the order of the fields.

    One that receives a direction gets the other one as negative values, unless another sensor receives that.

    Args:
        references: To look up sensors.
        name: Port or connection, as the engine names it.
        fields: The device's model or the context, which name sensors.
    """
    named = [each for each in fields.outputs if each.fact.kind == "power"]
    ways = {each.fact.direction for each in named}
    directed = {each.key for each in named if each.fact.direction in ("consumption", "production")}
    for each in named:
        if each.fact.direction in (None, "both") and each.key in directed:
            continue  # named twice: the more exact field tells the sign
        sensor, way = references.output(each.key, field=f"{name}: {each.path}"), each.fact.direction
        sign = consumption_sign(sensor) if way is None else -1.0 if way == "production" else 1.0
        split = {"consumption", "production"} <= ways
        yield SensorOutput(sensor, name, part=way if way is not None and split else "both", sign=sign)


def of_store(
    references: References, name: str, fields: FlexFields, *, scale: float | ThermalMass | None
) -> Iterable[SensorOutput]:
    """Give the sensors that receive the state of charge, or the temperature.

    Raises:
        FieldError: One is in percent, and nothing tells what 100 % is.
    """
    for each in fields.outputs:
        if each.fact.kind not in ("state-of-charge", "temperature"):
            continue
        sensor = references.output(each.key, field=f"{name}: {each.path}")
        if sensor.unit == "%" and scale is None:
            raise FieldError(f"{name}: soc-max", f"sensor {sensor.id} is in %; give the energy that is 100 %.")
        yield SensorOutput(sensor, name, stored_energy=True, scale=scale)


def of_guidance(references: References, name: str, fields: FlexFields) -> Iterable[SensorOutput]:
    """Give the sensors that receive what is told beside the plan, see ``engine.operation``."""
    for each in fields.outputs:
        if each.fact.name in GUIDANCE:
            sensor, field = references.output(each.key, field=f"{name}: {each.path}"), each.fact.name
            yield SensorOutput(sensor, name, guidance=field.removeprefix("aggregate-"))


def save_schedule(
    session: Session, schedule: Schedule, outputs: Iterable[SensorOutput], *, by: Source, known_at: datetime
) -> dict[int, Written]:
    """Save the values of a schedule for each output sensor; return what became of them, by sensor id.

    Args:
        session: A writing session.
        schedule: The schedule.
        outputs: The sensors and the part each receives.
        by: The source of the values.
        known_at: When the schedule was asked for.
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
    """Events of an output sensor [us since 1970 UTC] and their values in its unit, resolution and sign."""
    sensor, window = output.sensor, schedule.window
    if output.stored_energy:
        soc, scale = schedule.soc[output.name], output.scale
        if isinstance(scale, ThermalMass):
            levels = units.convert(scale.temperature(soc), "°C", sensor.unit)
        else:
            levels = soc / scale * 100 if sensor.unit == "%" and scale else units.convert(soc, "kWh", sensor.unit)
        # A stored energy holds at a moment: of the moments of a schedule, those at which the sensor has events count.
        ticks, levels = window.slot_ticks, window.on_slot_ticks(levels)
        on_grid = ticks % (sensor.resolution // MICROSECOND or 1) == 0
        return ticks[on_grid], levels[on_grid]
    if output.guidance:
        kind = GUIDANCE[output.guidance]
        values = window.on_slots(schedule.guidance[output.guidance][output.name])
        # At a coarser resolution the least counts: it is what can be relied on.
        told = EventSeries(window.slots.starts, values, window.slots.step, UNITS[kind], level=kind == "headroom-energy")
        ticks = _ticks(sensor, window)
        return ticks[:-1], told.over(ticks, sensor.unit, "least" if kind.startswith("headroom") else "last")
    power = schedule.power[output.name]
    if output.part == "consumption":
        power = np.maximum(power, 0.0)
    elif output.part == "production":
        power = np.minimum(power, 0.0)
    power = power * output.sign + 0.0  # no -0.0, which would be stored and shown as such
    if not sensor.resolution:
        return window.starts, units.convert(power, "kW", sensor.unit)
    slots, ticks = window.slots, _ticks(sensor, window)
    planned = EventSeries(slots.starts, window.on_slots(power), slots.step, "kW")
    return ticks[:-1], planned.over(ticks, sensor.unit)


def _ticks(sensor: Sensor, window: Window) -> Microseconds:
    """Starts of the events of a sensor in a window and the end of the last one [us since 1970 UTC]."""
    ticks: Microseconds = window.slots.ticks
    if sensor.resolution in (window.slots.step, timedelta(0)):
        return ticks
    place, step = zone(sensor.timezone), sensor.resolution // MICROSECOND
    first = resample.floor(ticks[:1], sensor.resolution, place)
    # One event more than needed: over a clock change, events of days may be an hour shorter.
    count = -(-(int(ticks[-1]) - int(first[0])) // step) + 1
    ends = np.arange(count + 1) * step
    bounds: Microseconds = resample.later(first, ends, place) if step > HOUR_US else first + ends
    return bounds[: int(np.searchsorted(bounds, ticks[-1])) + 1]
