"""What ends a login ends all of it: every door that changes what logins stand on × every kind of credential."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from sqlalchemy import Table as Core
from sqlalchemy import delete, select, update
from tornado.web import create_signed_value
from tornado.websocket import WebSocketClientConnection

from app.login import reset
from app.login.new_email import PURPOSE as NEW_EMAIL
from db.accounts import logins
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.credentials import AccessKey
from db.accounts.sign_in import WebSession
from db.accounts.users import RolesUsers, User, role
from db.core.database import Database, Table
from engine.errors import EngineError
from tests import processes
from tests.auth import provider
from tests.auth.provider import Provider
from tests.auth.test_oidc import RULES, through
from tests.auth.test_sign_in import submit
from tests.auth.visiting import LIVE, cookie_of, opened, token_of
from tests.http import serving
from tests.http.serving import PASSWORD, Api, email, password_hash
from tests.mail import Box, mail_server

NEW = "another long password"
NOW = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def corp() -> Iterator[Provider]:
    with provider.running() as found:
        yield found


@pytest.fixture(scope="module")
def site(people: Database, box: Box, corp: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A server that sends mail and knows a provider of single sign-on."""
    more = {
        "MAIL_SERVER": "127.0.0.1",
        "MAIL_PORT": str(box.port),
        "FLEXSCOPE_OIDC_PROVIDERS": repr({"corp": RULES | {"issuer": corp.url}}),
        "AUTHLIB_INSECURE_TRANSPORT": "1",
        "SECRET_KEY": "a secret of the tests",
    }
    url = people.url.render_as_string(hide_password=False)
    with serving.server(url, tmp_path_factory.mktemp("instance"), **more) as running:
        running.ids = dict(serving.identifiers(people))
        yield running


@dataclass
class Login:
    """One user with a credential of every kind, all of which work."""

    site: Api
    name: str
    id: int
    serial: int
    browser: requests.Session
    token: str
    key: str
    oauth: str
    keys: dict[str, int] = field(default_factory=dict)
    """Ids of the access keys, by name."""

    def status(self, kind: str) -> int:
        """Ask something harmless with one credential."""
        if kind == "session":
            return self.browser.get(f"{self.site.url}/api/v3_0/users/{self.id}", timeout=120).status_code
        headers = {"Authorization": {"token": self.token, "key": self.key, "oauth": self.oauth}[kind]}
        url = f"{self.site.url}/api/v3_0/assets"
        return requests.get(url, headers=headers, timeout=120).status_code

    def statuses(self) -> dict[str, int]:
        return {kind: self.status(kind) for kind in ("session", "token", "key", "oauth")}

    def links(self) -> dict[str, int]:
        """Return what the links answer that were mailed before: what a reset and a new address say."""
        secret = "a secret of the tests"
        old = create_signed_value(secret, reset.PURPOSE, f"{self.id}:{self.serial}").decode()
        email_link = create_signed_value(secret, NEW_EMAIL, f"{self.id}:{self.serial}:thief@example.org").decode()
        fresh = requests.Session()
        way = f"{self.site.url}/reset-password?token={old}"
        return {
            "reset": submit(fresh, way, password=NEW + "!", again=NEW + "!").status_code,
            "email": submit(fresh, f"{self.site.url}/confirm-email?token={email_link}").status_code,
        }

    async def watching(self) -> WebSocketClientConnection:
        """Open a page, and its websocket."""
        page = self.browser.get(self.site.url + LIVE, timeout=120)
        return await opened(self.site, LIVE, cookie=cookie_of(self.browser), token=token_of(page))


ALIVE = {"session": 200, "token": 200, "key": 200, "oauth": 200}
DEAD = dict.fromkeys(ALIVE, 401)
COUNT = iter(range(1000))


@pytest.fixture
def login(site: Api, people: Database) -> Login:
    """Somebody new in the mill, who is consultant there besides."""
    return new_login(site, people, "Mill", "account-admin", "consultant")


