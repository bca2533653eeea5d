"""Secrets are kept nowhere in the clear: not in the database, a dump, the queue, the log, a message or a setting."""

import logging
import re
import stat
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import select

from app.api.http.route import PARAMETER
from app.api.routes import tables
from app.auth.protection import sealing
from app.jobs.queue import Queue
from app.jobs.recovery import Keeper
from app.jobs.watch import alerting
from app.logs import GONE, LOOKS, AsJson, AsText, of_settings, redacted, redacted_all
from app.running import Running
from app.settings.settings import Settings, load
from db.accounts.idempotency import KEPT, StoredAnswer
from db.core.database import Database
from db.exchange import dump as dumping
from db.jobs.alerts import Alert
from engine.errors import FieldError
from tests import processes
from tests.auth.permission_table import TABLE
from tests.auth.test_every_endpoint import NAMES
from tests.auth.test_permissions import ROUTES, populate
from tests.auth.test_sign_in import submit
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email

CANARY = "canary-{}-5f1e9c".format
SETTINGS = {
    "SECRET_KEY": CANARY("signing"),
    "MAIL_PASSWORD": CANARY("mail"),
    "FLEXSCOPE_METRICS_TOKEN": CANARY("metrics"),
    "FLEXMEASURES_TASK_CHECK_AUTH_TOKEN": CANARY("tasks"),
    "FLEXSCOPE_ALERT_WEBHOOKS": f"http://127.0.0.1:9/{CANARY('hook')}",
    "FLEXSCOPE_OIDC_PROVIDERS": repr(
        {"x": {"issuer": "http://127.0.0.1:9", "client_id": "c", "client_secret": CANARY("oidc")}}
    ),
    "LOGGING_LEVEL": "DEBUG",
}


@dataclass
class House:
    """A server that logs all it can, and every secret that was given to it or came from it."""

    api: Api
    instance: Path
    database: Database
    secrets: set[str] = field(default_factory=set)

    def leaks(self, folder: Path) -> list[tuple[str, str]]:
        """Return which secrets are to be found in which file: of the instance, the log, and a dump of the database."""
        dump = folder / f"{uuid.uuid4()}.dump"
        dumping.dump(self.database, dump)
        files = [dump, *(file for file in self.instance.rglob("*") if file.is_file())]
        return [
            (secret, file.name)
            for file in files
            for secret in sorted(self.secrets)
            if secret.encode() in file.read_bytes()
        ]


