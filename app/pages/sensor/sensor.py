"""One sensor: its values over time, by day and hour, by how often they occur, and by source."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.charts import replay
from app.pages.sensor import chart_tab, data_tab, pattern_tabs, settings_tab, statistics_tab
from app.widgets.async_content import plain
from app.widgets.layout import Shell, address, query
from app.widgets.tabs import Tabs
from db.core.database import get
from db.sensors import Sensor
from engine.iso_time import iso_duration


def view() -> Shell:
    """Return the page of the sensor in the address."""
    page = Shell("Sensor", at="/assets")
    page.fill(partial(_read, int(pn.state.route_params["id"])), partial(_show, page, query("tab")))
    return page


def _read(sensor_id: int, session: Session, who: SignedIn) -> Sensor:
    sensor = get(session, Sensor, sensor_id)
    access.check(who, "read", sensor)
    return sensor


def _show(page: Shell, opened: str | None, sensor: Sensor) -> Sequence[Any]:
    page.rename(f"{sensor.asset.name}: {sensor.name}")
    lasts = f"every {iso_duration(sensor.resolution)}" if sensor.resolution else "instantaneous"
    facts = [f"Sensor {sensor.id}", f"unit {sensor.unit or '-'}", lasts, f"days of {sensor.timezone}"]
    shown = (
        chart_tab.part, replay.sensor_part, *pattern_tabs.PARTS, statistics_tab.part, data_tab.part,
        settings_tab.part,
    )  # fmt: skip
    parts = [make(page, sensor.id) for make in shown]
    items = [
        {"label": "Assets", "href": address("/assets")},
        {"label": sensor.asset.name, "href": address(f"/assets/{sensor.asset_id}")},
        {"label": sensor.name},
    ]
    return [
        pmui.Breadcrumbs(items=items, active=2, margin=(0, 8)),
        pmui.Typography(plain(" · ".join(facts)), variant="body2", margin=(0, 8)),
        Tabs(parts, opened=opened),
    ]
