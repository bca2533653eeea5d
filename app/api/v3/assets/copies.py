"""Whole assets: copy one with everything below it, and sum up its key figures."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from sqlalchemy import select

from app.api.http.errors import Invalid
from app.api.http.fields import Identifier, Moment, Query
from app.api.http.route import Call, Reply, get, post
from app.api.v3 import shown
from app.api.v3.accounts import audit
from app.api.v3.assets.assets import readable
from app.assemble.data import EVER
from app.auth.access import access
from db import assets, sensors
from db.accounts import subscriptions
from db.accounts.accounts import Account
from db.assets import Asset
from db.beliefs import store
from db.core import database
from db.sensors import Sensor

OF_ASSET = "name asset_type_id latitude longitude description external_id attributes flex_context flex_model".split()
OF_SENSOR = "name unit resolution timezone knowledge_horizon attributes".split()
FUNCTIONS: dict[str, Callable[..., Any]] = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max}


class Where(Query):
    """Where the copy goes; without anything beside the original."""

    account: Identifier | None = None
    parent: Identifier | None = None


def copy(call: Call, id: int, query: Where) -> Reply:
    """Copy an asset with the assets and sensors below it, without their data."""
    original = readable(call, id)
    account_id = query.account or original.account_id
    owner = call.session.get(Account, account_id) if account_id is not None else None
    if owner is None:
        raise Invalid("query", {"account": ["name the account that is to have the copy."]})
    access.check(call.who, "create-children", owner)
    parent_id = query.parent or (original.parent_asset_id if query.account is None else None)
    if parent_id is not None:
        access.check(call.who, "create-children", readable(call, parent_id))
        assets.check_parent(call.session, Asset(account_id=owner.id), database.get(call.session, Asset, parent_id))
    made = _copied(call, original, owner.id, parent_id)
    audit.note(call, f"Copied asset {original.name!r} ({id}) to {made.name!r}", made)
    content = {"message": f"Asset {id} is copied to {made.id}.", "asset": shown.assets(call.session, [made])[0]}
    return Reply(content=content, status=201)


def _copied(call: Call, original: Asset, account_id: int, parent_id: int | None) -> Asset:
    """Copy a tree; references among its sensors stay with the original ones, so charts and flex-config are checked."""
    copies: dict[int, int] = {}
    first: Asset | None = None
    for row in assets.own_subtree(call.session, original.id)[0]:
        made = Asset(**{name: getattr(row, name) for name in OF_ASSET}, account_id=account_id)
        made.parent_asset_id = parent_id if row.id == original.id else copies[row.parent_asset_id or 0]
        if row.id == original.id:
            made.name = _free_name(call, row.name, account_id, parent_id)
        subscriptions.check_room(call.session, account_id, Asset)
        call.session.add(made)
        call.session.flush()
        copies[row.id] = made.id
        first = first or made
        for sensor in sensors.of_asset(call.session, row.id):
            call.session.add(Sensor(**{name: getattr(sensor, name) for name in OF_SENSOR}, asset_id=made.id))
    call.session.flush()
    return first or original


def _free_name(call: Call, name: str, account_id: int, parent_id: int | None) -> str:
    beside = Asset.parent_asset_id == parent_id if parent_id else Asset.parent_asset_id.is_(None)
    taken = set(call.session.scalars(select(Asset.name).where(Asset.account_id == account_id, beside)))
    names = [name, f"{name} (copy)", *(f"{name} (copy {number})" for number in range(2, len(taken) + 3))]
    return next(free for free in names if free not in taken)


class Period(Query):
    """Which stretch of time to sum up."""

    start: Moment
    end: Annotated[Moment, Field(description="Excluded")]


def kpis(call: Call, id: int, query: Period) -> list[dict[str, Any]]:
    """Sum up the sensors that an asset shows as key figures."""
    asset = readable(call, id)
    chosen: list[tuple[dict[str, Any], Sensor]] = []
    for entry in asset.sensors_to_show_as_kpis:
        key = entry.get("sensor") if isinstance(entry, dict) else entry
        sensor = call.session.get(Sensor, key) if isinstance(key, int) else None
        if sensor is None or not access.may(call.who, "read", sensor):
            continue
        chosen.append((entry if isinstance(entry, dict) else {}, sensor))
    sensors_read = list({sensor.id: sensor for _, sensor in chosen}.values())
    known = store.read_many(call.session, sensors_read, query.start, query.end, known_at=EVER)
    lines = []
    for told, sensor in chosen:
        name, values = str(told.get("function", "sum")), known[sensor.id].values
        result = float(FUNCTIONS.get(name, np.sum)(values)) if len(values) else None
        line = {"title": told.get("title", sensor.name), "sensor": sensor.id, "unit": sensor.unit}
        lines.append(line | {"function": name, "value": result})
    return lines


ROUTES = [
    post("/assets/{id}/copy", copy, status=201),
    get("/assets/{id}/kpis", kpis),
]
