"""Page that adds an asset: blank, from a template, or as a copy of another one with everything below it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.access import NotAllowed
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tabs import open_tab, tab_list
from app.fragments.threads import writing
from app.fragments.visit import Fragment, Visit, address
from app.usecases.assets.assets import NewAsset, create_asset
from app.usecases.assets.copies import copy_asset
from app.usecases.assets.templates import TEMPLATES, FromTemplate, create_asset_from_template
from components.tables.assets import words
from components.tables.fact_table import Link
from db import listing
from db.accounts.accounts import Account
from db.assets import Asset, AssetType

WAYS = {"template": "From a template", "blank": "Blank", "copy": "Copy an asset"}
TYPE = "generic_asset_type_id"


@dataclass(frozen=True, kw_only=True)
class NewAssetContent:
    """Choices of the forms, by name."""

    accounts: dict[str, int | None]
    own: int
    types: dict[str, int]
    assets: dict[str, int]
    templates: dict[str, str]


def read_choices(_visit: Visit, session: Session, principal: SignedIn) -> NewAssetContent:
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


def show_forms(visit: Visit, content: NewAssetContent) -> Fragment:
    """The page: the form of the chosen way."""
    ways = WAYS if content.assets else {way: label for way, label in WAYS.items() if way != "copy"}
    chosen = open_tab(ways, visit.query.get("tab"))
    form = form_html(chosen, new_asset_forms(visit, content)[chosen])
    return Fragment(
        heading="Add an asset",
        crumbs=[Link("Assets", address("/assets"))],
        body=tab_list(visit, ways, chosen) + form,
    )


def new_asset_forms(_visit: Visit, content: NewAssetContent) -> dict[str, PageForm]:
    """The form of each way."""
    blank = [
        Field(name="name", label="Name", optional=False),
        # No type is chosen for anybody: it would be kept by mistake
        Field(name=TYPE, label="Type", kind="choice", options={"choose …": None, **content.types}, optional=False),
        *_owner_fields(content, content.accounts),
        *PLACE_FIELDS,
    ]
    template = [
        Field(
            name="template", label="Template", kind="choice", options=content.templates,
            value=next(iter(content.templates.values())),
        ),
        Field(name="name", label="Name", optional=False),
        *_owner_fields(content, content.accounts),
        *PLACE_FIELDS,
    ]  # fmt: skip
    forms = {
        "template": PageForm(send=send_template, fields=template, button="Add from template", whole=True),
        "blank": PageForm(send=send_blank, fields=blank, button="Add asset", whole=True),
    }
    if content.assets:
        forms["copy"] = PageForm(send=send_copy, fields=copy_fields(content), button="Copy", whole=True)
    return forms


def copy_fields(content: NewAssetContent) -> list[Field]:
    """Fields of a copy; it is never public."""
    accounts = {name: key for name, key in content.accounts.items() if key is not None}
    original = Field(
        name="original",
        label="Copy of",
        kind="choice",
        options={"choose …": None, **content.assets},
        optional=False,
        help="Assets below it and all sensors are copied too, but no data",
    )
    return [original, *_owner_fields(content, accounts)]


def _owner_fields(content: NewAssetContent, accounts: Mapping[str, int | None]) -> list[Field]:
    """Fields for account and parent."""
    own = content.own if content.own in accounts.values() else next(iter(accounts.values()))
    return [
        Field(name="account_id", label="Account", kind="choice", options=accounts, value=own),
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


def _added(asset: Asset) -> Done:
    return Done(text=f"{asset.name} is added.", href=address(f"/assets/{asset.id}?tab=properties"))


async def send_blank(visit: Visit, values: dict[str, Any]) -> Done:
    """Add an asset without sensors."""
    fields = _with_account(values)
    asset = await writing(
        lambda session, actor: create_asset(session, actor, actor.read(NewAsset, fields)), visit.principal
    )
    return _added(asset)


async def send_template(visit: Visit, values: dict[str, Any]) -> Done:
    """Add an asset with the sensors and the flex-model of a template."""
    template = values.pop("template", "")
    fields = _with_account(values)
    asset = await writing(
        lambda session, actor: create_asset_from_template(session, actor, template, actor.read(FromTemplate, fields)),
        visit.principal,
    )
    return _added(asset)


async def send_copy(visit: Visit, values: dict[str, Any]) -> Done:
    """Add a copy of an asset."""
    original, where = (
        values["original"],
        {"account_id": values["account_id"], "parent_id": values.get("parent_asset_id")},
    )
    asset = await writing(lambda session, actor: copy_asset(session, actor, original, **where), visit.principal)
    return _added(asset)


PAGE = TextPage(at="/assets", heading="Add an asset", read=read_choices, show=show_forms, forms=new_asset_forms)
