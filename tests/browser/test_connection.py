"""A server that goes away while a page is open, and comes back: told on the page, and mended by it."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo import toy
from db.core.database import Database
from tests.browser.conftest import DESKTOP, signed_in
from tests.browser.looking import settle
from tests.conftest import PATIENCE
from tests.http.serving import Api, server
from tests.postgres import free_port

pytestmark = pytest.mark.browser


def opened(browser: Browser, running: Api, path: str) -> Page:
    """A page of the toy user; a server that is gone fails its requests, which is no fault of the page here."""
    context = browser.new_context(viewport=DESKTOP, base_url=running.url, reduced_motion="reduce")
    context.set_default_timeout(PATIENCE)
    context.add_cookies(signed_in(running, toy.EMAIL))
    page = context.new_page()
    page.goto(path)
    settle(page)
    return page


@pytest.mark.parametrize("typed", [False, True])
def test_a_lost_connection_is_told_and_mended(
    browser: Browser, chromium: str, demo_database: Database, house: int, tmp_path: Path, typed: bool
) -> None:
    url, port = demo_database.url.render_as_string(hide_password=False), free_port()
    with server(url, tmp_path, port=port) as running:
        page = opened(browser, running, f"/assets/{house}?tab=properties")
        name, lost = page.get_by_label("Name", exact=True), page.locator("#connection-lost")
        if typed:
            name.fill("Boat house")
    if typed:
        name.press("Enter")  # it is sent to nobody
    else:
        page.get_by_role("tab", name="Status").click()
    expect(lost).to_contain_text("connection to the server is lost")
    with server(url, tmp_path, port=port):
        if typed:  # what somebody typed is not thrown away, by the reload neither
            expect(lost).to_contain_text("The server is back")
            expect(name).to_have_value("Boat house")
            lost.get_by_role("button", name="Reload").click()
        expect(lost).to_have_count(0)
        expect(name).to_have_value("Boat house" if typed else "Canal house")
        page.get_by_role("tab", name="Status").click()  # it is alive again
        expect(page).to_have_url(f"{running.url}/assets/{house}?tab=status")
        page.context.close()
