"""Charts saved as a file: what they tell where one points, and pictures of them."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, Playwright, expect

from components.charts.time_series import TimeSeries
from tests.browser.conftest import DESKTOP, PHONE
from tests.components.samples import chart, trace
from tests.conftest import PATIENCE

SAVE_AS_SVG = """Bokeh.documents[0].roots().flatMap((root) => [...root.references()])
  .find((model) => model.js_property_callbacks?.["change:tags"] != null).tags = ["svg", 1]"""
TITLES = """() => Bokeh.documents[0].roots().flatMap((root) => [...root.references()])
  .filter((model) => model.type === "Figure").flatMap((model) => model.renderers)
  .filter((part) => part.visible && part.tags[0]?.label).map((part) => part.tags[0].label)"""
pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Address of two charts, the upper of 96 times 5 kW, the lower of 96 times 7 °C."""
    path: Path = tmp_path_factory.mktemp("saved") / "charts.html"
    lines = (
        trace(np.full(96, 5.0), label="Battery", source="Meter"),
        trace(np.full(96, 7.0), label="Outdoors", unit="°C"),
    )
    TimeSeries(charts=[chart(line) for line in lines]).save(str(path))
    return path.as_uri()


@pytest.fixture(params=["mouse", "finger"])
def page(request: pytest.FixtureRequest, browser: Browser, playwright: Playwright) -> Iterator[Page]:
    """A page on a desk with a mouse, or on a phone with a finger."""
    finger = {**playwright.devices["Pixel 5"], "viewport": PHONE}
    context = browser.new_context(**finger if request.param == "finger" else {"viewport": DESKTOP})
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()


def point_at(page: Page, frame: Locator) -> None:
    """Move a mouse to the middle of a chart, or put a finger there."""
    box = frame.bounding_box()
    assert box is not None
    at = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    if page.evaluate("navigator.maxTouchPoints"):
        page.touchscreen.tap(*at)
    else:
        page.mouse.move(*at)


def test_all_lines_are_told_at_the_time_pointed_at_until_one_points_elsewhere(page: Page, file: str):
    page.goto(file)
    frames = page.locator(".bk-Figure")
    expect(frames).to_have_count(2)
    page.wait_for_function("() => Bokeh.documents.every((d) => d.is_idle)")
    point_at(page, frames.first)
    told = page.locator(".flexscope-readout")
    expect(told.get_by_role("row").filter(has_text="Battery")).to_contain_text("5 kW")
    expect(told.get_by_role("row").filter(has_text="Outdoors")).to_contain_text("7 °C")
    page.wait_for_timeout(300)  # a finger has long left
    expect(told).to_be_visible()
    point_at(page, page.get_by_role("heading").first)
    expect(told).to_be_hidden()


def test_a_picture_has_titles_units_and_sources_of_the_lines_that_are_shown(browser: Browser, file: str):
    page = browser.new_page()
    page.goto(file)
    frames = page.locator(".bk-Figure")
    expect(frames).to_have_count(2)
    page.get_by_role("button", name="measured").last.click()
    with page.expect_download() as download:
        page.evaluate(f"() => {SAVE_AS_SVG}")
    words = re.findall("<text x[^>]*>([^<]*)</text>", download.value.path().read_text())
    assert words == ["Load", "Battery [kW] measured by Meter", "Load"]
    page.close()


def test_one_of_many_lines_is_found_by_its_name_and_shown_alone(browser: Browser, tmp_path: Path):
    lines = [trace(np.full(96, float(i)), label=f"Battery {i}") for i in range(12)]
    TimeSeries(charts=[chart(*lines)]).save(str(tmp_path / "many.html"))
    page = browser.new_page()
    page.goto((tmp_path / "many.html").as_uri())
    entries = page.get_by_role("listitem")
    expect(entries.first).to_be_hidden()
    page.get_by_text("12 lines").click()
    page.get_by_label("Find a line").fill("battery 7")
    expect(entries.filter(visible=True)).to_have_count(1)
    entries.filter(visible=True).get_by_role("button").dblclick()
    page.get_by_label("Find a line").fill("")
    expect(entries.filter(visible=True)).to_have_count(12)
    assert page.evaluate(TITLES) == ["Battery 7"]
    page.get_by_role("button", name="Show all").click()
    assert len(page.evaluate(TITLES)) == 12
    page.close()
