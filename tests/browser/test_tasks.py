"""What people see and do with jobs, in a real browser."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.core.database import Database
from tests.browser.looking import NEVER, change, settle

pytestmark = pytest.mark.browser


def test_a_job_is_followed_without_reloading(desk: Page, demo_database: Database, added: Any):
    job_id = added("STARTED", started_at=datetime.now(UTC), progress=0.2, lease_until=NEVER)
    desk.goto("/tasks?queue=reporting")
    row = desk.get_by_role("row", name=re.compile("schedule"))
    expect(row).to_contain_text("20%")
    expect(row).to_contain_text("so far")
    change(demo_database, job_id, progress=0.6)
    expect(row).to_contain_text("60%")
    change(demo_database, job_id, status="FINISHED", ended_at=datetime.now(UTC), message="All is planned.")
    expect(row).to_contain_text("finished")
    expect(row).to_contain_text("All is planned.")


def test_a_failed_job_is_found_by_its_state_and_requeued(desk: Page, added: Any):
    job_id = added("FAILED", queue="scheduling", message="The market does not answer.", ended_at=datetime.now(UTC))
    desk.goto("/tasks?state=failed")
    settle(desk)
    expect(desk.get_by_role("status").filter(has_text="1 job")).to_be_visible()
    desk.get_by_role("button", name="Requeue schedule of Canal house").click()
    expect(desk.get_by_text("The job is requeued.")).to_be_visible()
    expect(desk.get_by_text("No jobs match.")).to_be_visible()  # it is not among the failed ones any more
    desk.goto(f"/tasks/{job_id}")
    expect(desk.get_by_role("heading", name="Schedule job of Canal house")).to_be_visible()
    expect(desk.get_by_text("Schedule job finished.")).to_be_visible()
    desk.get_by_role("link", name="Plan of the asset").click()
    expect(desk.get_by_role("tab", name="Plan")).to_have_attribute("aria-selected", "true")
    expect(desk.get_by_role("term").filter(has_text="Saved")).to_be_visible()  # the numbers of the schedule


def test_filters_and_pages_are_kept_in_the_address(desk: Page, added: Any):
    for number in range(27):
        added("FINISHED", message=f"Report {number}.", enqueued_at=datetime.now(UTC) - timedelta(minutes=number))
    desk.goto("/tasks?queue=reporting")
    settle(desk)
    expect(desk.get_by_text("Report 0.")).to_be_visible()
    desk.get_by_role("link", name="Next").click()
    expect(desk.get_by_text("Report 26.")).to_be_visible()
    assert "queue=reporting" in desk.url and "page=2" in desk.url
    desk.reload()
    expect(desk.get_by_text("Report 25.")).to_be_visible()
    expect(desk.get_by_text("Report 24.")).to_be_hidden()
    desk.get_by_label("State").focus()
    desk.get_by_label("State").select_option("Unsuccessful")
    expect(desk.get_by_text("No jobs match.")).to_be_visible()
    assert "state=unsuccessful" in desk.url and "page=" not in desk.url
    expect(desk.get_by_label("State")).to_be_focused()


def test_the_old_addresses_of_the_queues_lead_to_their_jobs(desk: Page, added: Any):
    added("SCHEDULED", queue="forecasting", due_at=NEVER)
    desk.goto("/tasks/forecasting")
    settle(desk)
    expect(desk.get_by_role("combobox", name="Queue")).to_have_value("forecasting")
    desk.get_by_role("button", name="Cancel schedule of Canal house").click()
    expect(desk.get_by_role("row", name=re.compile("Cancelled by toy-user."))).to_contain_text("canceled")


def test_the_trace_of_a_failure_is_for_admins(desk: Page, host: Page, added: Any):
    job_id = added("FAILED", message="It failed unexpectedly.", trace="KeyError: 'soc'", ended_at=datetime.now(UTC))
    for page, seen in ((desk, False), (host, True)):
        page.goto(f"/tasks/{job_id}")
        expect(page.get_by_text("It failed unexpectedly.")).to_be_visible()
        expect(page.get_by_text("KeyError: 'soc'")).to_be_visible(visible=seen)


def test_an_admin_clears_a_queue_after_a_question(host: Page, added: Any):
    added("QUEUED", queue="ingestion", enqueued_at=NEVER)  # so that it is not taken for lost, and done
    added("STARTED", queue="ingestion", lease_until=NEVER)
    host.goto("/tasks?queue=ingestion")
    settle(host)
    queue = host.get_by_role("row", name=re.compile("^ingestion"))
    queue.get_by_role("button", name="Clear ingestion", exact=True).click()
    yes, keep = (host.get_by_role("button", name=name) for name in ("Cancel 1 job", "Go back"))
    keep.click()
    expect(yes).to_have_count(0)  # the next question has buttons of its own
    expect(host.get_by_role("row", name=re.compile("queued .*schedule"))).to_be_visible()
    queue.get_by_role("button", name="Clear ingestion", exact=True).click()
    yes.click()
    expect(host.get_by_text("1 job of ingestion cancelled.")).to_be_visible()
    expect(host.get_by_text("Cancelled by host: the queue was cleared.")).to_be_visible()
    expect(host.get_by_role("row", name=re.compile("started .*schedule"))).to_be_visible()
