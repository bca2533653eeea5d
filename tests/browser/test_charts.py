"""What a person sees and does in charts, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from app.demo import building
from components.replay.replay import FRAME_MS
from db.assets import Asset
from db.core.database import Database
from tests.browser.test_pages import charts

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


def save(page: Page) -> None:
    """Open the menu of what can be saved."""
    page.locator(".menu summary").click()


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
    save(desk)
    with desk.expect_download() as download:
        desk.get_by_text(label, exact=True).click()
    content = Path(download.value.path()).read_bytes()
    assert download.value.suggested_filename.endswith(name)
    assert content.startswith(begins)
    assert b"svg" not in begins or b"household load [kW]" in content


def test_dates_are_chosen_by_keyboard_and_back_leads_to_the_view_before(desk: Page, house: int):
    desk.goto(f"/assets/{house}?start=2026-10-24T00:00:00%2B02:00&end=2026-10-25T00:00:00%2B02:00")
    charts(desk)
    shown = desk.get_by_role("button", name="Choose dates")
    expect(shown).to_have_text("Sat, 24 Oct 2026")
    shown.press("Enter")
    desk.locator("[name=to]").fill("2026-10-23T00:00")
    desk.get_by_role("button", name="Show", exact=True).press("Enter")
    assert desk.evaluate("document.querySelector('[name=to]').validationMessage") == "Choose an end after the start."
    desk.locator("[name=to]").fill("2026-10-26T00:00")
    desk.get_by_role("button", name="Show", exact=True).press("Enter")
    expect(shown).to_have_text(re.compile("24 – Sun.*25 Oct 2026|24 Oct – Sun, 25 Oct 2026"))
    expect(desk.get_by_text("clocks change on 25 Oct")).to_be_visible()
    desk.get_by_role("button", name="Later").press("ArrowRight")
    desk.wait_for_url(re.compile("end=2026-10-28T00%3A00%3A00%2B01%3A00"))
    desk.go_back()
    desk.go_back()
    expect(shown).to_have_text("Sat, 24 Oct 2026")
    assert charts(desk)[0]["range"] == [1792792800000, 1792879200000]


def test_charts_are_moved_by_keyboard_and_say_so_to_the_bar(desk: Page, house: int):
    desk.goto(f"/assets/{house}?start=2026-11-02T00:00:00%2B01:00&end=2026-11-03T00:00:00%2B01:00")
    start, end = charts(desk)[0]["range"]
    desk.get_by_role("region", name="Charts").press("ArrowLeft")
    desk.wait_for_url(re.compile("start=2026-11-01T18"))
    assert charts(desk)[0]["range"] == [start - 6 * 3600e3, end - 6 * 3600e3]


def test_an_annotation_is_added_by_keyboard_changed_and_deleted(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    charts(desk)
    desk.get_by_role("button", name="Annotate").press("Enter")
    desk.get_by_label("Description").fill("Guests & <b>party</b>")
    desk.get_by_role("button", name="Save annotation").press("Enter")
    expect(desk.get_by_text("label: Guests & <b>party</b> (toy-user)")).to_be_visible()
    expect(desk.get_by_label("Description")).to_be_hidden()
    desk.wait_for_function(f"() => ({REMARKS})().length === 4")
    drawn = desk.evaluate(f"() => ({REMARKS})().map((data) => [...data.text])")
    assert drawn == [["Guests & <b>party</b>"]] * 4
    desk.get_by_role("button", name="Change annotation").click()
    desk.get_by_label("Description").fill("Guests gone")
    desk.get_by_role("button", name="Save annotation").click()
    expect(desk.get_by_text("label: Guests gone (toy-user)")).to_be_visible()
    desk.get_by_role("button", name="Delete annotation").click()
    desk.get_by_role("button", name="Delete it").click()
    expect(desk.get_by_text("label: Guests gone")).to_have_count(0)


def test_a_stretch_drawn_in_a_chart_opens_the_form_and_a_wrong_end_is_told_there(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    charts(desk)
    frame = desk.locator(".bk-Figure").first
    frame.hover()
    desk.get_by_title("Select a time range").first.click()
    box = frame.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 300, box["y"] + 90)
    desk.mouse.down()
    desk.mouse.move(box["x"] + 500, box["y"] + 90, steps=4)
    desk.mouse.up()
    expect(desk.get_by_label("Description")).to_be_focused()
    desk.get_by_label("Description").fill("x")
    desk.locator("dialog").get_by_label("To").fill("2001-01-01T00:00")
    desk.get_by_role("button", name="Save annotation").click()
    expect(desk.get_by_text("Not saved: check To.")).to_be_visible()
    desk.keyboard.press("Escape")
    expect(desk.get_by_label("Description")).to_be_hidden()


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
    first = settled(label)  # on a busy machine it moves once more when all has been read
    desk.keyboard.press("ArrowRight")
    expect(label).not_to_have_text(first)
    second = label.inner_text()
    desk.keyboard.press("ArrowLeft")
    expect(label).to_have_text(first)
    desk.keyboard.press("Space")
    expect(label).not_to_have_text(re.compile(f"{re.escape(first)}|{re.escape(second)}"))
    desk.keyboard.press("s")
    last = settled(label)
    assert last not in (first, second)
    desk.keyboard.press("Space")  # at the end it plays from the start
    expect(label).not_to_have_text(last)
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


def test_a_picture_holds_all_charts_and_moves_of_the_pointer_ask_the_server_nothing(desk: Page, crowded: int):
    desk.goto(f"/assets/{crowded}")
    assert len(charts(desk)) == 9
    assert charts(desk)[-1]["x"] == "Time in Europe/Amsterdam"
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    box = desk.locator(".bk-Figure").first.bounding_box()
    assert box is not None
    desk.mouse.move(box["x"] + 300, box["y"] + 90)
    desk.mouse.move(box["x"] + 600, box["y"] + 90, steps=20)
    expect(desk.locator(".flexscope-readout")).to_be_visible()
    assert [url for url in asked if "/ws" in url or "data=" in url] == []
    save(desk)
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Drawing (SVG)").click()
    assert Path(download.value.path()).read_text().count("<svg") == 10