@pytest.fixture(scope="module")
def house(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    instance = tmp_path_factory.mktemp("instance")
    given = {"FLEXSCOPE_INSTANCE_PATH": str(instance), "RATELIMIT_ENABLED": "false"}
    with people.writing() as session:
        more = populate(session, serving.identifiers(people), Running.on(load(given | SETTINGS), people))
    url = people.url.render_as_string(hide_password=False)
    with serving.server(url, instance, FLEXSCOPE_WATCH="false", FLEXSCOPE_EMBEDDED_WORKERS="0", **SETTINGS) as api:
        api.ids = serving.identifiers(people) | more
        secrets = {value for value in SETTINGS.values() if value.startswith("canary")}
        yield House(api, instance, people, secrets | {CANARY("hook"), CANARY("oidc"), PASSWORD})


def send(house: House, name: str, key: str) -> requests.Response:
    """Send what the table says of an endpoint, with an Idempotency-Key."""
    given, (method, _, path) = TABLE[name].arguments(house.api.ids), name.partition(" ")
    more: dict[str, Any] = {"params": given.get("query")}
    if "file" in given:
        more["files"] = {"uploaded-files": ("x.csv", given["file"], "text/csv")}
    elif method != "GET":
        more["json"] = {"data": given["bulk"]} if "bulk" in given else given.get("body", {})
    where = f"/{PARAMETER.sub(lambda part: str(given[part[1]]), path)}"
    return house.api.ask(method, where, who="root", headers={"Idempotency-Key": key}, **more)


def test_a_repeated_request_tells_all_but_the_secret(house: House) -> None:
    path = f"/users/{house.api.ids['u:root']}/keys"
    body = {"name": "twice", "scopes": ["read"]}
    first, again = (house.api.post(path, who="root", json=body, headers={"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    told = again.json()
    assert "only the first answer has the key" in told.pop("message")
    assert told == {name: value for name, value in first.json().items() if name != "key"}


def test_every_way_a_secret_comes_in_leaves_no_trace(house: House, tmp_path: Path) -> None:
    url, ids = house.api.url, house.api.ids
    for number, path in enumerate((f"/accounts/{ids['a:Mill']}/secrets", f"/assets/{ids['battery']}/secrets")):
        house.secrets.add(value := CANARY(f"kept{number}"))
        assert house.api.post(path, json={"name": "x.y", "value": value}).status_code == 201
        wrong = {"name": "not a name!", "value": value}  # refused; the refusal is written nowhere
        assert house.api.post(path, json=wrong, headers={"Idempotency-Key": value}).status_code == 422
    guess = CANARY("guess")
    house.secrets.add(guess)
    requests.post(f"{url}/api/requestAuthToken", json={"email": email("boss"), "password": guess}, timeout=120)
    submit(requests.Session(), f"{url}/login", email=email("boss"), password=guess)
    for way in ("reset-password", "confirm-email", "login/oidc/x/callback", "api/v3_0/assets", "metrics", "nowhere"):
        for name in ("token", "code", "state", "access_token"):
            where = f"{url}/{way}?{name}={guess}"
            requests.get(where, timeout=120)
            requests.get(where, headers={"Authorization": f"Bearer {guess}"}, timeout=120)
            requests.post(where, data={"password": guess, "again": guess}, timeout=120)  # without _xsrf: logged as 403
    requests.get(f"{url}/metrics", headers={"Authorization": f"Bearer {CANARY('metrics')}"}, timeout=120)
    requests.post(f"{url}/oauth/token", data={"client_id": "1", "client_secret": guess}, timeout=120)
    assert "reset-password" in house.api.log.read_text()
    assert house.leaks(tmp_path) == []


def test_answers_are_forgotten_by_time_alone(house: House, tmp_path: Path) -> None:
    now, settings = datetime.now(UTC), load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)})
    with house.database.writing() as session:
        for key, age in (("old", KEPT + timedelta(minutes=1)), ("young", KEPT - timedelta(minutes=1))):
            row = StoredAnswer(user_id=house.api.ids["u:hand"], key=key, request_hash="x", status=200, at=now - age)
            row.body = b"{}"
            session.add(row)
    Keeper(settings, house.database, Queue(settings, house.database)).tidy(now)
    with house.database.reading() as session:
        kept = set(session.scalars(select(StoredAnswer.key).where(StoredAnswer.key.in_(["old", "young"]))))
    assert kept == {"young"}


def test_what_any_endpoint_answers_in_secret_is_kept_nowhere(house: House, tmp_path: Path) -> None:
    telling = {}
    for name in NAMES:
        answer = send(house, name, f"key of {name}")
        secrets = set(LOOKS.findall(answer.text)) | _named(answer)
        if secrets:
            telling[name] = secrets
    assert {name.rpartition("/")[2] for name in telling} >= {"keys", "requestAuthToken"}  # else nothing was tried
    house.secrets |= set().union(*telling.values()) | set(house.api.tokens.values())
    assert house.leaks(tmp_path) == []
    for name in telling:
        route = ROUTES[name]
        assert route.secret_fields or not route.writes, name


def _named(answer: requests.Response) -> set[str]:
    """Return the texts that an answer gives under the name of a secret."""
    found = set[str]()

    def look(content: Any, name: str = "") -> None:
        if isinstance(content, dict):
            for key, value in content.items():
                look(value, key)
        elif isinstance(content, list):
            for value in content:
                look(value, name)
        elif isinstance(content, str) and len(content) > 20 and re.search(r"key$|token|secret|password", name):
            found.add(content)

    if answer.headers.get("Content-Type") == "application/json" and "openapi" not in answer.url:
        look(answer.json() if answer.content else None)
    return found


def test_what_the_server_makes_is_its_owners_only(house: House) -> None:
    files = [file for file in house.instance.rglob("*") if file.name != "log"]  # the test's own
    assert {file.name for file in files} >= {"queue.db"}
    modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in files}
    assert set(modes.values()) <= {"0o600", "0o700"}, modes


def test_a_new_instance_is_its_owners_only(tmp_path: Path) -> None:
    instance = tmp_path / "new" / "instance"
    done = flexscope(instance, "add", "account", "--name", "Mill")
    assert done.returncode == 0, done.stderr
    dump = flexscope(instance, "db-ops", "dump", "--file", str(tmp_path / "x.dump"))
    assert dump.returncode == 0, dump.stderr
    made = [instance, *instance.rglob("*"), tmp_path / "x.dump"]
    modes = {file.name: oct(stat.S_IMODE(file.stat().st_mode)) for file in made}
    assert "flexscope.db" in modes and set(modes.values()) <= {"0o600", "0o700"}, modes


