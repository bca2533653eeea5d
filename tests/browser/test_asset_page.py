"""What a person does with one asset: set it up, place it, describe its flexibility, delete it."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from db.assets import Asset
from db.core.database import Database
from tests.browser.looking import settle

pytestmark = pytest.mark.browser


@pytest.fixture
def shed(demo_database: Database, house: int) -> int:
    """Id of an asset that is part of the house, with nothing to it."""
    with demo_database.writing() as session:
        home = session.get_one(Asset, house)
        made = Asset(name="Shed", asset_type_id=home.asset_type_id, account_id=home.account_id, parent_asset_id=house)
        session.add(made)
        session.flush()
        return made.id


@pytest.fixture(autouse=True)
def _no_shed(demo_database: Database):
    yield
    with demo_database.writing() as session:
        for asset in session.scalars(select(Asset).where(Asset.name.in_(["Shed", "Barn"]))):
            session.delete(asset)


def test_flexibility_is_described_field_by_field(desk: Page, shed: int, demo_database: Database):
    desk.goto(f"/assets/{shed}?tab=properties")
    settle(desk)
    for name, value in (("soc-max", "10 kW"), ("power-capacity", "5 kW"), ("production-capacity", "sensor 4")):
        desk.get_by_role("combobox", name="Add a field").click()
        desk.get_by_text(name, exact=True).click()
        desk.get_by_label(re.compile(rf"^{name}")).fill(value)
    save = desk.get_by_role("button", name="Save flex-model")
    save.click()
    expect(desk.get_by_text("Not saved: check soc-max.")).to_be_visible()
    desk.get_by_label(re.compile("^soc-max")).fill("10 kWh")
    save.click()
    expect(desk.get_by_text("Saved.")).to_be_visible()
    with demo_database.reading() as session:
        found = session.get_one(Asset, shed).flex_model
    assert found == {"soc-max": "10 kWh", "power-capacity": "5 kW", "production-capacity": {"sensor": 4}}


def test_a_field_of_the_context_is_overridden_where_it_is_needed(desk: Page, shed: int):
    desk.goto(f"/assets/{shed}?tab=context")
    settle(desk)
    expect(desk.get_by_role("row", name="site-power-capacity")).to_contain_text("Canal house")
    desk.get_by_role("combobox", name="Add a field").click()
    desk.get_by_text("site-power-capacity", exact=True).last.click()
    field = desk.get_by_label(re.compile("^site-power-capacity"))
    expect(field).to_have_value("17 kVA")
    field.fill("9 kVA")
    desk.get_by_role("button", name="Save flex-context").click()
    expect(desk.get_by_text("Saved.")).to_be_visible()
    desk.reload()
    expect(desk.get_by_role("row", name="site-power-capacity")).to_contain_text("this asset")


def test_a_click_on_the_map_sets_the_place_and_a_sensor_is_added(desk: Page, shed: int, demo_database: Database):
    desk.goto(f"/assets/{shed}?tab=context")
    settle(desk)
    expect(desk.get_by_text("No location set.")).to_be_visible()
    desk.locator(".bk-Figure").last.click()
    expect(desk.get_by_text("° north, ")).to_be_visible()
    desk.get_by_role("button", name="Save location").click()
    expect(desk.get_by_text("Location saved.")).to_be_visible()
    desk.get_by_role("button", name="Add a sensor").click()
    desk.get_by_label("Name").fill("door")
    desk.get_by_label("Resolution").fill("a while")
    desk.get_by_role("button", name="Add sensor").click()
    expect(desk.get_by_text("Not saved: check Resolution.")).to_be_visible()
    desk.get_by_label("Resolution").fill("PT5M")
    desk.get_by_label("Unit").fill("kW")
    desk.get_by_role("button", name="Add sensor").click()
    expect(desk.get_by_text("Sensor door has the id")).to_be_visible()
    with demo_database.reading() as session:
        assert session.get_one(Asset, shed).latitude is not None


def test_an_asset_goes_once_its_name_is_typed(desk: Page, shed: int, demo_database: Database):
    desk.goto(f"/assets/{shed}?tab=properties")
    settle(desk)
    desk.get_by_role("button", name="Delete this asset").click()
    expect(desk.get_by_text("The asset Shed, 0 assets below it, 0 sensors")).to_be_visible()
    desk.get_by_label("Type Shed to confirm").fill("Shed")
    desk.get_by_role("button", name="Yes, delete").click()
    desk.wait_for_url(re.compile(r"/assets$"))
    with demo_database.reading() as session:
        assert session.get(Asset, shed) is None
