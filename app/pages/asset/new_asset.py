"""A new asset: blank, from a template, or a copy of another one with everything below it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn
from app.usecases import assets as usecases
from app.usecases.assets import NewAsset
from app.usecases.templates import TEMPLATES, FromTemplate, create_asset_from_template
from app.widgets.async_content import writing
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address, go
from components.tables.asset_cards import words
from db.accounts.accounts import Account
from db.assets import Asset, AssetType
from db.core import listing


@dataclass(frozen=True, kw_only=True)
class NewAssetContent:
    """What there is to choose from."""

    accounts: dict[str, int | None]
    own: int
    types: dict[str, int]
    assets: dict[str, int]
    templates: dict[str, str]


def view() -> Shell:
    """Return the page."""
    page = Shell("Add an asset", at="/assets")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> NewAssetContent:
    accounts = session.scalars(select(Account).order_by(Account.name))
    mine: dict[str, int | None] = {each.name: each.id for each in accounts if access.may(who, "create-children", each)}
    if not mine:
        raise NotAllowed("create-children", "any account")
    if "admin" in who.roles:
        mine["public (visible to everyone)"] = None
    return NewAssetContent(
        accounts=mine,
        own=who.account_id,
        types={words(each.name): each.id for each in session.scalars(select(AssetType).order_by(AssetType.id))},
        assets={f"{each.name} ({each.id})": each.id for each in listing.assets(session, access.readable_assets(who))},
        templates={template.meaning: name for name, template in TEMPLATES.items()},
    )


def _show(page: Shell, found: NewAssetContent) -> Sequence[Any]:
    ways = [("Blank", _blank(found)), ("From a template", _template(found))]
    ways += [("Copy an asset", _copy(found))] if found.assets else []
    items = [{"label": "Assets", "href": address("/assets")}, {"label": "Add an asset"}]
    return [
        pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)),
        pmui.Tabs(*ways, sizing_mode="stretch_width", margin=(4, 0)),
    ]


def _owner(found: NewAssetContent) -> list[Field]:
    """Return the fields that say whose it is and where it belongs."""
    own = found.own if found.own in found.accounts.values() else next(iter(found.accounts.values()))
    return [
        Field(name="account_id", label="Account", kind="choice", options=found.accounts, value=own),
        Field(name="parent_asset_id", label="Parent", kind="choice", options={"nothing else": None, **found.assets}),
    ]


def _place() -> list[Field]:
    return [
        Field(name="description", label="Description"),
        Field(name="latitude", label="Latitude [° north]", kind="number"),
        Field(name="longitude", label="Longitude [° east]", kind="number"),
    ]


def _public(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, with the account named even where it is that of everybody."""
    return {"account_id": None, **given}


def _open(asset: Asset) -> None:
    go(address(f"/assets/{asset.id}?tab=properties"))


def _blank(found: NewAssetContent) -> Form:
    async def send(given: dict[str, Any]) -> Asset:
        return await writing(
            lambda session, actor: usecases.create_asset(session, actor, actor.read(NewAsset, _public(given)))
        )

    fields = [
        Field(name="name", label="Name", optional=False),
        Field(
            name="generic_asset_type_id",
            label="Type",
            kind="choice",
            options=found.types,
            value=next(iter(found.types.values()), None),
        ),
        *_owner(found),
        *_place(),
    ]
    return Form(fields, send=send, done=_open, button="Add asset", whole=True)


def _template(found: NewAssetContent) -> Form:
    async def send(given: dict[str, Any]) -> Asset:
        template, fields = given.pop("template"), _public(given)
        return await writing(
            lambda session, actor: create_asset_from_template(
                session, actor, template, actor.read(FromTemplate, fields)
            )
        )

    first = next(iter(found.templates.values()))
    fields = [
        Field(name="template", label="Template", kind="choice", options=found.templates, value=first),
        Field(name="name", label="Name", optional=False),
        *_owner(found),
        *_place(),
    ]
    return Form(fields, send=send, done=_open, button="Add from template", whole=True)


def _copy(found: NewAssetContent) -> Form:
    async def send(given: dict[str, Any]) -> Asset:
        where = {"account_id": given["account_id"], "parent_id": given.get("parent_asset_id")}
        return await writing(lambda session, actor: usecases.copy_asset(session, actor, given["original"], **where))

    original = Field(
        name="original",
        label="Copy of",
        kind="choice",
        options=found.assets,
        value=next(iter(found.assets.values())),
        help="Copies all child assets and sensors, without data",
    )
    accounts = {name: key for name, key in found.accounts.items() if key is not None}
    owner, parent = _owner(NewAssetContent(**{**vars(found), "accounts": accounts}))
    return Form([original, owner, parent], send=send, done=_open, button="Copy", whole=True)
