"""The audit log of an account, a user or an asset: who may read it, and its pages."""

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from db import listing
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core import database
from db.core.audit import AuditEvent

Logged: TypeAlias = type[Account] | type[User] | type[Asset]


def readable_changes(session: Session, who: SignedIn, kind: Logged, key: int) -> ColumnElement[bool]:
    """Return the condition that selects the changes of a row, for who may read them.

    Raises:
        NotFound: There is no such row.
        NotAllowed: Its log is not the user's to read: of an account it is its admins', of a user its own and theirs.
    """
    if kind is Account:
        # Members read their account, but its log is for its admins; others read the log as they read the account.
        own = key == who.account_id and not access.only_reads(who)
        access.check(who, "update" if own else "read", database.get(session, Account, key))
        return AuditEvent.account_id == key
    if kind is User:
        access.check(who, "read" if "admin-reader" in who.roles else "update", database.get(session, User, key))
        return AuditEvent.user_id == key
    access.check(who, "read", database.get(session, Asset, key))
    return AuditEvent.asset_id == key


def page_of_changes(
    session: Session, changes: ColumnElement[bool], *, words: str, page: int, rows: int
) -> tuple[Sequence[AuditEvent], int]:
    """Return the changes of one page, newest first, and how many there are in all.

    Args:
        session: To read with.
        changes: See ``readable_changes``.
        words: Only those that have these words, see ``db.listing.matching``.
        page: Which page, from 1.
        rows: Changes of a page.
    """
    searched = [AuditEvent.event, AuditEvent.active_user_name]
    condition = changes & listing.matching(words, searched, AuditEvent.id)
    count = session.scalar(select(func.count()).where(condition)) or 0
    newest = select(AuditEvent).where(condition).order_by(AuditEvent.id.desc())
    return session.scalars(newest.offset((page - 1) * rows).limit(rows)).all(), count
