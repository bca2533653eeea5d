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
    for name, unit in (("Usable capacity", "kW"), ("Power limit, both directions", "kW")):
        desk.get_by_role("button", name=name, exact=True).click()
        desk.get_by_label(name, exact=True).fill("10")
        desk.get_by_label(f"Unit of {name}", exact=True).fill(unit)
    desk.get_by_role("button", name="Discharging or production limit", exact=True).click()
    desk.get_by_label("How Discharging or production limit is given").select_option("Sensor")
    desk.get_by_label("Discharging or production limit: sensor").select_option("Canal house: site power [kW]")
    expect(desk.get_by_text(re.compile("drawn from a day ago|No value from a day ago"))).to_be_visible()
    save = desk.get_by_role("button", name="Save flex-model")
    save.click()
    expect(desk.get_by_text("Not saved: check Usable capacity")).to_be_visible()
    desk.get_by_label("Unit of Usable capacity").fill("kWh")
    desk.get_by_text("As JSON", exact=True).click()
    expect(desk.get_by_label("All fields as JSON")).to_have_value(re.compile("10 kWh"))
    save.click()
    expect(desk.get_by_text("Saved.")).to_be_visible()
    with demo_database.reading() as session:
        found = session.get_one(Asset, shed).flex_model
    assert found == {"soc-max": "10 kWh", "power-capacity": "10 kW", "production-capacity": {"sensor": 4}}


def test_a_field_of_the_context_is_overridden_where_it_is_needed(desk: Page, shed: int):
    desk.goto(f"/assets/{shed}?tab=context")
    capacity = desk.locator("[data-name=site_power_capacity]")
    expect(capacity).to_contain_text("From Canal house")
    capacity.get_by_role("button", name="Override").click()
    field = desk.get_by_label("Connection capacity, both directions", exact=True)
    expect(field).to_have_value("17")
    expect(field).to_be_focused()
    field.fill("9")
    desk.get_by_role("button", name="Save flex-context").click()
    expect(desk.get_by_text("Saved.")).to_be_visible()
    expect(capacity).to_contain_text("Overrides 17 kVA from Canal house")
    expect(field).to_have_value("9")


def test_a_click_on_the_map_sets_the_place_and_a_sensor_is_added(desk: Page, shed: int, demo_database: Database):
    desk.goto(f"/assets/{shed}?tab=context")
    settle(desk)
    expect(desk.get_by_text("No location set.")).to_be_visible()
    desk.locator(".bk-Figure").last.click()
    expect(desk.get_by_text("° north, ")).to_be_visible()
    desk.get_by_role("button", name="Save location").click()
    expect(desk.get_by_text("Location saved.")).to_be_visible()
    desk.get_by_role("button", name="Add a sensor").click()
    desk.locator("#form-sensor").get_by_label("Name").fill("door")
    adding = desk.locator("#form-sensor")
    adding.get_by_label("Resolution").select_option("5 minutes")
    adding.get_by_label("Unit").fill("zorgs")
    desk.get_by_role("button", name="Add sensor").click()
    expect(desk.get_by_text("Not saved: check Unit.")).to_be_visible()
    adding.get_by_label("Unit").fill("kW")
    desk.get_by_role("button", name="Add sensor").click()
    expect(desk.get_by_role("link", name="door", exact=True)).to_be_visible()
    with demo_database.reading() as session:
        assert session.get_one(Asset, shed).latitude is not None


def test_an_asset_goes_once_its_name_is_typed(desk: Page, shed: int, demo_database: Database):
    desk.goto(f"/assets/{shed}?tab=properties")
    desk.get_by_role("button", name="Delete this asset").click()
    expect(desk.get_by_text("The asset Shed, 0 assets below it, 0 sensors")).to_be_visible()
    desk.get_by_label("Type Shed to confirm").fill("Shed")
    desk.get_by_role("button", name="Delete Shed and its data").click()
    desk.wait_for_url(re.compile(r"/assets$"))
    with demo_database.reading() as session:
        assert session.get(Asset, shed) is None
