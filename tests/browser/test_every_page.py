"""What holds for every page there is: it fails in nothing, calls nobody else, and everybody can use it."""

import pytest
from playwright.sync_api import Page

from app.pages.routes import PAGES
from app.widgets.async_content import FAILED
from db.core.database import Database
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.looking import COLOURS, addresses, findings, overflow, tabs, visit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("route", PAGES)
def test_each_page_and_tab_is_accessible_and_fits_on_light_and_dark(
    host_inside: Page, demo_database: Database, route: str
):
    """Console errors and requests to other hosts are asserted by the fixture."""
    host = host_inside
    visit(host, addresses(demo_database)[route])
    wrong = {}
    for tab in tabs(host):
        is_dark = host.evaluate("document.documentElement.dataset.theme") == "dark"
        first, second = ("dark", "light") if is_dark else ("light", "dark")
        wrong[tab, "content"] = host.get_by_text(FAILED).all_inner_texts()
        wrong[tab, first] = findings(host)
        host.get_by_role("button", name="Toggle theme").click()
        wrong[tab, second] = findings(host, COLOURS)
        host.set_viewport_size(PHONE)
        wrong[tab, "phone"] = [f"{px} px too wide"] if (px := overflow(host)) > 0 else []
        host.set_viewport_size(DESKTOP)
    told = "\n".join(f"{tab} on {look}: {one}" for (tab, look), found in wrong.items() for one in found)
    assert not told, told
