"""Tab Properties of an asset: name, location, attributes and flex-model; and its deletion."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.flex.choices import list_choices
from app.fragments.flex.editor import Editor
from app.fragments.flex.views import editor_html
from app.fragments.html_forms import button_html, form_html
from app.fragments.page import Confirmation, Done, PageForm
from app.fragments.tables import sections
from app.fragments.tabs import TextTab
from app.fragments.templates import note
from app.fragments.threads import reading, writing
from app.fragments.visit import Visit, address
from app.pages.asset.flex_editing import BUTTONS, asset_editor, read_part, saving_form
from app.usecases.assets.assets import AssetUpdate, delete_asset, update_asset
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from components.tables.assets import words
from db import assets, listing
from db.assets import Asset, AssetType
from db.core.database import get

TYPE = "generic_asset_type_id"


@dataclass(frozen=True, kw_only=True)
class PropertiesContent:
    """Content of the tab."""

    asset: Asset
    parents: dict[str, int]
    """Names of assets that can be its parent → their ids."""
    types: dict[str, int]
    """Names of types that it can have → their ids."""
    editor: Editor
    may_change: bool
    may_delete: bool


def read_properties(visit: Visit, session: Session, principal: SignedIn) -> PropertiesContent:
    """Asset with its possible parents, and what the user may do with it."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    below = {each.id for each in assets.subtree(session, asset.id)}
    others = session.scalars(
        select(Asset).where(Asset.account_id.is_not_distinct_from(asset.account_id)).order_by(Asset.name)
    )
    return PropertiesContent(
        asset=asset,
        parents={f"{each.name} ({each.id})": each.id for each in others if each.id not in below},
        types={words(each.name): each.id for each in session.scalars(select(AssetType).order_by(AssetType.name))},
        editor=asset_editor(asset, "flex_model", list_choices(session, principal, asset)),
        may_change=access.may(principal, "update", asset),
        may_delete=access.may(principal, "delete", asset),
    )


def asset_fields(asset: Asset, parents: Mapping[str, int], types: Mapping[str, int]) -> list[Field]:
    """Fields of an asset."""
    return [
        Field(name="name", label="Name", value=asset.name, optional=False),
        Field(name=TYPE, label="Type", kind="choice", options=types, value=asset.asset_type_id),
        Field(name="description", label="Description", value=asset.description),
        Field(name="latitude", label="Latitude [° north]", kind="number", value=asset.latitude),
        Field(name="longitude", label="Longitude [° east]", kind="number", value=asset.longitude),
        Field(
            name="parent_asset_id",
            label="Parent",
            kind="choice",
            options={"none": None, **parents},
            value=asset.parent_asset_id,
        ),
        Field(name="external_id", label="External id", value=asset.external_id),
        Field(name="attributes", label="Attributes", kind="object", value=asset.attributes, help="Optional, as JSON"),
    ]


def show_properties(visit: Visit, content: PropertiesContent) -> Markup:
    """Parts of the tab, from top to bottom."""
    asset, forms = content.asset, properties_forms(visit, content)
    fields = form_html("asset", asset_form(content), locked=not content.may_change)
    shown = {"": fields, "Flex-model": editor_html(content.editor, button=BUTTONS["flex_model"])}
    if not content.may_change:
        shown[""] = note(access.read_only("update", asset)) + fields
    if "delete" in forms:
        shown["Delete"] = button_html("delete", "Delete this asset …")
    return sections(shown)


def asset_form(content: PropertiesContent) -> PageForm:
    """Form of the fields of an asset itself."""

    async def send(visit: Visit, values: dict[str, Any]) -> Done:
        await writing(
            lambda session, actor: update_asset(session, actor, visit.key, actor.read(AssetUpdate, values)),
            visit.principal,
        )
        return Done(text="Saved.")

    return PageForm(send=send, fields=asset_fields(content.asset, content.parents, content.types))


def properties_forms(_visit: Visit, content: PropertiesContent) -> Mapping[str, PageForm]:
    """What the user may do on the tab."""

    forms: dict[str, PageForm] = {}
    if content.may_change:
        forms |= {"asset": asset_form(content), "flex_model": saving_form("flex_model")}
    return forms | (
        {"delete": PageForm(send=send_asset_deletion, confirm=confirm_asset_deletion)} if content.may_delete else {}
    )


async def confirm_asset_deletion(visit: Visit, _values: dict[str, Any]) -> Confirmation:
    """What is deleted with the asset, in words."""

    def read_consequences(session: Session, principal: SignedIn) -> Confirmation:
        asset = get(session, Asset, visit.key)
        access.check(principal, "delete", asset)
        tree = [each.id for each in assets.subtree(session, asset.id)]
        warning = deletion_warning(principal, mentions_elsewhere(session, tree))
        below, sensors = len(tree) - 1, len(listing.sensors_of(session, tree))
        text = (
            f"The asset {asset.name}, {below:,} asset{'s' * (below != 1)} below it, {sensors:,} "
            f"sensor{'s' * (sensors != 1)} and all their data will be deleted. This cannot be undone. {warning}"
        )
        return Confirmation(text=text.strip(), agree=f"Delete {asset.name} and its data", typed=asset.name)

    return await reading(read_consequences, visit.principal)


async def send_asset_deletion(visit: Visit, _values: dict[str, Any]) -> Done:
    """Delete the asset."""
    await writing(lambda session, actor: delete_asset(session, actor, visit.key), visit.principal)
    return Done(text="The asset is deleted.", href=address("/assets"))


TAB = TextTab(
    read=read_properties, show=show_properties, forms=properties_forms, parts={"flex_model": read_part("flex_model")}
)
