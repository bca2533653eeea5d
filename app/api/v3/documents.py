"""Rows as the API spells them; JSON columns are texts, which published clients expect."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session, aliased

from app.api.http.route import Call
from app.assemble.data import EquidistantSeries
from app.usecases.sensors import entity_address
from db.accounts.accounts import Account
from db.assets import Asset, AssetType
from db.listing import Column
from db.sensors import Sensor
from engine.series.iso_time import iso_duration

Document = dict[str, Any]


def json_text(value: Any) -> str:
    """Return a JSON column as text."""
    return orjson.dumps(value).decode()


def sensor(call: Call, row: Sensor) -> Document:
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


def assets(session: Session, rows: list[Asset]) -> list[Document]:
    """Return assets with their account, and their sensors and children in short."""
    ids = [row.id for row in rows]
    sensors: dict[int, list[Document]] = {key: [] for key in ids}
    children: dict[int, list[Document]] = {key: [] for key in ids}
    for asset_id, key, name in _below(session, Sensor.asset_id, ids, select(Sensor.asset_id, Sensor.id, Sensor.name)):
        sensors[asset_id].append({"id": key, "name": name})
    above = aliased(Asset)
    owner = select(above.account_id).where(above.id == Asset.parent_asset_id).correlate(Asset).scalar_subquery()
    # What another account has hung below an asset, in an older database, is left out.
    its_own = or_(Asset.account_id.is_(None), Asset.account_id == owner)
    columns = (Asset.parent_asset_id, Asset.id, Asset.name, Asset.account_id, AssetType.id, AssetType.name)
    query = select(*columns).join(AssetType, AssetType.id == Asset.asset_type_id).where(its_own)
    for asset_id, key, name, account_id, type_id, type_name in _below(session, Asset.parent_asset_id, ids, query):
        short = {"id": key, "name": name, "account_id": account_id}
        children[asset_id].append(short | {"generic_asset_type": {"id": type_id, "name": type_name}})
    # One statement for all rows: a page of assets may have as many owners
    accounts = session.execute(select(Account.id, Account.name).where(Account.id.in_({row.account_id for row in rows})))
    owners = {key: {"id": key, "name": name} for key, name in accounts}
    return [
        _asset(row)
        | {"owner": owners.get(row.account_id or 0), "sensors": sensors[row.id], "child_assets": children[row.id]}
        for row in rows
    ]


def series(values: EquidistantSeries, start: datetime) -> Document:
    """Return a series as the API writes it."""
    return {
        "values": values.values,
        "start": start.isoformat(),
        "duration": iso_duration(values.window.end - values.window.start),
        "unit": values.unit,
        "resolution": iso_duration(values.resolution),
        "status": "PROCESSED",
        "message": "Request has been processed.",
    }


def _below(session: Session, owner: Column, ids: list[int], query: "Select[*tuple[Any, ...]]") -> Iterator[Any]:
    """Give the rows of a query that belong to some assets, by id; the second column is their own."""
    for part in range(0, len(ids), 5000):  # databases take only so many parameters
        yield from session.execute(query.where(owner.in_(ids[part : part + 5000])).order_by(query.selected_columns[1]))


def _asset(row: Asset) -> Document:
    return {
        "id": row.id,
        "name": row.name,
        "description": row.description or None,
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
