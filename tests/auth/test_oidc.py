"""Single sign-on in a real browser, against a real provider; and what a provider cannot do."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from playwright.sync_api import Page, expect

from app.login import oidc
from app.login.oidc import Refused, find_user
from app.running import Running
from app.settings.settings import load
from db.accounts.users import User
from db.core.database import Database
from tests.auth import provider
from tests.auth.provider import CLIENT, SECRET, Provider
from tests.conftest import PATIENCE
from tests.http import serving
from tests.http.serving import Api, email

ADA = {"sub": "77", "email": "ada@example.org", "email_verified": True, "groups": ["staff", "chiefs"], "org": "mill"}
RULES: dict[str, Any] = {
    "client_id": CLIENT,
    "client_secret": SECRET,
    "label": "Corp",
    "account_claim": "org",
    "accounts": {"mill": "Mill"},
    "roles_claim": "groups",
    "roles": {"chiefs": "account-admin"},
    "create_users": True,
}


@pytest.fixture(scope="module")
def corp() -> Iterator[Provider]:
    with provider.running() as found:
        yield found


@pytest.fixture(scope="module")
def site(people: Database, corp: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that knows the provider."""
    url, providers = people.url.render_as_string(hide_password=False), {"corp": RULES | {"issuer": corp.url}}
    folder = tmp_path_factory.mktemp("instance")
    more = {"FLEXSCOPE_OIDC_PROVIDERS": repr(providers), "AUTHLIB_INSECURE_TRANSPORT": "1"}
    with serving.server(url, folder, **more) as running:
        yield running


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.browser
def test_somebody_new_comes_in_by_the_provider_with_account_and_role(
    site: Api,
    corp: Provider,
    people: Database,
    browser: Any,  # a fixture
) -> None:
    corp.claims = ADA
    page: Page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{site.url}/assets")
    page.get_by_role("link", name="Sign in with Corp").click()
    page.get_by_role("button", name="Continue as Ada").click()
    expect(page.get_by_role("button", name=re.compile("ada"))).to_be_visible()
    page.close()
    with people.reading() as session:
        user = session.query(User).filter_by(email="ada@example.org").one()
        assert (user.account_id, [role.name for role in user.roles]) == (
            serving.identifiers(people)["a:Mill"],
            ["account-admin"],
        )


def through(site: Api, wanted: str = "/assets") -> tuple[requests.Session, requests.Response]:
    """Go to the provider and back, without a browser."""
    visitor = requests.Session()
    departure = visitor.get(f"{site.url}/login/oidc/corp", params={"next": wanted}, allow_redirects=False, timeout=120)
    back = requests.post(departure.headers["Location"], allow_redirects=False, timeout=120)
    return visitor, back


def test_the_way_back_leads_to_the_page_asked_for(site: Api, corp: Provider) -> None:
    corp.claims = ADA
    visitor, back = through(site)
    answer = visitor.get(back.headers["Location"], allow_redirects=False, timeout=120)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/assets")
    assert visitor.get(f"{site.url}/api/v3_0/assets", timeout=120).status_code == 200
    assert visitor.get(back.headers["Location"], allow_redirects=False, timeout=120).status_code == 400


def test_an_answer_begun_by_somebody_else_is_refused(site: Api, corp: Provider) -> None:
    corp.claims = ADA
    _, back = through(site)
    victim, _ = through(site)
    answer = victim.get(back.headers["Location"], allow_redirects=False, timeout=120)
    assert answer.status_code == 400 and "flexscope_session" not in victim.cookies


def test_a_token_made_for_another_login_is_refused(site: Api, corp: Provider) -> None:
    corp.claims, corp.nonce = ADA, "of another login"
    visitor, back = through(site)
    assert visitor.get(back.headers["Location"], timeout=120).status_code == 400
    corp.nonce = None


def test_an_unknown_provider_is_not_there(site: Api) -> None:
    assert requests.get(f"{site.url}/login/oidc/other", timeout=120).status_code == 404


REFUSED = [
    {"org": "quay"},
    {"sub": "78", "email": email("rival")},
    {"sub": "79", "email": email("boss"), "email_verified": False},
    {"sub": "80", "email": "new@example.org", "email_verified": "true"},
]


@pytest.mark.parametrize("claims", REFUSED)
def test_a_provider_speaks_for_its_own_account_and_confirmed_addresses_only(
    people: Database, claims: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = load({"FLEXSCOPE_INSTANCE_PATH": str(tmp_path_factory.mktemp("x")), "RATELIMIT_ENABLED": "false"})
    running = Running.on(settings, people)
    rules = oidc.Provider(issuer="https://corp", **RULES)
    with pytest.raises(Refused):
        find_user(running, rules, ADA | {"iss": "https://corp"} | claims)
    known, _ = find_user(running, rules, ADA | {"iss": "https://corp", "sub": "81", "email": email("boss")})
    assert known == serving.identifiers(people)["u:boss"]
    running.limits.close()
