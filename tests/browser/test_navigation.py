"""Moving from page to page inside one document: what follows, what is left behind, and who may still see what."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looking import settle
from tests.http.serving import Api

pytestmark = pytest.mark.browser
LEFT = """() => ({documents: window.Bokeh?.documents.length ?? 0, parts: document.querySelectorAll(".live > *").length,
  styles: document.head.children.length})"""


@pytest.fixture
def documents(desk: Page) -> list[str]:
    """Addresses of the documents that the browser loads from now on."""
    loaded: list[str] = []
    desk.on("request", lambda asked: asked.resource_type == "document" and loaded.append(asked.url))
    return loaded


def go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Pages").get_by_role("link", name=re.compile(f"^{name}")).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def test_links_back_and_forward_change_the_content_in_place(desk: Page, documents: list[str]):
    desk.goto("/assets")
    go(desk, "Users")
    expect(desk).to_have_title("Users · Flexscope")
    expect(desk.locator("#heading")).to_be_focused()
    expect(desk.locator("#menu a[aria-current]")).to_have_text("Users")
    desk.get_by_role("link", name="toy-user").click()
    expect(desk).to_have_url(re.compile(r"/users/\d+$"))
    desk.go_back()
    expect(desk.get_by_role("heading", name="Users", exact=True)).to_be_visible()
    desk.go_back()
    expect(desk.get_by_role("heading", name="Assets", exact=True)).to_be_visible()
    desk.go_forward()
    expect(desk).to_have_url(re.compile("/users$"))
    assert len(documents) == 1
    desk.reload()
    expect(desk.get_by_role("heading", name="Users", exact=True)).to_be_visible()


def test_tabs_keep_the_time_range_and_their_address(desk: Page, documents: list[str], house: int):
    desk.goto(f"/assets/{house}?tab=graphs&start=2026-01-05T00:00:00%2B01:00&end=2026-01-06T00:00:00%2B01:00")
    settle(desk)
    desk.get_by_role("tab", name="Replay").click()
    expect(desk).to_have_url(re.compile("tab=replay&start=2026-01-05"))
    settle(desk)
    desk.get_by_role("tab", name="Graphs").click()
    expect(desk.get_by_role("button", name="Choose dates")).to_have_text("Mon, 5 Jan 2026")
    assert len(documents) == 1


def test_nothing_is_left_behind_by_pages_that_were_left(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=graphs")
    settle(desk)
    go(desk, "Dashboard")
    settle(desk)
    go(desk, "Jobs")
    settle(desk)
    before = desk.evaluate(LEFT)
    for _ in range(5):
        go(desk, "Dashboard")
        settle(desk)
        go(desk, "Jobs")
        settle(desk)
    assert desk.evaluate(LEFT) == before


def test_a_session_that_ended_leads_to_the_login_at_the_next_click(desk: Page, site: Api):
    desk.goto("/assets")
    settle(desk)
    desk.context.clear_cookies()
    desk.locator("#menu").get_by_role("link", name="Users").click()
    expect(desk.get_by_label("Password")).to_be_visible()
    assert "next=" in desk.url
