"""A real server with the demo, a real browser, and the guard that no page may fail or call elsewhere."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Playwright
from sqlalchemy import delete

from app.assemble.site.request import ScheduleRequest
from app.demo import building, toy
from app.demo.building import load
from db.core.database import Database
from db.jobs.jobs import Job, add
from tests.auth.test_sign_in import submit
from tests.browser.looking import HOST, add_host, add_job
from tests.conftest import PATIENCE, once
from tests.http.serving import Api, server

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
CONTEXTS: dict[str, BrowserContext] = {}
"""One context of each kind for all tests: scripts that a context has loaded and compiled once, it need not again."""
WRONG: dict[Page, list[str]] = {}
"""What each page did wrong so far."""


@pytest.fixture(scope="session")
def demo_database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the demo, as of now."""

    def build(file: Path) -> None:
        shutil.copy(sqlite_template, file)
        opened = Database(f"sqlite:///{file}")
        load(opened, now=datetime.now(UTC))
        with opened.writing() as session:
            add_host(session)
            add_job(session)
        opened.close()

    file = tmp_path_factory.mktemp("browser") / "flexscope.db"
    shutil.copy(once(tmp_path_factory, "demo.db", build), file)
    opened = Database(f"sqlite:///{file}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def site(chromium: str, demo_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The running server."""
    url = demo_database.url.render_as_string(hide_password=False)
    with server(url, tmp_path_factory.mktemp("instance")) as running:
        yield running


@pytest.fixture(scope="session")
def session_cookies(site: Api) -> list[dict[str, str]]:
    """The cookies of a toy user who signed in."""
    return signed_in(site, toy.EMAIL)


@pytest.fixture(scope="session")
def host_cookies(site: Api) -> list[dict[str, str]]:
    """The cookies of an admin of the server."""
    return signed_in(site, HOST)


def signed_in(site: Api, who: str) -> list[dict[str, str]]:
    """Sign in through the form, but without a browser; return the cookies."""
    visitor = requests.Session()
    assert submit(visitor, f"{site.url}/login", email=who, password=toy.PASSWORD).status_code == 302
    return [{"name": str(one.name), "value": str(one.value), "url": site.url} for one in visitor.cookies]


@contextmanager
def opened(browser: Browser, site: Api, cookies: list[dict[str, str]], **kind: Any) -> Iterator[Page]:
    """Give a page of somebody who has some cookies, in a context of some kind; at its end nothing may have failed.

    Less motion is asked for: a click on a button that still slides into its place would go beside it.
    """
    told = {"viewport": DESKTOP, "base_url": site.url, "reduced_motion": "reduce", **kind}
    context = signed_context(browser, cookies, told)
    others = list(context.pages)
    page, wrong = guarded(context, site)
    WRONG[page] = wrong
    yield page
    context.new_cdp_session(page).send(
        "Storage.clearDataForOrigin", {"origin": site.url, "storageTypes": "local_storage"}
    )
    for each in context.pages:
        if each not in others:
            each.close()
    assert not WRONG.pop(page), wrong


def signed_context(browser: Browser, cookies: list[dict[str, str]], kind: dict[str, Any]) -> BrowserContext:
    """Return the context of a kind for somebody, with no other cookies than he has."""
    name = repr((sorted(kind.items()), cookies))
    if name not in CONTEXTS:
        CONTEXTS[name] = browser.new_context(**kind)
        CONTEXTS[name].set_default_timeout(PATIENCE)
    CONTEXTS[name].clear_cookies()
    CONTEXTS[name].add_cookies(cookies)
    return CONTEXTS[name]


def guarded(context: BrowserContext, site: Api) -> tuple[Page, list[str]]:
    """Return a new page, and the list of what it did wrong so far."""
    page, wrong = context.new_page(), []
    own = (site.url, site.url.replace("http", "ws"), "data:", "blob:")
    page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
    page.on("response", lambda answer: answer.status == 404 and wrong.append(f"{answer.url} is not there"))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda request: request.url.startswith(own) or wrong.append(request.url))
    page.on("websocket", lambda socket: socket.url.startswith(own) or wrong.append(socket.url))
    return page, wrong


@pytest.fixture
def visitor(browser: Browser, site: Api) -> Iterator[Page]:
    """A page of somebody who has not signed in."""
    with opened(browser, site, []) as page:
        yield page


@pytest.fixture
def desk(browser: Browser, site: Api, session_cookies: list[dict[str, str]]) -> Iterator[Page]:
    """A page on a wide screen, signed in as the toy user."""
    with opened(browser, site, session_cookies) as page:
        yield page


@pytest.fixture
def host(browser: Browser, site: Api, host_cookies: list[dict[str, str]]) -> Iterator[Page]:
    """A page on a wide screen, signed in as an admin of the server."""
    with opened(browser, site, host_cookies) as page:
        yield page


@pytest.fixture(scope="module")
def desk_document(browser: Browser, site: Api, session_cookies: list[dict[str, str]]) -> Iterator[Page]:
    """One page of the toy user for all tests of a file that ask for ``inside``."""
    with opened(browser, site, session_cookies) as page:
        yield page


@pytest.fixture
def inside(desk_document: Page) -> Iterator[Page]:
    """A page whose frame other tests have loaded, with all scripts, to be led elsewhere by ``looking.visit``."""
    yield from watched(desk_document)


@pytest.fixture(scope="module")
def host_document(browser: Browser, site: Api, host_cookies: list[dict[str, str]]) -> Iterator[Page]:
    """One page of an admin of the server for all tests of a file that ask for ``host_inside``."""
    with opened(browser, site, host_cookies) as page:
        yield page


@pytest.fixture
def host_inside(host_document: Page) -> Iterator[Page]:
    """As ``inside``, for an admin of the server."""
    yield from watched(host_document)


def watched(page: Page) -> Iterator[Page]:
    """Give a page that other tests use as well; nothing may fail in this one."""
    yield page
    wrong = WRONG[page][:]
    WRONG[page].clear()
    assert not wrong, wrong


@pytest.fixture
def phone(browser: Browser, playwright: Playwright, site: Api, session_cookies: list[dict[str, str]]) -> Iterator[Page]:
    """A page on a phone, signed in as the toy user."""
    with opened(browser, site, session_cookies, **{**playwright.devices["Pixel 5"], "viewport": PHONE}) as page:
        yield page


@pytest.fixture(scope="session")
def house(demo_database: Database) -> int:
    """Id of the demo's house."""
    with demo_database.reading() as session:
        home = building.house(session)
        assert home is not None
        return home.id


@pytest.fixture
def added(demo_database: Database, house: int) -> Iterator[Any]:
    """Adds a job of the house; all are gone at the end."""

    def adding(state: str, *, queue: str = "reporting", **more: Any) -> str:
        now = datetime.now(UTC)
        request = ScheduleRequest(asset=house, start=now.replace(minute=0, second=0), duration=timedelta(hours=6))
        job = Job(kind="schedule", request=request.model_dump(mode="json"), request_hash="", known_at=now)
        job.asset_id, job.enqueued_at, job.queue = house, now, queue
        for name, value in more.items():
            setattr(job, name, value)
        with demo_database.writing() as session:
            return add(session, job, state=state).id

    yield adding
    with demo_database.writing() as session:
        session.execute(delete(Job).where(Job.request_hash == ""))
