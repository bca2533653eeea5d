"""The login page, its cookie, and what is refused without it."""

import pytest
import requests
from tornado.httpclient import HTTPClientError
from tornado.websocket import websocket_connect

from app.login.forms import inside
from tests.finding import part
from tests.http.serving import PASSWORD, Api, alone, email


def sign_in(api: Api, password: str = PASSWORD, wanted: str = "/assets") -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    page = browser.get(f"{api.url}/login", params={"next": wanted}, timeout=120)
    form = {"_xsrf": part(r'name="_xsrf" value="([^"]+)"', page.text), "next": wanted}
    form |= {"email": email("boss"), "password": password}
    return browser, browser.post(f"{api.url}/login", data=form, allow_redirects=False, timeout=120)


def test_signing_in_leads_on_and_gives_a_cookie_scripts_cannot_read(api: Api) -> None:
    browser, answer = sign_in(api)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/assets")
    cookie = next(line for line in answer.raw.headers.getlist("Set-Cookie") if line.startswith("flexscope_session"))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    assert browser.get(f"{api.url}/api/v3_0/assets", timeout=120).status_code == 200


def test_a_wrong_password_gives_no_cookie(api: Api) -> None:
    browser, answer = sign_in(api, "not the password")
    assert answer.status_code == 401 and "Wrong email or password" in answer.text
    assert "flexscope_session" not in browser.cookies


def test_a_form_of_another_site_is_refused(api: Api) -> None:
    form = {"email": email("boss"), "password": PASSWORD}
    assert requests.post(f"{api.url}/login", data=form, timeout=120).status_code == 403


def test_another_site_cannot_act_with_the_cookie(api: Api) -> None:
    browser, _ = sign_in(api)
    body = {"name": "forged", "generic_asset_type_id": 1}
    refused = browser.post(f"{api.url}/api/v3_0/assets", json=body, timeout=120)
    assert (refused.status_code, refused.headers["Content-Type"]) == (403, "application/json")


def test_signing_out_ends_the_session(api: Api) -> None:
    browser, _ = sign_in(api)
    browser.get(f"{api.url}/logout", allow_redirects=False, timeout=120)
    assert browser.get(f"{api.url}/api/v3_0/assets", timeout=120).status_code == 401


@pytest.mark.parametrize("path", ["/", "/assets", "/assets/1"])
def test_pages_lead_the_unknown_to_the_login_page(api: Api, path: str) -> None:
    answer = requests.get(f"{api.url}{path}", timeout=120)
    assert answer.url.startswith(f"{api.url}/login?next=") and 'name="password"' in answer.text


def test_websockets_refuse_the_unknown(api: Api) -> None:
    async def knock() -> None:
        await websocket_connect(f"{api.url.replace('http', 'ws')}/assets/1/ws")

    with pytest.raises(HTTPClientError, match="403"):
        alone(knock())


def test_the_page_does_not_carry_the_cookie(api: Api) -> None:
    browser, _ = sign_in(api)
    page = browser.get(f"{api.url}/assets", timeout=120)
    assert page.status_code == 200
    assert browser.cookies["flexscope_session"].strip('"') not in page.text


def test_a_slash_too_many_leads_to_the_page(api: Api) -> None:
    answer = requests.get(f"{api.url}/assets/", timeout=120, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/assets")
    assert requests.get(f"{api.url}//evil.example/", timeout=120, allow_redirects=False).status_code != 301


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_next_cannot_leave_the_site(wanted: str) -> None:
    assert inside(wanted) == "/"


def test_next_may_be_any_page_of_the_site() -> None:
    assert inside("/assets/5?tab=plan") == "/assets/5?tab=plan"
