"""Tab Context of an asset: asset tree, sensors, flex-context field by field with what it inherits, and location."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.flex.choices import list_choices
from app.fragments.flex.editor import Editor
from app.fragments.flex.views import editor_html
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm
from app.fragments.tables import facts, sections
from app.fragments.tabs import TextTab
from app.fragments.threads import writing
from app.fragments.visit import Visit, address
from app.pages.asset.flex_editing import BUTTONS, asset_editor, read_part, saving_form
from app.pages.sensor.settings_tab import sensor_fields
from app.running import current
from app.usecases.sensors import NewSensor, create_sensor, entity_address
from components.tables.assets import Node, tree_html
from components.tables.fact_table import Cell, Code, Link
from db import assets, sensors
from db.assets import Asset, lineage
from db.core.database import get
from db.sensors import Sensor
from engine.series.iso_time import iso_duration

NO_SENSORS = (
    "No sensors yet. Add one on the Context tab, with 'flexscope add sensor' on the server, or with "
    "POST /api/v3_0/sensors."
)
NO_CONTEXT = (
    "No flex-context is set. Set prices and limits below, on an asset above this one in the tree, or in each request "
    "for a schedule."
)


@dataclass(frozen=True, kw_only=True)
class ContextContent:
    """Content of the tab."""

    asset: Asset
    tree: Node
    sensors: Mapping[Sensor, str]
    """Sensor → its entity address."""
    editor: Editor
    may_add: bool


def read_context(visit: Visit, session: Session, principal: SignedIn) -> ContextContent:
    """Asset with its tree, sensors and flex-context."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    address_of = partial(entity_address, server=visit.home, settings=current().settings, now=datetime.now(UTC))
    return ContextContent(
        asset=asset,
        tree=asset_tree(session, principal, asset),
        sensors={sensor: address_of(sensor.id) for sensor in sensors.of_asset(session, asset.id)},
        editor=asset_editor(asset, "flex_context", list_choices(session, principal, asset)),
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


def show_context(_visit: Visit, content: ContextContent) -> Markup:
    """Parts of the tab above the map, from top to bottom."""
    add = form_html("sensor", NEW_SENSOR, opener="Add a sensor") if content.may_add else Markup("")
    editor = editor_html(content.editor, button=BUTTONS["flex_context"])
    if not (content.editor.controls or content.editor.inherited):
        editor = Markup("<p>{}</p>").format(NO_CONTEXT) + editor
    parts = {
        "Asset tree": tree_html(content.tree),
        "Sensors": sensor_table(content.sensors) + add,
        "Flex-context": editor,
    }
    return sections(parts)


def sensor_table(addresses: Mapping[Sensor, str]) -> Markup:
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
    return facts(columns, rows, empty=NO_SENSORS)


async def add_sensor(visit: Visit, values: dict[str, Any]) -> Done:
    """Add a sensor to the asset of a page."""
    new = {"unit": "", **values, "generic_asset_id": visit.key}
    await writing(lambda session, actor: create_sensor(session, actor, actor.read(NewSensor, new)), visit.principal)
    return Done(text=f"Sensor {values['name']} added.")


NEW_SENSOR = PageForm(send=add_sensor, fields=sensor_fields(), button="Add sensor", whole=True)


def context_forms(_visit: Visit, content: ContextContent) -> Mapping[str, PageForm]:
    """What the user may do on the tab."""
    adding = {"sensor": NEW_SENSOR} if content.may_add else {}
    return adding | ({} if content.editor.locked else {"flex_context": saving_form("flex_context")})


TAB = TextTab(
    read=read_context, show=show_context, forms=context_forms, parts={"flex_context": read_part("flex_context")}
)
