"""Passwords, failures, mailed links and codes, sessions: over HTTP, with a real mail server."""

import re
import runpy
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
import requests
from sqlalchemy import select

from app.auth.access import passwords
from app.auth.access.sign_in import FREE, PendingSignIn, SignInAttempt, TooMany, authenticate
from app.fair_pools import network
from db.accounts import sign_in
from db.accounts.sign_in import Failures
from db.accounts.users import User, by_email
from db.core.database import Database
from tests.effort import effort
from tests.finding import part
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email
from tests.mail import Box

NOW = datetime(2026, 1, 5, tzinfo=UTC)
NEW = "another long password"


def submit(browser: requests.Session, address: str, **fields: str) -> requests.Response:
    """Load a form and send it."""
    page = browser.get(address, timeout=120)
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    return browser.post(address, data=found | fields, allow_redirects=False, timeout=120)


def signed_in(site: Api, who: str, password: str = PASSWORD) -> tuple[requests.Session, requests.Response]:
    browser = requests.Session()
    return browser, submit(browser, f"{site.url}/login", email=email(who), password=password)


def can_read(browser: requests.Session, site: Api) -> bool:
    return browser.get(f"{site.url}/api/v3_0/assets", timeout=120).status_code == 200


def awaited(box: Box, count: int) -> Any:
    """Return the newest mail once there are so many."""
    for _ in range(1200):
        if len(box.mails) >= count:
            return box.mails[-1]
        time.sleep(0.1)
    raise AssertionError("no mail came")


def attempt(who: str = "boss", password: str = "wrong password", address: str = "192.0.2.1") -> SignInAttempt:
    return SignInAttempt(email=email(who), password=password, address=address)


@pytest.fixture
def fresh(database: Database) -> Database:
    serving.populate(database)
    return database


def test_failures_make_the_next_try_wait_twice_as_long(fresh: Database) -> None:
    moment, waits = NOW, []
    for _ in range(FREE["pair"] + 3):
        authenticate(fresh, attempt(), moment, PendingSignIn())
        with fresh.reading() as session:
            until = max(session.scalars(select(Failures.wait_until)))
        waits.append((until - moment).total_seconds())
        moment = max(until, moment)
    assert waits == [0, 0, 0, 0, 1, 2, 4, 8]
    with pytest.raises(TooMany, match="Try again in 4 seconds"):
        authenticate(fresh, attempt(password=PASSWORD), moment - timedelta(seconds=4), PendingSignIn())
    assert authenticate(fresh, attempt(password=PASSWORD), moment, PendingSignIn()).principal is not None
    assert authenticate(fresh, attempt(), moment, PendingSignIn()).known


def test_thousands_of_random_logins_cost_next_to_no_hashing(fresh: Database) -> None:
    moment, waiting, count = NOW, PendingSignIn(), effort(2_000, 10_000)
    with patch.object(passwords, "matches", wraps=passwords.matches) as hashing:
        refused = 0
        for number in range(count):
            try:
                authenticate(fresh, attempt(who=f"n{number}"), moment + timedelta(milliseconds=number), waiting)
            except TooMany:
                refused += 1
    assert hashing.call_count + refused == count
    assert hashing.call_count <= FREE["from"] + 5
    assert (
        authenticate(fresh, attempt(password=PASSWORD, address="192.0.2.9"), moment, PendingSignIn()).principal
        is not None
    )


def test_a_hash_of_an_import_is_understood_and_replaced(fresh: Database) -> None:
    imported = "$2b$12$abcdefghijklmnopqrstuutwZ1IOTtu3SsEBT5lI/LFncP31tIybm"  # of "password"
    with fresh.writing() as session:
        user = by_email(session, email("boss"))
        assert user is not None
        user.password_hash = imported
    assert authenticate(fresh, attempt(password="passwort"), NOW, PendingSignIn()).principal is None
    assert authenticate(fresh, attempt(password="password"), NOW, PendingSignIn()).principal is not None
    with fresh.reading() as session:
        assert str(session.scalar(select(User.password_hash).where(User.email == email("boss")))).startswith(
            "$argon2id$"
        )
    assert authenticate(fresh, attempt(password="password"), NOW, PendingSignIn()).principal is not None


def test_who_guesses_elsewhere_locks_nobody_out(fresh: Database) -> None:
    waiting = PendingSignIn()
    for number in range(FREE["pair"] + 2):
        with suppress(TooMany):
            authenticate(fresh, attempt(), NOW + timedelta(milliseconds=number), waiting)
    with pytest.raises(TooMany):
        authenticate(fresh, attempt(password=PASSWORD), NOW, waiting)
    assert authenticate(fresh, attempt(password=PASSWORD, address="192.0.2.9"), NOW, waiting).principal is not None


