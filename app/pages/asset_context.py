"""Tab Context of an asset: its parts, its sensors, and the flex-context that counts with the origin of each field."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble import flex_config
from app.assemble.flex_config import Effective
from app.auth import access
from app.auth.identity import SignedIn
from app.pages.shell import Shell, address
from app.pages.tabs import Part
from components.asset_cards import AssetCards, Card
from components.fact_table import Cell, Code, FactTable, Link
from db.assets import Asset
from db.base import get
from db.sensors import Sensor, of_asset
from engine.iso_time import iso_duration

NO_SENSORS = "There are no sensors yet: add one with 'flexscope add sensor', or post it to /api/v3_0/sensors."
NO_CONTEXT = (
    "No flex-context counts here: set prices and limits on this asset or on one it is part of, with PATCH "
    "/api/v3_0/assets/{id} or give them with each schedule."
)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tab shows."""

    asset: Asset
    parts: list[Asset]
    sensors: list[Sensor]
    context: Effective
    model: dict[str, Any]


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("context", "Context", partial(_read, asset_id), partial(_show, page))


def _read(asset_id: int, work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    return Found(
        asset=asset,
        parts=[below for below in asset.children if access.may(who, "read", below)],
        sensors=of_asset(work, asset_id),
        context=flex_config.context(work, asset, {}),
        model=dict(asset.flex_model),
    )


def _show(page: Shell, found: Found) -> Sequence[Any]:
    cards = [Card(name=a.name, kind=a.asset_type.name, href=address(f"/assets/{a.id}")) for a in found.parts]
    shown = [heading("Sensors"), _sensors(found.sensors), heading("Flex-context"), _context(found)]
    if found.model:
        rows = [[field, Code(json.dumps(value))] for field, value in found.model.items()]
        shown += [heading("Flex-model of this device"), FactTable(columns=["Field", "Value"], rows=rows)]
    return [*shown, heading("Parts of this asset"), AssetCards(cards=cards, empty="It has no parts.")]


def heading(text: str) -> pmui.Typography:
    """Return the heading of a part of a tab."""
    return pmui.Typography(text, variant="h3", sx={"fontSize": "1rem"}, margin=(18, 8, 0, 8))


def _sensors(sensors: list[Sensor]) -> FactTable:
    rows = [
        [
            Link(sensor.name, address(f"/sensors/{sensor.id}")),
            str(sensor.id),
            sensor.unit or "-",
            iso_duration(sensor.resolution) if sensor.resolution else "instantaneous",
            sensor.timezone,
        ]
        for sensor in sensors
    ]
    return FactTable(columns=["Sensor", "Id", "Unit", "Resolution", "Zone"], rows=rows, empty=NO_SENSORS)


def _context(found: Found) -> FactTable:
    """Return each field with the asset that defines it, which is linked so that it can be changed there."""
    rows: list[list[Cell]] = [
        [field, Code(json.dumps(value)), _origin(found.context.origins[field], found.asset.id)]
        for field, value in found.context.fields.items()
    ]
    return FactTable(columns=["Field", "Value", "Set on"], rows=rows, empty=NO_CONTEXT.format(id=found.asset.id))


def _origin(origin: str, own_id: int) -> Cell:
    named = re.match(r"asset (\d+) \((.*)\)$", origin)
    if named is None or int(named[1]) == own_id:
        return "this asset" if named else origin
    return Link(named[2], address(f"/assets/{named[1]}?tab=context"))
