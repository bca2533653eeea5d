"""The start page: every asset the user may see, as cards that open it."""

from typing import Any

from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.shell import Shell, address
from components.asset_cards import AssetCards, Card
from db import listing
from db.listing import Listed

NONE_YET = "You have no assets yet. Add one with 'flexscope add asset', or post it to /api/v3_0/assets."


def view() -> Shell:
    """Return the page."""
    page = Shell("Dashboard", at="/dashboard")
    page.fill(_read, _show)
    return page


def _read(work: Session, who: SignedIn) -> list[Listed]:
    return listing.assets(work, access.readable_assets(who))


def _show(assets: list[Listed]) -> list[Any]:
    cards = [
        Card(name=asset.name, kind=asset.type, href=address(f"/assets/{asset.id}"), detail=_detail(asset))
        for asset in assets
    ]
    return [AssetCards(cards=cards, empty=NONE_YET)]


def _detail(asset: Listed) -> str:
    part = f"part of {asset.parent}" if asset.parent else asset.account or "public"
    return f"{part} · {asset.sensors} sensor{'' if asset.sensors == 1 else 's'}"
