"""Who is asking: one signed-in user, read from the database and remembered for a few seconds."""

import hmac
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db import web_sessions
from db.access_keys import AccessKey
from db.accounts import Account, AccountRole, RolesAccounts
from db.base import Database
from db.users import User

REMEMBERED = 5.0
"""How long a user is not looked up again [s]; a deactivated one is refused at the latest after it."""
MOST = 10_000
"""How many are remembered."""


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A user whose request carried a valid cookie or token."""

    id: int
    email: str
    username: str
    account_id: int
    roles: frozenset[str]
    timezone: str
    clients: frozenset[int] = frozenset()
    """Accounts this user consults: empty unless the user has the role consultant."""
    serial: int = field(default=0, repr=False)
    """The user's session serial when read; a cookie or token with another one is void."""
    scopes: frozenset[str] | None = None
    """What a key limits its bearer to, see ``db.access_keys.SCOPES``; None: whatever the user may."""
    account_roles: frozenset[str] = frozenset()
    """Kinds of organisation the account is, by name."""
    looks: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    """Attributes of the account, which say how it looks; see ``app.pages.dress``."""


def identity(work: Session, user: User) -> SignedIn:
    """Return what is needed to know of a user to decide what may be done."""
    roles = frozenset(role.name for role in user.roles)
    clients: frozenset[int] = frozenset()
    if "consultant" in roles:
        consulted = select(Account.id).where(Account.consultancy_account_id == user.account_id)
        clients = frozenset(work.scalars(consulted))
    kinds = select(AccountRole.name).join(RolesAccounts, RolesAccounts.role_id == AccountRole.id)
    return SignedIn(
        id=user.id,
        email=user.email,
        username=user.username,
        account_id=user.account_id,
        roles=roles,
        timezone=user.timezone,
        clients=clients,
        serial=user.session_serial,
        account_roles=frozenset(work.scalars(kinds.where(RolesAccounts.account_id == user.account_id))),
        looks=work.get_one(Account, user.account_id).attributes,
    )


class Identities:
    """Looks users up by id, not more often than needed; safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[Hashable, tuple[float, SignedIn | None]] = {}
        self._seen: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def find(self, user_id: int, serial: int, session: str = "") -> SignedIn | None:
        """Return the active user with an id.

        Args:
            user_id: The id.
            serial: What the user's session serial must still be.
            session: Key of the browser's session, which must be open; empty for tokens, which have none.
        """

        def read(work: Session) -> SignedIn | None:
            return _active(work, user_id) if not session or web_sessions.is_open(work, session) else None

        found = self._remembered((user_id, session), read)
        return found if found is not None and found.serial == serial else None

    def find_key(self, key_id: int, secret_hash: str | None) -> SignedIn | None:
        """Return the user of an access key, limited to its scopes; None as hash: the secret was checked before."""

        def read(work: Session) -> SignedIn | None:
            key = work.get(AccessKey, key_id)
            if key is None or not key.is_valid(datetime.now(UTC)):
                return None
            if secret_hash is not None and not hmac.compare_digest(key.secret_hash, secret_hash):
                return None
            user = _active(work, key.user_id)
            return replace(user, scopes=frozenset(key.scopes)) if user else None

        return self._remembered(("key", key_id, secret_hash), read)

    def forget(self, user_id: int) -> None:
        """Look a user up again at the next request, because something about it was changed."""
        with self._lock:
            self._known = {key: at for key, at in self._known.items() if at[1] is not None and at[1].id != user_id}

    def note_seen(self) -> None:
        """Save when users were last seen; called now and then, so that no request waits for it."""
        with self._lock:
            seen, self._seen = self._seen, {}
        if seen:
            with self._database.writing() as work:
                for user_id, at in seen.items():
                    work.execute(update(User).where(User.id == user_id).values(last_seen_at=at))

    def _remembered(self, key: Hashable, read: Callable[[Session], SignedIn | None]) -> SignedIn | None:
        now = time.monotonic()
        until, known = self._known.get(key, (0.0, None))
        if now < until:
            return known
        with self._database.reading() as work:
            found = read(work)
        with self._lock:
            if len(self._known) >= MOST:
                self._known = {key: at for key, at in self._known.items() if at[0] > now}
            self._known[key] = (now + REMEMBERED, found)
            if found is not None:
                self._seen[found.id] = datetime.now(UTC)
        return found


def _active(work: Session, user_id: int) -> SignedIn | None:
    user = work.get(User, user_id)
    return identity(work, user) if user is not None and user.active else None
