"""Page of an asset: its type and its place in the asset tree, above its tabs."""

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
from app.fragments.visit import address
from app.pages.admin.audit_log import AuditLog
from app.pages.asset import automations_tab, context_tab, graphs_tab, plan_tab, properties_tab, status_tab
from app.pages.charts import replay
from app.widgets.async_content import plain
from app.widgets.layout import Shell, query
from app.widgets.tabs import Part, Tabs
from components.tables.assets import words
from db.accounts.users import OPENED_TAB, User
from db.assets import Asset, lineage
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
    opened: str
    """Tab that the user chose to open assets with; empty: none."""


def view() -> Shell:
    """Page of the asset in the address."""
    page = Shell("Asset", at="/assets")
    page.fill(partial(read_asset, int(pn.state.route_params["id"])), partial(show_asset, page, query("tab")))
    return page


def read_asset(asset_id: int, session: Session, principal: SignedIn) -> AssetHead:
    """Asset with those above it that the user may read."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    above = [parent for parent in lineage(asset)[-2::-1] if access.may(principal, "read", parent)]
    opened = get(session, User, principal.id).preferences.get(OPENED_TAB, "")
    return AssetHead(asset=asset, above=above, sensors=len(of_asset(session, asset.id)), opened=opened)


def show_asset(page: Shell, opened: str | None, head: AssetHead) -> Sequence[Any]:
    """Parts of the page below its heading."""
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
            audit_part,
        )
    ]
    items: list[dict[str, Any]] = [{"label": "Assets", "href": address("/assets")}]
    items += [{"label": above.name, "href": address(f"/assets/{above.id}")} for above in reversed(head.above)]
    items.append({"label": asset.name})
    return [
        pmui.Breadcrumbs(items=items, active=len(items) - 1, margin=(0, 8)),
        pmui.Typography(plain(" · ".join(facts)), variant="body2", margin=(0, 8)),
        Tabs(parts, opened=opened or head.opened),
    ]


def audit_part(page: Shell, asset_id: int) -> Part:
    """Tab Audit log."""

    def read(session: Session, principal: SignedIn) -> ZoneInfo:
        access.check(principal, "read", get(session, Asset, asset_id))
        return zone(principal.timezone)

    return Part("audit", "Audit log", read, lambda local: [AuditLog(Asset, asset_id, local)])
