"""Tab Properties of an asset: name, location, attributes and flex-model; and its deletion."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.flex_config import model_kind
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.visit import address
from app.pages.asset.flex_form import FlexForm
from app.usecases import assets as usecases
from app.usecases.assets import AssetChange
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from app.widgets.async_content import note, reading, writing
from app.widgets.confirm import Removal
from app.widgets.forms import Form
from app.widgets.layout import Shell, go, section_heading
from app.widgets.tabs import Part
from db import assets
from db.assets import Asset
from db.core import listing
from db.core.database import get


@dataclass(frozen=True, kw_only=True)
class PropertiesContent:
    """Content of the tab."""

    asset: Asset
    parents: dict[str, int]
    """Names of assets that can be its parent → their ids."""
    may_change: bool
    may_delete: bool


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    return Part("properties", "Properties", partial(read_properties, asset_id), partial(show_properties, page))


def read_properties(asset_id: int, session: Session, principal: SignedIn) -> PropertiesContent:
    """Asset with its possible parents, and what the user may do with it."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    below = {each.id for each in assets.subtree(session, asset_id)}
    others = session.scalars(
        select(Asset).where(Asset.account_id.is_not_distinct_from(asset.account_id)).order_by(Asset.name)
    )
    parents = {f"{each.name} ({each.id})": each.id for each in others if each.id not in below}
    return PropertiesContent(
        asset=asset,
        parents=parents,
        may_change=access.may(principal, "update", asset),
        may_delete=access.may(principal, "delete", asset),
    )


def asset_fields(asset: Asset, parents: Mapping[str, int]) -> list[Field]:
    """Fields of an asset."""
    return [
        Field(name="name", label="Name", value=asset.name, optional=False),
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
        Field(name="attributes", label="Attributes", kind="object", value=asset.attributes, help="As JSON"),
    ]


def show_properties(page: Shell, content: PropertiesContent) -> Sequence[Any]:
    """Parts of the tab, from top to bottom."""
    asset = content.asset

    async def send(values: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_asset(session, actor, asset.id, actor.read(AssetChange, values))
        )

    form = Form(asset_fields(asset, content.parents), send=send, done=lambda saved: page.rename(saved.name))
    if not content.may_change:
        form.lock()
        return [note(access.read_only("update", asset)), form]
    kind = model_kind(asset.asset_type.name, asset.flex_model)
    model = FlexForm(kind, asset.flex_model, save=lambda values: send({"flex_model": values}), offered={})
    shown = [form, section_heading("Flex-model"), model]
    return [*shown, section_heading("Delete"), asset_removal(asset)] if content.may_delete else shown


def asset_removal(asset: Asset) -> Removal:
    """Button that deletes an asset with everything below it."""

    def read_consequences(session: Session, principal: SignedIn) -> tuple[int, int, str]:
        access.check(principal, "delete", get(session, Asset, asset.id))
        tree = [each.id for each in assets.subtree(session, asset.id)]
        warning = deletion_warning(principal, mentions_elsewhere(session, tree))
        return len(tree), len(listing.sensors_of(session, tree)), warning

    async def ask() -> str:
        asset_count, sensor_count, warning = await reading(read_consequences)
        return (
            f"The asset {asset.name}, {asset_count - 1} assets below it, {sensor_count} sensors and all their data "
            f"will be deleted. This cannot be undone. {warning}"
        ).strip()

    async def delete() -> None:
        await writing(lambda session, actor: usecases.delete_asset(session, actor, asset.id))

    away = partial(go, address("/assets"))
    return Removal("Delete this asset", ask=ask, act=delete, done=lambda _: away(), word=asset.name)
