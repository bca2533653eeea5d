"""Which sensor receives which part of a plan, and the sign its values are stored in."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from app.auth.access.references import References
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.commodity import CommodityContext
from engine.flex.process import ProcessModel
from engine.flex.quantity import SensorReference
from engine.flex.storage import StorageModel
from engine.units import units

Part = Literal["all", "consumption", "production"]
Described: TypeAlias = StorageModel | ProcessModel | CommodityContext
"""What may name sensors for a power."""


@dataclass(frozen=True)
class SensorOutput:
    """One sensor and the part of the plan it receives."""

    sensor: Sensor
    name: str
    """Port, connection or store of the plan, as the engine names it."""
    stored_energy: bool = False
    """Whether it is the state of charge, not a power."""
    part: Part = "all"
    """Which direction of the power, both or one."""
    sign: float = 1.0
    """Stored value per value that is positive when consuming."""
    whole: float | None = None
    """Of a state of charge: what 100 % is [kWh]."""


def consumption_sign(sensor: Sensor) -> float:
    """Return the sign in which a power sensor stores consumption: -1 unless its attributes say it is positive."""
    return 1.0 if sensor.attributes.get("consumption_is_positive") else -1.0


def of_power(references: References, name: str, given: Described, sensor: Sensor | None) -> Iterable[SensorOutput]:
    """Give the outputs of one power: its sensor, and those named by direction.

    Args:
        references: To look up sensors.
        name: Port or connection, as the engine names it.
        given: The device's model or the context, which name sensors by direction.
        sensor: The power sensor, which stores both directions in its own sign.
    """
    if sensor is not None:
        yield SensorOutput(sensor, name, sign=consumption_sign(sensor))
    takes, gives = directions(given)
    both = takes is not None and gives is not None
    if takes is not None:
        yield SensorOutput(power_sensor(references, takes, field=name), name, part="consumption" if both else "all")
    if gives is not None:
        yield SensorOutput(
            power_sensor(references, gives, field=name), name, part="production" if both else "all", sign=-1.0
        )


def directions(given: Described) -> tuple[int | None, int | None]:
    """Return the sensors that receive consumption and production."""
    if isinstance(given, ProcessModel):
        return None, None
    if isinstance(given, StorageModel):
        takes, gives = given.consumption, given.production
    else:
        takes, gives = given.aggregate_consumption or given.aggregate_power, given.aggregate_production
    return takes.sensor if takes else None, gives.sensor if gives else None


def power_sensor(references: References, key: int, *, field: str) -> Sensor:
    """Return a sensor that can receive power.

    Raises:
        FieldError: It measures something else.
        NotAllowed: It is not the principal's to write to.
    """
    sensor = references.output(key, field=field)
    check_unit(sensor, "kW")
    return sensor


def check_unit(sensor: Sensor, unit: str) -> None:
    """Raise FieldError unless values in a unit can be stored by a sensor."""
    fits = units.same_kind(sensor.unit, unit) or (unit == "kWh" and sensor.unit == "%")
    energy = unit == "kW" and bool(sensor.resolution) and units.same_kind(sensor.unit, "kWh")
    if not (fits or energy):
        raise FieldError(f"sensor {sensor.id}", f"its unit {sensor.unit!r} cannot hold values in {unit}; name another.")


def of_store(references: References, name: str, model: StorageModel, *, whole: float | None) -> Iterable[SensorOutput]:
    """Give the sensor that receives the state of charge, if one is named."""
    if isinstance(model.state_of_charge, SensorReference):
        sensor = references.output(model.state_of_charge.sensor, field=f"{name}: state-of-charge")
        check_unit(sensor, "kWh")
        if sensor.unit == "%" and whole is None:
            raise FieldError(f"{name}: soc-max", f"sensor {sensor.id} is in %; give the energy that is 100 %.")
        yield SensorOutput(sensor, name, stored_energy=True, whole=whole)
