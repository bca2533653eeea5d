"""What ends a login ends all of it: sessions, tokens, access keys, remembered browsers, mailed codes and links.

A writing session watches what logins stand on. Whoever changes a password, deactivates a user, takes a role away or
moves a user to another account ends the logins of that user with it, in the same transaction: nobody has to think of
it, and no path leads around it.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, event, inspect, select, update
from sqlalchemy.orm import ORMExecuteState, Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.util import identity_key

from db.accounts.accounts import Account, RolesAccounts
from db.accounts.credentials import AccessKey
from db.accounts.sign_in import MailedCode, WebSession, end_session
from db.accounts.users import Role, RolesUsers, User, new_serial
from db.core.change_tracking import COUNTERS, assigned, at_once
from db.core.database import Followed
from engine.errors import EngineError

WITH_KEYS = {"password_hash", "active", "account_id"}
"""Fields of a user whose change ends everything; so does a role that is taken away."""
WITHOUT_KEYS = {"email"}
"""Fields of a user whose change ends everything but access keys, which do not stand on them."""
ONE_BY_ONE = {
    User.__tablename__: WITH_KEYS | WITHOUT_KEYS | {"session_serial"},
    Account.__tablename__: {"consultancy_account_id"},
    RolesUsers.__tablename__: {"user_id", "role_id"},
    RolesAccounts.__tablename__: {"account_id", "role_id"},
    AccessKey.__tablename__: {"revoked_at", "secret_hash", "user_id", "expires_at"},
}
"""Columns that no bulk statement may change, by table: it would pass by what is watched here."""


def keep_keys(session: Session, user: User, key_ids: Collection[int]) -> None:
    """Let some access keys of a user outlive what the rest of this session does to the user's logins."""
    session.info.setdefault("kept_keys", set()).update(key_ids)
    session.info.setdefault("keeping", set()).add(user.id)


def renew_hash(session: Session, user: User, password_hash: str) -> None:
    """Store another hash of the same password, which ends nothing."""
    session.info.setdefault("same_password", set()).add((user.id, password_hash))
    user.password_hash = password_hash


def stands(work: Session, user_id: int, serial: int, session: str = "") -> bool:
    """Return whether a login holds at this moment: the user is active, nothing has ended it, the session is open.

    Args:
        session: A session of any kind.
        user_id: Whose login.
        serial: The session serial of the user when it began.
        session: Key of the session of a browser; empty for tokens, which have none.
    """
    if session:
        opened = select(WebSession.key).where(WebSession.key == session, WebSession.user_id == user_id)
        if work.scalar(opened.where(WebSession.ended_at.is_(None))) is None:
            return False
    found = work.execute(select(User.session_serial, User.active).where(User.id == user_id)).first()
    return found is not None and found.active and found.session_serial == serial


@event.listens_for(Followed, "before_flush")
def watch(session: Session, _context: object, _instances: object) -> None:
    """End the logins that what is about to be flushed ends."""
    fully, but_for_keys = set[int](), set[int]()
    for row in session.dirty:
        if isinstance(row, User):
            _renew(session, row)
            changed = _changed_fields(session, row)
            (fully if changed - WITHOUT_KEYS else but_for_keys if changed else set()).add(row.id)
        elif isinstance(row, Account):
            but_for_keys |= _former_consultants(session, row)  # their keys see the rest of their clients still
    # Sessions, keys and codes go with the row by their foreign keys; only what processes remember must be told.
    for row in session.deleted:
        if isinstance(row, User):
            session.info.setdefault("ended", set()).add(row.id)
        elif isinstance(row, RolesUsers):
            fully.add(row.user_id)
        elif isinstance(row, RolesAccounts):
            members = select(User.id).where(User.account_id == row.account_id)
            but_for_keys |= set(session.connection().scalars(members))
    if fully:
        _end(session, fully, keys=True)
    if but_for_keys - fully:
        _end(session, but_for_keys - fully, keys=False)


