"""Location of an asset on a map, where a click sets it: the live part of the tab Context."""

from collections.abc import Sequence
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.usecases.assets.assets import AssetChange, update_asset
from app.widgets.async_content import attempt, confirm, writing
from app.widgets.layout import Shell, section_heading
from app.widgets.tabs import Part
from components.maps.place_picker import PlacePicker
from db.assets import Asset
from db.core.database import get

NO_PLACE = "No location set."
CLICK = "Click on the map to set the location, then save. Hold Ctrl and turn the mouse wheel to zoom."


def location_part(page: Shell, asset_id: int) -> Part:
    """Live part of the tab: the map."""

    def read(session: Session, principal: SignedIn) -> tuple[Asset, bool]:
        asset = get(session, Asset, asset_id)
        access.check(principal, "read", asset)
        return asset, access.may(principal, "update", asset)

    return Part("context", "Context", read, lambda content: location_parts(page, *content))


def location_parts(page: Shell, asset: Asset, may_change: bool) -> Sequence[Any]:
    """Map, coordinates and, for users who may change the asset, a button that saves the location."""
    picker = PlacePicker(latitude=asset.latitude, longitude=asset.longitude, fixed=not may_change)
    page.follow(picker)
    label = pmui.Typography("", variant="body2", margin=(0, 8))

    def write_label(*_events: object) -> None:
        known = picker.latitude is not None and picker.longitude is not None
        label.object = f"{picker.latitude:.5f}° north, {picker.longitude:.5f}° east" if known else NO_PLACE

    write_label()
    picker.param.watch(write_label, ["latitude", "longitude"])
    heading = section_heading("Location")
    if not may_change:
        return [heading, picker, label]
    notice = pn.Column(sizing_mode="stretch_width")

    async def save(_event: object) -> None:
        change = AssetChange(latitude=picker.latitude, longitude=picker.longitude)
        await attempt(
            writing(lambda session, actor: update_asset(session, actor, asset.id, change)),
            notice,
            lambda _: confirm(notice, "Location saved."),
        )

    hint = pmui.Typography(CLICK, variant="caption", margin=(0, 8))
    return [
        heading,
        picker,
        label,
        hint,
        pmui.Button(label="Save location", icon="place", on_click=save, margin=8),
        notice,
    ]
