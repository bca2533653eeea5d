"""Who is asking: one signed-in user, read from the database and remembered for a few seconds."""

import threading
import time
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.accounts import Account
from db.base import Database
from db.users import User

REMEMBERED = 5.0
"""How long a user is not looked up again [s]; a deactivated one is refused at the latest after it."""


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


def identity(work: Session, user: User) -> SignedIn:
    """Return what is needed to know of a user to decide what may be done."""
    roles = frozenset(role.name for role in user.roles)
    clients: frozenset[int] = frozenset()
    if "consultant" in roles:
        consulted = select(Account.id).where(Account.consultancy_account_id == user.account_id)
        clients = frozenset(work.scalars(consulted))
    return SignedIn(
        id=user.id,
        email=user.email,
        username=user.username,
        account_id=user.account_id,
        roles=roles,
        timezone=user.timezone,
        clients=clients,
        serial=user.session_serial,
    )


class Identities:
    """Looks users up by id, not more often than needed; safe for many threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[int, tuple[float, SignedIn | None]] = {}
        self._lock = threading.Lock()

    def find(self, user_id: int, serial: int) -> SignedIn | None:
        """Return the active user with an id whose session serial is still the given one."""
        found = self._look_up(user_id)
        return found if found is not None and found.serial == serial else None

    def forget(self, user_id: int) -> None:
        """Look a user up again at the next request, because something about it was changed."""
        with self._lock:
            self._known.pop(user_id, None)

    def _look_up(self, user_id: int) -> SignedIn | None:
        now = time.monotonic()
        with self._lock:
            until, known = self._known.get(user_id, (0.0, None))
        if now < until:
            return known
        with self._database.reading() as work:
            user = work.get(User, user_id)
            found = identity(work, user) if user is not None and user.active else None
        with self._lock:
            self._known[user_id] = (now + REMEMBERED, found)
        return found
