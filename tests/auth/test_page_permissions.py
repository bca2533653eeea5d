"""Every page and tab × every kind of user: what is seen there is what is written down in ``page_table``.

A page is opened as a browser does it, over HTTP and its websocket.
"""

import ast
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import requests
from tornado.httpclient import HTTPClientError

import app.pages
from app import running
from app.auth.access.access import NotAllowed
from app.auth.access.identity import identity
from app.auth.tokens import keys
from app.pages.routes import PAGES
from app.running import Running
from app.settings import settings
from app.usecases.actor import Actor
from app.widgets.async_content import FAILED
from db import sources
from db.accounts.users import User, role
from db.annotations import Annotation
from db.assets import Asset
from db.core.database import Database
from db.jobs.alerts import Alert
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from db.overrides import PowerOverride
from db.schedules import POWER, ScheduleInputs
from db.sensors import Sensor
from tests.assemble.test_day_costs import planned as stored_row
from tests.auth.page_table import ACTIONS, PAGES_SEEN, PageLine
from tests.auth.permission_table import ADD, EVERYONE
from tests.auth.test_permissions import inputs
from tests.auth.test_sign_in import signed_in
from tests.auth.visiting import opened, seen
from tests.effort import effort
from tests.http import serving
from tests.http.serving import Api, alone

TABLE = "tests/auth/page_table.py"
SETTINGS = settings.load({})


class Forgotten(Exception):
    """Undoes what an action changed."""


@pytest.fixture(scope="module")
def ids(sqlite_people: Database) -> dict[str, Any]:
    """Ids of all rows by name, with a user of each kind and a job of today."""
    found = serving.identifiers(sqlite_people)
    with sqlite_people.writing() as session:
        for name, account, named in (("stranger", "a:Quay", "consultant"), ("inactive", "a:Mill", "account-admin")):
            hashed = serving.password_hash()
            user = User(email=serving.email(name), username=name, password_hash=hashed, account_id=found[account])
            user.active, user.roles = name != "inactive", [role(session, named)]
            session.add(user)
        now, asset_id = datetime.now(UTC), found["battery"]
        for name, state in (("today", "FINISHED"), ("failed", "FAILED"), ("queued", "SCHEDULED")):
            job = Job(id=name, kind="schedule", status=state, request={}, request_hash=name, known_at=now)
            job.asset_id, job.enqueued_at, job.result, job.message, job.trace = asset_id, now, {}, "", ""
            job.due_at = now + timedelta(days=1) if state == "SCHEDULED" else None  # no worker of the server takes it
            session.add(job)
        alert = Alert(cause="x", kind="stale", message="Meter is silent", first_at=now, last_at=now, count=1)
        alert.asset_id = asset_id
        session.add(alert)
        source = sources.named(session, "remarks", type="script")
        session.flush()
        remark = Annotation(content="x", start=now, end=now + timedelta(hours=1), type="label", source_id=source.id)
        remark.asset_id = asset_id
        key, _ = keys.make(session, found["u:hand"], name="x", scopes=["read"], now=now, expires_at=None)
        nightly = Automation(asset_id=found["battery"], name="x", kind="schedule", request={}, every=timedelta(days=1))
        nightly.at, nightly.next_at, nightly.created_at, nightly.active = timedelta(0), now, now, True
        nightly.on_data = False
        held = PowerOverride(asset_id=asset_id, device="battery", start=now, end=now + timedelta(days=1), power=0.0)
        held.created_at = now
        session.add_all([remark, nightly, held])
        session.flush()
        place, load = session.get_one(Asset, found["site"]), session.get_one(Sensor, found["s:load"])
        planned = stored_row(session, place, (load, POWER, 1.0), belief_time=now)
        session.add(ScheduleInputs(schedule_id=planned.id, saved_at=now, content=inputs()))
        session.flush()
        rows = {"remark": remark.id, "key": key.id, "automation": nightly.id, "stored": planned.id, "override": held.id}
    told = {f"j:{name}": name for name in ("today", "failed", "queued")} | rows
    return serving.identifiers(sqlite_people) | told


@pytest.fixture(scope="module")
def site(sqlite_people: Database, ids: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    url = sqlite_people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), FLEXSCOPE_WATCH="false") as api:
        yield api


@pytest.fixture
def process(sqlite_people: Database, tmp_path: Path) -> None:
    """A process that could serve: what pages change, they change in one."""
    running.begin(Running.on(settings.load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)}), sqlite_people))


@pytest.fixture(scope="module")
def browsers(site: Api) -> dict[str, requests.Session]:
    """One browser for each kind of user, signed in."""
    return {kind: signed_in(site, kind)[0] for kind in sorted(EVERYONE)}


def address(name: str, line: PageLine, ids: dict[str, Any]) -> str:
    return re.sub(r"\{\w+(:int)?\}", str(ids.get(line.of)), name)


def lookers(name: str) -> set[str]:
    """Return who looks at a page: all who may not see it and, in turn, two of those who may."""
    may = sorted(PAGES_SEEN[name].seen_by)
    turn = sorted(PAGES_SEEN).index(name)
    return EVERYONE - set(may) | {may[(turn + step) % len(may)] for step in range(effort(2, len(may)))}


@pytest.mark.parametrize("name", sorted(PAGES_SEEN))
def test_everybody_sees_what_is_written_down(
    site: Api, browsers: dict[str, requests.Session], ids: dict[str, Any], name: str
) -> None:
    line = PAGES_SEEN[name]
    path, until = address(name, line, ids), f"{line.text}|{line.instead}|{re.escape(FAILED)}"
    said = {kind: seen(site, browsers[kind], path, until) for kind in sorted(lookers(name))}
    assert not [kind for kind, text in said.items() if FAILED in text]
    assert {kind for kind, text in said.items() if re.search(line.text, text)} == line.seen_by & set(said)


