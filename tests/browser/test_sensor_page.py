"""What a person does with one sensor: take in a file, delete values, change it, foresee."""

from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.demo import building
from db.core.database import Database
from db.sensors import Sensor
from tests.browser.looking import settle

pytestmark = pytest.mark.browser

HEAD, ROW = "time,kW\n", "2024-05-01T00:{:02}:00+02:00,{}\n"
GOOD = HEAD + "".join(ROW.format(15 * step, 1.5 + step) for step in range(4))
AMERICAN = "Time,kW\n" + "".join(f"05/11/2024 00:{15 * step:02},{step}.5\n" for step in range(4))
GERMAN = "Zeit;kW\n01.05.2024 01:00;1,5\n01.05.2024 01:15;x\n01.05.2024 01:30;2,5\n"


@pytest.fixture
def meter(demo_database: Database) -> int:
    """Id of a sensor of the house without values."""
    with demo_database.writing() as session:
        load = building.house_sensors(session)["load"]
        made = Sensor(name="new meter", asset_id=load.asset_id, unit="kW", resolution=timedelta(minutes=15))
        session.add(made)
        session.flush()
        return made.id


def choose(page: Page, folder: Path, text: str) -> None:
    file = folder / "meter.csv"
    file.write_text(text)
    page.locator("input[type=file]").set_input_files(file)


def test_a_file_is_previewed_stored_and_deleted_again(desk: Page, meter: int, tmp_path: Path):
    desk.goto(f"/sensors/{meter}?tab=data")
    settle(desk)
    choose(desk, tmp_path, GOOD)
    expect(desk.get_by_role("row", name="New or changed")).to_contain_text("4")
    last = "5 (last) 2024-04-30T22:45:00+00:00 4.5 2024-04-30T22:45:00+00:00 4.5"
    expect(desk.get_by_role("row", name=last)).to_be_visible()
    desk.get_by_role("button", name="Store 4 values").click()
    expect(desk.get_by_text("4 values stored, 0 were already stored")).to_be_visible()
    desk.get_by_role("button", name="Delete values").click()
    expect(desk.get_by_text("Not saved: check From the day.")).to_be_visible()
    desk.get_by_label("All days").check()
    desk.get_by_role("button", name="Delete values").click()
    expect(desk.get_by_text("4 values of all sources will be deleted")).to_be_visible()
    desk.get_by_role("button", name="Delete 4 values").click()
    expect(desk.get_by_text("4 values deleted.")).to_be_visible()
    desk.get_by_role("tab", name="Statistics").click()
    expect(desk.get_by_text("No values yet")).to_be_visible()


def test_a_file_with_two_readings_is_stored_once_the_question_is_answered(desk: Page, meter: int, tmp_path: Path):
    desk.goto(f"/sensors/{meter}?tab=data")
    settle(desk)
    choose(desk, tmp_path, AMERICAN)
    expect(desk.get_by_text("no number above 12 shows which")).to_be_visible()
    expect(desk.get_by_role("row", name="delimiter")).to_contain_text("the comma splits the rows evenly")
    expect(desk.get_by_role("button", name="Store")).to_have_count(0)
    desk.get_by_label("Date order").click()
    desk.get_by_text("month: it begins on 11 May 2024", exact=True).click()
    desk.get_by_role("button", name="Store 4 values").click()
    expect(desk.get_by_text("4 values stored, 0 were already stored")).to_be_visible()


def test_rows_that_cannot_be_read_are_told_and_nothing_can_be_stored(desk: Page, meter: int, tmp_path: Path):
    desk.goto(f"/sensors/{meter}?tab=data")
    settle(desk)
    choose(desk, tmp_path, GERMAN)
    desk.get_by_label("Decimal separator").click()
    desk.get_by_text("comma", exact=True).click()
    desk.get_by_role("button", name="File options").click()
    field = desk.get_by_label("Time format")
    field.fill("%d.%m.%Y %H:%M")
    field.press("Enter")
    row = desk.get_by_role("row", name="is not a number")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("3")
    expect(row).to_contain_text("x")
    expect(desk.get_by_role("button", name="Store")).to_be_hidden()


def test_a_forecast_is_made_at_a_click(desk: Page, demo_database: Database):
    with demo_database.reading() as session:
        load = building.house_sensors(session)["load"].id
    desk.goto(f"/sensors/{load}?tab=data")
    settle(desk)
    desk.get_by_role("button", name="Forecast now").click()
    expect(desk.get_by_role("row", name="forecast").filter(has_text="finished")).to_be_visible()


def test_settings_are_saved_or_refused_at_their_field_and_a_sensor_goes_once_its_name_is_typed(desk: Page, meter: int):
    desk.goto(f"/sensors/{meter}?tab=settings")
    settle(desk)
    desk.get_by_label("Attributes").fill('{"floor": }')
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("line 1, column 11")).to_be_visible()
    desk.get_by_label("Attributes").fill('{"floor": 2}')
    desk.get_by_label("Name").fill("cellar meter")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_role("heading", name="Canal house: cellar meter")).to_be_visible()
    desk.get_by_label("Unit").fill("MW")
    desk.get_by_role("button", name="Save").click()
    expect(desk.get_by_text("You may not update unit, resolution and knowledge horizon")).to_be_visible()
    desk.get_by_role("button", name="Delete this sensor").click()
    yes = desk.get_by_role("button", name="Delete cellar meter and its data")
    expect(yes).to_be_disabled()
    desk.get_by_label("Type cellar meter to confirm").fill("cellar meter")
    yes.click()
    expect(desk.get_by_role("tab", name="Context", selected=True)).to_be_visible()
    expect(desk.get_by_text("cellar meter")).to_have_count(0)
