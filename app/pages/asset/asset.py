"""Page of an asset: its type and its place in the asset tree, above its tabs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import panel as pn
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.page import PageForm, TextPage
from app.fragments.tabs import TextTab, open_tab, tab_list
from app.fragments.time_bar import TimeInView, read_time, time_bar
from app.fragments.visit import Fragment, Visit, address
from app.pages.admin import audit_log
from app.pages.asset import automations_tab, context_tab, graphs_tab, location, properties_tab, status_tab
from app.pages.charts import graphs, replay
from app.pages.plan import chart as plan_chart
from app.pages.plan import tab as plan_tab
from app.pages.reports import tab as reports_tab
from app.pages.what_if import scenario_tab
from app.widgets.layout import Shell, query
from components.tables.assets import words
from components.tables.fact_table import Link
from db import listing
from db.accounts.users import OPENED_TAB, User
from db.assets import Asset, lineage
from db.core.database import get
from db.sensors import of_asset


@dataclass(frozen=True, kw_only=True)
class AssetContent:
    """What stands above the tabs, and the content of the tab that is open."""

    asset: Asset
    above: list[Asset]
    """Assets that this one is part of, nearest first."""
    sensors: int
    """Number of its sensors."""
    tab: str
    """Name of the tab that is open."""
    content: Any
    """Content of that tab, where it is one of HTML."""
    time: TimeInView | None
    """Time range that the tab shows; None: it shows none."""


def read_asset(visit: Visit, session: Session, principal: SignedIn) -> AssetContent:
    """Asset with those above it that the user may read."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    opened = get(session, User, principal.id).preferences.get(OPENED_TAB, "")
    tab = open_tab(TABS, visit.query.get("tab"), opened)
    time = None
    if tab in TIMED:
        shown = {key for chart in graphs.charts_of_asset(session, asset) for key in chart.sensors}
        time = read_time(visit, listing.data_span(session, shown), usual=TIMED[tab])
    return AssetContent(
        asset=asset,
        above=[parent for parent in lineage(asset)[-2::-1] if access.may(principal, "read", parent)],
        sensors=len(of_asset(session, asset.id)),
        tab=tab,
        content=TEXT_TABS[tab].read(visit, session, principal) if tab in TEXT_TABS else None,
        time=time,
    )


def show_asset(visit: Visit, content: AssetContent) -> Fragment:
    """What stands above the tabs, the tabs, and the content of the one that is open."""
    asset, tab = content.asset, content.tab
    facts = [words(asset.asset_type.name), f"{content.sensors} sensor{'' if content.sensors == 1 else 's'}"]
    facts += [asset.description] if asset.description else []
    body = Markup('<p class="small">{}</p>').format(" · ".join(facts)) + tab_list(visit, TABS, tab)
    body += time_bar(visit, content.time) if content.time else ""
    body += TEXT_TABS[tab].show(visit, content.content) if tab in TEXT_TABS else ""
    crumbs = [Link("Assets", address("/assets"))]
    crumbs += [Link(above.name, address(f"/assets/{above.id}")) for above in reversed(content.above)]
    live = {"tab": tab, **(content.time.arguments if content.time else {})}
    return Fragment(
        heading=asset.name,
        body=body,
        crumbs=crumbs,
        live=live if tab in PARTS else None,
        below=TEXT_TABS[tab].below(visit, content.content) if tab in TEXT_TABS else Markup(""),
    )


def asset_forms(visit: Visit, content: AssetContent) -> Mapping[str, PageForm]:
    """Forms of the tab that is open."""
    return TEXT_TABS[content.tab].forms(visit, content.content) if content.tab in TEXT_TABS else {}


def live_tab() -> Shell:
    """Content of the tab that is open."""
    page, asset_id = Shell("", at="/assets"), int(pn.state.route_params["id"])
    part = PARTS[open_tab(TABS, query("tab"))](page, asset_id)
    page.fill(part.read, part.show)
    return page


PARTS = {
    "plan": plan_chart.part,
    "replay": replay.part,
    "context": location.location_part,
}
"""Live parts of tabs."""
TEXT_TABS = {
    "graphs": graphs_tab.TAB,
    "plan": plan_tab.TAB,
    "what-if": scenario_tab.TAB,
    "reports": reports_tab.TAB,
    "automations": automations_tab.TAB,
    "context": context_tab.TAB,
    "properties": properties_tab.TAB,
    "status": status_tab.TAB,
    "audit": TextTab(
        read=lambda visit, session, principal: audit_log.read_log(visit, session, principal, Asset, visit.key),
        show=audit_log.log_table,
    ),
}
TABS = {
    "graphs": "Graphs",
    "plan": "Plan",
    "what-if": "What-if",
    "reports": "Reports",
    "automations": "Automations",
    "replay": "Replay",
    "context": "Context",
    "properties": "Properties",
    "status": "Status",
    "audit": "Audit log",
}
TIMED = {"graphs": time_range.usual, "replay": time_range.remembered}
"""Tabs that show a time range → the one they show if the address names none."""
PAGE = TextPage(
    at="/assets", heading="Asset", read=read_asset, show=show_asset, forms=asset_forms, live=live_tab,
    parts={name: part for tab in TEXT_TABS.values() for name, part in tab.parts.items()},
    data={"charts": graphs_tab.read_values, **reports_tab.DATA},
)  # fmt: skip
