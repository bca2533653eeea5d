"""The start page: every asset the user may see, on a map and as cards, each with its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.asset_health import health
from app.pages.shell import Shell, address
from components.asset_cards import AssetCards, Card
from components.asset_map import AssetMap, Place
from components.fact_table import Light
from db import listing
from db.listing import Listed

NONE_YET = "You have no assets yet. Add one with 'flexscope add asset', or post it to /api/v3_0/assets."


@dataclass(frozen=True)
class Found:
    """What the page shows."""

    assets: list[Listed]
    states: dict[int, Light]


def view() -> Shell:
    """Return the page."""
    page = Shell("Dashboard", at="/dashboard")
    page.fill(_read, partial(_show, page))
    return page


def _read(work: Session, who: SignedIn) -> Found:
    assets = listing.assets(work, access.readable_assets(who))
    return Found(assets, health(work, [asset.id for asset in assets], now=datetime.now(UTC)))


def _show(page: Shell, found: Found) -> Sequence[Any]:
    cards = [
        Card(
            name=asset.name,
            kind=asset.type,
            href=address(f"/assets/{asset.id}"),
            detail=_detail(asset),
            state=found.states[asset.id],
        )
        for asset in found.assets
    ]
    shown = AssetCards(cards=cards, empty=NONE_YET)
    page.follow(shown)
    return [*_map(page, found), shown]


def _map(page: Shell, found: Found) -> list[Any]:
    """Return the map of the assets that have a place, with a switch of colours where there are several accounts."""
    places = [
        Place(
            name=asset.name,
            kind=asset.type,
            owner=asset.account or "everybody",
            href=address(f"/assets/{asset.id}"),
            latitude=asset.latitude,
            longitude=asset.longitude,
            state=found.states[asset.id].state,
            told=found.states[asset.id].text,
        )
        for asset in found.assets
        if asset.latitude is not None and asset.longitude is not None
    ]
    if not places:
        return []
    shown = AssetMap(places=places)
    page.follow(shown)
    if len({place.owner for place in places}) == 1:
        return [shown]
    switch = pmui.Switch(label="Colours by account", margin=8)
    switch.link(shown, value="by_account")
    return [switch, shown]


def _detail(asset: Listed) -> str:
    part = f"part of {asset.parent}" if asset.parent else asset.account or "public"
    return f"{part} · {asset.sensors} sensor{'' if asset.sensors == 1 else 's'}"
