"""Page that adds an asset: blank, from a template, or as a copy of another one with everything below it."""

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
from app.fragments.fields import Field
from app.fragments.visit import address
from app.usecases import assets as usecases
from app.usecases.assets import NewAsset
from app.usecases.templates import TEMPLATES, FromTemplate, create_asset_from_template
from app.widgets.async_content import writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, go
from components.tables.assets import words
from db.accounts.accounts import Account
from db.assets import Asset, AssetType
from db.core import listing


@dataclass(frozen=True, kw_only=True)
class NewAssetContent:
    """Choices of the forms, by name."""

    accounts: dict[str, int | None]
    own: int
    types: dict[str, int]
    assets: dict[str, int]
    templates: dict[str, str]


def view() -> Shell:
    """The page."""
    page = Shell("Add an asset", at="/assets")
    page.fill(read_choices, partial(show_forms, page))
    return page


def read_choices(session: Session, principal: SignedIn) -> NewAssetContent:
    """Accounts, types, assets and templates that the user may choose.

    Raises:
        NotAllowed: The user may not add assets to any account.
    """
    accounts = session.scalars(select(Account).order_by(Account.name))
    mine: dict[str, int | None] = {
        each.name: each.id for each in accounts if access.may(principal, "create-children", each)
    }
    if not mine:
        raise NotAllowed("create-children", "any account")
    if "admin" in principal.roles:
        mine["public (visible to everyone)"] = None
    return NewAssetContent(
        accounts=mine,
        own=principal.account_id,
        types={words(each.name): each.id for each in session.scalars(select(AssetType).order_by(AssetType.id))},
        assets={
            f"{each.name} ({each.id})": each.id for each in listing.assets(session, access.readable_assets(principal))
        },
        templates={template.meaning: name for name, template in TEMPLATES.items()},
    )


def show_forms(page: Shell, content: NewAssetContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    ways = [("Blank", blank_form(content)), ("From a template", template_form(content))]
    ways += [("Copy an asset", copy_form(content))] if content.assets else []
    items = [{"label": "Assets", "href": address("/assets")}, {"label": "Add an asset"}]
    return [
        pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)),
        pmui.Tabs(*ways, sizing_mode="stretch_width", margin=(4, 0)),
    ]


def _owner_fields(content: NewAssetContent) -> list[Field]:
    """Fields for account and parent."""
    own = content.own if content.own in content.accounts.values() else next(iter(content.accounts.values()))
    return [
        Field(name="account_id", label="Account", kind="choice", options=content.accounts, value=own),
        Field(name="parent_asset_id", label="Parent", kind="choice", options={"none": None, **content.assets}),
    ]


PLACE_FIELDS = [
    Field(name="description", label="Description"),
    Field(name="latitude", label="Latitude [° north]", kind="number"),
    Field(name="longitude", label="Longitude [° east]", kind="number"),
]


def _with_account(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values with an account even for a public asset: forms leave out what is empty, the API wants null."""
    return {"account_id": None, **values}


def _open(asset: Asset) -> None:
    go(address(f"/assets/{asset.id}?tab=properties"))


def blank_form(content: NewAssetContent) -> Form:
    """Form of an asset without sensors."""

    async def send(values: dict[str, Any]) -> Asset:
        return await writing(
            lambda session, actor: usecases.create_asset(session, actor, actor.read(NewAsset, _with_account(values)))
        )

    fields = [
        Field(name="name", label="Name", optional=False),
        Field(
            name="generic_asset_type_id",
            label="Type",
            kind="choice",
            options=content.types,
            value=next(iter(content.types.values()), None),
        ),
        *_owner_fields(content),
        *PLACE_FIELDS,
    ]
    return Form(fields, send=send, done=_open, button="Add asset", whole=True)


def template_form(content: NewAssetContent) -> Form:
    """Form of an asset with the sensors and the flex-model of a template."""

    async def send(values: dict[str, Any]) -> Asset:
        template, fields = values.pop("template"), _with_account(values)
        return await writing(
            lambda session, actor: create_asset_from_template(
                session, actor, template, actor.read(FromTemplate, fields)
            )
        )

    first = next(iter(content.templates.values()))
    fields = [
        Field(name="template", label="Template", kind="choice", options=content.templates, value=first),
        Field(name="name", label="Name", optional=False),
        *_owner_fields(content),
        *PLACE_FIELDS,
    ]
    return Form(fields, send=send, done=_open, button="Add from template", whole=True)


def copy_form(content: NewAssetContent) -> Form:
    """Form of a copy of an asset."""

    async def send(values: dict[str, Any]) -> Asset:
        where = {"account_id": values["account_id"], "parent_id": values.get("parent_asset_id")}
        return await writing(lambda session, actor: usecases.copy_asset(session, actor, values["original"], **where))

    original = Field(
        name="original",
        label="Copy of",
        kind="choice",
        options=content.assets,
        value=next(iter(content.assets.values())),
        help="Assets below it and all sensors are copied too, but no data",
    )
    accounts = {name: key for name, key in content.accounts.items() if key is not None}
    owner, parent = _owner_fields(NewAssetContent(**{**vars(content), "accounts": accounts}))
    return Form([original, owner, parent], send=send, done=_open, button="Copy", whole=True)
