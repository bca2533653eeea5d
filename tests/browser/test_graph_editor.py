"""What a person does in the graph editor: add, overlay, order and remove charts, seen before they are saved."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.assets import Asset
from db.core.audit import AuditEvent
from db.core.database import Database
from tests.browser.looking import settle

pytestmark = pytest.mark.browser


@pytest.fixture
def battery(demo_database: Database) -> Iterator[int]:
    """Id of the battery in the house; what it shows is put back."""
    with demo_database.reading() as session:
        found = session.scalars(select(Asset).where(Asset.name == "Home battery")).one()
        before = list(found.sensors_to_show)
    yield found.id
    with demo_database.writing() as session:
        session.get_one(Asset, found.id).sensors_to_show = before


def overlay(page: Page, at: int, title: str, *sensors: str) -> None:
    """Add a chart of several sensors."""
    page.get_by_role("button", name="Add a chart").click()
    page.get_by_label(f"Title of chart {at}").fill(title)
    page.get_by_label(f"Title of chart {at}").press("Enter")
    offered = page.locator("#offered option").evaluate_all("(all) => all.map((one) => one.value)")
    for sensor in sensors:
        page.get_by_label(f"Add a sensor to chart {at}").fill(next(name for name in offered if sensor in name))
    expect(page.get_by_role("heading", name=title).first).to_be_visible()


def test_charts_are_overlaid_moved_and_removed_and_seen_before_they_are_saved(
    desk: Page, battery: int, demo_database: Database
):
    desk.goto(f"/assets/{battery}")
    settle(desk)
    desk.get_by_role("link", name="Edit graphs").click()
    desk.get_by_role("button", name="Remove chart 1").click()
    expect(desk.get_by_role("heading", name="Prices")).to_have_count(0)
    overlay(desk, 4, "Sun and wallet", "Solar panels: production", "retail price")
    desk.get_by_role("button", name="Move chart 4 up").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_label(re.compile("^Title of chart")).nth(2)).to_have_value("Sun and wallet")
    desk.get_by_role("button", name="Save graphs").click()
    expect(desk.get_by_text("Graphs saved.")).to_be_visible()
    with demo_database.reading() as session:
        titles = [entry["title"] for entry in session.get_one(Asset, battery).sensors_to_show]
        last = session.scalars(select(AuditEvent).where(AuditEvent.asset_id == battery).order_by(AuditEvent.id)).all()[
            -1
        ]
    assert titles == ["Load and solar production", "Battery and site", "Sun and wallet", "State of charge"]
    assert "sensors_to_show" in last.after


def test_a_chart_without_a_sensor_is_refused_and_what_is_cancelled_is_not_kept(desk: Page, battery: int):
    desk.goto(f"/assets/{battery}")
    settle(desk)
    desk.get_by_role("link", name="Edit graphs").click()
    desk.get_by_role("button", name="Add a chart").click()
    desk.get_by_role("button", name="Save graphs").click()
    expect(desk.get_by_text("chart 5: choose a sensor, or remove this chart.")).to_be_visible()
    desk.get_by_role("button", name="Remove chart 1").click()
    expect(desk.get_by_role("heading", name="Prices")).to_have_count(0)
    desk.get_by_role("link", name="Cancel").click()
    expect(desk.get_by_role("heading", name="Prices")).to_be_visible()
