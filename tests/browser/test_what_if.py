"""What a person tries on the tab What-if: a slider, a link to it, undo, a second scenario, and keeping it."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from db.assets import Asset
from db.core.database import Database

pytestmark = pytest.mark.browser


def cost(page: Page) -> Locator:
    return page.locator("#what-if-result dl div").filter(has_text="Cost")


def test_a_slider_a_link_undo_and_save(desk: Page, house: int, demo_database: Database):
    with demo_database.reading() as session:
        battery = session.scalars(select(Asset).where(Asset.name == "Home battery")).one()
        before = dict(battery.flex_model)
    desk.goto(f"/assets/{house}?tab=what-if")
    expect(cost(desk)).to_contain_text("no change")
    size = desk.get_by_label("Usable capacity", exact=True)
    slider = desk.get_by_label("Usable capacity of Home battery, slider")
    slider.focus()
    for _ in range(3):
        desk.keyboard.press("PageUp")
    expect(size).not_to_have_value("10")
    expect(cost(desk)).to_contain_text("−")
    cheaper, larger = cost(desk).inner_text(), size.input_value()
    expect(desk).to_have_url(re.compile("what-if=.*soc-max"))
    link = desk.url
    undo = desk.get_by_role("button", name="Undo")
    while (last := size.input_value()) != "10":
        undo.click()
        expect(size).not_to_have_value(last)
    expect(cost(desk)).to_contain_text("no change")
    expect(size).to_have_value("10")
    desk.goto(link)
    expect(cost(desk)).to_have_text(re.compile(r"\s*".join(map(re.escape, cheaper.split()))))
    expect(size).to_have_value(larger)
    desk.get_by_role("button", name="Add a scenario").click()
    desk.get_by_label("All energy prices", exact=True).fill("200")
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("columnheader", name="Scenario 2")).to_be_visible()
    with demo_database.reading() as session:
        assert session.get_one(Asset, battery.id).flex_model == before
    desk.get_by_role("button", name="Save as flex-model").click()
    expect(desk.get_by_text("Saved on Home battery.")).to_be_visible()
    with demo_database.writing() as session:
        kept = session.get_one(Asset, battery.id)
        assert kept.flex_model == {**before, "soc-max": f"{larger} kWh"}
        kept.flex_model = before
