"""Sensors: add, change and delete them."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.site.naming import ask_for_old_attributes, mentions
from app.auth.access import access
from app.jobs.recovery import KEEP, KEEP_SUPERSEDED, keep_rule
from app.settings.settings import Settings
from app.usecases.actor import Actor
from app.usecases.fields import Body, Identifier, JsonObject, Length, Unit, Zone
from app.usecases.flex_config import check_unit_where_named, record_deletion
from db.assets import Asset
from db.beliefs import rewrite
from db.core import database
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import duration, iso_duration

Name = Annotated[str, Field(min_length=1, max_length=120)]


class SensorChange(Body):
    """Fields of a sensor to change; unit, resolution and knowledge horizon by admins only."""

    name: Name | None = None
    attributes: JsonObject | None = None
    timezone: Zone | None = None
    unit: Unit | None = None
    event_resolution: Length | None = None
    knowledge_horizon: JsonObject | None = None


class NewSensor(SensorChange):
    """A sensor to add."""

    name: Name
    unit: Unit
    event_resolution: Length
    generic_asset_id: Identifier


def create_sensor(session: Session, actor: Actor, new: NewSensor) -> Sensor:
    """Add a sensor to an asset.

    Raises:
        NotAllowed: The actor may not add to the asset.
        FieldError: There is no such asset, the resolution is negative, or another field is wrong.
    """
    asset = session.get(Asset, new.generic_asset_id)
    if asset is None:
        raise FieldError("generic_asset_id", f"there is no asset {new.generic_asset_id}; add it first.")
    actor.check("create-children", asset)
    sensor = Sensor(asset_id=asset.id, asset=asset)
    _apply(session, actor, sensor, new)
    session.add(sensor)
    session.flush()
    actor.record(session, f"Added sensor {sensor.name!r} ({sensor.id})", asset, of=sensor)
    return sensor


def update_sensor(session: Session, actor: Actor, sensor_id: int, change: SensorChange) -> Sensor:
    """Change the fields that are set; of a sensor with data not its unit and resolution."""
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("update", sensor)
    before, horizon = (sensor.unit, sensor.resolution), sensor.knowledge_horizon
    _apply(session, actor, sensor, change)
    # Compared once applied: clients send back all that they read, and what stays asks for no admin.
    if ((sensor.unit, sensor.resolution), sensor.knowledge_horizon) != (before, horizon):
        _check_admin(actor, sensor_id)
    for field, old, new in zip(("unit", "event_resolution"), before, (sensor.unit, sensor.resolution), strict=True):
        if old != new:  # stored values would mean something else
            rewrite.refuse_if_filled(session, sensor, field)
    if before != (sensor.unit, sensor.resolution):
        check_unit_where_named(session, sensor, before)
    changed = ", ".join(sorted(change.model_fields_set))
    actor.record(session, f"Changed {changed} of sensor {sensor_id}", sensor.asset, of=sensor)
    return sensor


def convert_sensor(session: Session, actor: Actor, sensor_id: int, unit: str) -> Sensor:
    """Give a sensor another unit, and write all its data in it.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor is no admin.
        UnitError: It is no unit, or one in which the data cannot be written.
        FieldError: A flex-config names the sensor in a field that takes no values in this unit.
    """
    sensor = _sensor_to_rewrite(session, actor, sensor_id)
    old, before = sensor.unit, (sensor.unit, sensor.resolution)
    rewrite.convert(session, sensor, unit)
    check_unit_where_named(session, sensor, before)
    sentence = f"Converted sensor {sensor.name!r} ({sensor_id}) with its data from {old} to {unit}"
    actor.record(session, sentence, sensor.asset, of=sensor)
    return sensor


def resample_sensor(session: Session, actor: Actor, sensor_id: int, resolution: str) -> Sensor:
    """Give a sensor another resolution, such as PT1H, and its data with it: repeated or averaged, shared or added up.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor is no admin.
        InputError: The data do not fit the resolution; see ``db.beliefs.rewrite.resample_data``.
    """
    sensor, length = _sensor_to_rewrite(session, actor, sensor_id), _resolution(resolution)
    old, before = iso_duration(sensor.resolution), (sensor.unit, sensor.resolution)
    rewrite.resample_data(session, sensor, length)
    check_unit_where_named(session, sensor, before)
    sentence = f"Resampled sensor {sensor.name!r} ({sensor_id}) with its data from {old} to {iso_duration(length)}"
    actor.record(session, sentence, sensor.asset, of=sensor)
    return sensor


def delete_sensor(session: Session, actor: Actor, sensor_id: int) -> None:
    """Delete a sensor with its data; the assets whose flex-config names it are told so in their audit log."""
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("delete", sensor)
    actor.record(session, f"Deleted sensor {sensor.name!r} ({sensor_id}) with its data", sensor.asset, of=sensor)
    record_deletion(session, actor, f"Sensor {sensor_id} ({sensor.name})", mentions(session, {("sensor", sensor_id)}))
    session.delete(sensor)


def entity_address(sensor_id: int, *, server: str, settings: Settings, now: datetime) -> str:
    """Return the entity address of a sensor: ``ea1.{first month of the domain}.{domain, reversed}:fm1.{sensor id}``.

    Args:
        sensor_id: Which sensor.
        server: Address of this server as the client sees it, such as ``https://ems.example.org``.
        settings: Knows since when a domain is owned.
        now: A domain without a known month, such as localhost, has the next month.
    """
    host = (urlsplit(server).hostname or "localhost").removeprefix("www.")
    following = f"{now.year + now.month // 12}-{now.month % 12 + 1:02}"
    month = settings.FLEXMEASURES_HOSTS_AND_AUTH_START.get(host, following)
    return f"ea1.{month}.{'.'.join(reversed(host.split('.')))}:fm1.{sensor_id}"


def _sensor_to_rewrite(session: Session, actor: Actor, sensor_id: int) -> Sensor:
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("update", sensor)
    _check_admin(actor, sensor_id)
    return sensor


def _check_admin(actor: Actor, sensor_id: int) -> None:
    if not actor.is_admin:
        raise access.NotAllowed("update", f"unit, resolution and knowledge horizon of sensor {sensor_id}")


def _apply(session: Session, actor: Actor, sensor: Sensor, change: SensorChange) -> None:
    fields: dict[str, Any] = {name: getattr(change, name) for name in SensorChange.model_fields}
    fields = {name: value for name, value in fields.items() if name in change.model_fields_set}
    for name, value in fields.items():
        if value is None:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
    ask_for_old_attributes(actor.references(session), fields.get("attributes", {}))
    for name in (
        KEEP,
        KEEP_SUPERSEDED,
    ):  # what cannot be read would be skipped, and logged every hour
        try:
            keep_rule(fields.get("attributes", {}), name, actor.now)
        except FieldError as error:
            raise FieldError(f"attributes.{name}", str(error).removeprefix(f"{name}: ")) from None
    if "event_resolution" in fields:
        fields["resolution"] = _resolution(fields.pop("event_resolution"))
    for name, value in fields.items():
        setattr(sensor, name, value)


def _resolution(text: str) -> timedelta:
    length = duration(text, field="event_resolution")
    if length < timedelta(0):
        raise FieldError("event_resolution", "must not be negative; PT0M is instantaneous.")
    return length
