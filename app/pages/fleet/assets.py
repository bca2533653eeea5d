"""Page of all assets that the user may see, as a table to search, sort and save; and a button to add one."""

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
from app.fragments.visit import address
from app.pages.asset.status_tab import health
from app.pages.fleet.dashboard import NONE_YET
from app.widgets.layout import Shell, remembering
from components.tables.assets import words
from components.tables.fact_table import Cell, Light, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account
from db.core import listing
from db.core.listing import Listed

COLUMNS = ["Name", "Type", "Account", "Parent", "Location", "Sensors", "State", "Id"]


@dataclass(frozen=True)
class AssetsContent:
    """Content of the page."""

    assets: list[Listed]
    states: dict[int, Light]
    may_add: bool


def view() -> Shell:
    """The page."""
    page = Shell("Assets", at="/assets")
    page.fill(read_assets, partial(show_assets, page))
    return page


def read_assets(session: Session, principal: SignedIn) -> AssetsContent:
    """Assets that the user may see, with a light each."""
    assets = listing.assets(session, access.readable_assets(principal))
    return AssetsContent(
        assets=assets,
        states=health(session, [asset.id for asset in assets], now=datetime.now(UTC)),
        may_add=any(access.may(principal, "create-children", account) for account in session.scalars(select(Account))),
    )


def show_assets(page: Shell, content: AssetsContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    rows: list[list[Cell | int]] = []
    for asset in content.assets:
        is_placed = asset.latitude is not None and asset.longitude is not None
        rows.append(
            [
                Link(asset.name, address(f"/assets/{asset.id}")),
                words(asset.type),
                asset.account or "public",
                asset.parent or "",
                f"{asset.latitude:.4f}°, {asset.longitude:.4f}°" if is_placed else "",
                asset.sensors,
                content.states[asset.id],
                asset.id,
            ]
        )
    table = RowTable(columns=COLUMNS, rows=rows, empty=NONE_YET, file="assets.csv")
    remembering(table, "search", "sort")
    page.follow(table)
    add = pmui.Button(label="Add an asset", icon="add", href=address("/assets/new"), target="_self", margin=8)
    return [pn.Row(add), table] if content.may_add else [table]
