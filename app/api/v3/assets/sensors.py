"""Sensors: list, read, add, change, delete."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.errors import Invalid
from app.api.http.fields import Body, Identifier, JsonObject, Length, Unit, Zone
from app.api.http.paging import Paging, listed
from app.api.http.route import Call, delete, get, patch, post
from app.api.v3 import shown
from app.api.v3.accounts import audit
from app.assemble.site.naming import ask_for_old_attributes
from app.auth.access import access
from app.auth.access.references import References
from db.accounts.accounts import Account
from db.assets import Asset, subtree
from db.beliefs import conversion
from db.core import database
from db.sensors import Sensor
from engine.iso_time import duration

SORTS = {"id": Sensor.id, "name": Sensor.name, "resolution": Sensor.resolution}
FIXED_BY_DATA = {"unit", "event_resolution", "knowledge_horizon"}
"""Changing these would change the meaning of values that are stored already."""


Name = Annotated[str, Field(min_length=1, max_length=120)]


class SensorsQuery(Paging):
    """Which sensors to list."""

    account: Annotated[Identifier | None, Field(description="Of the assets of this account")] = None
    account_id: Annotated[Identifier | None, Field(description="The same as account")] = None
    asset: Annotated[Identifier | None, Field(description="Of this asset and those below it")] = None
    asset_id: Annotated[Identifier | None, Field(description="The same as asset")] = None
    include_consultancy_clients: Annotated[bool, Field(description="Of the accounts you consult as well")] = False
    include_public_assets: Annotated[bool, Field(description="Of public assets as well")] = False
    unit: Annotated[Unit | None, Field(description="Only with this unit")] = None


def list_sensors(call: Call, query: SensorsQuery) -> Any:
    """List sensors; those of your own account where nothing else is asked for."""
    rows = select(Sensor).join(Sensor.asset).where(access.readable_assets(call.who, public=True))
    asset_id = query.asset or query.asset_id
    if asset_id is not None:
        asset = database.get(call.session, Asset, asset_id)
        access.check(call.who, "read", asset)
        rows = rows.where(Sensor.asset_id.in_([below.id for below in subtree(call.session, asset.id)]))
    else:
        rows = rows.where(_of_accounts(call, query))
    if query.unit is not None:
        rows = rows.where(Sensor.unit == query.unit)
    return listed(
        call.session,
        rows,
        query,
        shown=lambda found: [shown.sensor(call, row) for row in found],
        searched=[Sensor.name, Sensor.unit, Asset.name],
        sorts=SORTS,
    )


def _of_accounts(call: Call, query: SensorsQuery) -> Any:
    """Return the condition that selects the accounts asked for."""
    account_id = query.account or query.account_id
    if account_id is not None:
        access.check(call.who, "read", database.get(call.session, Account, account_id))
    accounts = {account_id or call.who.account_id}
    if query.include_consultancy_clients:
        accounts |= call.who.clients
    wanted = Asset.account_id.in_(accounts)
    return wanted | Asset.account_id.is_(None) if query.include_public_assets else wanted


def one_sensor(call: Call, id: int) -> shown.Shown:
    """Return one sensor."""
    return shown.sensor(call, readable(call, id))


def readable(call: Call, sensor_id: int) -> Sensor:
    """Return a sensor that the asker may read."""
    sensor = database.get(call.session, Sensor, sensor_id)
    access.check(call.who, "read", sensor)
    return sensor


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


def add_sensor(call: Call, body: NewSensor) -> shown.Shown:
    """Add a sensor to an asset."""
    asset = call.session.get(Asset, body.generic_asset_id)
    if asset is None:
        raise Invalid("json", {"generic_asset_id": [f"there is no asset {body.generic_asset_id}; add it first."]})
    access.check(call.who, "create-children", asset)
    sensor = Sensor(asset_id=asset.id, asset=asset)
    _apply(call, sensor, body)
    call.session.add(sensor)
    call.session.flush()
    audit.note(call, f"Added sensor {sensor.name!r} ({sensor.id})", asset, of=sensor)
    return shown.sensor(call, sensor)


def _apply(call: Call, sensor: Sensor, body: SensorChange) -> None:
    ask_for_old_attributes(References(call.session, call.who), body.attributes or {})
    for name in SensorChange.model_fields.keys() & body.model_fields_set:
        value = getattr(body, name)
        if value is None:
            raise Invalid("json", {name: ["must have a value; leave it out to keep it as it is."]})
        if name == "event_resolution":
            sensor.resolution = _resolution(value)
        else:
            setattr(sensor, name, value)


def _resolution(text: str) -> timedelta:
    length = duration(text, field="event_resolution")
    if length < timedelta(0):
        raise Invalid("json", {"event_resolution": ["must not be negative; PT0M is instantaneous."]})
    return length


def change_sensor(call: Call, id: int, body: SensorChange) -> shown.Shown:
    """Change the fields given; the answer is the whole sensor."""
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "update", sensor)
    if body.model_fields_set & FIXED_BY_DATA and "admin" not in call.who.roles:
        raise access.NotAllowed("update", f"unit, resolution and knowledge horizon of sensor {id}")
    before = sensor.unit, sensor.resolution
    _apply(call, sensor, body)
    for field, old, new in zip(("unit", "event_resolution"), before, (sensor.unit, sensor.resolution), strict=True):
        if old != new:  # stored values would mean something else
            conversion.refuse_if_filled(call.session, sensor, field)
    audit.note(call, f"Changed {', '.join(sorted(body.model_fields_set))} of sensor {id}", sensor.asset, of=sensor)
    return shown.sensor(call, sensor)


def delete_sensor(call: Call, id: int) -> None:
    """Delete a sensor with its data."""
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "delete", sensor)
    audit.note(call, f"Deleted sensor {sensor.name!r} ({id}) with its data", sensor.asset, of=sensor)
    call.session.delete(sensor)


def sensors_of_asset(call: Call, id: int, query: Paging) -> Any:
    """List the sensors of one asset."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "read", asset)
    return listed(
        call.session,
        select(Sensor).where(Sensor.asset_id == id),
        query,
        shown=lambda found: [shown.sensor(call, row) for row in found],
        searched=[Sensor.name, Sensor.unit],
        sorts=SORTS,
    )


ROUTES = [
    get("/sensors", list_sensors),
    post("/sensors", add_sensor, status=201),
    get("/sensors/{id}", one_sensor),
    patch("/sensors/{id}", change_sensor),
    delete("/sensors/{id}", delete_sensor),
    get("/assets/{id}/sensors", sensors_of_asset),
]
