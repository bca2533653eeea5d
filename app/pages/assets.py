"""All assets the user may see, as a table to search and sort."""

from typing import Any

import pandas as pd
import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.dashboard import NONE_YET
from app.pages.shell import Shell, address
from components.asset_cards import words
from components.link_table import LinkTable
from db import listing
from db.listing import Listed


def view() -> Shell:
    """Return the page."""
    pn.extension("tabulator")
    page = Shell("Assets", at="/assets")
    page.fill(_read, _show)
    return page


def _read(work: Session, who: SignedIn) -> list[Listed]:
    return listing.assets(work, access.readable_assets(who))


def _show(assets: list[Listed]) -> list[Any]:
    if not assets:
        return [pmui.Alert(NONE_YET, severity="info", sizing_mode="stretch_width")]
    table = LinkTable(rows=pd.DataFrame([_line(asset) for asset in assets]))
    search = pmui.TextInput(label="Search", placeholder="name, type, account …", width=320)
    search.link(table, value_input="search")
    return [search, table]


def _line(asset: Listed) -> dict[str, Any]:
    placed = asset.latitude is not None and asset.longitude is not None
    return {
        "Name": asset.name,
        "Type": words(asset.type),
        "Account": asset.account or "public",
        "Part of": asset.parent or "",
        "Location": f"{asset.latitude:.4f}°, {asset.longitude:.4f}°" if placed else "",
        "Sensors": asset.sensors,
        "Id": asset.id,
        "href": address(f"/assets/{asset.id}"),
    }
