"""Whole assets: copy one with everything below it, add one from a template, and sum up its key figures."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, get, post
from app.api.v3 import documents
from app.api.v3.assets.assets import readable
from app.api.v3.documents import Document
from app.assemble.data import EVER
from app.auth.access import access
from app.usecases.assets import copies, templates
from app.usecases.assets.templates import TEMPLATES, FromTemplate, UnknownTemplate
from app.usecases.fields import Identifier, Moment, Query
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor

FUNCTIONS: dict[str, Callable[..., Any]] = {"sum": np.sum, "mean": np.mean, "min": np.min, "max": np.max}


class Where(Query):
    """Where the copy goes; without anything beside the original."""

    account: Identifier | None = None
    parent: Identifier | None = None


def copy(call: Call, id: int, query: Where) -> Reply:
    """Copy an asset with the assets and sensors below it, without their data."""
    copied = copies.copy_asset(call.session, call.actor, id, account_id=query.account, parent_id=query.parent)
    return Reply(content={"message": f"Asset {id} is copied to {copied.id}.", "asset": copied.id}, status=201)


class Period(Query):
    """Which stretch of time to sum up."""

    start: Moment
    end: Annotated[Moment, Field(description="Excluded")]


def kpis(call: Call, id: int, query: Period) -> dict[str, Any]:
    """Sum up the sensors that an asset shows as key figures."""
    asset = readable(call, id)
    chosen: list[tuple[dict[str, Any], Sensor]] = []
    for entry in asset.sensors_to_show_as_kpis:
        key = entry.get("sensor") if isinstance(entry, dict) else entry
        sensor = call.session.get(Sensor, key) if isinstance(key, int) else None
        # A sensor may be deleted, or given to somebody else, after it was chosen; the other figures still hold.
        if sensor is None or not access.may(call.user, "read", sensor):
            continue
        chosen.append((entry if isinstance(entry, dict) else {}, sensor))
    sensors_read = list({sensor.id: sensor for _, sensor in chosen}.values())
    known = store.read_many(call.session, sensors_read, BeliefQuery(query.start, query.end, known_at=EVER))
    lines = []
    for told, sensor in chosen:
        name, values = str(told.get("function", "sum")), known[sensor.id].values
        result = float(FUNCTIONS.get(name, np.sum)(values)) if len(values) else None
        line = {"title": told.get("title", sensor.name), "sensor": sensor.id, "unit": sensor.unit}
        lines.append(line | {"downsample_function": name, "downsample_value": result})
    return {"data": lines}


def list_templates(call: Call) -> list[Document]:
    """List the templates of assets."""
    return [
        {"name": name, "description": each.meaning, "asset_type": each.kind, "sensors": list(each.sensors)}
        for name, each in TEMPLATES.items()
    ]


def add_from_template(call: Call, template: str, body: FromTemplate) -> Document:
    """Add an asset with the sensors, flexibility and charts of a template; all of it or nothing."""
    try:
        asset = templates.create_asset_from_template(call.session, call.actor, template, body)
    except UnknownTemplate as error:
        raise ApiError(404, "NOT_FOUND", str(error)) from None
    return documents.assets(call.session, [asset])[0]


ROUTES = [
    post("/assets/{id}/copy", copy, status=201),
    get("/assets/{id}/kpis", kpis),
    get("/assets/templates", list_templates),
    post("/assets/templates/{template}", add_from_template, status=201),
]
