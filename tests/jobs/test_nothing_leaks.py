"""Whatever goes wrong, a client is told in one sentence that tells nothing of the inside, and nothing is half saved."""

import gzip
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from db.core.database import Database
from db.migrations import upgrade
from tests.auth.test_sign_in import signed_in, submit
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email
from tests.jobs.restarting import Restartable
from tests.jobs.staging import wait

INSIDE = (
    "Traceback",
    "SELECT",
    "INSERT",
    "psycopg",
    "sqlite3",
    "sqlalchemy",
    "/app/",
    "site-packages",
    ".py",
    "127.0.0.1:5",
)
AT = "2026-04-01T00:00:00Z"


def checked(answer: requests.Response, *codes: int) -> requests.Response:
    assert answer.status_code in codes, (answer.status_code, answer.text[:300])
    assert not [word for word in INSIDE if word in answer.text], answer.text
    return answer


def test_a_database_that_is_down(own_postgres: Restartable, tmp_path: Path) -> None:
    upgrade(own_postgres.url)
    database = Database(own_postgres.url)
    serving.populate(database)
    database.close()
    quiet = {"FLEXSCOPE_WATCH": "false", "FLEXSCOPE_EMBEDDED_WORKERS": "0", "RATELIMIT_ENABLED": "true"}
    with serving.server(own_postgres.url, tmp_path, **quiet) as api:
        browser, _ = signed_in(api, "boss")
        api.token("boss")
        login = browser.get(f"{api.url}/login", timeout=120)
        own_postgres.kill()
        for path in ("/assets", "/sensors/1", "/users", "/health/ready"):
            answer = checked(api.get(path), 503)
            assert answer.headers["Content-Type"] == "application/json" and answer.json()
        assert int(
            checked(api.post("/assets", json={"name": "x", "generic_asset_type_id": 1}), 503).headers["Retry-After"]
        )
        body = {"email": "a@b.cd", "password": "x"}
        checked(requests.post(f"{api.url}/api/requestAuthToken", json=body, timeout=120), 503)
        checked(browser.get(f"{api.url}/assets", timeout=120), 500, 503)
        assert login.ok
        checked(submit(browser, f"{api.url}/login", email=email("boss"), password=PASSWORD), 500, 503)
        own_postgres.start()
        wait(lambda: api.get("/assets").status_code == 200, 120)


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    database = Database(database_url)
    serving.populate(database)
    with serving.server(database_url, tmp_path, FLEXSCOPE_WATCH="false", FLEXSCOPE_EMBEDDED_WORKERS="0") as running:
        running.ids = serving.identifiers(database)
        yield running
    database.close()


def test_a_disk_that_is_full(sqlite_url: str, tmp_path: Path) -> None:
    """Files of the server may not grow: what a full disk does, for this one process."""
    database = Database(sqlite_url)
    serving.populate(database)
    ids = serving.identifiers(database)
    with serving.server(sqlite_url, tmp_path, FLEXSCOPE_WATCH="false", FLEXSCOPE_EMBEDDED_WORKERS="0") as api:
        api.token("boss")
        path = f"/sensors/{ids['s:load']}/data"
        values = {"values": [1.5] * 5000, "start": AT, "duration": f"PT{15 * 5000}M", "unit": "kW"}
        before = resource.prlimit(api.pid, resource.RLIMIT_FSIZE)
        size = max(file.stat().st_size for file in tmp_path.iterdir() if file.suffix.startswith(".db"))
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, (min(size, 4096), before[1]))
        checked(api.post(path, json=values), 503)
        resource.prlimit(api.pid, resource.RLIMIT_FSIZE, before)
        asked = {"start": AT, "duration": "PT1H"}
        assert api.get(path, params=asked).json()["values"] == [None] * 4
        assert api.post(path, json=values).status_code == 200
        assert api.get(path, params=asked).json()["values"] == [1.5] * 4
    database.close()


JSON = {"Content-Type": "application/json"}
POISON: list[dict[str, Any]] = [
    {"data": b'{"name": "a\\u0000b"}'},
    {"data": b'{"name": "a\\ud800b"}'},
    {"data": b'{"attributes": ' + b'{"a":' * 5000 + b"1" + b"}" * 5000 + b"}"},
    {"data": b'{"attributes": {"a": "\\u0000"}}'},
    {"data": b'{"flex_context": ' + b'{"a":' * 300 + b"1" + b"}" * 300 + b"}"},
    {"data": b'{"attributes": {"b": ' + b"[" * 900 + b'"\\u0000"' + b"]" * 900 + b"}}"},
    {"data": b'{"latitude": 1e400}'},
    {"data": b'{"latitude": NaN}'},
    {"data": b'{"parent_asset_id": 99999999999999999999999}'},
    {"data": b"\xff\xfe{}"},
    {"data": b"[1, 2"},
    {"data": b"null"},
    {"data": gzip.compress(b"0" * 50_000_000), "headers": {"Content-Encoding": "gzip"}},
    {"data": b"\x1f\x8b\x08 broken", "headers": {"Content-Encoding": "gzip"}},
    {"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary="}},
]


def test_what_is_meant_to_hurt(api: Any) -> None:
    path = f"/assets/{api.ids['site']}"
    before = api.get(path).json()
    for poison in POISON:
        headers = JSON | poison.get("headers", {})
        try:
            answer = api.patch(path, data=poison["data"], headers=headers)
        except requests.ConnectionError:
            assert "gzip" in str(headers), poison["data"][:60]
            continue
        checked(answer, 400, 413, 415, 422)
        assert "gzip" in str(headers) or answer.json()["message"], poison["data"][:60]
    for query in ("filter=%00", "filter=%ed%a0%80", "sort-by=%00", "page=1e9", "fields=%00|id", "account=%00"):
        checked(api.get(f"/assets?{query}&page=1"), 200, 422)
    for key in ("%00", "a" * 300, "é"):
        checked(api.patch(path, json={}, headers={"Idempotency-Key": key}), 200, 422)
    assert api.get(path).json() == before
