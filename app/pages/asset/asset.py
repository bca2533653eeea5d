"""One asset: what it is, where it belongs, and its tabs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.admin.audit_log import AuditLog
from app.pages.asset import automations_tab, context_tab, graphs_tab, plan_tab, properties_tab, status_tab
from app.pages.charts import replay
from app.widgets.async_content import plain
from app.widgets.layout import Shell, address, query
from app.widgets.tabs import Part, Tabs
from components.tables.asset_cards import words
from db.accounts.users import OPENED_TAB, User
from db.assets import Asset, lineage
from db.core.database import get
from db.sensors import of_asset
from engine.iso_time import zone


@dataclass(frozen=True, kw_only=True)
class Head:
    """What stands above the tabs."""

    asset: Asset
    above: list[Asset]
    """The assets this one is part of, nearest first."""
    sensors: int
    opened: str
    """The tab the user chose to open assets with; empty: none."""


def view() -> Shell:
    """Return the page of the asset in the address."""
    page = Shell("Asset", at="/assets")
    page.fill(partial(_read, int(pn.state.route_params["id"])), partial(_show, page, query("tab")))
    return page


def _read(asset_id: int, session: Session, who: SignedIn) -> Head:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    above = [parent for parent in lineage(asset)[-2::-1] if access.may(who, "read", parent)]
    opened = get(session, User, who.id).preferences.get(OPENED_TAB, "")
    return Head(asset=asset, above=above, sensors=len(of_asset(session, asset.id)), opened=opened)


def _show(page: Shell, opened: str | None, head: Head) -> Sequence[Any]:
    asset = head.asset
    page.rename(asset.name)
    facts = [words(asset.asset_type.name), f"{head.sensors} sensor{'' if head.sensors == 1 else 's'}"]
    facts += [asset.description] if asset.description else []
    parts: list[Part] = [
        make(page, asset.id)
        for make in (
            graphs_tab.part,
            plan_tab.part,
            automations_tab.part,
            replay.part,
            context_tab.part,
            properties_tab.part,
            status_tab.part,
            _audit_tab,
        )
    ]
    return [
        _trail(head),
        pmui.Typography(plain(" · ".join(facts)), variant="body2", margin=(0, 8)),
        Tabs(parts, opened=opened or head.opened),
    ]


def _audit_tab(page: Shell, asset_id: int) -> Part:
    """Return the tab that says who changed what, and when."""

    def read(session: Session, who: SignedIn) -> ZoneInfo:
        access.check(who, "read", get(session, Asset, asset_id))
        return zone(who.timezone)

    return Part("audit", "Audit log", read, lambda local: [AuditLog(Asset, asset_id, local)])


def _trail(head: Head) -> pn.viewable.Viewable:
    """Return the way here: the list of assets, the assets this one is part of, itself."""
    items: list[dict[str, Any]] = [{"label": "Assets", "href": address("/assets")}]
    items += [{"label": above.name, "href": address(f"/assets/{above.id}")} for above in reversed(head.above)]
    items.append({"label": head.asset.name})
    return pmui.Breadcrumbs(items=items, active=len(items) - 1, margin=(0, 8))
