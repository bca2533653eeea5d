"""Page of an asset: its type and its place in the asset tree, above its tabs."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import panel as pn
from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.page import TextPage
from app.fragments.tabs import open_tab, tab_list
from app.fragments.time_bar import ShownTime, shown_time, time_bar
from app.fragments.visit import Fragment, Visit, address
from app.pages.admin.audit_log import AuditLog
from app.pages.asset import automations_tab, context_tab, graphs_tab, plan_tab, properties_tab, status_tab
from app.pages.charts import graphs, replay
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part
from components.tables.assets import words
from components.tables.fact_table import Link
from db.accounts.users import OPENED_TAB, User
from db.assets import Asset, lineage
from db.core import listing
from db.core.database import get
from db.sensors import of_asset
from engine.series.iso_time import zone


@dataclass(frozen=True, kw_only=True)
class AssetHead:
    """Content above the tabs."""

    asset: Asset
    above: list[Asset]
    """Assets that this one is part of, nearest first."""
    sensors: int
    """Number of its sensors."""
    chosen: str
    """Tab that is open."""
    time: ShownTime | None
    """Time range that the tab shows; None: it shows none."""


def read_asset(visit: Visit, session: Session, principal: SignedIn) -> AssetHead:
    """Asset with those above it that the user may read."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    above = [parent for parent in lineage(asset)[-2::-1] if access.may(principal, "read", parent)]
    opened = get(session, User, principal.id).preferences.get(OPENED_TAB, "")
    chosen = open_tab(TABS, visit.query.get("tab"), opened)
    time = None
    if chosen in TIMED:
        shown = {key for chart in graphs.charts_of_asset(session, asset) for key in chart.sensors}
        time = shown_time(visit, listing.data_span(session, shown), usual=TIMED[chosen])
    return AssetHead(asset=asset, above=above, sensors=len(of_asset(session, asset.id)), chosen=chosen, time=time)


def show_asset(visit: Visit, head: AssetHead) -> Fragment:
    """What stands above the tabs, and the tabs; the content of the one that is open is live."""
    asset = head.asset
    facts = [words(asset.asset_type.name), f"{head.sensors} sensor{'' if head.sensors == 1 else 's'}"]
    facts += [asset.description] if asset.description else []
    body = Markup('<p class="small">{}</p>').format(" · ".join(facts)) + tab_list(visit, TABS, head.chosen)
    body += time_bar(visit, head.time) if head.time else ""
    crumbs = [Link("Assets", address("/assets"))]
    crumbs += [Link(above.name, address(f"/assets/{above.id}")) for above in reversed(head.above)]
    live = {"tab": head.chosen, **(head.time.arguments if head.time else {})}
    return Fragment(heading=asset.name, body=body, crumbs=crumbs, live=live)


def live_tab() -> Shell:
    """Content of the tab that is open."""
    page, asset_id = Shell("", at="/assets"), int(pn.state.route_params["id"])
    part = PARTS[open_tab(TABS, query("tab"))](page, asset_id)
    page.fill(part.read, part.show)
    return page


def audit_part(page: Shell, asset_id: int) -> Part:
    """Tab Audit log."""

    def read(session: Session, principal: SignedIn) -> ZoneInfo:
        access.check(principal, "read", get(session, Asset, asset_id))
        return zone(principal.timezone)

    return Part("audit", "Audit log", read, lambda local: [AuditLog(Asset, asset_id, local)])


PARTS = {
    "graphs": graphs_tab.part,
    "plan": plan_tab.part,
    "automations": automations_tab.part,
    "replay": replay.part,
    "context": context_tab.part,
    "properties": properties_tab.part,
    "status": status_tab.part,
    "audit": audit_part,
}
TABS = {
    "graphs": "Graphs",
    "plan": "Plan",
    "automations": "Automations",
    "replay": "Replay",
    "context": "Context",
    "properties": "Properties",
    "status": "Status",
    "audit": "Audit log",
}
TIMED = {"replay": time_range.remembered}
"""Tabs that show a time range → the one they show if the address names none."""
PAGE = TextPage(at="/assets", heading="Asset", read=read_asset, show=show_asset, live=live_tab)
