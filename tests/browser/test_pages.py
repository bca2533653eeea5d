"""What a person sees and does on the pages, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import opened
from tests.browser.looking import sign_in, visit
from tests.conftest import PATIENCE
from tests.http.serving import Api

pytestmark = pytest.mark.browser

DRAWN = """() => {
  const roots = Bokeh.documents.flatMap((d) => d.roots())
  const figures = roots.flatMap((root) => [...root.references()]).filter((m) => m.type === "Figure")
  if (figures.some((f) => f.properties.inner_width.is_unset)) return []
  const lines = (f) => f.renderers.filter((r) => !["VSpan", "VStrip"].includes(r.glyph.type))
  return figures.map((f) => ({
    y: f.left[0].axis_label, x: f.below[0].axis_label, width: f.inner_width,
    range: [f.x_range.start, f.x_range.end], range_id: f.x_range.id,
    points: lines(f).map((r) => r.data_source.get_length()), visible: lines(f).map((r) => r.visible),
    inks: lines(f).map((r) => r.glyph.line_color?.value).filter(Boolean),
  }))
}"""


def charts(page: Page) -> list[dict]:
    """Wait for the charts and return what they draw."""
    expect(page.locator(".bk-Figure").first).to_be_visible()
    page.wait_for_function(f"() => Bokeh.documents.every((d) => d.is_idle) && ({DRAWN})().length")
    return page.evaluate(DRAWN)


def test_a_deep_link_leads_through_the_login_to_the_page_asked_for(visitor: Page, site: Api, house: int):
    sign_in(visitor, f"{site.url}/assets/{house}?start=2026-01-05T00:00:00%2B01:00&end=2026-01-06T00:00:00%2B01:00")
    expect(visitor.get_by_role("heading", name="Canal house")).to_be_visible()
    assert "start=2026-01-05" in visitor.url
    expect(visitor.get_by_role("button", name="Choose dates")).to_have_text("Mon, 5 Jan 2026")


def test_the_dashboard_shows_the_assets_and_leads_to_each(desk: Page):
    desk.goto("/")
    row = desk.get_by_role("row", name=re.compile("Home battery"))
    expect(row).to_contain_text("Battery, Canal house")
    row.get_by_role("link").click()
    expect(desk.get_by_role("heading", name="Home battery")).to_be_visible()
    assert re.search(r"/assets/\d+$", desk.url.partition("?")[0])


def test_the_asset_page_shows_price_load_sun_plan_and_charge_with_units(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    drawn = charts(desk)
    expect(desk).to_have_title("Canal house · Flexscope")
    for heading in ("Prices", "Load and solar production", "Battery and site", "State of charge"):
        expect(desk.get_by_role("heading", name=heading)).to_be_visible()
    assert [chart["y"] for chart in drawn] == ["Price [EUR/kWh]", "Power [kW]", "Power [kW]", "State of charge [kWh]"]
    # What is measured is shown from the begin of the day until now, which may be short.
    assert all(max(chart["points"]) > 10 and min(chart["points"]) > 0 for chart in drawn)
    assert drawn[-1]["x"] == "Time in Europe/Amsterdam"
    expect(desk.get_by_text("household load [kW]")).to_be_visible()
    expect(desk.get_by_role("button", name="scheduled by Flexscope StorageScheduler v1").first).to_be_visible()


def test_zooming_one_chart_moves_all_and_the_address_brings_the_view_back(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    before = charts(desk)[0]["range"]
    frame = desk.locator(".bk-Figure").nth(1)
    frame.hover()
    desk.keyboard.down("Control")
    desk.mouse.wheel(0, -400)
    desk.keyboard.up("Control")
    desk.wait_for_url(re.compile("start="))
    zoomed = charts(desk)
    assert len({chart["range_id"] for chart in zoomed}) == 1
    assert zoomed[0]["range"][1] - zoomed[0]["range"][0] < before[1] - before[0]
    desk.reload()
    assert charts(desk)[0]["range"] == pytest.approx(zoomed[0]["range"], abs=60_000)


def test_a_time_range_with_a_name_moves_the_charts_in_place(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    assert charts(desk)[0]["points"][0] > 10
    figure = desk.evaluate("Bokeh.documents[0].get_model_by_name('figure 0').id")
    desk.get_by_role("button", name="Last 7 days").click()
    desk.wait_for_url(re.compile("start="))
    desk.wait_for_function(f"() => ({DRAWN})()[0]?.points[0] > 300")
    week = charts(desk)[0]["range"]
    assert week[1] - week[0] == 7 * 86_400_000
    expect(desk.get_by_role("button", name="Last 7 days")).to_have_attribute("aria-pressed", "true")
    assert desk.evaluate("Bokeh.documents[0].get_model_by_name('figure 0').id") == figure


def test_dark_mode_holds_for_lines_and_page_and_stays_so(desk: Page, house: int):
    desk.goto(f"/assets/{house}")
    light = charts(desk)[0]["inks"]
    desk.get_by_role("button", name="Toggle theme").click()
    desk.wait_for_function(f"() => ({DRAWN})()[0].inks[0] !== '{light[0]}'")
    desk.goto("/assets")
    expect(desk.get_by_role("heading", name="Assets")).to_be_visible()
    assert max(ground(desk)) < 40


def ground(page: Page) -> list[int]:
    """Return the colour behind the content, as red, green and blue."""
    behind = """[...document.querySelectorAll("html, body, main")].reverse()
        .map(one => getComputedStyle(one).backgroundColor).find(colour => !colour.startsWith("rgba(0, 0, 0, 0"))"""
    return [int(part) for part in re.findall(r"\d+", page.evaluate(behind))[:3]]


def test_the_icon_of_the_window_is_the_platforms(inside: Page):
    visit(inside, "/users")
    found = inside.evaluate("document.querySelector('link[rel=icon]').href")
    assert "/assets-static/icon.svg" in found and inside.request.get(found).ok


def test_the_list_of_assets_can_be_searched(desk: Page):
    desk.goto("/assets")
    expect(desk.get_by_text(re.compile(r"^(\d+) of \1$"))).to_be_visible()
    desk.get_by_role("button", name="Sensors").click()
    desk.get_by_label("Search").press_sequentially("solar toy")
    expect(desk.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    desk.wait_for_url(re.compile("search=solar.toy"))
    desk.reload()
    expect(desk.get_by_text(re.compile(r"^1 of \d+$"))).to_be_visible()
    with desk.expect_download() as saved:
        desk.get_by_role("button", name="CSV").click()
    assert Path(saved.value.path()).read_text().splitlines()[1].startswith('"Solar panels","Solar","Toy Account"')
    desk.get_by_role("link", name="Solar panels").click()
    expect(desk.get_by_role("heading", name="Solar panels")).to_be_visible()


def test_on_a_phone_nothing_is_cut_off_and_the_menu_is_a_drawer(phone: Page, house: int):
    phone.goto(f"/assets/{house}")
    assert all(240 < chart["width"] < 390 for chart in charts(phone))
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    expect(phone.get_by_role("link", name="Dashboard")).to_be_hidden()
    phone.get_by_role("button", name="Open drawer").click()
    expect(phone.get_by_role("link", name="Dashboard")).to_be_visible()


def test_in_a_narrow_window_the_menu_does_not_hide_the_page(desk: Page):
    desk.set_viewport_size({"width": 768, "height": 1024})
    desk.goto("/assets")
    expect(desk.get_by_role("heading", name="Assets")).to_be_visible()
    expect(desk.get_by_role("link", name="Dashboard")).to_be_hidden()
    desk.get_by_role("button", name="Open drawer").click()
    expect(desk.get_by_role("link", name="Dashboard")).to_be_visible()


def test_the_dashboard_tells_numbers_and_groups_and_filters_its_assets(desk: Page):
    desk.goto("/dashboard?group=type")
    expect(desk.get_by_text("1 site, ")).to_be_visible()
    expect(desk.get_by_text("compared with the same energy")).to_be_visible()
    expect(desk.get_by_role("rowheader", name="Renewables 1")).to_be_visible()
    expect(desk.get_by_role("row", name=re.compile("Canal house.*EUR"))).to_contain_text("kWh (")
    desk.get_by_label("Filter assets").press_sequentially("canal")
    expect(desk.get_by_role("link", name=re.compile("Home battery"))).to_have_count(0)
    expect(desk.get_by_role("link", name=re.compile("Canal house"))).to_be_visible()
    desk.wait_for_url(re.compile("search=canal"))
    desk.get_by_label("Filter assets").press_sequentially(" nowhere")
    expect(desk.get_by_text("No assets match")).to_be_visible()


def test_what_does_not_exist_is_told_in_one_sentence(inside: Page):
    visit(inside, "/assets/99999")
    expect(inside.get_by_text("There is no asset 99999.")).to_be_visible()


def test_logging_out_ends_the_session(browser, site: Api):
    context = browser.new_context(base_url=site.url)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    sign_in(page, f"{site.url}/assets")
    page.get_by_role("button", name="toy-user").click()
    page.get_by_role("menuitem", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto("/assets")
    expect(page.get_by_label("Password")).to_be_visible()
    context.close()


def test_a_plan_is_made_at_a_click_and_its_costs_are_told(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=plan")
    expect(desk.locator(".skeleton")).to_have_count(0)  # Material complains of parts taken down while they are made
    desk.get_by_role("button", name="Run schedule").click()
    expect(desk.get_by_text("Schedule requested.")).to_be_visible()
    expect(desk.get_by_text("Schedule after")).to_have_count(0)
    expect(desk.get_by_text(re.compile("without control .* EUR"))).to_be_visible()
    axes = ["Price [EUR/kWh]", "Power [kW]", "Power [kW]", "State of charge [kWh]"]
    desk.wait_for_function(f"() => ({DRAWN})().length >= 4")  # what is out of sight is drawn later
    assert [chart["y"] for chart in charts(desk)][:4] == axes
    expect(desk.get_by_text("limits 1 to 10 kWh")).to_be_visible()
    desk.get_by_role("tab", name="Status").click()
    expect(desk.get_by_text("finished").first).to_be_visible()
    assert "tab=status" in desk.url


def test_the_context_tells_where_each_field_is_set(desk: Page):
    desk.goto("/assets")
    desk.get_by_role("link", name="Home battery").click()
    desk.get_by_role("tab", name="Context").click()
    capacity = desk.locator("[data-name=site_power_capacity]")
    expect(capacity.get_by_label("inherited: 17 kVA")).to_be_visible()
    capacity.get_by_role("link", name="Canal house").click()
    expect(capacity.get_by_label("Connection capacity, both directions", exact=True)).to_have_value("17")


def test_properties_are_saved_and_mistakes_are_told_by_field(desk: Page):
    desk.goto("/assets")
    desk.get_by_role("link", name="Charge point").click()
    desk.get_by_role("tab", name="Properties").click()
    latitude = desk.get_by_label("Latitude")
    latitude.fill("152")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("write 90 or less")).to_be_visible()
    latitude.fill("52.3741")  # the same spot on the map
    desk.get_by_label("Description").fill("At the <b>quay</b>")
    desk.get_by_role("button", name="Save", exact=True).click()
    expect(desk.get_by_text("Saved.")).to_be_visible()
    desk.reload()
    expect(desk.get_by_text("At the <b>quay</b>").first).to_be_visible()
    expect(latitude).to_have_value("52.3741")


def test_a_sensor_shows_its_values_by_time_by_day_by_frequency_and_by_source(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=context")
    desk.get_by_role("link", name="household load").click()
    expect(desk.get_by_role("heading", name="Canal house: household load")).to_be_visible()
    assert charts(desk)[0]["y"] == "Power [kW]"
    desk.get_by_role("tab", name="Bars").click()
    desk.wait_for_function(f"() => ({DRAWN})().some((chart) => chart.y === 'Energy per day [kWh]')")
    desk.get_by_role("tab", name="Heatmap").click()
    desk.wait_for_function(f"() => ({DRAWN})().some((chart) => chart.x === 'Time of day in Europe/Amsterdam')")
    desk.get_by_role("tab", name="Distribution").click()
    expect(desk.get_by_role("heading", name="Duration curve")).to_be_visible()
    desk.get_by_role("tab", name="Statistics").click()
    row = desk.get_by_role("row", name=re.compile("Shifted real data"))
    expect(row).to_contain_text("8,736")
    assert "tab=statistics" in desk.url


SOLAR_PANELS = """() => {
  const figures = Bokeh.documents.flatMap((d) => [...d._all_models.values()]).filter((m) => m.type === "Figure")
  const [f] = figures, data = f.renderers[2].data_source.data, i = [...data.name].indexOf("Solar panels")
  const {x_range: x, y_range: y} = f
  const place = [(data.x[i] - x.start) / (x.end - x.start), (y.end - data.y[i]) / (y.end - y.start)]
  return place.every(Number.isFinite) && Bokeh.documents.every((d) => d.is_idle) && place
}"""
"""Where an asset lies on the map [share of its width, of its height]; false until the map has its ranges."""


def test_a_click_on_the_map_opens_the_asset(desk: Page):
    desk.goto("/")
    frame = desk.locator(".bk-Figure").first
    expect(frame).to_be_visible()
    x, y = desk.wait_for_function(SOLAR_PANELS).json_value()
    box = frame.bounding_box()
    assert box is not None
    desk.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])
    expect(desk.get_by_role("heading", name="Solar panels")).to_be_visible()


def test_a_replay_shows_what_was_known_earlier(desk: Page, house: int):
    desk.goto(f"/assets/{house}?tab=replay")
    label = desk.get_by_role("status").filter(has_text="As known at")
    expect(label).to_be_visible()
    first = label.inner_text()
    desk.get_by_role("button", name="Last frame").click()
    expect(label).not_to_have_text(first)
    before = charts(desk)
    desk.get_by_role("button", name="First frame").click()
    expect(label).to_have_text(first)
    desk.wait_for_function(f"() => ({DRAWN})()[2].points[0] < {before[2]['points'][0]}")
    assert [chart["y"] for chart in charts(desk)] == [chart["y"] for chart in before]


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/users", "toy-user@flexmeasures.io"),
        ("/accounts", "Toy Account"),
        ("/logged-in-user", "account-admin"),
        ("/tasks", "Job"),
        ("/status", "You may not read the server status"),
    ],
)
def test_tables_of_people_and_jobs(inside: Page, path: str, seen: str):
    visit(inside, path)
    expect(inside.get_by_text(seen).first).to_be_visible()


def test_a_first_visit_is_as_dark_as_the_system(browser: Browser, site: Api, session_cookies: list[dict[str, str]]):
    with opened(browser, site, session_cookies, color_scheme="dark") as page:
        page.goto("/assets")
        assert max(ground(page)) < 40
        page.get_by_role("button", name="Toggle theme").click()
        page.reload()  # what was chosen counts more
        assert min(ground(page)) > 200
        page.context.clear_cookies(name="flexscope_dark")
        page.emulate_media(color_scheme="light")
        page.reload()
        assert min(ground(page)) > 200