def guess_everywhere(database: Database, who: str = "boss") -> None:
    """Guess from so many networks that the address itself is to be slowed down."""
    for number in range(FREE["email"] + 3):
        with suppress(TooMany):
            authenticate(database, attempt(who=who, address=f"198.51.100.{number}"), NOW, PendingSignIn())


def test_guesses_from_everywhere_slow_an_address_down_but_not_where_its_user_is_known(fresh: Database) -> None:
    home, away = attempt(password=PASSWORD), attempt(password=PASSWORD, address="203.0.113.1")
    boss = serving.identifiers(fresh)["u:boss"]
    assert authenticate(fresh, home, NOW, PendingSignIn()).principal is not None
    guess_everywhere(fresh)
    with pytest.raises(TooMany):
        authenticate(fresh, away, NOW, PendingSignIn())
    assert authenticate(fresh, home, NOW, PendingSignIn()).principal is not None
    assert authenticate(fresh, replace(away, browser=boss), NOW, PendingSignIn()).principal is not None
    with pytest.raises(TooMany):  # the cookie of another user says nothing
        authenticate(
            fresh, replace(attempt(password=PASSWORD, address="203.0.113.2"), browser=boss + 1), NOW, PendingSignIn()
        )
    later = NOW + timedelta(minutes=16)
    assert authenticate(fresh, replace(away, address="203.0.113.3"), later, PendingSignIn()).principal is not None


def test_a_known_browser_is_not_held_up_by_others_in_its_network(fresh: Database) -> None:
    boss = serving.identifiers(fresh)["u:boss"]
    for _ in range(FREE["pair"] + 2):
        with suppress(TooMany):
            authenticate(fresh, attempt(), NOW, PendingSignIn())
    assert (
        authenticate(fresh, replace(attempt(password=PASSWORD), browser=boss), NOW, PendingSignIn()).principal
        is not None
    )


def test_one_subscriber_of_ipv6_is_one_network(fresh: Database) -> None:
    refused = 0
    for number in range(FREE["from"] + 5):
        try:
            authenticate(fresh, attempt(who=f"n{number}", address=f"2001:db8:0:1::{number:x}"), NOW, PendingSignIn())
        except TooMany:
            refused += 1
    assert refused >= 4
    assert (
        authenticate(fresh, attempt(password=PASSWORD, address="2001:db8:0:2::1"), NOW, PendingSignIn()).principal
        is not None
    )
    assert network("::ffff:192.0.2.1") == network("192.0.2.1")


def test_where_somebody_signed_in_is_remembered_longer_than_failures(fresh: Database) -> None:
    assert authenticate(fresh, attempt(password=PASSWORD), NOW, PendingSignIn()).principal is not None
    weeks = NOW + timedelta(days=60)
    assert authenticate(fresh, attempt(who="hand", password=PASSWORD), weeks, PendingSignIn()).principal is not None
    with fresh.reading() as session:
        assert sign_in.is_known(session, attempt().place, weeks)
        assert not sign_in.is_known(session, attempt().place, NOW + timedelta(days=91))


def test_a_token_is_refused_alike_whether_there_is_such_a_user_or_not(site: Api) -> None:
    def ask(who: str) -> tuple[int, Any]:
        body = {"email": email(who), "password": "wrong password"}
        answer = requests.post(f"{site.url}/api/requestAuthToken", json=body, timeout=120)
        return answer.status_code, answer.json()

    known, unknown = [ask("reader") for _ in range(4)], [ask(f"nobody{number}") for number in range(4)]
    assert {code for code, _ in known + unknown} == {401}
    assert [body for _, body in known] == [body for _, body in unknown]


def test_a_password_takes_long_to_hash_whether_there_is_such_a_user_or_not() -> None:
    module: Any = SimpleNamespace(**runpy.run_path(str(passwords.__file__)))  # tests lower the cost of the other one
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in module.hashed(PASSWORD)
    stored, spent = module.hashed(PASSWORD), []
    module.matches(None, "the hash of nobody is made once")
    for known in (stored, None):
        began = time.process_time()
        assert not any(module.matches(known, "wrong password") for _ in range(4))
        spent.append(time.process_time() - began)
    assert 0.4 < spent[0] / spent[1] < 2.5


