"""While others hold the database: whoever reads is answered, whoever writes is told 503 and when to come back."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
import requests

from app.cli.main import main
from app.running import Running
from app.settings.settings import load
from db.core.database import Database, Table
from db.core.faults import Unavailable
from tests.auth.permission_table import TABLE
from tests.auth.test_every_endpoint import send
from tests.auth.test_permissions import populate
from tests.http import serving
from tests.http.serving import Api

PATIENCE = 1
"""How long the server of these tests waits for a lock [s]."""


@contextmanager
def locked(database: Database) -> Iterator[None]:
    """Hold what any writer of a database needs, as another program would in the midst of a long transaction."""
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    other = sqlite3.connect(str(database.url.database)) if database.is_sqlite else psycopg2.connect(url)
    names = ", ".join(f'"{name}"' for name in Table.metadata.tables)
    other.cursor().execute("BEGIN IMMEDIATE" if database.is_sqlite else f"LOCK TABLE {names} IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.fixture(scope="module")
def served(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that waits a second for locks, and rows that every endpoint can be asked about."""
    instance = tmp_path_factory.mktemp("locked")
    running = Running.on(load({"FLEXSCOPE_INSTANCE_PATH": str(instance), "RATELIMIT_ENABLED": "false"}), people)
    with people.writing() as session:
        more = populate(session, serving.identifiers(people), running)
    url = people.url.render_as_string(hide_password=False)
    told = {"FLEXSCOPE_DATABASE_PATIENCE": str(PATIENCE), "FLEXSCOPE_EMBEDDED_WORKERS": "0", "FLEXSCOPE_WATCH": "false"}
    with serving.server(url, instance, **told) as api:
        api.ids = serving.identifiers(people) | more
        for who in sorted(serving.USERS):
            api.token(who)
        yield api


def asked(served: Api, name: str) -> requests.Response:
    """Send the request of a line of the table, as somebody who may."""
    who = next(iter(sorted(TABLE[name].allowed & set(serving.USERS))))
    return send(served, name, TABLE[name].arguments(served.ids), who)


def test_no_endpoint_fails_while_others_write(people: Database, served: Api) -> None:
    names = sorted(TABLE)
    with locked(people), ThreadPoolExecutor(6) as clients:
        answers = dict(zip(names, clients.map(lambda name: asked(served, name), names), strict=True))
    wrong = {
        name: each.text[:200] for name, each in answers.items() if each.status_code >= 500 and each.status_code != 503
    }
    assert not wrong
    waiting = {name for name, each in answers.items() if each.status_code == 503}
    assert {"POST /api/v3_0/sensors/{id}/data", "DELETE /api/v3_0/assets/{id}"} <= waiting
    assert all(int(answers[name].headers["Retry-After"]) >= 1 for name in waiting)
    assert not {name for name in waiting if name.startswith("GET")}


def test_who_knows_the_password_waits_for_nobody_who_writes(people: Database, served: Api) -> None:
    with locked(people):
        for who in ("rival", "hand"):
            credentials = {"email": serving.email(who), "password": serving.PASSWORD}
            answer = requests.post(f"{served.url}/api/requestAuthToken", json=credentials, timeout=120)
            assert answer.status_code == 200, answer.text
    wrong = {"email": serving.email("rival"), "password": "wrong"}
    assert requests.post(f"{served.url}/api/requestAuthToken", json=wrong, timeout=120).status_code == 401
    with locked(people):  # a failure is there to be forgotten, and that is written
        credentials = {"email": serving.email("rival"), "password": serving.PASSWORD}
        answer = requests.post(f"{served.url}/api/requestAuthToken", json=credentials, timeout=120)
    assert answer.status_code == 503


def test_pages_before_the_login_say_so_too(people: Database, served: Api) -> None:
    form = {"email": "boss@example.org", "password": serving.PASSWORD}
    with locked(people), requests.Session() as browser:
        browser.get(f"{served.url}/login", timeout=120)
        form["_xsrf"] = browser.cookies["_xsrf"]
        answer = browser.post(f"{served.url}/login", data=form, timeout=120)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "Try again" in answer.text


def test_a_command_says_it_in_one_sentence(
    people: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SQLALCHEMY_DATABASE_URI", people.url.render_as_string(hide_password=False))
    monkeypatch.setenv("FLEXSCOPE_INSTANCE_PATH", str(tmp_path))
    monkeypatch.setenv("FLEXSCOPE_DATABASE_PATIENCE", str(PATIENCE))
    with locked(people), pytest.raises(SystemExit) as end:
        main(["add", "account", "--name", "Mine"])
    assert end.value.code == 1
    assert capsys.readouterr().err.strip() == str(Unavailable())


def test_what_waits_is_done_once_the_others_are_through(served: Api) -> None:
    assert asked(served, "POST /api/v3_0/sensors/{id}/data").status_code == 200
