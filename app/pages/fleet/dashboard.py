"""Start page: costs and savings of today, and all assets that the user may see, on a map and as cards."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
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
from app.fragments.time_range import following, midnight
from app.fragments.visit import address
from app.pages.asset.health import health
from app.pages.fleet.assets import NONE_YET
from app.web.context import current
from app.widgets.layout import Shell, remembering
from components.maps.asset_map import AssetMap, MapPlace
from components.tables.assets import AssetCards, Card, words
from components.tables.fact_table import Light
from components.tables.kpis import Kpi, Kpis
from db.assets import Asset
from db.core import listing
from db.core.listing import Listed
from db.jobs import alerts
from engine.series.iso_time import zone

DASHBOARD = "/dashboard"
NO_MATCH = "No assets match. Search by name, type, account or state."
NO_COST = (
    "No site has power and prices for today. On the Context tab of a site, set aggregate-consumption and "
    "consumption-price in its flex-context."
)
NO_SCHEDULE = "No device is scheduled today. Open an asset and press 'Run schedule' on its Plan tab."
COMPARED = "compared with the same energy spread evenly over these hours"
WORDS = {"good": "fresh", "warn": "stale", "bad": "failed or silent", "none": "without measurements"}
GROUPS = {"Not grouped": "", "By type": "type", "By account": "account"}


@dataclass(frozen=True, kw_only=True)
class DashboardContent:
    """Content of the page."""

    assets: list[Listed]
    states: dict[int, Light]
    days: list[DayCost]
    hours: float
    """Length of today [h]."""
    open_alerts: int


def view() -> Shell:
    """The page."""
    page = Shell("Dashboard", at=DASHBOARD)
    page.fill(read_dashboard, partial(show_dashboard, page))
    return page


def read_dashboard(session: Session, principal: SignedIn) -> DashboardContent:
    """Assets that the user may see, and today's numbers, in days of the user's time zone."""
    condition, now = access.readable_assets(principal), datetime.now(UTC)
    assets = listing.assets(session, condition)
    ids = [asset.id for asset in assets]
    start = midnight(now, zone(principal.timezone))
    end = following(start, 1)
    rows = list(session.scalars(select(Asset).where(condition)))
    hosts = access.readable_accounts(principal) is None
    return DashboardContent(
        assets=assets,
        states=health(session, ids, now=now),
        days=day_costs.of_sites(References(session, principal), rows, start, end, known_at=now),
        hours=(end.astimezone(UTC) - start.astimezone(UTC)) / timedelta(hours=1),
        open_alerts=alerts.count_open(session, None if hosts else ids),
    )


def show_dashboard(page: Shell, content: DashboardContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    if not content.assets:
        return [AssetCards(empty=NONE_YET)]
    numbers = day_cards(
        content.days,
        hours=content.hours,
        open_alerts=content.open_alerts,
        states=content.states.values(),
        alerts_at=address("/alerts"),
    )
    return [Kpis(items=numbers), Overview(page, content)]


def day_cards(
    days: Sequence[DayCost], *, hours: float, open_alerts: int, states: Collection[Light], alerts_at: str
) -> list[Kpi]:
    """Cards of a day.

    Args:
        days: Costs of each site.
        hours: Length of the day [h].
        open_alerts: Number of open alerts.
        states: Light of each asset.
        alerts_at: Address of the page of alerts.
    """
    scope = "on assets you can see" if open_alerts else "no open alerts"
    counts = Counter(light.state for light in states)
    detail = ", ".join(f"{counts[state]} {word}" for state, word in WORDS.items() if counts[state])
    return [
        *cost_cards_of_day(days, hours),
        Kpi("Open alerts", f"{open_alerts:,}", scope, alerts_at),
        Kpi("Assets", f"{len(states):,}", detail),
    ]


def cost_cards_of_day(days: Sequence[DayCost], hours: float) -> list[Kpi]:
    """Cards for the cost of a day of some length [h], and for the savings where devices were scheduled."""
    if not days:
        return [Kpi("Energy cost today", "not known", NO_COST)]
    least, most = min(day.hours for day in days), max(day.hours for day in days)
    known = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    detail = f"{len(days)} site{'s' * (len(days) > 1)}, {known} of {hours:g} h with data: measured, otherwise scheduled"
    cost = Kpi("Energy cost today", _sum(days, lambda day: day.cost), detail)
    scheduled = [day for day in days if day.even is not None]
    if not scheduled:
        return [cost, Kpi("Saved today by scheduling", "none yet", NO_SCHEDULE)]
    saved = _sum(scheduled, lambda day: (day.even or 0) - day.cost)
    return [cost, Kpi("Saved today by scheduling", saved, COMPARED)]


def _sum(days: Sequence[DayCost], of: Callable[[DayCost], float]) -> str:
    """Sum in each currency."""
    sums = defaultdict[str, float](float)
    for day in days:
        sums[day.currency] += of(day)
    return " and ".join(f"{amount:,.2f} {currency}" for currency, amount in sorted(sums.items()))


class Overview(pn.viewable.Viewer):
    """The assets on a map and as cards; both follow what is searched for and how it is grouped."""

    search = param.String(default="", doc="Words to find in the name, type, account or state of an asset.")
    group = param.String(default="", doc="Group assets by type, account or not at all.")

    def __init__(self, page: Shell, content: DashboardContent) -> None:
        super().__init__()
        self._content = content
        settings = current().settings
        tiles = {"tiles": settings.FLEXSCOPE_TILE_URL, "attribution": settings.FLEXSCOPE_TILE_ATTRIBUTION}
        self._cards, self._map = (
            AssetCards(empty=NO_MATCH),
            AssetMap(places=map_places(content, content.assets), **tiles),
        )
        self._on_map = pn.Column(self._map, sizing_mode="stretch_width")
        remembering(self, "search", "group")
        owners = {asset.account for asset in content.assets}
        choices = {text: key for text, key in GROUPS.items() if key != "account" or len(owners) > 1}
        self._search = pmui.TextInput(label="Filter assets", value=self.search, size="small", width=240, margin=8)
        chosen = self.group if self.group in choices.values() else ""
        self._group = pmui.RadioButtonGroup(
            options=choices, value=chosen, size="small", margin=8, sx={"whiteSpace": "nowrap"}
        )
        for component in (self._cards, self._map):
            page.follow(component)
        self._search.param.watch(lambda event: self.param.update(search=event.new), "value_input")
        self._group.param.watch(lambda event: self.param.update(group=event.new), "value")
        self._draw()

    def __panel__(self) -> pn.viewable.Viewable:
        bar = pmui.FlexBox(self._search, self._group, align_items="center", sizing_mode="stretch_width")
        return pn.Column(bar, self._on_map, self._cards, sizing_mode="stretch_width")

    @param.depends("search", "group", watch=True)
    def _draw(self) -> None:
        search, shown, cards = self.search.lower().split(), [], []
        for asset in self._content.assets:
            light, account = self._content.states[asset.id], asset.account or "public"
            text = f"{asset.name} {words(asset.type)} {account} {light.text} {light.state}".lower()
            if not all(word in text for word in search):
                continue
            part = f"part of {asset.parent}" if asset.parent else account
            card = Card(
                name=asset.name,
                kind=asset.type,
                href=address(f"/assets/{asset.id}"),
                detail=f"{part} · {asset.sensors} sensor{'' if asset.sensors == 1 else 's'}",
                state=light,
                group={"type": type_group(asset.type), "account": asset.account or "Public"}.get(self.group, ""),
            )
            shown.append(asset)
            cards.append(card)
        places = map_places(self._content, shown)
        self._on_map.visible = bool(places)
        self._map.param.update(places=places, by_account=self.group == "account")
        self._cards.cards = cards


def type_group(kind: str) -> str:
    """Group of an asset type as the settings name it, else the type itself."""
    groups = current().settings.FLEXMEASURES_ASSET_TYPE_GROUPS
    named = next((name for name, kinds in groups.items() if kind in kinds), None)
    return named[:1].upper() + named[1:] if named else words(kind)


def map_places(content: DashboardContent, shown: Sequence[Listed]) -> list[MapPlace]:
    """Places on the map of the assets that have a location."""
    return [
        MapPlace(
            name=asset.name,
            kind=asset.type,
            owner=asset.account or "everyone",
            href=address(f"/assets/{asset.id}"),
            latitude=asset.latitude,
            longitude=asset.longitude,
            state=content.states[asset.id].state,
            meaning=content.states[asset.id].text,
        )
        for asset in shown
        if asset.latitude is not None and asset.longitude is not None
    ]
