"""Who is asking: one signed-in user, read from the database and remembered for a few seconds."""

import threading
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from db.accounts import logins
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.credentials import AccessKey
from db.accounts.users import User
from db.core.database import Database, get

REMEMBERED = 5.0
"""How long roles and clients of a user are not looked up again [s]; to lose some ends the login at once."""
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
    """What a key limits its bearer to, see ``db.accounts.credentials.SCOPES``; None: whatever the user may."""
    account_roles: frozenset[str] = frozenset()
    """Kinds of organisation the account is, by name."""
    looks: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    """Attributes of the account, which say how it looks; see ``app.fragments.branding``."""


def identity(session: Session, user: User) -> SignedIn:
    """Identity of a user: all that decides what the user may do."""
    roles = frozenset(role.name for role in user.roles)
    clients: frozenset[int] = frozenset()
    if "consultant" in roles:
        # Asked for consultants only: for everybody else the answer would decide nothing.
        consulted = select(Account.id).where(Account.consultancy_account_id == user.account_id)
        clients = frozenset(session.scalars(consulted))
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
        account_roles=frozenset(session.scalars(kinds.where(RolesAccounts.account_id == user.account_id))),
        looks=session.get_one(Account, user.account_id).attributes,
    )


class Identities:
    """Looks users up by id; what they are is remembered for a few seconds, that their login holds is not.

    Safe for many threads.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        database.on_ended.append(self._forget_all)
        self._known: dict[Hashable, tuple[float, SignedIn]] = {}
        self._forgotten = 0
        """How often something was forgotten, so that what was read before is not remembered after."""
        self._seen: dict[int, datetime] = {}
        self._lock = threading.Lock()

    def find(self, user_id: int, serial: int, session: str = "") -> SignedIn | None:
        """Return the active user with an id, if the login holds at this moment.

        Args:
            user_id: The id.
            serial: What the user's session serial must still be.
            session: Key of the browser's session, which must be open; empty for tokens, which have none.
        """
        with self._database.reading() as work:
            if not logins.stands(work, user_id, serial, session):
                return None
            return self._remembered((user_id, serial, session), lambda: identity(work, get(work, User, user_id)))

    def recall(self, user_id: int, serial: int, session: str = "") -> SignedIn | None:
        """Identity for open pages, which ask on the event loop: a login that another process ended may be 5 s old."""
        # Without the lock: a dict is read at once, and forgetting puts a new one in its place.
        until, known = self._known.get((user_id, serial, session), (0.0, None))
        return known if time.monotonic() < until else self.find(user_id, serial, session)

    def holds(self, principal: SignedIn) -> bool:
        """Return whether nothing has ended the logins of somebody who was found before."""
        with self._database.reading() as session:
            return logins.stands(session, principal.id, principal.serial)

    def find_key(self, key_id: int, fits: Callable[[str], bool]) -> SignedIn | None:
        """Return the user of an access key, limited to its scopes.

        Args:
            key_id: Id of the key.
            fits: Says of the stored hash of its secret whether it is the one that was sent.
        """
        with self._database.reading() as session:
            key = session.get(AccessKey, key_id)
            if key is None or not key.is_valid(datetime.now(UTC)) or not fits(key.secret_hash):
                return None
            # Not by stands: a key outlives what ends other logins, such as a new email address.
            user = session.get(User, key.user_id)
            if user is None or not user.active:
                return None
            known = (user.id, user.session_serial, "")
            principal = self._remembered(known, lambda: identity(session, user))
            return replace(principal, scopes=frozenset(key.scopes))

    def forget(self, user_id: int) -> None:
        """Look a user up again at the next request, because something about it was changed."""
        self._forget_all(frozenset({user_id}))

    def _forget_all(self, users: frozenset[int]) -> None:
        with self._lock:
            self._forgotten += 1
            self._known = {key: at for key, at in self._known.items() if at[1].id not in users}

    def note_seen(self) -> None:
        """Save when users were last seen; called now and then, so that no request waits for it."""
        with self._lock:
            # Taken away under the lock, and written without it: no request waits for the database.
            seen, self._seen = self._seen, {}
        if seen:
            with self._database.writing() as session:
                for user_id, at in seen.items():
                    session.execute(update(User).where(User.id == user_id).values(last_seen_at=at))

    def _remembered(self, key: Hashable, read: Callable[[], SignedIn]) -> SignedIn:
        """Identity of a user as kept, read again after a while."""
        now, forgotten = time.monotonic(), self._forgotten
        until, known = self._known.get(key, (0.0, None))
        if known is not None and now < until:
            return known
        found = read()
        with self._lock:
            if len(self._known) >= MOST:
                self._known = {key: at for key, at in self._known.items() if at[0] > now}
            # What was read before somebody was forgotten may be outdated already.
            if forgotten == self._forgotten:
                self._known[key] = (now + REMEMBERED, found)
            self._seen[found.id] = datetime.now(UTC)
        return found
