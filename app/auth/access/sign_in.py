"""Whether somebody is who they say: email and password, slowed down by failures; and what a session begins with."""

import hashlib
import logging
import math
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.auth.access import passwords
from app.auth.access.identity import SignedIn, identity
from app.fair_pools import network
from db.accounts import logins, sign_in
from db.accounts.sign_in import WebSession
from db.accounts.users import User, by_email
from db.core import audit
from db.core.database import Database, get
from engine.errors import EngineError

LOG = logging.getLogger(__name__)
FREE = {"pair": 5, "from": 30, "email": 50}
"""Failures within an hour that make nobody wait: with one email address from one network, from one network with any
address, and with one address from anywhere. The last holds nobody up in a browser or a network where they signed in
before: who guesses from elsewhere locks nobody out."""
MOST = 10_000
"""How many of those who wait a process keeps in mind."""


class TooMany(EngineError):
    """There were too many failures; nothing is tried for a while.

    Attributes:
        seconds: How long to wait [s].
    """

    def __init__(self, wait: timedelta) -> None:
        self.seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__(f"Too many failed sign-ins. Try again in {self.seconds} seconds.")


@dataclass(frozen=True, kw_only=True)
class SignInAttempt:
    """One try to sign in."""

    email: str
    password: str
    address: str
    """Network address it comes from."""
    browser: int | None = None
    """Id of the user who signed in with the same browser before, as a signed cookie says."""

    @property
    def keys(self) -> dict[str, str]:
        """Under what failures are counted; an email address that was tried is not kept in the clear."""
        email, home = self.email.strip().lower(), network(self.address)
        return {
            # With the browser: in one that is known, failures of others behind the same address do not count.
            "pair": f"pair:{_hashed(email, home, str(self.browser or ''))}",
            "from": f"from:{home}",
            "email": f"email:{_hashed(email)}",
        }

    @property
    def place(self) -> str:
        """Under what it is remembered that somebody signed in from a network."""
        return _hashed(self.email.strip().lower(), network(self.address))


def _hashed(*parts: str) -> str:
    # 128 bits tell all addresses apart, and fit the column with what stands before them.
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


class PendingSignIn:
    """Who was told to wait, so that somebody who tries on and on costs no database either; one per process."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def check(self, keys: Iterable[str], now: datetime) -> None:
        """Refuse a try that was told to wait.

        Raises:
            TooMany: It was.
        """
        until = max((self._until[key] for key in keys if key in self._until), default=now)
        if until > now:
            raise TooMany(until - now)

    def tell(self, key: str, until: datetime, now: datetime) -> None:
        """Remember that nothing is to be tried under a key for a while."""
        # Addresses are of the client's making, so that the memory they take is bounded.
        if len(self._until) >= MOST:
            self._until = {name: later for name, later in self._until.items() if later > now}
        self._until[key] = until


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of a try."""

    known: bool
    """Whether an active user has the email address."""
    principal: SignedIn | None
    """The user, if the password fits."""


def authenticate(database: Database, attempt: SignInAttempt, now: datetime, waiting: PendingSignIn) -> Outcome:
    """Check email and password; an unknown address takes as long as a wrong password.

    Raises:
        TooMany: Failures before make this one wait; then no password is hashed.
    """
    keys = attempt.keys
    waiting.check((keys["pair"], keys["from"]), now)
    with database.reading() as session:
        for key in (keys["pair"], keys["from"]):
            until = sign_in.wait_until(session, [key], now)
            if until is not None:
                waiting.tell(key, until, now)
                raise TooMany(until - now)
        user = by_email(session, attempt.email)
        until = sign_in.wait_until(session, [keys["email"]], now)
        # Failures from elsewhere do not hold up who signed in with this browser or from this network before.
        same_browser = user is not None and attempt.browser == user.id
        if until is not None and not same_browser and not sign_in.is_known(session, attempt.place, now):
            raise TooMany(until - now)
        active = user if user is not None and user.active else None
        settled = sign_in.is_settled(session, keys["pair"], attempt.place, now)
        user_id, password_hash = (active.id, active.password_hash) if active else (None, None)
    if not passwords.matches(password_hash, attempt.password):
        with database.writing() as session:
            _failed(session, attempt, user_id, now)
        return Outcome(known=user_id is not None, principal=None)
    newer = passwords.hashed(attempt.password) if password_hash and passwords.is_outdated(password_hash) else None
    if settled and newer is None:  # who has nothing to write waits for nobody who writes
        with database.reading() as session:
            return Outcome(known=True, principal=identity(session, get(session, User, user_id or 0)))
    with database.writing() as session:
        sign_in.forget(session, keys["pair"], now)
        sign_in.remember(session, attempt.place, now)
        signing_in = get(session, User, user_id or 0)
        # Unless the password was changed while this one was verified.
        if newer is not None and signing_in.password_hash == password_hash:
            logins.renew_hash(session, signing_in, newer)
        return Outcome(known=True, principal=identity(session, signing_in))


def _failed(session: Session, attempt: SignInAttempt, user_id: int | None, now: datetime) -> None:
    """Count a failure; the log tells of the one after which others wait."""
    counts = {kind: sign_in.failed(session, key, now, free=FREE[kind]) for kind, key in attempt.keys.items()}
    # At this very count, so that one entry is written and not one for each try that follows.
    if counts["pair"] == FREE["pair"] and user_id is not None:
        user = get(session, User, user_id)
        words = f"{FREE['pair']} failed sign-ins of user {user.username!r}, last from {attempt.address}"
        audit.note(session, words, at=now, by=(None, "somebody"), account_id=user.account_id, user_id=user.id)
    LOG.warning("Failed sign-in from %s", attempt.address)


def begin_session(
    work: Session, user_id: int, serial: int, *, address: str, agent: str, now: datetime
) -> tuple[SignedIn, str] | None:
    """Count a login and return the user with the key of a new session; None if all logins have ended meanwhile."""
    # Locked: a change of the password that ends all logins comes before this one or after it, not between.
    user = work.get(User, user_id, with_for_update=True)
    if user is None or not user.active or user.session_serial != serial:
        return None
    user.last_login_at, user.last_seen_at = now, now
    user.login_count += 1
    key = secrets.token_urlsafe(24)
    session = WebSession(key=key, user_id=user.id, started_at=now, address=address[:64], agent=agent[:200])
    work.add(session)
    by = (user.id, user.username)
    audit.note(work, f"Signed in from {address}", at=now, by=by, account_id=user.account_id, user_id=user.id)
    return identity(work, user), key


def change_password(user: User, password_hash: str) -> None:
    """Give a user a new password, hashed before the transaction; this ends all logins, see ``db.accounts.logins``."""
    user.password_hash = password_hash
