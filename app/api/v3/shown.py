"""Rows as the API spells them; JSON columns are texts, which published clients expect."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session, aliased

from app.api.http.route import Call
from app.usecases.sensors import entity_address
from db.assets import Asset
from db.core.listing import Column
from db.sensors import Sensor
from engine.iso_time import iso_duration

Shown = dict[str, Any]


def json_text(value: Any) -> str:
    """Return a JSON column as text."""
    return orjson.dumps(value).decode()


def sensor(call: Call, row: Sensor) -> Shown:
    """Return one sensor; the resolution in ISO 8601."""
    settings = call.running.settings
    return {
        "id": row.id,
        "name": row.name,
        "unit": row.unit,
        "timezone": row.timezone,
        "event_resolution": iso_duration(row.resolution),
        "generic_asset_id": row.asset_id,
        "entity_address": entity_address(row.id, server=call.address, settings=settings, now=call.now),
        "attributes": json_text(row.attributes),
    }


def assets(session: Session, rows: list[Asset]) -> list[Shown]:
    """Return assets with their sensors and children by id and name."""
    ids = [row.id for row in rows]
    sensors = _grouped(session, Sensor.asset_id, Sensor.id, Sensor.name, ids)
    above = aliased(Asset)
    owner = select(above.account_id).where(above.id == Asset.parent_asset_id).correlate(Asset).scalar_subquery()
    # What another account has hung below an asset, in an older database, is left out.
    its_own = or_(Asset.account_id.is_(None), Asset.account_id == owner)
    children = _grouped(session, Asset.parent_asset_id, Asset.id, Asset.name, ids, its_own)
    return [_asset(row) | {"sensors": sensors[row.id], "child_assets": children[row.id]} for row in rows]


def _grouped(
    session: Session, owner: Column, key: Column, name: Column, ids: list[int], *only: ColumnElement[bool]
) -> dict[int, list[Shown]]:
    found: dict[int, list[Shown]] = {owner_id: [] for owner_id in ids}
    for part in range(0, len(ids), 5000):  # databases take only so many parameters
        query = select(owner, key, name).where(owner.in_(ids[part : part + 5000]), *only).order_by(key)
        for owner_id, row_id, row_name in session.execute(query):
            found[owner_id].append({"id": row_id, "name": row_name})
    return found


def _asset(row: Asset) -> Shown:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "account_id": row.account_id,
        "parent_asset_id": row.parent_asset_id,
        "generic_asset_type_id": row.asset_type_id,
        "generic_asset_type": {"id": row.asset_type.id, "name": row.asset_type.name},
        "latitude": row.latitude,
        "longitude": row.longitude,
        "external_id": row.external_id,
        "attributes": json_text(row.attributes),
        "flex_context": json_text(row.flex_context),
        "flex_model": json_text(row.flex_model),
        "sensors_to_show": json_text(row.sensors_to_show),
        "sensors_to_show_as_kpis": json_text(row.sensors_to_show_as_kpis),
    }