@event.listens_for(Followed, "do_orm_execute")
def refuse_bulk(state: ORMExecuteState) -> None:
    """Refuse a statement that would change what logins stand on without loading the rows.

    Raises:
        EngineError: It would; it is a fault of ours, not of whoever asks.
    """
    if not (state.is_update or state.is_delete):
        return
    statement: Any = state.statement
    watched = ONE_BY_ONE.get(statement.table.name, set())
    if state.is_delete:
        # Users, accounts and keys take their logins along when they go; a role leaves them behind.
        touched = watched if statement.table.name.startswith("roles_") else set()
    else:
        touched = watched & assigned(statement)
    if touched:
        raise EngineError(f"{statement.table.name}: load the rows and change {', '.join(sorted(touched))} one by one.")


def _renew(session: Session, user: User) -> None:
    """Let processes that remember a user who is changed read the row again, whether or not a login ends."""
    # Counters move with every sign-in and say nothing of rights: nobody has to read a row again for them.
    if {field.key for field in inspect(user).attrs if field.history.has_changes()} - COUNTERS:
        session.info.setdefault("ended", set()).add(user.id)


def _changed_fields(session: Session, user: User) -> set[str]:
    """Fields of a user that change, of those that logins stand on."""
    state = inspect(user)
    changed = {name for name in WITH_KEYS | WITHOUT_KEYS if state.attrs[name].history.has_changes()}
    if (user.id, user.password_hash) in session.info.get("same_password", ()):
        changed.discard("password_hash")
    return changed | ({"roles"} if state.attrs["roles"].history.deleted else set())  # a new role takes nothing away


def _former_consultants(session: Session, account: Account) -> set[int]:
    """Ids of the users who have consulted an account and will no longer."""
    history = inspect(account).attrs["consultancy_account_id"].history
    former = [key for key in history.deleted or () if key is not None]
    consultants = select(User.id).join(RolesUsers, RolesUsers.user_id == User.id).join(Role)
    consultants = consultants.where(User.account_id.in_(former), Role.name == "consultant")
    return set(session.connection().scalars(consultants)) if former else set()


def _end(session: Session, users: Iterable[int], *, keys: bool) -> None:
    """End the logins of some users."""
    connection, now, ids = session.connection(), datetime.now(UTC), sorted(users)
    serials = end_all(connection, ids, now)
    if keys:
        kept = session.info.get("kept_keys", set())
        asked = session.info.get("keeping", set())
        of_users = AccessKey.user_id.in_(ids) & AccessKey.revoked_at.is_(None)
        # Only of users for whom keeping was asked: the id of another user's key among those named spares nothing.
        spared = AccessKey.user_id.in_(asked) & AccessKey.id.in_(kept)
        going = connection.execute(select(AccessKey.__table__).where(of_users, ~spared)).mappings()
        at_once(session, AccessKey.__tablename__, map(dict, going), {"revoked_at": now})
        connection.execute(update(AccessKey).where(of_users, ~spared).values(revoked_at=now))
    for user_id, serial in serials.items():
        # Rows that the session holds already get the new serial without being marked as changed: it is written.
        user = session.identity_map.get(identity_key(User, user_id))
        if user is not None:
            set_committed_value(user, "session_serial", serial)
    session.info.setdefault("ended", set()).update(ids)


def end_all(connection: Connection, users: Collection[int] | None, now: datetime) -> dict[int, int]:
    """End sessions, tokens and all that is signed with the serial of users; return their new serials.

    Args:
        connection: In a transaction that writes.
        users: Whose; None: everybody's.
        now: When they end.
    """
    found = connection.scalars(select(User.id)) if users is None else users
    serials = {key: new_serial() for key in found}
    for key, serial in serials.items():
        connection.execute(update(User).where(User.id == key).values(session_serial=serial))
    mine = WebSession.user_id.in_(serials)
    connection.execute(update(WebSession).where(mine, WebSession.ended_at.is_(None)).values(ended_at=now))
    connection.execute(delete(MailedCode).where(MailedCode.user_id.in_(serials)))
    return serials


def end_web_session(session: Session, user_id: int, key: str, now: datetime) -> None:
    """End the session of one browser of a user; other processes are told, and close its open pages."""
    end_session(session, key, now)
    session.info.setdefault("ended", set()).add(user_id)
