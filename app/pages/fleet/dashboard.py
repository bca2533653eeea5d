"""Start page: costs and savings of today, all assets that the user may see, and a map of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.day_costs import DayCost
from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.access.references import References
from app.fragments.filters import Filter, filter_bar, page_links
from app.fragments.page import TextPage
from app.fragments.tables import cards, facts, following
from app.fragments.time_range import following as day_after
from app.fragments.time_range import midnight
from app.fragments.visit import Fragment, Visit, address
from app.pages.asset.health import health
from app.pages.fleet.assets import NONE_YET
from app.pages.fleet.attention import SiteRow, Today, attention_table, site_rows
from app.pages.fleet.day_numbers import day_numbers
from app.running import current
from app.widgets.layout import Shell
from components.maps.asset_map import AssetMap, MapPlace
from components.tables.assets import words
from components.tables.fact_table import Light
from components.tables.kpis import Kpi
from db import listing
from db.assets import Asset
from db.jobs import alerts
from db.listing import AssetSummary
from engine.series.iso_time import zone

DASHBOARD = "/dashboard"
ROWS = 50
"""Assets on one page of the table."""
EVERY = 60.0
"""Pause between two readings of the table [s]."""
NO_MATCH = "No assets match. Search by name, type, account or state."
NO_COST = (
    "No site has power and prices for today. On the Context tab of a site, set aggregate-consumption and "
    "consumption-price in its flex-context."
)
NO_SCHEDULE = "No device is scheduled today. Open an asset and press 'Run schedule' on its Plan tab."
COMPARED = "compared with the same energy spread evenly over these hours"
WORDS = {"good": "fresh", "warn": "stale", "bad": "failed or silent", "none": "without measurements"}
GROUPS = {"Not grouped": "", "By type": "type", "By account": "account", "By tag": "tag"}
SCOPES = {"Sites and devices": "", "Sites only": "sites"}
TAGS = "tags"
"""Attribute of an asset with a list of words to group it by."""


@dataclass(frozen=True, kw_only=True)
class DashboardContent:
    """Content of the page."""

    assets: list[AssetSummary]
    states: dict[int, Light]
    tags: dict[int, list[str]]
    """Tags of assets that have some, by id."""
    days: list[DayCost]
    charges: dict[int, str]
    """State of charge of sites, by id."""
    today: Today
    open_alerts: int


def read_dashboard(_visit: Visit, session: Session, principal: SignedIn) -> DashboardContent:
    """Assets that the user may see, and today's numbers, in days of the user's time zone."""
    condition, now, local = access.readable_assets(principal), datetime.now(UTC), zone(principal.timezone)
    assets = listing.assets(session, condition)
    ids = [asset.id for asset in assets]
    start = midnight(now, local)
    end = day_after(start, 1)
    rows = list(session.scalars(select(Asset).where(condition)))
    hosts = access.readable_accounts(principal) is None
    days, charges = day_numbers(References(session, principal), rows, (start, end), now)
    tags = {row.id: row.attributes[TAGS] for row in rows if isinstance(row.attributes.get(TAGS), list)}
    return DashboardContent(
        assets=assets,
        states=health(session, ids, now=now),
        tags={key: [str(word) for word in named] for key, named in tags.items()},
        days=days,
        charges=charges,
        today=Today(start=start.astimezone(UTC), end=end.astimezone(UTC), now=now, local=local),
        open_alerts=alerts.count_open(session, None if hosts else ids),
    )


def show_dashboard(visit: Visit, content: DashboardContent) -> Fragment:
    """The page."""
    if not content.assets:
        return Fragment(heading="Dashboard", body=facts([], [], empty=NONE_YET))
    hours = (content.today.end - content.today.start) / timedelta(hours=1)
    numbers = day_cards(
        content.days,
        hours=hours,
        open_alerts=content.open_alerts,
        states=content.states.values(),
        alerts_at=address("/alerts"),
    )
    table = filter_bar(dashboard_filters(visit, content), part="rows")
    table += following("rows", rows_part(visit, content), every=EVERY)
    placed = any(asset.latitude is not None and asset.longitude is not None for asset in content.assets)
    return Fragment(heading="Dashboard", body=cards(numbers), live={} if placed else None, below=table, beside=placed)


def dashboard_filters(visit: Visit, content: DashboardContent) -> list[Filter]:
    """Fields above the table; one by which nothing could be told apart is left out."""
    several = {asset.account for asset in content.assets}
    groups = {text: key for text, key in GROUPS.items() if (key != "account" or len(several) > 1)}
    if not content.tags:
        groups.pop("By tag")
    asked = visit.query
    return [
        Filter(name="search", label="Filter assets", value=asked.get("search", "")),
        Filter(name="scope", label="Show", value=asked.get("scope", ""), options=SCOPES),
        Filter(name="group", label="Group", value=asked.get("group", ""), options=groups),
    ]


def rows_part(visit: Visit, content: DashboardContent) -> Markup:
    """The table of the assets that match, and links to its other pages."""
    search, scope, group = (visit.query.get(name, "") for name in ("search", "scope", "group"))
    matching = [asset for asset in content.assets if matches_filter(asset, content.states[asset.id], search, scope)]
    rows = site_rows(matching, content.states, content.days, content.charges)
    groups = defaultdict[str, list[SiteRow]](list)
    for row in rows:
        for heading in group_names(row.asset, group, content.tags):
            groups[heading].append(row)
    flat = [(heading, row) for heading, members in groups.items() for row in members]
    text = visit.query.get("page", "")
    pages = max(-(-len(flat) // ROWS), 1)
    page = min(max(int(text), 1), pages) if text.isdecimal() and len(text) < 10 else 1
    shown = defaultdict[str, list[SiteRow]](list)
    for heading, row in flat[ROWS * (page - 1) : ROWS * page]:
        shown[heading].append(row)
    counted = f"{len(rows):,} of {len(content.assets):,} assets"
    count = Markup('<p><span role="status">{}</span>, those that need attention first</p>').format(counted)
    return count + attention_table(shown, content.today, empty=NO_MATCH) + page_links(visit, page, pages)


def matches_filter(asset: AssetSummary, state: Light, search: str, scope: str) -> bool:
    """Whether an asset is shown: all words that are searched for stand in what is said of it."""
    if scope == "sites" and asset.parent is not None:
        return False
    text = f"{asset.name} {words(asset.type)} {asset.account or 'public'} {state.text} {state.state}".lower()
    return all(word in text for word in search.lower().split())


def group_names(asset: AssetSummary, group: str, tags: Mapping[int, Sequence[str]]) -> Sequence[str]:
    """Headings of the groups that an asset belongs to; one without a name where nothing is grouped."""
    if group == "type":
        return [type_group(asset.type)]
    if group == "account":
        return [asset.account or "Public"]
    return (tags.get(asset.id) or ["Without a tag"]) if group == "tag" else [""]


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


def type_group(kind: str) -> str:
    """Group of an asset type as the settings name it, else the type itself."""
    groups = current().settings.FLEXMEASURES_ASSET_TYPE_GROUPS
    named = next((name for name, kinds in groups.items() if kind in kinds), None)
    return named[:1].upper() + named[1:] if named else words(kind)


def live_map() -> Shell:
    """Map of the assets that have a location."""
    page, settings = Shell("Dashboard", at=DASHBOARD), current().settings
    tiles = {"tiles": settings.FLEXSCOPE_TILE_URL, "attribution": settings.FLEXSCOPE_TILE_ATTRIBUTION}

    def read_places(session: Session, principal: SignedIn) -> list[MapPlace]:
        known = listing.assets(session, access.readable_assets(principal))
        placed = [asset for asset in known if asset.latitude is not None and asset.longitude is not None]
        return map_places(placed, health(session, [asset.id for asset in placed], now=datetime.now(UTC)))

    def show(places: list[MapPlace]) -> Sequence[Any]:
        drawn = AssetMap(places=places, **tiles)
        page.follow(drawn)
        return [drawn]

    page.fill(read_places, show)
    return page


def map_places(assets: Sequence[AssetSummary], states: Mapping[int, Light]) -> list[MapPlace]:
    """Places on the map of assets that have a location."""
    return [
        MapPlace(
            name=asset.name,
            kind=asset.type,
            owner=asset.account or "everyone",
            href=address(f"/assets/{asset.id}"),
            latitude=asset.latitude,
            longitude=asset.longitude,
            state=states[asset.id].state,
            meaning=states[asset.id].text,
        )
        for asset in assets
        if asset.latitude is not None and asset.longitude is not None
    ]


PAGE = TextPage(
    at=DASHBOARD, heading="Dashboard", read=read_dashboard, show=show_dashboard, live=live_map,
    parts={"rows": lambda visit, session, principal: rows_part(visit, read_dashboard(visit, session, principal))},
)  # fmt: skip