def new_login(site: Api, people: Database, account: str, *roles: str) -> Login:
    name = f"somebody{next(COUNT)}"
    with people.writing() as session:
        user = User(
            email=email(name), username=name, password_hash=password_hash(), account_id=site.ids[f"a:{account}"]
        )
        user.roles = [role(session, each) for each in roles]
        session.add(user)
        session.flush()
        user_id, serial = user.id, user.session_serial
    browser = requests.Session()
    assert submit(browser, f"{site.url}/login", email=email(name), password=PASSWORD).status_code == 302
    token = site.token(name)
    found = Login(site, name, user_id, serial, browser, token, "", "")
    for each in ("gateway", "meter"):
        body = {"name": each, "scopes": ["read", "data"]}
        told = site.post(f"/users/{user_id}/keys", who=name, json=body).json()
        found.keys[each], found.key = told["id"], told["key"]
    number, _, secret = found.key.removeprefix("fsk_").partition("_")
    form = {"grant_type": "client_credentials", "client_id": number, "client_secret": secret}
    found.oauth = requests.post(f"{site.url}/oauth/token", data=form, timeout=120).json()["access_token"]
    assert found.statuses() == ALIVE
    return found


def flexscope(people: Database, site: Api, *words: str) -> None:
    """Run a command at the terminal of the host."""
    url = people.url.render_as_string(hide_password=False)
    environment = {"SQLALCHEMY_DATABASE_URI": url, "FLEXSCOPE_INSTANCE_PATH": str(site.log.parent)}
    done = processes.flexscope(*words, environment=environment)
    assert done.returncode == 0, done.stderr


def by_page(login: Login, _people: Database, **keep: str) -> None:
    form = {"old": PASSWORD, "password": NEW, "again": NEW}
    browser = requests.Session()
    browser.cookies.update(login.browser.cookies)
    assert submit(browser, f"{login.site.url}/change-password", **form, **keep).status_code == 302
    assert browser.get(f"{login.site.url}/api/v3_0/assets", timeout=120).status_code == 200  # who did it stays in


def by_link(login: Login, _people: Database) -> None:
    token = create_signed_value("a secret of the tests", reset.PURPOSE, f"{login.id}:{login.serial}").decode()
    way = f"{login.site.url}/reset-password?token={token}"
    assert submit(requests.Session(), way, password=NEW, again=NEW).status_code == 302


def by_admin(login: Login, _people: Database) -> None:
    assert login.site.patch(f"/users/{login.id}/password-reset", who="boss").status_code == 200


def by_himself(login: Login, _people: Database) -> None:
    headers = {"Authorization": login.token}
    assert login.site.patch(f"/users/{login.id}/password-reset", who=None, headers=headers).status_code == 200


def deactivated(login: Login, _people: Database) -> None:
    assert login.site.patch(f"/users/{login.id}", who="boss", json={"active": False}).status_code == 200


def reactivated(login: Login, people: Database) -> None:
    deactivated(login, people)
    assert login.site.patch(f"/users/{login.id}", who="boss", json={"active": True}).status_code == 200


def without_roles(login: Login, _people: Database) -> None:
    assert login.site.patch(f"/users/{login.id}", who="root", json={"flexmeasures_roles": []}).status_code == 200


def moved(login: Login, people: Database) -> None:
    with people.writing() as session:
        session.get_one(User, login.id).account_id = login.site.ids["a:Quay"]


def deleted(login: Login, people: Database) -> None:
    flexscope(people, login.site, "delete", "user", "--id", str(login.id), "--force")


def account_deleted(login: Login, people: Database) -> None:
    with people.writing() as session:
        closing = Account(name=f"closing {login.id}")
        session.add(closing)
        session.flush()
    login.site.ids["a:closing"] = closing.id
    login.__dict__.update(new_login(login.site, people, "closing").__dict__)  # whose account closes
    flexscope(people, login.site, "delete", "account", "--id", str(closing.id), "--force")