def flexscope(instance: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {"FLEXSCOPE_INSTANCE_PATH": str(instance)} | more
    return processes.flexscope(*words, environment=environment, code=f"import os; os.umask(0); {processes.COMMAND}")


def test_a_flipped_byte_is_refused_at_the_terminal(tmp_path: Path) -> None:
    instance, file = tmp_path / "instance", tmp_path / "x.dump"
    assert flexscope(instance, "add", "account", "--name", "Mill").returncode == 0
    assert flexscope(instance, "db-ops", "dump", "--file", str(file)).returncode == 0
    before = file.read_bytes()
    file.write_bytes(
        before[: len(before) // 2] + bytes([before[len(before) // 2] ^ 1]) + before[len(before) // 2 + 1 :]
    )
    refused = flexscope(instance, "db-ops", "restore", str(file), "--replace", "--yes")
    assert refused.returncode == 1 and "not as it was written" in refused.stderr
    assert "Mill" in flexscope(instance, "show", "accounts").stdout
    file.write_bytes(before)
    assert flexscope(instance, "db-ops", "restore", str(file), "--replace", "--yes").returncode == 0
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", sorted(name for name in SETTINGS if name != "LOGGING_LEVEL"))
def test_no_setting_tells_its_secret(name: str, tmp_path: Path) -> None:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)} | SETTINGS)
    assert "canary" not in repr(settings)
    told = f"it failed with {SETTINGS[name]} and {getattr(settings, name)}"
    assert "canary" not in redacted(told, of_settings(settings)) or name == "FLEXSCOPE_OIDC_PROVIDERS"
    assert "canary" not in redacted(f"client {CANARY('oidc')}", of_settings(settings))


@pytest.mark.parametrize("name", ["FLEXSCOPE_OIDC_PROVIDERS", "FLEXMEASURES_SENTRY_CONFIG"])
def test_a_setting_that_cannot_be_read_is_not_repeated(name: str) -> None:
    with pytest.raises(FieldError) as caught:
        load({name: "{'x': 'canary'"})
    assert "canary" not in str(caught.value)


def test_the_password_of_the_database_is_not_repeated(tmp_path: Path) -> None:
    done = flexscope(tmp_path, "show", "accounts", SQLALCHEMY_DATABASE_URI="postgres//me:canary-db@host/x")
    assert done.returncode == 1 and "canary" not in done.stdout + done.stderr
    done = flexscope(tmp_path, "show", "accounts", SQLALCHEMY_DATABASE_URI="postgresql://me:canary-db@127.0.0.1:9/x")
    assert done.returncode == 1 and "canary" not in done.stdout + done.stderr


def test_every_setting_that_sounds_secret_is_declared_so() -> None:
    sounds = re.compile(
        r"SECRET|PASSWORD|TOKEN|_KEYS?$|DSN|WEBHOOK|_URI$|REDIS_URL|PROVIDERS|SENTRY_CONFIG|CREDENTIALS"
    )
    plain = {  # and why
        "SECURITY_TOKEN_AUTHENTICATION_HEADER",  # the name of a header
        "SECURITY_TOKEN_MAX_AGE",  # a time
        "FLEXMEASURES_API_RATE_LIMIT_KEY",  # a word
        "CORS_SUPPORTS_CREDENTIALS",  # yes or no
        "FLEXMEASURES_PUBLIC_DEMO_CREDENTIALS",  # shown on the login page
    }
    declared = {each.name: each.metadata["hide"] for each in fields(Settings)}
    assert {name for name, hide in declared.items() if sounds.search(name) and not hide} == plain


def test_logs_and_reports_of_errors_are_without_secrets(tmp_path: Path) -> None:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)} | SETTINGS)
    key, secrets = "fsk_12_abcdefghijklmnopqrstuvwxyz", of_settings(settings)
    sealed = sealing.seal("x", settings, secret="y").decode()
    text = (
        f"{key} {CANARY('mail')} {sealed} postgresql://u:pw@h/x /reset-password?token=2|1:0|10:17|5:a|b|cd Bearer ab.c"
    )
    try:
        raise ValueError(text)
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed: %s", (text,), sys.exc_info())
    for written in (
        AsText(secrets).format(record),
        AsJson(secrets).format(record),
        str(redacted_all({"a": [text]}, secrets)),
    ):
        assert not any(secret in written for secret in (key, "canary", sealed, ":pw@", "2|1:0", "ab.c")), written
        assert GONE in written
    assert redacted("GET /assets/7?start=2026-01-01&code_of=5 in 3.1 ms, key: 5") == (
        "GET /assets/7?start=2026-01-01&code_of=5 in 3.1 ms, key: 5"
    )


def test_a_webhook_that_fails_is_named_by_its_host(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path)} | SETTINGS)
    alert = Alert(id=1, kind="x", cause="x", message="x", count=1)
    assert not alerting.tell(settings, [alert])
    assert "127.0.0.1" in caplog.text and "canary" not in caplog.text


def test_every_route_that_tells_something_once_says_which_field() -> None:
    # What is a secret is told under a name of its own; nobody hides one in a text.
    assert {route.path: route.secret_fields for _, route in tables() if route.secret_fields} == {
        "/users/{id}/keys": ("key",)
    }
