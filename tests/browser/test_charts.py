"""What a person sees and does in charts, in a real browser."""

import pytest
from playwright.sync_api import Page

from tests.browser.test_pages import charts

pytestmark = pytest.mark.browser

RESTING = """() => Bokeh.documents.flatMap((d) => d.roots()).flatMap((root) => [...root.references()])
  .filter((m) => m.type === "Figure").map((m) => m.hold_render)"""


def test_charts_out_of_sight_are_painted_when_they_come_into_sight(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    charts(desk)
    desk.wait_for_function(f"() => ({RESTING})().at(-1)")
    assert not desk.evaluate(RESTING)[0]
    desk.locator(".bk-Figure").last.scroll_into_view_if_needed()
    desk.wait_for_function(f"() => !({RESTING})().at(-1)")