def test_a_browser_that_signed_in_is_known_by_a_cookie_that_opens_nothing(site: Api) -> None:
    browser, _ = signed_in(site, "boss")
    thief = requests.Session()
    thief.cookies.set("flexscope_known", browser.cookies["flexscope_known"])
    assert not can_read(thief, site)
    assert submit(thief, f"{site.url}/login", email=email("boss"), password="wrong").status_code == 401


def test_an_inactive_user_is_not_let_in(fresh: Database) -> None:
    with fresh.writing() as session:
        session.get_one(User, serving.identifiers(fresh)["u:boss"]).active = False
    assert not authenticate(fresh, attempt(password=PASSWORD), NOW, PendingSignIn()).known


def test_a_copied_cookie_is_worth_nothing_after_signing_out(site: Api) -> None:
    browser, _ = signed_in(site, "boss")
    other, _ = signed_in(site, "boss")
    thief = requests.Session()
    thief.cookies.update(browser.cookies)
    assert can_read(thief, site)
    browser.get(f"{site.url}/logout", timeout=120)
    assert not can_read(thief, site)
    assert can_read(other, site)


def test_signing_in_replaces_whatever_session_a_browser_was_given(site: Api) -> None:
    attacker, _ = signed_in(site, "rival")
    victim = requests.Session()
    victim.cookies.update(attacker.cookies)
    planted = victim.cookies["flexscope_session"]
    submit(victim, f"{site.url}/login", email=email("boss"), password=PASSWORD)
    assert [cookie.value for cookie in victim.cookies if cookie.name == "flexscope_session"] != [planted]
    assert attacker.cookies["flexscope_session"] == planted
    ids = {row["account_id"] for row in attacker.get(f"{site.url}/api/v3_0/users", timeout=120).json()}
    assert ids == {row["account_id"] for row in site.get("/users", who="rival").json()}


def test_a_mailed_link_sets_a_new_password_once_and_ends_all_sessions(site: Api, box: Box) -> None:
    old, _ = signed_in(site, "hand")
    token, count = site.token("hand"), len(box.mails)
    submit(requests.Session(), f"{site.url}/forgot-password", email=email("hand"))
    mail = awaited(box, count + 1)
    link = part(r"http\S+", mail.get_content())
    assert (mail["To"], link.startswith(f"{site.url}/reset-password?token=")) == (email("hand"), True)
    assert submit(requests.Session(), link, password=NEW, again="else").status_code == 422
    assert submit(requests.Session(), link, password=NEW, again=NEW).status_code == 302
    assert submit(requests.Session(), link, password=PASSWORD, again=PASSWORD).status_code == 422
    assert not can_read(old, site)
    assert requests.get(f"{site.url}/api/v3_0/assets", headers={"Authorization": token}, timeout=120).status_code == 401
    assert can_read(signed_in(site, "hand", NEW)[0], site)


def test_nobody_learns_who_has_an_account(site: Api, box: Box) -> None:
    known = submit(requests.Session(), f"{site.url}/forgot-password", email=email("reader"))
    awaited(box, 1)
    unknown = submit(requests.Session(), f"{site.url}/forgot-password", email="nobody@example.org")
    assert (known.status_code, known.text) == (unknown.status_code, unknown.text)


def test_changing_the_password_ends_other_sessions_but_not_this_one(site: Api, box: Box) -> None:
    here, there, count = signed_in(site, "adviser")[0], signed_in(site, "adviser")[0], len(box.mails)
    form = {"password": NEW, "again": NEW}
    assert submit(here, f"{site.url}/change-password", old="wrong", **form).status_code == 422
    short = submit(here, f"{site.url}/change-password", old=PASSWORD, password="short", again="short")
    assert short.status_code == 422 and ">Choose one of 8 to 1024 characters.<" in short.text
    assert submit(here, f"{site.url}/change-password", old=PASSWORD, **form).status_code == 302
    assert can_read(here, site) and not can_read(there, site)
    assert "was changed" in awaited(box, count + 1)["Subject"]


def test_a_link_of_another_site_does_not_sign_anybody_out(site: Api) -> None:
    browser, _ = signed_in(site, "boss")
    browser.get(f"{site.url}/logout", headers={"Sec-Fetch-Site": "cross-site"}, timeout=120)
    assert can_read(browser, site)


@pytest.mark.parametrize(
    "path",
    [
        "/logout",
        "/change-password",
        "/forgot-password",
        "/reset-password",
        "/login/code",
        "/change-email",
        "/confirm-email",
    ],
)
def test_a_form_of_another_site_is_refused(site: Api, path: str) -> None:
    browser, _ = signed_in(site, "boss")
    assert browser.post(f"{site.url}{path}", data={"email": "x"}, timeout=120).status_code == 403
    assert can_read(browser, site)
