"""Texts that try to be a script or a statement stay texts, in the pages, in the API and in the database."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page
from sqlalchemy import text
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from app.api.http.errors import answer
from app.pages.routes import PAGES
from app.widgets.async_content import FAILED
from db import sources
from db.accounts.accounts import Account
from db.accounts.users import User, role
from db.annotations import Annotation
from db.assets import Asset, asset_type
from db.beliefs import store
from db.core.database import Database
from db.jobs.alerts import Alert
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.series.window import Window
from tests.auth.page_table import PAGES_SEEN
from tests.auth.test_page_permissions import address
from tests.browser.looking import tabs
from tests.conftest import PATIENCE
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email

EVIL = '<img src=x onerror="window.hit=1"><script>window.hit=2</script>\'; DROP TABLE asset; --'
DAY = timedelta(days=1)
SHORT = '"><img src=x onerror=window.hit=3>'


@pytest.fixture(scope="module")
def site(sqlite_people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server on a database where every text is an attack."""
    ids = serving.identifiers(sqlite_people)
    with sqlite_people.writing() as session:
        rename(session, ids)
        measure(session, ids)
        remark(session, ids)
    url = sqlite_people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), FLEXSCOPE_WATCH="false") as running:
        running.ids = ids
        yield running


def rename(session: Session, ids: dict[str, int]) -> None:
    """Give everything that has a name another one."""
    session.get_one(User, ids["u:boss"]).username = SHORT
    session.get_one(Account, ids["a:Mill"]).name = SHORT
    session.get_one(Account, ids["a:Advice"]).name = EVIL
    session.get_one(User, ids["u:hand"]).roles = [role(session, SHORT)]
    kind = asset_type(session, SHORT).id
    for name in ("battery", "site"):
        asset = session.get_one(Asset, ids[name])
        asset.name, asset.description, asset.external_id = f"{SHORT} {name}", EVIL, EVIL
        asset.attributes, asset.flex_context = {EVIL: EVIL}, {"consumption-price": EVIL}
        asset.flex_model = {EVIL: EVIL} if name == "battery" else {}
        asset.sensors_to_show = [{"title": EVIL, "sensors": [ids["s:power"], ids["s:load"]]}]
        asset.latitude, asset.longitude = 52.0, 5.0
    session.get_one(Asset, ids["site"]).asset_type_id = kind
    for name in ("s:power", "s:load"):
        sensor = session.get_one(Sensor, ids[name])
        sensor.name, sensor.attributes = SHORT, {EVIL: EVIL}


def measure(session: Session, ids: dict[str, int]) -> None:
    """Add values of today by sources with such names: measured, foreseen and planned."""
    now = datetime.now(UTC)
    today = Window(now - timedelta(days=1), now + timedelta(hours=12), timedelta(minutes=15))
    for kind in ("user", "forecaster", "scheduler"):
        source = sources.named(session, SHORT, type=kind, model=EVIL[:80], version=SHORT)
        for name in ("s:power", "s:load"):
            sensor, values = session.get_one(Sensor, ids[name]), np.sin(np.arange(len(today.starts)))
            store.write(session, sensor, source, events=today.starts, values=values, known_at=now)


def remark(session: Session, ids: dict[str, int]) -> None:
    """Add jobs, remarks, alerts and what is done again and again, with such words."""
    now = datetime.now(UTC)
    for status in ("FINISHED", "FAILED"):
        job = Job(id=status, kind="schedule", status=status, request={EVIL: EVIL}, request_hash="", known_at=now)
        job.asset_id, job.enqueued_at, job.result, job.message, job.trace = ids["battery"], now, {}, EVIL, EVIL
        job.user_id, job.worker = ids["u:boss"], SHORT
        session.add(job)
    source = sources.named(session, SHORT, type="user")
    session.flush()
    span = {"start": now - timedelta(hours=1), "end": now, "type": "warning", "source_id": source.id}
    session.add(Annotation(content=EVIL, asset_id=ids["battery"], **span))
    session.add(Annotation(content=EVIL, sensor_id=ids["s:power"], **span))
    session.add(Alert(cause=SHORT, kind="stale", message=EVIL, asset_id=ids["battery"], first_at=now, last_at=now))
    nightly = Automation(asset_id=ids["battery"], name=EVIL, kind="schedule", request={EVIL: EVIL}, every=DAY)
    nightly.at, nightly.next_at, nightly.created_at, nightly.active = timedelta(0), now + DAY, now, True
    nightly.on_data, nightly.user_id = False, ids["u:boss"]
    session.add(nightly)


@pytest.fixture(scope="module")
def visitor(site: Any, browser: Any) -> Iterator[Page]:
    """A page of an admin of the host, who came in by way of a planted address."""
    page: Page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site.url}/login?next=%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.hit%3D4%3E")
    page.get_by_label("Email").fill(email("root"))
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", sorted(PAGES))
def test_nothing_runs_on_any_page(site: Any, visitor: Page, name: str) -> None:
    visitor.goto(site.url + address(name, PAGES_SEEN[name], site.ids | {"j:today": "FINISHED"}))
    for tab in tabs(visitor):
        assert visitor.get_by_text(FAILED).count() == 0, tab
        assert visitor.evaluate("window.hit") is None, tab
        assert visitor.locator("img[src='x']").count() == 0, tab
        assert visitor.locator("script:has-text('window.hit')").count() == 0, tab


@pytest.mark.browser
def test_even_what_got_into_a_page_does_not_run(site: Any, visitor: Page) -> None:
    """The policy of the page is a second wall behind the first."""
    visitor.goto(f"{site.url}/assets")
    visitor.evaluate(f"document.body.insertAdjacentHTML('beforeend', {EVIL!r})")
    tag = "const tag = document.createElement('script'); tag.text = 'window.hit=5'; document.body.append(tag)"
    visitor.evaluate(tag)
    visitor.wait_for_timeout(300)
    assert visitor.evaluate("window.hit") is None


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


def test_what_a_database_refuses_is_told_without_its_statement(database: Database) -> None:
    """PostgreSQL refuses a number beyond its column; SQLite stores any, so that nothing is refused there."""
    with database.reading() as session:
        if database.is_sqlite:
            assert session.get(Asset, 2**40) is None
            return
        with pytest.raises(DataError) as refused:
            session.scalar(text("SELECT CAST(:number AS integer)"), {"number": 2**40})
    status, body, _ = answer(refused.value)
    assert status == 422 and "larger" in str(body["message"]) and "SELECT" not in str(body)
