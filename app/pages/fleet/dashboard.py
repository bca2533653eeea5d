"""The start page: the numbers of today, and every asset the user may see, on a map and as cards, with its state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
import param
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble import day_costs
from app.assemble.day_costs import DayCost
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.pages.asset.health import health
from app.pages.fleet import day_cards
from app.pages.routes import PAGES
from app.web.context import current
from app.widgets.layout import Shell, address, remembering
from app.widgets.time_range import following, midnight
from components.maps.asset_map import AssetMap, MapPlace
from components.tables.asset_cards import AssetCards, Card, words
from components.tables.fact_table import Light
from components.tables.kpis import Kpis
from db.assets import Asset
from db.core import listing
from db.core.listing import Listed
from db.jobs import alerts
from engine.iso_time import zone

NONE_YET = "No assets yet. Add one on the Assets page, with 'flexscope add asset', or with POST /api/v3_0/assets."
NO_MATCH = "No assets match. Search by name, type, account or state."
GROUPS = {"Not grouped": "", "By type": "type", "By account": "account"}


@dataclass(frozen=True, kw_only=True)
class DashboardContent:
    """What the page shows."""

    assets: list[Listed]
    states: dict[int, Light]
    days: list[DayCost]
    hours: float
    """Length of today [h]."""
    open_alerts: int


def view() -> Shell:
    """Return the page."""
    page = Shell("Dashboard", at="/dashboard")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> DashboardContent:
    condition, now = access.readable_assets(who), datetime.now(UTC)
    assets = listing.assets(session, condition)
    ids = [asset.id for asset in assets]
    start = midnight(now, zone(who.timezone))
    end = following(start, 1)
    rows = list(session.scalars(select(Asset).where(condition)))
    hosts = access.readable_accounts(who) is None
    return DashboardContent(
        assets=assets,
        states=health(session, ids, now=now),
        days=day_costs.of_sites(References(session, who), rows, start, end, known_at=now),
        hours=(end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(hours=1),
        open_alerts=alerts.count_open(session, None if hosts else ids),
    )


def _show(page: Shell, found: DashboardContent) -> Sequence[Any]:
    numbers = day_cards.cards(
        found.days,
        hours=found.hours,
        open_alerts=found.open_alerts,
        states=found.states.values(),
        alerts_at=address("/alerts") if "/alerts" in PAGES else "",
    )
    if not found.assets:
        return [AssetCards(empty=NONE_YET)]
    return [Kpis(items=numbers), Overview(page, found)]


class Overview(pn.viewable.Viewer):
    """The assets on a map and as cards; both follow what is searched for and how it is grouped."""

    search = param.String(default="", doc="Words to find in the name, type, account or state of an asset.")
    group = param.String(default="", doc="Group assets by type, account or not at all.")

    def __init__(self, page: Shell, found: DashboardContent) -> None:
        super().__init__()
        self._found = found
        settings = current().settings
        tiles = {"tiles": settings.FLEXSCOPE_TILE_URL, "attribution": settings.FLEXSCOPE_TILE_ATTRIBUTION}
        self._cards, self._map = AssetCards(empty=NO_MATCH), AssetMap(places=_places(found, found.assets), **tiles)
        self._on_map = pn.Column(self._map, sizing_mode="stretch_width")
        remembering(self, "search", "group")
        owners = {asset.account for asset in found.assets}
        choices = {text: key for text, key in GROUPS.items() if key != "account" or len(owners) > 1}
        self._search = pmui.TextInput(label="Filter assets", value=self.search, size="small", width=240, margin=8)
        chosen = self.group if self.group in choices.values() else ""
        self._group = pmui.RadioButtonGroup(
            options=choices, value=chosen, size="small", margin=8, sx={"whiteSpace": "nowrap"}
        )
        for shown in (self._cards, self._map):
            page.follow(shown)
        self._search.param.watch(lambda event: self.param.update(search=event.new), "value_input")
        self._group.param.watch(lambda event: self.param.update(group=event.new), "value")
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._search, self._group, align_items="center", sizing_mode="stretch_width")
        return pn.Column(bar, self._on_map, self._cards, sizing_mode="stretch_width")

    @param.depends("search", "group", watch=True)
    def _draw(self) -> None:
        wanted = self.search.lower().split()
        shown = [asset for asset in self._found.assets if all(word in self._words(asset) for word in wanted)]
        places = _places(self._found, shown)
        self._on_map.visible = bool(places)
        self._map.param.update(places=places, by_account=self.group == "account")
        self._cards.cards = [self._card(asset) for asset in shown]

    def _words(self, asset: Listed) -> str:
        state = self._found.states[asset.id]
        return f"{asset.name} {words(asset.type)} {asset.account or 'public'} {state.text} {state.state}".lower()

    def _card(self, asset: Listed) -> Card:
        return Card(
            name=asset.name,
            kind=asset.type,
            href=address(f"/assets/{asset.id}"),
            detail=_detail(asset),
            state=self._found.states[asset.id],
            group={"type": type_group(asset.type), "account": asset.account or "Public"}.get(self.group, ""),
        )


def type_group(kind: str) -> str:
    """Return the group of an asset type that the settings name, else the type itself."""
    groups = current().settings.FLEXMEASURES_ASSET_TYPE_GROUPS
    named = next((name for name, kinds in groups.items() if kind in kinds), None)
    return named[:1].upper() + named[1:] if named else words(kind)


def _places(found: DashboardContent, shown: Sequence[Listed]) -> list[MapPlace]:
    """Return the assets that have a place."""
    return [
        MapPlace(
            name=asset.name,
            kind=asset.type,
            owner=asset.account or "everybody",
            href=address(f"/assets/{asset.id}"),
            latitude=asset.latitude,
            longitude=asset.longitude,
            state=found.states[asset.id].state,
            meaning=found.states[asset.id].text,
        )
        for asset in shown
        if asset.latitude is not None and asset.longitude is not None
    ]


def _detail(asset: Listed) -> str:
    part = f"part of {asset.parent}" if asset.parent else asset.account or "public"
    return f"{part} · {asset.sensors} sensor{'' if asset.sensors == 1 else 's'}"
