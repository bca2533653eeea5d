"""All assets the user may see, as a table to search, sort and save; and the way to add one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.health import health
from app.pages.fleet.dashboard import NONE_YET
from app.widgets.layout import Shell, address, remembering
from components.tables.asset_cards import words
from components.tables.fact_table import Cell, Light, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account
from db.core import listing
from db.core.listing import Listed

COLUMNS = ["Name", "Type", "Account", "Parent", "Location", "Sensors", "State", "Id"]


@dataclass(frozen=True)
class AssetsContent:
    """What the page shows."""

    assets: list[Listed]
    states: dict[int, Light]
    may_add: bool


def view() -> Shell:
    """Return the page."""
    page = Shell("Assets", at="/assets")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> AssetsContent:
    assets = listing.assets(session, access.readable_assets(who))
    return AssetsContent(
        assets=assets,
        states=health(session, [asset.id for asset in assets], now=datetime.now(UTC)),
        may_add=any(access.may(who, "create-children", account) for account in session.scalars(select(Account))),
    )


def _show(page: Shell, found: AssetsContent) -> Sequence[Any]:
    table = RowTable(
        columns=COLUMNS,
        rows=[_line(asset, found.states[asset.id]) for asset in found.assets],
        empty=NONE_YET,
        file="assets.csv",
    )
    remembering(table, "search", "sort")
    page.follow(table)
    add = pmui.Button(label="Add an asset", icon="add", href=address("/assets/new"), target="_self", margin=8)
    return [*([pn.Row(add)] if found.may_add else []), table]


def _line(asset: Listed, state: Light) -> list[Cell | int]:
    placed = asset.latitude is not None and asset.longitude is not None
    return [
        Link(asset.name, address(f"/assets/{asset.id}")),
        words(asset.type),
        asset.account or "public",
        asset.parent or "",
        f"{asset.latitude:.4f}°, {asset.longitude:.4f}°" if placed else "",
        asset.sensors,
        state,
        asset.id,
    ]
