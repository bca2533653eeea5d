"""Tab Context of an asset: where it belongs and lies, its sensors, and the flex-context that counts, field by field."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.assemble.site import flex_config
from app.assemble.site.flex_config import Effective
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.flex_form import FlexForm
from app.pages.sensor.fields import fields
from app.usecases.assets import AssetChange, update_asset
from app.usecases.sensors import NewSensor, create_sensor, entity_address
from app.web.context import current
from app.widgets.async_content import here, later, note, refuse, writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, address
from app.widgets.tabs import Part
from components.maps.place_picker import PlacePicker
from components.tables.asset_tree import AssetTree, Node
from components.tables.fact_table import Cell, Code, FactTable, Link
from db import assets, sensors
from db.assets import Asset, lineage
from db.core.database import get
from db.sensors import Sensor
from engine.flex.context import FlexContext
from engine.iso_time import iso_duration

NO_SENSORS = "No sensors yet. Add one below, with 'flexscope add sensor', or with POST /api/v3_0/sensors."
NO_CONTEXT = (
    "No flex-context applies here: set prices and limits below, or on an asset this one is part of, or give them with "
    "each schedule."
)
NO_PLACE = "No location set."
CLICK = "Click on the map to set the location, then save. Ctrl + wheel zooms."


@dataclass(frozen=True, kw_only=True)
class ContextContent:
    """What the tab shows."""

    asset: Asset
    tree: Node
    sensors: Mapping[Sensor, str]
    """Each with its entity address."""
    context: Effective
    may_change: bool
    may_add: bool


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("context", "Context", partial(_read, asset_id, here()), partial(_show, page))


def _read(asset_id: int, server: str, session: Session, who: SignedIn) -> ContextContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    settings = current().settings
    address_of = partial(entity_address, server=server, settings=settings, now=datetime.now(UTC))
    return ContextContent(
        asset=asset,
        tree=_tree(session, who, asset),
        sensors={sensor: address_of(sensor.id) for sensor in sensors.of_asset(session, asset_id)},
        context=flex_config.context(asset, {}),
        may_change=access.may(who, "update", asset),
        may_add=access.may(who, "create-children", asset),
    )


def _tree(session: Session, who: SignedIn, asset: Asset) -> Node:
    """Return everything below the topmost asset this one belongs to, as far as the user may read it."""
    top = next(each for each in lineage(asset) if access.may(who, "read", each))
    nodes: dict[int, Node] = {}
    for each in assets.subtree(session, top.id):
        if not access.may(who, "read", each):
            continue
        href = address(f"/assets/{each.id}?tab=context")
        nodes[each.id] = Node(name=each.name, kind=each.asset_type.name, href=href, here=each.id == asset.id)
        if each.id != top.id and each.parent_asset_id in nodes:
            nodes[each.parent_asset_id].parts.append(nodes[each.id])
    return nodes[top.id]


def _show(page: Shell, found: ContextContent) -> Sequence[Any]:
    shown = [heading("Asset tree"), AssetTree(root=found.tree), heading("Sensors"), _sensors(found.sensors)]
    if found.may_add:
        shown.append(pmui.Accordion(("Add a sensor", _new_sensor(found.asset)), title_variant="body1", margin=8))
    shown += [heading("Effective flex-context"), _context(found)]
    if found.may_change:
        shown += [heading("Set or override on this asset"), _own_context(found)]
    return [*shown, heading("Place"), *_place(page, found)]


def heading(text: str) -> pmui.Typography:
    """Return the heading of a part of a tab."""
    return pmui.Typography(text, variant="h3", sx={"fontSize": "1rem"}, margin=(18, 8, 0, 8))


def _sensors(addresses: Mapping[Sensor, str]) -> FactTable:
    rows: list[list[Cell]] = [
        [
            Link(sensor.name, address(f"/sensors/{sensor.id}")),
            str(sensor.id),
            sensor.unit or "-",
            iso_duration(sensor.resolution) if sensor.resolution else "instantaneous",
            sensor.timezone,
            Code(entity),
        ]
        for sensor, entity in addresses.items()
    ]
    columns = ["Sensor", "Id", "Unit", "Resolution", "Zone", "Entity address"]
    return FactTable(columns=columns, rows=rows, empty=NO_SENSORS)


def _new_sensor(asset: Asset) -> Form:
    async def send(given: Mapping[str, Any]) -> Any:
        new = {"unit": "", **given, "generic_asset_id": asset.id}
        return await writing(lambda session, actor: create_sensor(session, actor, actor.read(NewSensor, new)))

    form = Form(fields(), send=send, button="Add sensor", whole=True)
    form.says = lambda made: f"Sensor {made.name} has the id {made.id}. Reload the page to see it in the list."
    return form


def _context(found: ContextContent) -> FactTable:
    """Return each field with the asset that defines it, which is linked so that it can be changed there."""
    rows: list[list[Cell]] = [
        [field, Code(json.dumps(value)), _origin(found.context.origins[field], found.asset.id)]
        for field, value in found.context.fields.items()
    ]
    return FactTable(columns=["Field", "Value", "Set on"], rows=rows, empty=NO_CONTEXT)


def _origin(origin: str, own_id: int) -> Cell:
    named = re.match(r"asset (\d+) \((.*)\)$", origin)
    if named is None or int(named[1]) == own_id:
        return "this asset" if named else origin
    return Link(named[2], address(f"/assets/{named[1]}?tab=context"))


def _own_context(found: ContextContent) -> FlexForm:
    async def save(given: dict[str, Any]) -> Any:
        change = {"flex_context": given}
        return await writing(
            lambda session, actor: update_asset(session, actor, found.asset.id, actor.read(AssetChange, change))
        )

    return FlexForm(FlexContext, found.asset.flex_context, save=save, offered=found.context.fields)


def _place(page: Shell, found: ContextContent) -> list[Any]:
    asset = found.asset
    picker = PlacePicker(latitude=asset.latitude, longitude=asset.longitude, fixed=not found.may_change)
    page.follow(picker)
    label = pmui.Typography(_written(picker), variant="body2", margin=(0, 8))
    picker.param.watch(lambda *_: label.param.update(object=_written(picker)), ["latitude", "longitude"])
    if not found.may_change:
        return [picker, label]
    told = pn.Column(sizing_mode="stretch_width")

    async def save(_event: object) -> None:
        try:
            change = AssetChange(latitude=picker.latitude, longitude=picker.longitude)
            await writing(lambda session, actor: update_asset(session, actor, asset.id, change))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(told, problem))
        else:
            later(lambda: told.param.update(objects=[note("Location saved.", "success")]))

    hint = pmui.Typography(CLICK, variant="caption", margin=(0, 8))
    return [picker, label, hint, pmui.Button(label="Save location", icon="place", on_click=save, margin=8), told]


def _written(picker: PlacePicker) -> str:
    if picker.latitude is None or picker.longitude is None:
        return NO_PLACE
    return f"{picker.latitude:.5f}° north, {picker.longitude:.5f}° east"
