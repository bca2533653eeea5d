"""What a person sees before any script has run."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, opened
from tests.browser.looking import settle
from tests.http.serving import Api

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_bar_and_heading_are_in_the_page_itself(
    browser: Browser, site: Api, session_cookies: list[dict[str, str]], window: dict[str, int]
):
    with opened(browser, site, session_cookies, java_script_enabled=False, viewport=window) as page:
        page.goto("/logged-in-user")
        expect(page.get_by_text("Flexscope", exact=True)).to_be_visible()
        expect(page.get_by_role("heading", name="My profile")).to_be_visible()


def test_a_module_that_needs_the_map_of_names_is_left_to_the_shim(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=replay")  # it has a live part: other pages load no shim
    settle(desk)
    desk.wait_for_function("() => window.importShim")
    told = """() => { const blob = new Blob(['export {version} from "named"'], {type: "text/javascript"})
      const other = URL.createObjectURL(new Blob(['export const version = 7'], {type: "text/javascript"}))
      importShim.addImportMap({imports: {named: other}})
      return importShim(URL.createObjectURL(blob)).then((module) => module.version) }"""
    assert desk.evaluate(told) == 7
