"""Sensors: list, read, add, change, delete."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, delete, get, patch, post
from app.api.v3 import documents
from app.auth.access import access
from app.usecases import sensors
from app.usecases.fields import Identifier, Unit
from app.usecases.sensors import NewSensor, SensorChange
from db.accounts.accounts import Account
from db.assets import Asset, subtree
from db.core import database
from db.sensors import Sensor

SORTS = {"id": Sensor.id, "name": Sensor.name, "resolution": Sensor.resolution}


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
    # Rights first: all that is asked for only narrows this down
    rows = select(Sensor).join(Sensor.asset).where(access.readable_assets(call.user, public=True))
    asset_id = query.asset or query.asset_id
    if asset_id is not None:
        asset = database.get(call.session, Asset, asset_id)
        access.check(call.user, "read", asset)
        rows = rows.where(Sensor.asset_id.in_([below.id for below in subtree(call.session, asset.id)]))
    else:
        account_id = query.account or query.account_id
        if account_id is not None:
            access.check(call.user, "read", database.get(call.session, Account, account_id))
        clients = call.user.clients if query.include_consultancy_clients else frozenset()
        own = Asset.account_id.in_({account_id or call.user.account_id, *clients})
        rows = rows.where(own | Asset.account_id.is_(None) if query.include_public_assets else own)
    if query.unit is not None:
        rows = rows.where(Sensor.unit == query.unit)
    return list_page(
        call.session,
        rows,
        query,
        documents=lambda found: [documents.sensor(call, row) for row in found],
        searched=[Sensor.name, Sensor.unit, Asset.name],
        sorts=SORTS,
    )


def one_sensor(call: Call, id: int) -> documents.Document:
    """Return one sensor."""
    return documents.sensor(call, readable(call, id))


def readable(call: Call, sensor_id: int) -> Sensor:
    """Return a sensor that the principal may read."""
    sensor = database.get(call.session, Sensor, sensor_id)
    access.check(call.user, "read", sensor)
    return sensor


def add_sensor(call: Call, body: NewSensor) -> documents.Document:
    """Add a sensor to an asset."""
    return documents.sensor(call, sensors.create_sensor(call.session, call.actor, body))


def change_sensor(call: Call, id: int, body: SensorChange) -> documents.Document:
    """Change the fields given; the answer is the whole sensor."""
    return documents.sensor(call, sensors.update_sensor(call.session, call.actor, id, body))


def delete_sensor(call: Call, id: int) -> None:
    """Delete a sensor with its data."""
    sensors.delete_sensor(call.session, call.actor, id)


def sensors_of_asset(call: Call, id: int, query: Paging) -> Any:
    """List the sensors of one asset."""
    asset = database.get(call.session, Asset, id)
    access.check(call.user, "read", asset)
    return list_page(
        call.session,
        select(Sensor).where(Sensor.asset_id == id),
        query,
        documents=lambda found: [documents.sensor(call, row) for row in found],
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