def test_every_page_has_a_line() -> None:
    lacking = sorted(set(PAGES) - set(PAGES_SEEN))
    assert not lacking, f"Add a line to PAGES_SEEN in {TABLE} for {lacking}: who sees which words there?"
    gone = sorted({name.partition("?")[0] for name in PAGES_SEEN} - set(PAGES))
    assert not gone, f"Take the lines of {gone} out of PAGES_SEEN in {TABLE}: there are no such pages."


@pytest.mark.parametrize("name", sorted({name.partition("?")[0] for name, line in PAGES_SEEN.items() if line.tab}))
def test_every_tab_has_a_line(site: Api, browsers: dict[str, requests.Session], ids: dict[str, Any], name: str) -> None:
    written = [line.tab for key, line in PAGES_SEEN.items() if key.startswith(f"{name}?") and line.tab]
    text = seen(site, browsers["root"], address(name, PAGES_SEEN[name], ids), re.escape(f">{written[0]}<"))
    tabs = re.findall(r'role="tab"[^>]*>([^<]*)<', text)
    assert sorted(tabs) == sorted(written), f"Each tab of {name} needs one line in PAGES_SEEN in {TABLE}."


@pytest.mark.parametrize("name", sorted(PAGES))
def test_strangers_get_no_page_and_no_websocket(site: Api, ids: dict[str, Any], name: str) -> None:
    path = address(name, PAGES_SEEN[name], ids)
    for kind in ("nobody", "inactive"):
        browser = signed_in(site, kind)[0]
        for below in ("", "/autoload.js?bokeh-autoload-element=x", "/metadata"):
            answer = browser.get(f"{site.url}{path.rstrip('/')}{below}", timeout=120, allow_redirects=False)
            assert answer.status_code in (302, 403), (below, answer.status_code)
    with pytest.raises(HTTPClientError, match="403"):
        alone(opened(site, path, cookie=None, token="x"))


def actions() -> Iterator[tuple[str, str]]:
    """Give module and expression of every use case that pages hand to ``writing`` or ``triggering``."""
    root = Path(app.pages.__path__[0]).parents[1]
    for path in sorted([*root.glob("app/pages/**/*.py"), *root.glob("app/widgets/*.py")]):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("writing", "triggering"):
                acting = [each for each in ast.walk(node.args[0]) if isinstance(each, ast.Call) and acts(each)]
                yield module, ast.unparse(acting[0].func) if len(acting) == 1 else ast.unparse(node.args[0])


def acts(call: ast.Call) -> bool:
    """Return whether something is called with session and actor, as use cases are."""
    return [ast.unparse(each) for each in call.args[:2]] == ["session", "actor"]


def test_every_action_of_a_page_has_a_line() -> None:
    found = set()
    for module, expression in actions():
        function: Any = import_module(module)
        for part in expression.split("."):
            function = getattr(function, part, None)
        told = f"{module} hands {expression} on: let a lambda call one use case with session and actor."
        assert function is not None and function.__module__.startswith("app.usecases."), told
        found.add(f"{function.__module__}:{function.__name__}")
    lacking = sorted(found - set(ACTIONS))
    assert not lacking, f"Add a line to ACTIONS in {TABLE} for {lacking}: who may do it, and what is it called with?"
    assert not set(ACTIONS) - found


@pytest.mark.parametrize("name", sorted(ACTIONS))
def test_everybody_may_do_on_pages_what_is_written_down(
    sqlite_people: Database, process: None, ids: dict[str, Any], name: str
) -> None:
    module, _, function = name.partition(":")
    change, line = getattr(import_module(module), function), ACTIONS[name]

    def is_allowed(kind: str) -> bool:
        with sqlite_people.reading() as session:
            principal = identity(session, session.get_one(User, ids[f"u:{kind}"]))
        try:
            with sqlite_people.writing() as session:
                change(
                    session, Actor(principal=principal, settings=SETTINGS, now=datetime.now(UTC)), *line.arguments(ids)
                )
                session.flush()
                raise Forgotten
        except Forgotten:
            return True
        except NotAllowed:
            return False

    assert {kind for kind in EVERYONE if is_allowed(kind)} == line.allowed


@pytest.mark.parametrize("column", ["flex_model", "flex_context"])
def test_an_editor_is_checked_only_for_those_who_may_change_the_asset(
    site: Api, browsers: dict[str, requests.Session], ids: dict[str, Any], column: str
) -> None:
    def answer(kind: str, do: str) -> requests.Response:
        browser, sent = browsers[kind], json.dumps({"soc-max~mode": "number", "soc-max~text": "1", "soc-max~unit": "V"})
        path = f"{site.url}/assets/{ids['battery']}?tab={'context' if column == 'flex_context' else 'properties'}"
        browser.get(path, timeout=120)
        data = {"values": sent, "_xsrf": browser.cookies["_xsrf"]}
        return browser.post(f"{path}&{do}={column}", data=data, headers={"HX-Request": "true"}, timeout=120)

    for kind in sorted(EVERYONE):
        checked = answer(kind, "part")
        assert (checked.status_code == 200) == (kind in ADD), (kind, checked.status_code)
        assert kind in ADD or "You may not" in checked.headers["HX-Trigger"]
        assert "refused" in answer(kind, "do").headers["HX-Trigger"]