def by_provider(login: Login, people: Database) -> None:
    """Single sign-on says which roles somebody has: this one has lost those that were given here."""
    corp = login.site.ids["corp"]
    corp.claims = {"sub": f"sub{login.id}", "email": email(login.name), "email_verified": True, "org": "mill"}
    visitor, back = through(login.site)
    answer = visitor.get(back.headers["Location"], allow_redirects=False, timeout=120)
    assert answer.status_code == 302 and visitor.cookies["flexscope_session"]
    assert visitor.get(f"{login.site.url}/api/v3_0/assets", timeout=120).status_code == 200


DOORS: dict[str, Callable[[Login, Database], None]] = {
    "the page of the password": by_page,
    "a mailed link": by_link,
    "an admin voids the password": by_admin,
    "one voids the own password": by_himself,
    "deactivation": deactivated,
    "deactivation and reactivation": reactivated,
    "roles taken away": without_roles,
    "another account": moved,
    "deletion at the terminal": deleted,
    "deletion of the account at the terminal": account_deleted,
    "roles of single sign-on": by_provider,
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_ends_every_credential_at_once(
    site: Api, people: Database, corp: Provider, login: Login, door: str
) -> None:
    site.ids["corp"] = corp

    async def watch() -> tuple[Any, Any]:
        socket = await login.watching()
        while (await asyncio.wait_for(socket.read_message(), 120)) is not None:
            break
        await asyncio.to_thread(DOORS[door], login, people)
        at_once = await asyncio.to_thread(login.statuses)
        while await asyncio.wait_for(socket.read_message(), 120) is not None:
            pass
        return at_once, socket.close_code

    if door == "deletion of the account at the terminal":
        DOORS[door](login, people)
        assert login.statuses() == DEAD
    else:
        statuses, closed = serving.alone(watch())
        assert statuses == DEAD
        assert closed == 4001
    assert login.links() == {"reset": 422, "email": 422}


def test_who_changes_the_own_password_keeps_the_keys_that_are_ticked(site: Api, people: Database, login: Login) -> None:
    page = login.browser.get(f"{site.url}/change-password", timeout=120).text
    assert re.findall(r'name="keep_access_key" type="checkbox" value="(\d+)"', page) == [
        str(key) for key in login.keys.values()
    ]
    by_page(login, people, keep_access_key=str(login.keys["meter"]))
    assert login.statuses() == DEAD | {"key": 200, "oauth": 200}
    with people.reading() as session:
        gone = select(AccessKey.name).where(AccessKey.user_id == login.id, AccessKey.revoked_at.is_not(None))
        assert list(session.scalars(gone)) == ["gateway"]


def test_nothing_is_kept_where_somebody_else_knows_the_password(site: Api, people: Database, login: Login) -> None:
    by_page(login, people, keep_access_key=str(login.keys["meter"]), somebody_else_knows="1")
    assert login.statuses() == DEAD


def test_nobody_keeps_keys_of_others(site: Api, people: Database, login: Login) -> None:
    other = new_login(site, people, "Mill")
    by_page(login, people, keep_access_key=str(other.keys["meter"]))
    assert (login.status("key"), other.status("key")) == (401, 200)


def test_another_email_address_ends_all_but_the_keys(site: Api, people: Database, login: Login) -> None:
    with people.writing() as session:
        session.get_one(User, login.id).email = f"new{login.name}@example.org"
    assert login.statuses() == DEAD | {"key": 200, "oauth": 200}


def test_the_end_of_a_consultancy_ends_what_consultants_had_open(site: Api, people: Database) -> None:
    with people.writing() as session:
        client = Account(name=f"client{next(COUNT)}", consultancy_account_id=site.ids["a:Advice"])
        session.add(client)
        session.flush()
    login = new_login(site, people, "Advice", "consultant")
    path = f"{site.url}/api/v3_0/accounts/{client.id}"
    assert requests.get(path, headers={"Authorization": login.key}, timeout=120).status_code == 200
    assert site.patch(f"/accounts/{client.id}", who="root", json={"consultancy_account_id": None}).status_code == 200
    # A key serves all other clients still; this one is out of its reach.
    assert login.statuses() == DEAD | {"key": 200, "oauth": 200}
    assert requests.get(path, headers={"Authorization": login.key}, timeout=120).status_code == 403


def test_the_loss_of_a_role_of_the_account_ends_sessions_and_tokens(site: Api, people: Database, login: Login) -> None:
    with people.writing() as session:
        kind = AccountRole(name=f"Prosumer{next(COUNT)}")
        session.add(kind)
        session.flush()
        session.add(RolesAccounts(account_id=site.ids["a:Mill"], role_id=kind.id))
    assert login.statuses() == ALIVE
    mill = f"/accounts/{site.ids['a:Mill']}"
    assert site.patch(mill, who="root", json={"account_roles": []}).status_code == 200
    assert (login.status("session"), login.status("token")) == (401, 401)
    site.tokens.pop("boss", None)  # of the mill as well


def test_an_id_given_again_revives_no_login(site: Api, people: Database) -> None:
    old = new_login(site, people, "Mill")
    deleted(old, people)
    again = User(id=old.id, email=f"x{old.id}@example.org", username=f"x{old.id}", password_hash=password_hash())
    with people.writing() as session:
        again.account_id = site.ids["a:Mill"]
        session.add(again)
        session.flush()
        number = int(old.key.split("_")[1])
        session.add(
            AccessKey(id=number, user_id=old.id, name="other", scopes=["read"], secret_hash="0" * 64, created_at=NOW)
        )
    assert old.statuses() == DEAD
    assert old.links() == {"reset": 422, "email": 422}


def test_a_sign_in_under_way_ends_too(site: Api, people: Database, login: Login) -> None:
    # Between the right password and the session all logins are ended: begin_session must see that.
    from app.auth.access.sign_in import begin_session

    with people.writing() as session:
        assert begin_session(session, login.id, login.serial, address="", agent="", now=NOW) is not None
    by_admin(login, people)
    with people.writing() as session:
        assert begin_session(session, login.id, login.serial, address="", agent="", now=NOW) is None


def test_a_session_guesses_no_present_password(site: Api, login: Login) -> None:
    form = {"password": NEW, "again": NEW}
    for number in range(8):
        answer = submit(login.browser, f"{site.url}/change-password", old=f"guess {number}", **form)
        assert answer.status_code == 422
    assert "Too many attempts" in answer.text
    assert "Too many attempts" in submit(login.browser, f"{site.url}/change-password", old=PASSWORD, **form).text


def test_nothing_that_ended_is_open_in_the_database(site: Api, people: Database, login: Login) -> None:
    by_admin(login, people)
    with people.reading() as session:
        sessions = select(WebSession).where(WebSession.user_id == login.id, WebSession.ended_at.is_(None))
        assert list(session.scalars(sessions)) == []
        assert list(session.scalars(select(AccessKey).filter_by(user_id=login.id, revoked_at=None))) == []


COLUMNS = sorted((table, column) for table, columns in logins.ONE_BY_ONE.items() for column in columns)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_no_bulk_statement_passes_by(people: Database, table: str, column: str) -> None:
    core: Core = Table.metadata.tables[table]
    with pytest.raises(EngineError, match="one by one"), people.writing() as session:
        session.execute(update(core).values({column: core.c[column]}))


@pytest.mark.parametrize("table", [RolesUsers.__tablename__, RolesAccounts.__tablename__])
def test_no_role_is_taken_away_in_bulk(people: Database, table: str) -> None:
    with pytest.raises(EngineError, match="one by one"), people.writing() as session:
        session.execute(delete(Table.metadata.tables[table]))


def test_every_column_of_a_user_is_judged() -> None:
    # A new column must be looked at: does a login stand on it?
    harmless = {"id", "username", "timezone", "last_login_at", "login_count", "last_seen_at", "preferences"}
    judged = harmless | logins.WITH_KEYS | logins.WITHOUT_KEYS | {"session_serial"}
    assert {column.name for column in User.__table__.columns} == judged
