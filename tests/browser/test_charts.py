"""What a person sees and does in charts, in a real browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.demo import building
from components.replay.replay import FRAME_MS
from db.assets import Asset
from db.core.database import Database
from tests.browser.test_pages import DRAWN, charts

pytestmark = pytest.mark.browser

RESTING = """() => Bokeh.documents.flatMap((d) => d.roots()).flatMap((root) => [...root.references()])
  .filter((m) => m.type === "Figure").map((m) => m.hold_render)"""

REMARKS = """() => Bokeh.documents.flatMap((d) => d.roots()).flatMap((root) => [...root.references()])
  .filter((m) => m.type === "Figure").flatMap((m) => m.renderers).filter((r) => r.glyph.type === "VStrip")
  .map((r) => r.data_source.data)"""


def test_charts_out_of_sight_are_painted_when_they_come_into_sight(desk: Page, house: int):
    desk.set_viewport_size({"width": 1440, "height": 600})
    desk.goto(f"/assets/{house}")
    charts(desk)
    desk.wait_for_function(f"() => ({RESTING})().at(-1)")
    assert not desk.evaluate(RESTING)[0]
    desk.locator(".bk-Figure").last.scroll_into_view_if_needed()
    desk.wait_for_function(f"() => !({RESTING})().at(-1)")


def test_a_click_on_a_source_hides_what_it_tells_and_another_shows_it(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    before = charts(desk)[0]["visible"]
    button = desk.get_by_role("button", name="measured by Shifted real data").first
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert charts(desk)[0]["visible"] == [False, *before[1:]]
    button.press("Enter")
    assert charts(desk)[0]["visible"] == before


@pytest.mark.parametrize(
    ("label", "name", "begins"),
    [
        ("Picture (PNG)", "charts.png", b"\x89PNG"),
        ("Drawing (SVG)", "charts.svg", b"<svg"),
        ("Values (CSV)", ".csv", b"sensor_id,sensor,event_start"),
    ],
)
def test_what_is_in_view_can_be_saved(desk: Page, house: int, label: str, name: str, begins: bytes):
    desk.goto(f"/assets/{house}")
    charts(desk)
    desk.get_by_role("button", name="Save").click()
    with desk.expect_download() as download:
        desk.get_by_role("menuitem", name=label).click()
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(name)
    assert content.startswith(begins)
    assert b"svg" not in begins or b"household load [kW]" in content


def test_days_are_picked_in_the_calendar_and_back_leads_to_the_view_before(desk: Page, house: int):
    desk.goto(f"/assets/{house}?start=2026-10-24T00:00:00%2B02:00&end=2026-10-25T00:00:00%2B02:00")
    charts(desk)
    field = desk.get_by_label("First and last day")
    expect(field).to_have_value("2026-10-24 – 2026-10-24")
    field.click()
    for day in ("October 24th", "October 25th"):
        desk.get_by_role("button", name=day).click()
    told = "Sat 24 Oct 2026 00:00 to Mon 26 Oct 2026 00:00, Europe/Amsterdam · clocks change on 25 Oct 2026"
    expect(desk.get_by_text(told)).to_be_visible()
    desk.go_back()
    expect(desk.get_by_text("Sat 24 Oct 2026 00:00 to Sun 25 Oct 2026 00:00")).to_be_visible()


def test_an_annotation_is_added_by_keyboard_changed_and_deleted(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    charts(desk)
    desk.get_by_role("button", name="Annotate").press("Enter")
    desk.get_by_label("Description").fill("Guests & <b>party</b>")
    desk.get_by_role("button", name="Save annotation").press("Enter")
    expect(desk.get_by_text("label: Guests & <b>party</b> (toy-user)")).to_be_visible()
    desk.wait_for_function(f"() => ({REMARKS})().length === 4")
    drawn = desk.evaluate(f"() => ({REMARKS})().map((data) => [...data.text])")
    assert drawn == [["Guests & <b>party</b>"]] * 4
    desk.get_by_role("button", name="Change annotation").click()
    desk.get_by_label("Description").fill("Guests gone")
    desk.get_by_role("button", name="Save annotation").click()
    expect(desk.get_by_text("label: Guests gone (toy-user)")).to_be_visible()
    desk.get_by_role("button", name="Delete annotation").click()
    expect(desk.get_by_text("Guests gone")).to_have_count(0)


def test_a_stretch_drawn_in_a_chart_opens_the_form(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    charts(desk)
    expect(desk.get_by_role("button", name="Annotate")).to_be_visible()
    frame = desk.locator(".bk-Figure").first
    frame.hover()
    desk.get_by_title("Select a time range").first.click()
    box = frame.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 300, box["y"] + 90)
    desk.mouse.down()
    desk.mouse.move(box["x"] + 500, box["y"] + 90, steps=4)
    desk.mouse.up()
    expect(desk.get_by_label("Description")).to_be_visible()


def settled(label: Locator) -> str:
    """Return what stands there once it has not changed for as long as five frames of a replay take."""
    text = ""
    while text != (text := label.inner_text()):
        label.page.wait_for_timeout(5 * FRAME_MS)
    return text


def test_a_replay_obeys_the_keyboard_on_the_page_of_a_sensor(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=context")
    desk.get_by_role("link", name="household load").click()
    desk.get_by_role("tab", name="Replay").click()
    label = desk.get_by_role("status").filter(has_text="As known at")
    expect(label).to_be_visible()
    last = label.inner_text()
    desk.get_by_role("button", name="First frame").click()
    expect(label).not_to_have_text(last)
    first = label.inner_text()
    desk.keyboard.press("n")
    expect(label).not_to_have_text(first)
    second = label.inner_text()
    desk.keyboard.press("p")
    expect(label).not_to_have_text(second)
    desk.keyboard.press("n")
    assert settled(label) != last
    desk.get_by_role("button", name="First frame").click()
    expect(label).to_have_text(first)
    desk.keyboard.press("p")
    expect(label).not_to_have_text(first)
    desk.keyboard.press("s")
    expect(label).to_have_text(last)
    assert settled(label) == last


@pytest.fixture
def crowded(demo_database: Database) -> int:
    """Id of an asset that shows nine charts."""
    with demo_database.writing() as session:
        home = building.house(session)
        assert home is not None
        shown = [sensor.id for sensor in building.house_sensors(session).values()]
        made = Asset(name="Many charts", asset_type_id=home.asset_type_id, account_id=home.account_id)
        made.sensors_to_show = [shown[i % len(shown)] for i in range(9)]
        session.add(made)
        session.flush()
        return made.id


def test_charts_far_below_are_built_when_a_person_comes_near(desk: Page, crowded: int):
    desk.goto(f"/assets/{crowded}")
    assert 4 <= len(charts(desk)) < 9
    tall = desk.evaluate("document.documentElement.scrollHeight")
    desk.mouse.move(700, 500)
    desk.mouse.wheel(0, 100_000)
    desk.wait_for_function(f"() => ({DRAWN})().length === 9")
    assert charts(desk)[-1]["x"] == "Time in Europe/Amsterdam"
    assert desk.evaluate("document.documentElement.scrollHeight") == pytest.approx(tall, rel=0.1)


def test_a_picture_holds_the_charts_nobody_scrolled_to(desk: Page, crowded: int):
    desk.goto(f"/assets/{crowded}")
    charts(desk)
    desk.get_by_role("button", name="Save").click()
    with desk.expect_download() as download:
        desk.get_by_role("menuitem", name="Drawing (SVG)").click()
    assert Path(download.value.path()).read_text().count("<svg") == 10
