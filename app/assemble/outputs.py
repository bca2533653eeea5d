"""Which sensor receives which part of a plan, and the sign its values are stored in."""

from collections.abc import Iterable
from dataclasses import dataclass

from app.auth.access.references import References
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.facts import Direction
from engine.flex.fields import FlexFields


@dataclass(frozen=True)
class SensorOutput:
    """One sensor and the part of the plan it receives."""

    sensor: Sensor
    name: str
    """Port, connection or store of the plan, as the engine names it."""
    stored_energy: bool = False
    """Whether it is the state of charge, not a power."""
    part: Direction = "both"
    """Which direction of the power, both or one."""
    sign: float = 1.0
    """Stored value per value that is positive when consuming."""
    whole: float | None = None
    """Of a state of charge: what 100 % is [kWh]."""


def consumption_sign(sensor: Sensor) -> float:
    """Return the sign in which a power sensor stores consumption: -1 unless its attributes say it is positive."""
    return 1.0 if sensor.attributes.get("consumption_is_positive") else -1.0


def of_power(references: References, name: str, fields: FlexFields) -> Iterable[SensorOutput]:
    """Give the sensors that receive a power, in the order of the fields.

    One that receives a direction gets the other one as negative values, unless another sensor receives that.

    Args:
        references: To look up sensors.
        name: Port or connection, as the engine names it.
        fields: The device's model or the context, which name sensors.
    """
    named = [each for each in fields.outputs() if each.fact.kind == "power"]
    ways = {each.fact.direction for each in named}
    directed = {each.key for each in named if each.fact.direction in ("consumption", "production")}
    for each in named:
        if each.fact.direction in (None, "both") and each.key in directed:
            continue  # named twice: the more exact field tells the sign
        sensor, way = references.output(each.key, field=f"{name}: {each.path}"), each.fact.direction
        sign = consumption_sign(sensor) if way is None else -1.0 if way == "production" else 1.0
        split = {"consumption", "production"} <= ways
        yield SensorOutput(sensor, name, part=way if way is not None and split else "both", sign=sign)


def of_store(references: References, name: str, fields: FlexFields, *, whole: float | None) -> Iterable[SensorOutput]:
    """Give the sensors that receive the state of charge.

    Raises:
        FieldError: One is in percent, and nothing tells what 100 % is.
    """
    for each in fields.outputs():
        if each.fact.kind != "state-of-charge":
            continue
        sensor = references.output(each.key, field=f"{name}: {each.path}")
        if sensor.unit == "%" and whole is None:
            raise FieldError(f"{name}: soc-max", f"sensor {sensor.id} is in %; give the energy that is 100 %.")
        yield SensorOutput(sensor, name, stored_energy=True, whole=whole)
