"""Keys, headers, other sites, other hosts, other people's websockets: over HTTP against a running server."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from bokeh.util.token import generate_jwt_token, generate_session_id
from tornado.httpclient import HTTPClientError

from app.login.sessions import PAYLOAD
from db.accounts.users import User
from db.core.database import Database
from tests.auth.test_sign_in import signed_in
from tests.auth.visiting import LIVE, cookie_of, opened, token_of
from tests.finding import part
from tests.http import serving
from tests.http.serving import PASSWORD, Api, alone, email

FRIEND = "https://friend.example"
VALUES = {"values": [1.0], "start": "2026-01-05T00:00:00Z", "duration": "PT15M", "unit": "kW"}


@pytest.fixture(scope="module")
def site(people: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that knows one other site, and its own name."""
    url = people.url.render_as_string(hide_password=False)
    more = {"CORS_ORIGINS": FRIEND, "TRUSTED_HOSTS": "127.0.0.1", "RATELIMIT_ENABLED": "true", "LOGGING_LEVEL": "INFO"}
    more["FLEXMEASURES_API_TRIGGER_RATE_LIMIT"] = "1 per hour"
    with serving.server(url, tmp_path_factory.mktemp("instance"), **more) as running:
        yield running


@pytest.fixture(scope="module")
def ids(people: Database) -> dict[str, int]:
    return serving.identifiers(people)


def make_key(site: Api, ids: dict[str, int], *scopes: str) -> tuple[int, str]:
    made = site.post(f"/users/{ids['u:boss']}/keys", json={"name": "meter", "scopes": scopes}).json()
    return made["id"], made["key"]


def with_key(site: Api, key: str, method: str, path: str, **more: Any) -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return requests.request(method, f"{site.url}/api/v3_0{path}", headers=headers, timeout=120, **more).status_code


def test_a_key_is_good_for_its_scopes_until_it_is_revoked(site: Api, ids: dict[str, int]) -> None:
    number, key = make_key(site, ids, "read")
    data = f"/sensors/{ids['s:power']}/data"
    assert with_key(site, key, "GET", "/assets") == 200
    assert with_key(site, key, "POST", data, json=VALUES) == 403
    assert with_key(site, make_key(site, ids, "data")[1], "POST", data, json=VALUES) == 200
    assert with_key(site, key, "PATCH", f"/assets/{ids['battery']}", json={"name": "x"}) == 403
    assert with_key(site, key[:-1] + "_", "GET", "/assets") == 401
    assert key not in site.get(f"/users/{ids['u:boss']}/keys").text
    assert site.delete(f"/keys/{number}").status_code == 204
    assert with_key(site, key, "GET", "/assets") == 401


def test_a_key_makes_no_tokens_and_no_keys(site: Api, ids: dict[str, int]) -> None:
    _, key = make_key(site, ids, "read", "data", "schedule")
    body = {"name": "x", "scopes": ["read"]}
    assert with_key(site, key, "POST", f"/users/{ids['u:boss']}/keys", json=body) == 403
    answer = requests.post(f"{site.url}/api/requestAuthToken", json={}, headers={"Authorization": key}, timeout=120)
    assert answer.status_code in (401, 403)


def test_a_machine_exchanges_its_key_for_a_token_that_ends_with_it(site: Api, ids: dict[str, int]) -> None:
    number, key = make_key(site, ids, "read", "data")
    secret = key.removeprefix(f"fsk_{number}_")
    form = {"grant_type": "client_credentials", "scope": "read"}
    answer = requests.post(f"{site.url}/oauth/token", data=form, auth=(str(number), secret), timeout=120)
    assert answer.json() | {"access_token": ""} == {
        "access_token": "", "token_type": "Bearer", "expires_in": 3600, "scope": "read",
    }  # fmt: skip
    token = answer.json()["access_token"]
    assert with_key(site, token, "GET", "/assets") == 200
    assert with_key(site, token, "POST", f"/sensors/{ids['s:power']}/data", json=VALUES) == 403
    site.delete(f"/keys/{number}")
    assert with_key(site, token, "GET", "/assets") == 401
    wrong = requests.post(f"{site.url}/oauth/token", data=form, auth=(str(number), "wrong"), timeout=120)
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})


def test_answers_tell_what_is_left_and_too_many_triggers_are_refused(site: Api, ids: dict[str, int]) -> None:
    assert int(site.get("/assets").headers["X-RateLimit-Remaining"]) < 500
    path, body = f"/sensors/{ids['s:load']}/forecasts/trigger", {"duration": "PT1H"}
    first, second = (site.post(path, json=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 429)
    assert int(second.headers["Retry-After"]) > 0 and second.json()["status"] == "TOO_MANY_REQUESTS"


@pytest.mark.parametrize("path", ["/login", "/assets", "/api/v3_0/assets", "/assets-static/login.css", "/nowhere"])
def test_every_answer_carries_protecting_headers(site: Api, path: str) -> None:
    browser, _ = signed_in(site, "boss")
    answer = browser.get(site.url + path, headers={"X-Request-Id": "abc-1"}, timeout=120)
    assert (answer.headers["X-Content-Type-Options"], answer.headers["X-Request-Id"]) == ("nosniff", "abc-1")
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN" and "Server" not in answer.headers
    if answer.headers["Content-Type"].startswith("text/html"):
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]


