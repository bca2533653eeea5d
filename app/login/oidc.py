"""Single sign-on by OpenID Connect: code flow with PKCE, discovery, state and nonce (Authlib); several providers.

A provider is one entry of ``FLEXSCOPE_OIDC_PROVIDERS``:

- ``issuer``, ``client_id``, ``client_secret``: as the provider says; ``label``: name on the login page.
- ``account``: name of the account whose users sign in here; or ``account_claim`` with ``accounts``: which value of
  that claim means which account.
- ``roles_claim`` with ``roles``: which value of that claim gives which role; the roles are then set at every login.
- ``create_users``: whether somebody unknown gets a user (else an admin has to add one with the same email address).
"""

import hmac
import json
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import RequestException
from sqlalchemy import select
from sqlalchemy.orm import Session
from tornado.web import HTTPError

from app.auth.access import passwords
from app.login import cookies
from app.login.forms import LoginForm, inside
from app.login.login import SignInPage
from app.running import Running
from db import sources
from db.accounts import users
from db.accounts.accounts import Account
from db.accounts.sign_in import ExternalIdentity
from db.accounts.users import User
from db.core import audit
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
COOKIE = "flexscope_oidc"
LIFE = timedelta(minutes=10) / timedelta(days=1)
"""How long signing in at the provider may take [days]."""
FAILED = "Sign-in with the provider failed. Try again."


class Refused(EngineError):
    """A provider knows somebody who may not come in here."""


