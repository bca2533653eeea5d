"""What a person tries on the tab What-if: a slider, a link to it, undo, a second scenario, and keeping it."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from sqlalchemy import select

from db.assets import Asset
from db.core.database import Database
from db.schedules import StoredSchedule

pytestmark = pytest.mark.browser


def cost(page: Page) -> Locator:
    return page.locator("#what-if-result dl div").filter(has_text="Cost")


@pytest.fixture
def battery(demo_database: Database) -> Iterator[Asset]:
    """The home battery, as it was after the test."""
    with demo_database.reading() as session:
        found = session.scalars(select(Asset).where(Asset.name == "Home battery")).one()
        before = dict(found.flex_model)
    yield found
    with demo_database.writing() as session:
        session.get_one(Asset, found.id).flex_model = before


@pytest.fixture
def tab(demo_database: Database, house: int) -> str:
    """Address of the tab for the demo's own schedule; other tests may have had the house planned since."""
    oldest = select(StoredSchedule.id).where(StoredSchedule.asset_id == house).order_by(StoredSchedule.id).limit(1)
    with demo_database.reading() as session:
        schedule = session.scalars(oldest).one()
    return f"/assets/{house}?tab=what-if&schedule={schedule}"


def test_a_slider_a_link_and_undo(desk: Page, tab: str):
    desk.goto(tab)
    expect(cost(desk)).to_contain_text("no change")
    size = desk.get_by_label("Usable capacity", exact=True)
    desk.get_by_label("Usable capacity of Home battery, slider").focus()
    for _ in range(3):
        desk.keyboard.press("PageUp")
    expect(size).not_to_have_value("10")
    larger = size.input_value()
    expect(desk).to_have_url(re.compile(f"what-if=.*soc-max.*{larger}"))
    expect(cost(desk)).to_contain_text("−")
    link, cheaper = desk.url, cost(desk).inner_text()
    while (last := size.input_value()) != "10":
        desk.get_by_role("button", name="Undo").click()
        expect(size).not_to_have_value(last)
    expect(cost(desk)).to_contain_text("no change")
    desk.goto(link)
    expect(cost(desk)).to_have_text(re.compile(r"\s*".join(map(re.escape, cheaper.split()))))
    expect(size).to_have_value(larger)


def test_scenarios_side_by_side_and_one_is_kept(desk: Page, tab: str, battery: Asset, demo_database: Database):
    desk.goto(tab)
    desk.get_by_label("Usable capacity", exact=True).fill("15")
    # The answer to the button comes after the next edit
    held: list[Route] = []
    added = re.compile("%22act%22%3A%22add%22")
    desk.route(
        re.compile("part=what_if$"),
        lambda route: held.append(route) if added.search(route.request.post_data or "") else route.continue_(),
    )
    with desk.expect_request(lambda request: bool(added.search(request.post_data or ""))):
        desk.get_by_role("button", name="Add a scenario").click()
    desk.get_by_label("All energy prices", exact=True).fill("200")
    desk.keyboard.press("Enter")
    assert len(held) == 1
    held.pop().continue_()
    desk.unroute_all()
    expect(desk).to_have_url(re.compile("Scenario[+]1((?!prices).)*Scenario[+]2.*soc-max.*prices"))
    expect(desk.get_by_role("row", name=re.compile("Cost.*EUR.*EUR.*EUR"))).to_be_visible()
    with demo_database.reading() as session:
        assert session.get_one(Asset, battery.id).flex_model == battery.flex_model
    desk.get_by_role("button", name="Save as flex-model").click()
    expect(desk.get_by_text("Saved on Home battery.")).to_be_visible()
    with demo_database.reading() as session:
        assert session.get_one(Asset, battery.id).flex_model == {**battery.flex_model, "soc-max": "15 kWh"}
