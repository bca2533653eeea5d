"""Page of all assets that the user may see, as a table to search, sort and save; and a button to add one."""

from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.page import TextPage
from app.fragments.tables import row_table
from app.fragments.visit import Fragment, Visit, address
from app.pages.asset.health import health
from components.tables.assets import words
from components.tables.fact_table import Cell, Light, Link
from db import listing
from db.accounts.accounts import Account
from db.listing import AssetSummary

NONE_YET = (
    "No assets yet. Add one on the Assets page, with 'flexscope add asset' on the server, or with "
    "POST /api/v3_0/assets."
)
COLUMNS = ["Name", "Type", "Account", "Parent", "Location", "Sensors", "State", "Id"]


@dataclass(frozen=True)
class AssetsContent:
    """Content of the page."""

    assets: list[AssetSummary]
    states: dict[int, Light]
    may_add: bool


def read_assets(_visit: Visit, session: Session, principal: SignedIn) -> AssetsContent:
    """Assets that the user may see, with a light each."""
    assets = listing.assets(session, access.readable_assets(principal))
    return AssetsContent(
        assets=assets,
        states=health(session, [asset.id for asset in assets], now=datetime.now(UTC)),
        may_add=any(access.may(principal, "create-children", account) for account in session.scalars(select(Account))),
    )


def show_assets(_visit: Visit, content: AssetsContent) -> Fragment:
    """The page."""
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
    add = Markup('<a class="plain" href="{}">Add an asset</a>').format(address("/assets/new"))
    table = row_table(COLUMNS, rows, empty=NONE_YET, file="assets.csv")
    return Fragment(heading="Assets", body=(add if content.may_add else Markup("")) + table)


PAGE = TextPage(at="/assets", heading="Assets", read=read_assets, show=show_assets)