class Client(OAuth2Mixin, OpenIDMixin, BaseApp):
    """One provider, as its client."""

    client_cls = OAuth2Session


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One entry of the setting."""

    issuer: str
    client_id: str
    client_secret: str = ""
    label: str = ""
    scope: str = "openid email profile"
    account: str = ""
    account_claim: str = ""
    accounts: dict[str, str] = field(default_factory=dict)
    roles_claim: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    create_users: bool = False


def client_of(provider: Provider) -> Client:
    """Client of a provider."""
    return Client(
        # Of no web framework: what both requests have in common is kept in a cookie of our own.
        framework=None,
        name="provider",
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        server_metadata_url=provider.issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={"scope": provider.scope, "code_challenge_method": "S256"},
    )


def account_of(session: Session, provider: Provider, claims: dict[str, Any]) -> Account:
    """Return the account that somebody of a provider belongs to.

    Raises:
        Refused: To none.
    """
    name = provider.account
    if provider.account_claim:
        told = _as_list(claims.get(provider.account_claim))
        name = next((provider.accounts[value] for value in told if value in provider.accounts), "")
    found = session.scalar(select(Account).where(Account.name == name)) if name else None
    if found is None:
        raise Refused("Signed in with your provider, but you have no account here. Ask an admin of your account.")
    return found


def _as_list(claim: Any) -> list[str]:
    return [str(value) for value in claim] if isinstance(claim, list) else [str(claim)] if claim is not None else []


def find_user(running: Running, provider: Provider, claims: dict[str, Any]) -> tuple[int, int]:
    """Return id and session serial of the user that verified claims stand for.

    It is found by subject, else by verified email address. A provider speaks for its own accounts only: it cannot let
    anybody in as a user of another one.

    Raises:
        Refused: There is none, or none that may come in.
    """
    with running.database.writing() as session:
        account = account_of(session, provider, claims)
        issuer, subject = str(claims["iss"]), str(claims["sub"])
        known = session.get(ExternalIdentity, (issuer, subject))
        # An address that is not verified may be anybody's: it finds no user.
        email = str(claims.get("email") or "") if claims.get("email_verified") is True else ""
        user = session.get(User, known.user_id) if known else users.by_email(session, email) if email else None
        if user is None and provider.create_users:
            user = _add(session, running, account, claims)
        if user is None or not user.active or user.account_id != account.id:
            raise Refused(
                "Signed in with your provider, but you have no user here. Ask an admin of your account to add you."
            )
        if known is None:
            session.add(ExternalIdentity(issuer=issuer, subject=subject, user_id=user.id))
        if provider.roles_claim:
            told = _as_list(claims.get(provider.roles_claim))
            names = {provider.roles[value] for value in told if value in provider.roles}
            if names != {role.name for role in user.roles}:
                user.roles = [users.role(session, name) for name in sorted(names)]
        session.flush()  # a role that is taken away ends all logins but this one
        return user.id, user.session_serial


def _add(session: Session, running: Running, account: Account, claims: dict[str, Any]) -> User:
    email = str(claims.get("email") or "").strip().lower()
    if not email or claims.get("email_verified") is not True or users.by_email(session, email):
        raise Refused("Your provider has not verified your email address. Ask an admin of your account to add you.")
    wanted = str(claims.get("preferred_username") or email.partition("@")[0])
    name = wanted if users.by_name(session, wanted) is None else email
    zone = running.settings.FLEXMEASURES_TIMEZONE
    user = User(email=email, username=name, password_hash=passwords.unusable(), account_id=account.id, timezone=zone)
    session.add(user)
    session.flush()
    sources.of_user(session, user.id, name=name, account_id=account.id)
    by = (user.id, user.username)
    words = f"Added user {name!r} by single sign-on"
    audit.note(session, words, at=datetime.now(UTC), by=by, account_id=account.id, user_id=user.id)
    return user


class OidcPage(SignInPage):
    """A page about one provider."""

    def provider(self, name: str) -> Provider:
        """Return a provider of the settings."""
        found = self.running.settings.FLEXSCOPE_OIDC_PROVIDERS.get(name)
        if found is None:
            raise HTTPError(404)
        return Provider(**found)

    def callback(self, name: str) -> str:
        """Return the address the provider leads back to."""
        settings = self.running.settings
        host = settings.FLEXSCOPE_PUBLIC_ADDRESS.rstrip("/") or f"{self.request.protocol}://{self.request.host}"
        return f"{host}{settings.FLEXSCOPE_PATH_PREFIX}/login/oidc/{name}/callback"

    def sorry(self, problem: str, status: int) -> None:
        """Tell that it did not work."""
        links = (("Back to sign in", "/login"),)
        self.show(LoginForm(heading="Not signed in", problem=problem, links=links), status)


class Depart(OidcPage):
    """Leads on to the provider."""

    async def get(self, name: str) -> None:
        """Keep what has to be compared later in a cookie, and lead on."""
        provider = self.provider(name)
        try:
            # In a thread, as it asks the provider for its metadata first.
            begun = await self.off_loop(client_of(provider).create_authorization_url, self.callback(name))
        except (RequestException, AuthlibBaseError, ValueError):
            LOG.exception("The provider %s cannot be asked", name)
            self.sorry("The provider cannot be reached. Try again later.", 502)
            return
        kept = {key: begun[key] for key in ("state", "nonce", "code_verifier")} | {"name": name, "next": self.wanted()}
        cookies.keep(self, self.running, COOKIE, json.dumps(kept), days=LIFE)
        self.redirect(begun["url"])


class Return(OidcPage):
    """Where the provider leads back to."""

    async def get(self, name: str) -> None:
        """Check what the provider says, and sign in."""
        provider = self.provider(name)
        kept: dict[str, Any] = json.loads(cookies.kept(self, self.running, COOKIE, days=LIFE) or "{}")
        # Whatever comes of it: a state is good for one try
        cookies.drop(self, self.running, COOKIE)
        # A cookie and a state of the same sign-in: else a foreign page could sign a browser in as somebody else.
        state = self.get_query_argument("state", "")
        if kept.get("name") != name or not hmac.compare_digest(kept["state"].encode(), state.encode()):
            self.sorry(FAILED, 400)
            return

        def identify() -> tuple[int, int]:
            asking, code = client_of(provider), self.get_query_argument("code", "")
            if not code:
                raise ValueError(self.get_query_argument("error", "no code"))
            token = asking.fetch_access_token(
                redirect_uri=self.callback(name), code=code, code_verifier=kept["code_verifier"]
            )
            claims = asking.parse_id_token(token, nonce=kept["nonce"])
            return find_user(self.running, provider, dict(claims))

        try:
            known = await self.off_loop(identify)
        except Refused as error:
            self.sorry(str(error), 403)
            return
        except (RequestException, AuthlibBaseError, JoseError, ValueError, KeyError):
            LOG.warning("The answer of the provider %s is refused", name, exc_info=True)
            self.sorry(FAILED, 400)
            return
        await self.let_in(*known, inside(kept["next"]))