def test_only_scripts_of_a_page_run_in_it_and_elsewhere_none_that_stand_in_it(site: Api) -> None:
    browser, _ = signed_in(site, "boss")
    seen = set()
    for _ in range(2):
        page = browser.get(f"{site.url}/tasks", timeout=120)
        policy = page.headers["Content-Security-Policy"]
        nonce = part(r"'nonce-([\w-]+)'", policy)
        assert page.text.count("<script") == page.text.count(f'<script nonce="{nonce}"') > 5
        assert "unsafe-inline" not in policy.partition("style-src")[0]
        seen.add(nonce)
    assert len(seen) == 2
    for path in ("/login", "/change-password", "/api/v3_0/docs", "/nowhere", "/assets/x"):
        answer = browser.get(site.url + path, timeout=120)
        assert answer.headers["Content-Type"].startswith("text/html")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy and "nonce" not in policy


def test_only_a_known_site_may_use_the_api_from_its_pages(site: Api) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    known = requests.options(f"{site.url}/api/v3_0/assets", headers=asked | {"Origin": FRIEND}, timeout=120)
    assert known.status_code == 204
    assert known.headers["Access-Control-Allow-Origin"] == FRIEND
    assert known.headers["Access-Control-Allow-Headers"] == "authorization"
    for origin, path in (("https://friend.example.evil.example", "/api/v3_0/assets"), (FRIEND, "/login")):
        answer = requests.options(site.url + path, headers=asked | {"Origin": origin}, timeout=120)
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_server_refuses_names_it_does_not_have(site: Api) -> None:
    answer = requests.get(f"{site.url}/login", headers={"Host": "evil.example"}, timeout=120)
    assert answer.status_code == 400 and "evil" not in answer.text


TRAVERSALS = ["../pyproject.toml", "..%2fpyproject.toml", "%2e%2e/%2e%2e/etc/passwd", "....//x", "/etc/passwd", "..\\x"]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_path_leads_out_of_the_static_files(site: Api, path: str) -> None:
    request = requests.Request("GET", site.url).prepare()
    request.url = f"{site.url}/assets-static/{path}"
    answer = requests.Session().send(request, timeout=120, allow_redirects=False)
    assert answer.status_code in (403, 404) and "flexscope" not in answer.text and "root:" not in answer.text


def test_the_log_names_the_request_and_no_secret(site: Api) -> None:
    site.get("/assets", headers={"X-Request-Id": "find-me"})
    requests.get(f"{site.url}/reset-password?token=very-secret", timeout=120)
    log = site.log.read_text()
    assert PASSWORD not in log and "very-secret" not in log and site.token("boss") not in log


def knock(site: Api, cookie: str | None, token: str) -> None:
    """Open a websocket, and close it."""

    async def open_socket() -> None:
        (await opened(site, LIVE, cookie=cookie, token=token)).close()

    alone(open_socket())


def page_token(site: Api, browser: requests.Session) -> str:
    return token_of(browser.get(site.url + LIVE, timeout=120))


def test_a_websocket_opens_only_the_page_of_its_own_session(site: Api) -> None:
    boss, _ = signed_in(site, "boss")
    rival, _ = signed_in(site, "rival")
    token = page_token(site, boss)
    own = cookie_of(boss)
    for cookie in (None, cookie_of(rival), own[:-1]):
        with pytest.raises(HTTPClientError, match="403"):
            knock(site, cookie, token)
    forged = generate_jwt_token(generate_session_id(), extra_payload={PAYLOAD: [1, 0, ""]})
    with pytest.raises(HTTPClientError, match="403"):
        knock(site, own, forged)
    knock(site, own, token)


def test_deactivation_ends_sessions_and_open_websockets(site: Api, people: Database, ids: dict[str, int]) -> None:
    browser, _ = signed_in(site, "hand", PASSWORD)
    token, cookie = page_token(site, browser), cookie_of(browser)

    async def watch() -> tuple[int | None, float]:
        socket = await opened(site, LIVE, cookie=cookie, token=token)
        with people.writing() as session:
            session.get_one(User, ids["u:hand"]).active = False
        began = time.monotonic()
        while await asyncio.wait_for(socket.read_message(), 120) is not None:
            pass
        return socket.close_code, time.monotonic() - began

    assert alone(watch())[0] == 4001
    assert browser.get(f"{site.url}/api/v3_0/assets", timeout=120).status_code == 401
    refused = requests.post(
        f"{site.url}/api/requestAuthToken", json={"email": email("hand"), "password": PASSWORD}, timeout=120
    )
    assert refused.status_code == 401
