"""Copies of assets with all that is below them, and assets that another account takes over."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.site.naming import ask_for_old_attributes
from app.auth.access import access
from app.usecases.actor import Actor
from app.usecases.assets.assets import check_new_name, check_new_parent, check_owner
from app.usecases.flex_config import check_flex_context, check_flex_model, mentions_elsewhere
from db import sensors, subscriptions
from db.accounts.accounts import Account
from db.assets import Asset, AssetType, lock_trees, own_subtree, subtree
from db.core import database
from db.sensors import Sensor
from engine.errors import FieldError

COPIED_OF_ASSET = (
    *("name", "asset_type_id", "latitude", "longitude", "description", "external_id"),
    *("attributes", "flex_context", "flex_model"),
)
COPIED_OF_SENSOR = ("name", "unit", "resolution", "timezone", "knowledge_horizon", "attributes")


def copy_asset(
    session: Session, actor: Actor, asset_id: int, *, account_id: int | None = None, parent_id: int | None = None
) -> Asset:
    """Copy an asset with the assets and sensors below it, without their data.

    What its flex-config names within the copied tree is named within the copy; the rest must be the actor's to use.

    Args:
        session: A writing session.
        actor: Who copies.
        asset_id: The original.
        account_id: The account that is to have the copy; None: that of the original.
        parent_id: The asset that the copy is to be part of; None: beside the original, or at the top of an account.
    """
    original = database.get(session, Asset, asset_id)
    actor.check("read", original)
    owner_id = account_id or original.account_id
    if owner_id is None or session.get(Account, owner_id) is None:
        raise FieldError("account", "name the account that is to have the copy.")
    check_owner(session, actor, owner_id)
    parent_id = parent_id or (original.parent_asset_id if account_id is None else None)
    if parent_id is not None:
        # A stand-in for the copy, which is not there yet.
        check_new_parent(session, actor, Asset(account_id=owner_id), parent_id)
    copied = _copy_tree(session, actor, original, owner_id, parent_id)
    actor.record(session, f"Copied asset {original.name!r} ({asset_id}) to {copied.name!r}", copied)
    return copied


def transfer_asset(session: Session, actor: Actor, asset_id: int, account_id: int) -> list[Asset]:
    """Give an asset with everything below it to another account; return all that moved.

    Values, schedules and secrets go along. Others whose flex-config names any of it are told so in their audit log.

    Raises:
        NotFound: There is no such asset or account.
        NotAllowed: The actor is no admin.
        FieldError: The asset is part of another one, belongs to the account already, or its name is taken there.
        QuotaReached: The account may not have as many assets.
    """
    asset, owner = database.get(session, Asset, asset_id), database.get(session, Account, account_id)
    if not actor.is_admin:
        raise access.NotAllowed("update", f"the owner of asset {asset_id}")
    if asset.account_id == owner.id:
        raise FieldError("new-owner", f"asset {asset_id} belongs to account {owner.name!r} already.")
    if asset.parent_asset_id is not None:
        problem = f"asset {asset_id} is part of asset {asset.parent_asset_id}; first make it part of none."
        raise FieldError("asset", problem)
    lock_trees(session)
    tree = subtree(session, asset_id)
    for below in tree:
        subscriptions.check_room(session, owner.id, Asset)
        below.account_id = owner.id
        session.flush()  # the next one is counted with it
        actor.record(session, f"Gave asset {below.name!r} to account {owner.name!r}", below)
    check_new_name(session, asset, {})
    for mention in mentions_elsewhere(session, {below.id for below in tree}):
        words = f"Asset {asset_id} ({asset.name}), which {mention.field} of this asset names, went to another account"
        actor.record(session, words, mention.asset)
    return tree


def _copy_tree(session: Session, actor: Actor, original: Asset, account_id: int, parent_id: int | None) -> Asset:
    lock_trees(session)
    asset_ids: dict[int, int] = {}
    sensor_ids: dict[int, int] = {}
    copies: list[Asset] = []
    for row in own_subtree(session, original.id)[0]:
        subscriptions.check_room(session, account_id, Asset)
        copied = Asset(**{name: getattr(row, name) for name in COPIED_OF_ASSET}, account_id=account_id)
        # Parents come first, so that the copy of each already exists.
        copied.parent_asset_id = parent_id if row.id == original.id else asset_ids[row.parent_asset_id or 0]
        if row.id == original.id:
            copied.name = _free_name(session, row.name, account_id, parent_id)
        session.add(copied)
        session.flush()
        asset_ids[row.id] = copied.id
        copies.append(copied)
        for sensor in sensors.of_asset(session, row.id):
            twin = Sensor(**{name: getattr(sensor, name) for name in COPIED_OF_SENSOR}, asset_id=copied.id)
            session.add(twin)
            session.flush()
            sensor_ids[sensor.id] = twin.id
    references = actor.references(session)
    for copied in copies:  # once all copies are there: their flex-configs name each other, not the originals
        copied.flex_model = _renamed(copied.flex_model, asset_ids, sensor_ids)
        copied.flex_context = _renamed(copied.flex_context, asset_ids, sensor_ids)
        check_flex_context(references, copied.flex_context)
        check_flex_model(references, database.get(session, AssetType, copied.asset_type_id).name, copied.flex_model)
        ask_for_old_attributes(references, copied.attributes)
    return copies[0]


def _renamed(config: Any, asset_ids: Mapping[int, int], sensor_ids: Mapping[int, int], *, key: str = "") -> Any:
    """Return a flex-config with other ids of sensors and assets."""
    if isinstance(config, Mapping):
        return {name: _renamed(value, asset_ids, sensor_ids, key=str(name)) for name, value in config.items()}
    if isinstance(config, list):
        return [_renamed(value, asset_ids, sensor_ids, key=key) for value in config]
    if type(config) is not int:  # True is an int as well
        return config
    # Other numbers are powers or shares: only under these names they are ids.
    if key == "asset":
        return asset_ids.get(config, config)
    return sensor_ids.get(config, config) if key.endswith(("sensor", "sensors")) else config


def _free_name(session: Session, name: str, account_id: int, parent_id: int | None) -> str:
    beside = Asset.parent_asset_id.is_not_distinct_from(parent_id)
    taken = set(session.scalars(select(Asset.name).where(Asset.account_id == account_id, beside)))
    # One name more than are taken, so that one of them is free.
    names = [name, f"{name} (copy)", *(f"{name} (copy {number})" for number in range(2, len(taken) + 3))]
    return next(free for free in names if free not in taken)
