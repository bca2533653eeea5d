"""What people set up to be done again and again, and how they learn that something is wrong, in a real browser."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import delete, func, select, update

from app.demo import building
from db.beliefs.series import Series
from db.core.database import Database, get
from db.jobs.alerts import Alert
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor
from tests.browser.looking import NEVER, change, settle

pytestmark = pytest.mark.browser
SILENT = "Asset 1 (Canal house) gets no new data of load (1); look at what sends them."


@pytest.fixture
def no_automations(demo_database: Database) -> Iterator[None]:
    """At the end, nothing is done again and again, and the jobs of it are gone."""
    yield
    with demo_database.writing() as session:
        session.execute(delete(Job).where(Job.automation_id.is_not(None)))
        for row in session.scalars(select(Automation)).all():
            session.delete(row)


@pytest.fixture
def empty_sensor(demo_database: Database, house: int) -> Iterator[int]:
    """Id of a sensor that may get a value each hour."""
    with demo_database.writing() as session:
        made = Sensor(name="load again", asset_id=house, unit="kW", resolution=timedelta(hours=1))
        session.add(made)
        session.flush()
        key = made.id
    yield key
    with demo_database.writing() as session:
        session.delete(get(session, Sensor, key))


def test_a_plan_is_made_again_and_again_until_it_is_paused_and_deleted(
    desk: Page, house: int, demo_database: Database, no_automations: None
):
    desk.goto(f"/assets/{house}?tab=automations")
    settle(desk)
    desk.get_by_role("button", name="Automate schedules").click()
    form = desk.locator("#form-add-schedule")
    form.get_by_label("First run at").fill("noon")
    form.get_by_label("First run at").press("Enter")
    expect(desk.get_by_text("Not saved: check First run at.")).to_be_visible()
    form.get_by_label("First run at").fill("00:05")
    form.get_by_label("First run at").press("Enter")
    row = desk.get_by_role("row", name=re.compile("^Re-plan"))
    expect(row).to_contain_text("every 15 minutes from 00:05 on")
    row.get_by_role("button", name="Run now").click()
    expect(row).to_contain_text("finished")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("paused")
    with demo_database.reading() as session:
        made = session.scalars(select(Automation)).one()
        assert made.active is False and session.scalars(select(Job).where(Job.automation_id == made.id)).one().user_id
    row.get_by_role("button", name="Continue").click()
    row.get_by_role("button", name="Delete").click()
    desk.get_by_role("button", name="Delete this automation").click()
    expect(desk.get_by_text("No automations for this asset yet")).to_be_visible()


def test_sensors_are_forecast_again_and_again(desk: Page, house: int, demo_database: Database, no_automations: None):
    desk.goto(f"/assets/{house}?tab=automations")
    settle(desk)
    desk.get_by_role("button", name="Automate forecasts").click()
    form = desk.locator("#form-add-forecast")
    form.get_by_role("button", name="Create automation").click()
    expect(desk.get_by_text("Not saved: check Sensors.")).to_be_visible()
    form.get_by_label(re.compile("Canal house: household load")).check()
    form.get_by_role("button", name="Create automation").click()
    expect(desk.get_by_role("row", name=re.compile("^Forecast"))).to_contain_text("every hour")
    with demo_database.reading() as session:
        made = session.scalars(select(Automation)).one()
    assert made.kind == "forecast" and len(made.request["sensors"]) == 1


def test_a_report_is_set_up_in_json_and_brings_values_when_it_runs(
    desk: Page, house: int, demo_database: Database, empty_sensor: int, no_automations: None
):
    with demo_database.reading() as session:
        load = building.house_sensors(session)["load"].id
    desk.goto(f"/assets/{house}?tab=automations")
    settle(desk)
    desk.get_by_role("button", name="Automate reports").click()
    form = desk.locator("#form-add-report")
    form.get_by_label("Configuration").fill('{"method": "sum"}')
    form.get_by_label("Input sensors").fill('[{"sensor": ')
    form.get_by_label("Output sensors").fill(f'[{{"sensor": {empty_sensor}}}]')
    form.get_by_role("button", name="Create automation").click()
    expect(desk.get_by_text("Not saved: check Input sensors.")).to_be_visible()
    form.get_by_label("Input sensors").fill(f'[{{"sensor": {load}}}]')
    form.get_by_role("button", name="Create automation").click()
    row = desk.get_by_role("row", name=re.compile("^Report"))
    expect(row).to_contain_text("every day")
    row.get_by_role("button", name="Run now").click()
    expect(row).to_contain_text("finished")
    with demo_database.reading() as session:
        assert session.scalar(select(func.sum(Series.n_beliefs)).where(Series.sensor_id == empty_sensor)) >= 23


@pytest.fixture
def alert(demo_database: Database, house: int) -> Iterator[int]:
    """Id of an alert about the house."""
    now = datetime.now(UTC)
    with demo_database.writing() as session:
        session.execute(delete(Alert))
        row = Alert(cause="x", kind="stale", message=SILENT, asset_id=house, first_at=now, last_at=now, count=3)
        session.add(row)
        session.flush()
        key = row.id
    yield key
    with demo_database.writing() as session:
        session.execute(delete(Alert))


def test_what_is_wrong_is_counted_in_the_menu_and_told_until_it_is_over(
    desk: Page, demo_database: Database, alert: int
):
    desk.goto("/assets")
    settle(desk)
    desk.get_by_text("Alerts (1)").click()
    row = desk.get_by_role("row", name=re.compile("data feed stopped"))
    expect(row).to_contain_text(SILENT)
    expect(row).to_contain_text("seen 3 times")
    expect(row.get_by_role("link", name="Canal house")).to_have_attribute("href", re.compile("tab=status"))
    expect(desk.get_by_text("1 open alert")).to_be_visible()
    with demo_database.writing() as session:
        session.execute(update(Alert).where(Alert.id == alert).values(ended_at=datetime.now(UTC)))
    expect(desk.get_by_text("0 open alerts")).to_be_visible()
    expect(row).to_contain_text("until ")


def test_a_plan_that_is_under_way_is_found_again_and_followed_to_its_end(
    desk: Page, house: int, demo_database: Database, added: Any
):
    job_id = added("STARTED", started_at=datetime.now(UTC), tries=1, progress=0.4, lease_until=NEVER)
    desk.goto(f"/assets/{house}?tab=plan")
    settle(desk)
    expect(desk.get_by_text(re.compile("^Computing"))).to_be_visible()
    expect(desk.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "40")
    expect(desk.get_by_role("button", name="Run schedule")).to_have_count(0)
    change(demo_database, job_id, progress=0.9)
    expect(desk.get_by_role("progressbar").first).to_have_attribute("aria-valuenow", "90")
    change(demo_database, job_id, status="FAILED", message="The shed is on fire.", ended_at=datetime.now(UTC))
    expect(desk.get_by_text("The shed is on fire.")).to_be_visible()
    expect(desk.get_by_role("button", name="Run schedule")).to_be_enabled()


def test_a_plan_that_waits_can_be_cancelled_where_it_was_asked_for(desk: Page, house: int, added: Any):
    added("QUEUED", priority=1, enqueued_at=NEVER)
    added("QUEUED", enqueued_at=NEVER + timedelta(seconds=1))
    desk.goto(f"/assets/{house}?tab=plan")
    settle(desk)
    expect(desk.get_by_text("with 1 other job before this one")).to_be_visible()
    desk.get_by_role("button", name="Cancel").click()
    expect(desk.get_by_text("Cancelled by toy-user.")).to_be_visible(timeout=60_000)


def test_the_status_of_an_asset_lists_what_failed_and_lets_it_be_done_anew(desk: Page, house: int, added: Any):
    added("FAILED", message="The shed is on fire.", ended_at=datetime.now(UTC))
    desk.goto(f"/assets/{house}?tab=status")
    settle(desk)
    row = desk.get_by_role("row", name=re.compile("The shed is on fire"))
    row.get_by_role("button", name="Requeue").click()
    expect(desk.get_by_text("The job is requeued.")).to_be_visible()
    expect(row).to_have_count(0)
    desk.get_by_role("link", name=re.compile("fresh, until")).first.click()
    desk.wait_for_url("**/sensors/*")
