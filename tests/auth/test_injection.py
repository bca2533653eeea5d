"""Texts that try to be a script or a statement stay texts, in the pages, in the API and in the database."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from db.accounts import Account
from db.assets import Asset
from db.base import Database
from db.sensors import Sensor
from db.users import User
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email

EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>\'; DROP TABLE asset; --'
SHORT = '"><img src=x onerror=window.hit=3>'


@pytest.fixture(scope="module")
def site(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server on a database where every text is an attack."""
    ids = serving.identifiers(people)
    with people.writing() as work:
        work.get_one(User, ids["u:boss"]).username = SHORT
        work.get_one(Account, ids["a:Mill"]).name = SHORT
        for name in ("battery", "site"):
            asset = work.get_one(Asset, ids[name])
            asset.name, asset.description = f"{SHORT} {name}", EVIL
            asset.attributes = {EVIL: EVIL}
        for name in ("s:power", "s:load"):
            work.get_one(Sensor, ids[name]).name = SHORT
    url = people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance")) as running:
        running.ids = ids  # type: ignore[attr-defined]  # for the tests below
        yield running


@pytest.mark.browser
def test_nothing_runs_on_any_page(site: Any, browser: Any) -> None:  # a fixture
    page: Page = browser.new_page()
    page.goto(f"{site.url}/login?next=%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.hit%3D4%3E")
    page.get_by_label("Email").fill(email("boss"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    for path in ("/", "/assets", f"/assets/{site.ids['battery']}", f"/assets/{site.ids['site']}"):
        page.goto(site.url + path)
        expect(page.get_by_text("onerror").first).to_be_visible(timeout=20_000)
        page.wait_for_function("Bokeh.documents.every((d) => d.is_idle)")
        assert page.evaluate("window.hit") is None, path
        assert page.locator("img[src='x']").count() == 0, path
    page.close()


@pytest.mark.parametrize("text", [EVIL, "' OR 1=1 --", "%' UNION SELECT password_hash FROM app_user --", "\\"])
def test_no_text_becomes_a_statement(site: Any, text: str) -> None:
    for path in ("/assets", "/users", "/accounts", "/sensors"):
        found = site.get(path, params={"filter": text, "page": 1})
        assert found.status_code == 200 and "argon2" not in found.text
    assert site.get("/assets", params={"sort-by": text}).status_code == 422
    assert len(site.get("/assets").json()) == 2


def test_an_error_tells_nothing_of_the_inside(site: Any) -> None:
    for path in (
        "/assets/999999",
        "/sensors/data?sensor=x",
        "/jobs/'--",
        "/%00",
        "/assets?page=9999999999999999999999",
    ):
        said = site.get(path).text
        assert "Traceback" not in said and "SELECT" not in said and "/app/" not in said and "sqlalchemy" not in said
