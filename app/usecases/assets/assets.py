"""Assets and their types: add, change and delete them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble import showing
from app.assemble.flex_lines import fact_of
from app.assemble.site.naming import ask_for_old_attributes
from app.auth.access import access
from app.auth.access.references import References
from app.usecases.actor import Actor
from app.usecases.fields import Body, Identifier, JsonList, JsonObject
from app.usecases.flex_config import check_flex_context, check_flex_model, mentions_elsewhere, record_deletion
from db import subscriptions
from db.accounts.accounts import Account
from db.assets import Asset, AssetType, check_parent, lock_trees, subtree
from db.core import database
from engine.errors import FieldError

Name = Annotated[str, Field(min_length=1, max_length=80)]
Latitude = Annotated[float, Field(ge=-90, le=90, description="Degrees north")]
Longitude = Annotated[float, Field(ge=-180, le=180, description="Degrees east")]
Owner = Annotated[Identifier | None, Field(description="Without it your own; null: public (admins)")]
MAY_BE_EMPTY = {"description", "latitude", "longitude", "parent_asset_id", "external_id"}


class AssetChange(Body):
    """Fields of an asset to change."""

    name: Name | None = None
    description: Annotated[str, Field(max_length=2000)] | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    parent_asset_id: Identifier | None = None
    external_id: Annotated[str, Field(max_length=255)] | None = None
    attributes: JsonObject | None = None
    flex_context: JsonObject | None = None
    flex_model: JsonObject | None = None
    sensors_to_show: JsonList | None = None
    sensors_to_show_as_kpis: JsonList | None = None


class AssetUpdate(AssetChange):
    """Fields of an asset to change; its account may be named, and stays what it is."""

    generic_asset_type_id: Identifier | None = None
    account_id: Annotated[Identifier | None, Field(description="An asset stays in its account")] = None


class NewAsset(AssetChange):
    """An asset to add."""

    name: Name
    generic_asset_type_id: Identifier
    account_id: Owner = None


class NewAssetType(Body):
    """A kind of asset to add."""

    name: Name
    description: Annotated[str, Field(max_length=2000)] = ""


def create_asset_type(session: Session, actor: Actor, new: NewAssetType) -> AssetType:
    """Add a kind of asset.

    Raises:
        NotAllowed: The actor is no admin.
        FieldError: Another one has the name.
    """
    if not actor.is_admin:
        raise access.NotAllowed("create-children", "the asset types of this server")
    if session.scalar(select(AssetType.id).filter_by(name=new.name)) is not None:
        raise FieldError("name", f"an asset type called {new.name!r} already exists; choose another name.")
    kind = AssetType(name=new.name, description=new.description)
    session.add(kind)
    session.flush()
    return kind


def create_asset(session: Session, actor: Actor, new: NewAsset) -> Asset:
    """Add an asset to an account, or to the public ones.

    Raises:
        NotAllowed: The actor may not add to the account, to the parent, or use what its flex-config names.
        FieldError: Another asset has the name, the parent is of another account, or a field is wrong.
        QuotaReached: The account has as many assets as its subscription allows.
    """
    account_id = new.account_id
    if "account_id" not in new.model_fields_set and actor.principal is not None:
        account_id = actor.principal.account_id
    check_owner(session, actor, account_id)
    asset_type = _asset_type(session, new.generic_asset_type_id)
    asset = Asset(name=new.name, asset_type_id=asset_type.id, account_id=account_id)
    _apply(session, actor, asset, asset_type.name, new)
    subscriptions.check_room(session, account_id, Asset)
    session.add(asset)
    session.flush()
    actor.record(session, f"Added asset {asset.name!r}", asset)
    return database.get(session, Asset, asset.id)


def update_asset(session: Session, actor: Actor, asset_id: int, change: AssetChange) -> Asset:
    """Change the fields that are set; raises as ``create_asset`` does, and NotFound."""
    asset = database.get(session, Asset, asset_id)
    actor.check("update", asset)
    if isinstance(change, AssetUpdate):
        if "account_id" in change.model_fields_set and change.account_id != asset.account_id:
            raise FieldError("account_id", "an asset stays in its account; copy it into the other one.")
        if "generic_asset_type_id" in change.model_fields_set:
            asset.asset_type = _asset_type(session, change.generic_asset_type_id)
            # Beside the relationship, which sets it in a flush only, after the audit log looked for changes.
            asset.asset_type_id = asset.asset_type.id
    _apply(session, actor, asset, asset.asset_type.name, change)
    session.flush()
    actor.record(session, f"Changed {', '.join(sorted(change.model_fields_set))} of asset {asset.name!r}", asset)
    return asset


def delete_asset(session: Session, actor: Actor, asset_id: int) -> None:
    """Delete an asset with everything below it: assets, sensors and their data; the actor must be allowed all of it.

    Other assets whose flex-config names any of it are told so in their audit log.
    """
    asset = database.get(session, Asset, asset_id)
    actor.check("delete", asset)
    # So that nobody moves an asset below it, unseen, while permissions are looked at.
    lock_trees(session)
    tree = subtree(session, asset_id)
    for below in tree:
        if not actor.may("delete", below):
            raise access.refusal(actor.principal, "delete", below, field=f"asset {asset_id} has it below it")
    actor.record(session, f"Deleted asset {asset.name!r} with everything below it", asset)
    naming = mentions_elsewhere(session, {below.id for below in tree})
    record_deletion(session, actor, f"Asset {asset_id} ({asset.name}) with its sensors", naming)
    session.delete(asset)


def _asset_type(session: Session, key: int | None) -> AssetType:
    asset_type = session.get(AssetType, key) if key is not None else None
    if asset_type is None:
        problem = f"there is no asset type {key}; GET /api/v3_0/assets/types lists them."
        raise FieldError("generic_asset_type_id", problem)
    return asset_type


def check_owner(session: Session, actor: Actor, account_id: int | None) -> None:
    """Refuse an account that is not there, or in which the actor may not add assets; None: the public ones."""
    if account_id is None:
        if not actor.is_admin:
            raise access.NotAllowed("create-children", "the public assets")
        return
    account = session.get(Account, account_id)
    if account is None:
        raise FieldError("account_id", f"there is no account {account_id}; choose one that you may see.")
    actor.check("create-children", account)


def _apply(session: Session, actor: Actor, asset: Asset, asset_type: str, change: AssetChange) -> None:
    """Set the fields that are set, once they are known to make sense together."""
    fields = {name: getattr(change, name) for name in AssetChange.model_fields if name in change.model_fields_set}
    for name, value in fields.items():
        if value is None and name not in MAY_BE_EMPTY:
            raise FieldError(name, "must have a value; leave it out to keep it as it is.")
    # Clients send back all that they read: a parent that stays is not asked for again.
    if fields.get("parent_asset_id") not in (None, asset.parent_asset_id):
        check_new_parent(session, actor, asset, fields["parent_asset_id"])
    references = actor.references(session)
    check_flex_context(references, fields.get("flex_context", {}))
    check_flex_model(references, asset_type, fields.get("flex_model", {}))
    ask_for_old_attributes(references, fields.get("attributes", {}))
    # In play mode charts may show any sensor, see access.may_be_charted.
    shown = References(session, None) if actor.settings.is_playing else references
    for name in ("sensors_to_show", "sensors_to_show_as_kpis"):
        for key in showing.named(fields.get(name, [])):
            shown.sensor(key, field=name)
        for flex_field in showing.named_fields(fields.get(name, [])):
            shown.asset(flex_field.asset, field=name)
            fact_of(flex_field)
    if fields.keys() & {"name", "parent_asset_id"}:
        check_new_name(session, asset, fields)
    for name, value in fields.items():
        setattr(asset, name, "" if name == "description" and value is None else value)


def check_new_name(session: Session, asset: Asset, fields: Mapping[str, Any]) -> None:
    """Refuse a name, or a place, where another asset has the name; no two at once take it."""
    # Else two requests at once would both find the name free
    lock_trees(session)
    name, parent_id = fields.get("name", asset.name), fields.get("parent_asset_id", asset.parent_asset_id)
    same = select(Asset.id).where(
        Asset.name == name,
        Asset.parent_asset_id.is_not_distinct_from(parent_id),
        Asset.account_id.is_not_distinct_from(asset.account_id),
        Asset.id != (asset.id or 0),
    )
    if session.scalar(same.limit(1)) is not None:
        top = "at the top of this account" if asset.account_id else "among the public assets"
        where = f"below asset {parent_id}" if parent_id else top
        raise FieldError("name", f"an asset called {name!r} is {where} already; choose another name.")


def check_new_parent(session: Session, actor: Actor, asset: Asset, parent_id: int) -> None:
    """Refuse a parent that the actor may not add to, of another account, or below the asset itself."""
    parent = session.get(Asset, parent_id)
    if parent is None or not actor.may("create-children", parent):
        raise FieldError("parent_asset_id", f"there is no asset {parent_id} that you may add to.")
    check_parent(session, asset, parent)
