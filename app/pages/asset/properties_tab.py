"""Tab Properties of an asset: name, place, attributes and flexibility to read and to change; and its end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.flex_config import model_kind
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.context_tab import heading
from app.pages.asset.flex_form import FlexForm
from app.usecases import assets as usecases
from app.usecases.assets import AssetChange
from app.usecases.flex_config import deletion_warning, mentions_elsewhere
from app.widgets.async_content import note, reading, writing
from app.widgets.delete_dialog import Removal
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address, go
from app.widgets.tabs import Part
from db import assets
from db.assets import Asset
from db.core import listing
from db.core.database import get

READ_ONLY = "You have read-only access. To make changes, ask an admin of the account."


@dataclass(frozen=True, kw_only=True)
class PropertiesContent:
    """What the tab shows."""

    asset: Asset
    parents: dict[str, int]
    """Names of assets it could be part of → their ids."""
    may_change: bool
    may_delete: bool


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("properties", "Properties", partial(_read, asset_id), partial(_show, page))


def _read(asset_id: int, session: Session, who: SignedIn) -> PropertiesContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    below = {each.id for each in assets.subtree(session, asset_id)}
    others = session.scalars(
        select(Asset).where(Asset.account_id.is_not_distinct_from(asset.account_id)).order_by(Asset.name)
    )
    parents = {f"{each.name} ({each.id})": each.id for each in others if each.id not in below}
    return PropertiesContent(
        asset=asset,
        parents=parents,
        may_change=access.may(who, "update", asset),
        may_delete=access.may(who, "delete", asset),
    )


def fields(asset: Asset, parents: Mapping[str, int]) -> list[Field]:
    """Return the fields of an asset."""
    return [
        Field(name="name", label="Name", value=asset.name, optional=False),
        Field(name="description", label="Description", value=asset.description),
        Field(name="latitude", label="Latitude [° north]", kind="number", value=asset.latitude),
        Field(name="longitude", label="Longitude [° east]", kind="number", value=asset.longitude),
        Field(
            name="parent_asset_id",
            label="Parent",
            kind="choice",
            options={"nothing else": None, **parents},
            value=asset.parent_asset_id,
        ),
        Field(name="external_id", label="External id", value=asset.external_id),
        Field(name="attributes", label="Attributes", kind="object", value=asset.attributes, help="As JSON"),
    ]


def _show(page: Shell, found: PropertiesContent) -> Sequence[Any]:
    asset = found.asset

    async def send(given: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_asset(session, actor, asset.id, actor.read(AssetChange, given))
        )

    form = Form(fields(asset, found.parents), send=send, done=lambda saved: page.rename(saved.name))
    if not found.may_change:
        form.lock()
        return [note(READ_ONLY), form]
    kind = model_kind(asset.asset_type.name, asset.flex_model)
    model = FlexForm(kind, asset.flex_model, save=lambda given: send({"flex_model": given}), offered={})
    shown = [form, heading("Flex-model"), model]
    return [*shown, *(_end(asset) if found.may_delete else [])]


def _end(asset: Asset) -> list[Any]:
    async def ask() -> str:
        numbers = await reading(partial(_below, asset.id))
        return (
            f"The asset {asset.name} goes with {numbers[0] - 1} assets below it, {numbers[1]} sensors and all their "
            f"data. This cannot be undone. {numbers[2]}".strip()
        )

    async def delete() -> None:
        await writing(lambda session, actor: usecases.delete_asset(session, actor, asset.id))

    def away(_answer: object) -> None:
        go(address("/assets"))

    return [heading("Delete"), Removal("Delete this asset", ask=ask, act=delete, done=away, word=asset.name)]


def _below(asset_id: int, session: Session, who: SignedIn) -> tuple[int, int, str]:
    """Return the number of assets and sensors of a tree, and which flex-configs outside of it name any of them."""
    access.check(who, "delete", get(session, Asset, asset_id))
    tree = [each.id for each in assets.subtree(session, asset_id)]
    warning = deletion_warning(who, mentions_elsewhere(session, tree))
    return len(tree), len(listing.sensors_of(session, tree)), warning
