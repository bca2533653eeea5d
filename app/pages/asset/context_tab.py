"""Tab Context of an asset: asset tree, sensors, location, and the effective flex-context, field by field."""

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
from app.fragments.visit import address
from app.pages.asset.flex_form import FlexForm
from app.pages.sensor.settings_tab import sensor_fields
from app.usecases.assets import AssetChange, update_asset
from app.usecases.sensors import NewSensor, create_sensor, entity_address
from app.web.context import current
from app.widgets.async_content import attempt, confirm, here, writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, section_heading
from app.widgets.tabs import Part
from components.maps.place_picker import PlacePicker
from components.tables.assets import AssetTree, Node
from components.tables.fact_table import Cell, Code, FactTable, Link
from db import assets, sensors
from db.assets import Asset, lineage
from db.core.database import get
from db.sensors import Sensor
from engine.flex.context import FlexContext
from engine.series.iso_time import iso_duration

NO_SENSORS = (
    "No sensors yet. Add one on the Context tab, with 'flexscope add sensor' on the server, or with "
    "POST /api/v3_0/sensors."
)
NO_CONTEXT = (
    "No flex-context is set. Set prices and limits below, on an asset above this one in the tree, or in each request "
    "for a schedule."
)
NO_PLACE = "No location set."
CLICK = "Click on the map to set the location, then save. Hold Ctrl and turn the mouse wheel to zoom."


@dataclass(frozen=True, kw_only=True)
class ContextContent:
    """Content of the tab."""

    asset: Asset
    tree: Node
    sensors: Mapping[Sensor, str]
    """Sensor → its entity address."""
    context: Effective
    may_change: bool
    may_add: bool


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    return Part("context", "Context", partial(read_context, asset_id, here()), partial(show_context, page))


def read_context(asset_id: int, server: str, session: Session, principal: SignedIn) -> ContextContent:
    """Asset with its tree, sensors and flex-context; ``server`` is the address of this server."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    settings = current().settings
    address_of = partial(entity_address, server=server, settings=settings, now=datetime.now(UTC))
    return ContextContent(
        asset=asset,
        tree=asset_tree(session, principal, asset),
        sensors={sensor: address_of(sensor.id) for sensor in sensors.of_asset(session, asset_id)},
        context=flex_config.context(asset, {}),
        may_change=access.may(principal, "update", asset),
        may_add=access.may(principal, "create-children", asset),
    )


def asset_tree(session: Session, principal: SignedIn, asset: Asset) -> Node:
    """Topmost asset that this one is part of, with everything below it, as far as the user may read it."""
    top = next(each for each in lineage(asset) if access.may(principal, "read", each))
    nodes: dict[int, Node] = {}
    for each in assets.subtree(session, top.id):
        if not access.may(principal, "read", each):
            continue
        href = address(f"/assets/{each.id}?tab=context")
        nodes[each.id] = Node(name=each.name, kind=each.asset_type.name, href=href, here=each.id == asset.id)
        if each.id != top.id and each.parent_asset_id in nodes:
            nodes[each.parent_asset_id].parts.append(nodes[each.id])
    return nodes[top.id]


def show_context(page: Shell, content: ContextContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    shown = [section_heading("Asset tree"), AssetTree(root=content.tree)]
    shown += [section_heading("Sensors"), sensor_table(content.sensors)]
    if content.may_add:
        shown.append(pmui.Accordion(("Add a sensor", new_sensor_form(content.asset)), title_variant="body1", margin=8))
    shown += [section_heading("Effective flex-context"), context_table(content)]
    if content.may_change:

        async def save(fields: dict[str, Any]) -> Any:
            change = {"flex_context": fields}
            return await writing(
                lambda session, actor: update_asset(session, actor, content.asset.id, actor.read(AssetChange, change))
            )

        own = FlexForm(FlexContext, content.asset.flex_context, save=save, offered=content.context.fields)
        shown += [section_heading("Flex-context of this asset"), own]
    return [*shown, section_heading("Location"), *location_parts(page, content)]


def sensor_table(addresses: Mapping[Sensor, str]) -> FactTable:
    """Table of sensors with their entity addresses."""
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
    columns = ["Sensor", "Id", "Unit", "Resolution", "Time zone", "Entity address"]
    return FactTable(columns=columns, rows=rows, empty=NO_SENSORS)


def new_sensor_form(asset: Asset) -> Form:
    """Form that adds a sensor to an asset."""

    async def send(values: Mapping[str, Any]) -> Any:
        new = {"unit": "", **values, "generic_asset_id": asset.id}
        return await writing(lambda session, actor: create_sensor(session, actor, actor.read(NewSensor, new)))

    form = Form(sensor_fields(), send=send, button="Add sensor", whole=True)
    form.says = lambda sensor: f"Sensor {sensor.name} has the id {sensor.id}. Reload the page to see it in the list."
    return form


def context_table(content: ContextContent) -> FactTable:
    """Fields of the effective flex-context, each with a link to the asset that sets it, to change it there."""
    rows: list[list[Cell]] = []
    for field, value in content.context.fields.items():
        set_on: Cell = content.context.origins[field]
        asset = re.match(r"asset (\d+) \((.*)\)$", str(set_on))
        if asset and int(asset[1]) == content.asset.id:
            set_on = "this asset"
        elif asset:
            set_on = Link(asset[2], address(f"/assets/{asset[1]}?tab=context"))
        rows.append([field, Code(json.dumps(value)), set_on])
    return FactTable(columns=["Field", "Value", "Set on"], rows=rows, empty=NO_CONTEXT)


def location_parts(page: Shell, content: ContextContent) -> list[Any]:
    """Map, coordinates and, for users who may change the asset, a button that saves the location."""
    asset = content.asset
    picker = PlacePicker(latitude=asset.latitude, longitude=asset.longitude, fixed=not content.may_change)
    page.follow(picker)
    label = pmui.Typography("", variant="body2", margin=(0, 8))

    def write_label(*_events: object) -> None:
        known = picker.latitude is not None and picker.longitude is not None
        label.object = f"{picker.latitude:.5f}° north, {picker.longitude:.5f}° east" if known else NO_PLACE

    write_label()
    picker.param.watch(write_label, ["latitude", "longitude"])
    if not content.may_change:
        return [picker, label]
    notice = pn.Column(sizing_mode="stretch_width")

    async def save(_event: object) -> None:
        change = AssetChange(latitude=picker.latitude, longitude=picker.longitude)
        await attempt(
            writing(lambda session, actor: update_asset(session, actor, asset.id, change)),
            notice,
            lambda _: confirm(notice, "Location saved."),
        )

    hint = pmui.Typography(CLICK, variant="caption", margin=(0, 8))
    return [picker, label, hint, pmui.Button(label="Save location", icon="place", on_click=save, margin=8), notice]
