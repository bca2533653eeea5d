"""People and machines that sign in, their roles, and who was not heard of for a while."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.core.database import IDS_ONCE, Id, Table

ROLES = {
    "admin": "May do everything on this server",
    "admin-reader": "May read everything on this server",
    "account-admin": "May change users and assets of the own account",
    "consultant": "May read the accounts that the own account consults",
}

OPENED_TAB, LEGENDS_BELOW = "opened-tab", "legends-below"
"""Preferences: the tab that assets open with, and whether charts have their legends below."""


class Role(Table):
    """What a user may do, by name."""

    __tablename__ = "role"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class RolesUsers(Table):
    """Which user has which role."""

    __tablename__ = "roles_users"

    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("role.id", ondelete="CASCADE"), primary_key=True)


class User(Table):
    """One person or machine of one account."""

    __tablename__ = "app_user"
    __table_args__ = IDS_ONCE

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True, doc="In lower case")
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str] = mapped_column(doc="argon2id; never leaves the server")
    active: Mapped[bool] = mapped_column(default=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    timezone: Mapped[str] = mapped_column(default="Europe/Amsterdam", doc="IANA name; the zone times are shown in")
    # A lambda, as the function stands below the class.
    session_serial: Mapped[int] = mapped_column(default=lambda: new_serial(), doc="Another one ends all logins")
    last_login_at: Mapped[datetime | None]
    login_count: Mapped[int] = mapped_column(default=0)
    last_seen_at: Mapped[datetime | None]
    preferences: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}", doc="By name, see above")

    roles: Mapped[list[Role]] = relationship(secondary="roles_users", order_by=Role.id, lazy="selectin")


def new_serial() -> int:
    """Return a session serial that no login of before has.

    It is drawn, not counted: an id is given again after its user was deleted, and a database that is put back would
    count to the same number once more.
    """
    # As far as an INTEGER of PostgreSQL goes.
    return secrets.randbelow(2**31)


def by_email(session: Session, email: str) -> User | None:
    """Return the user with an email address, whatever its case."""
    return session.scalar(select(User).where(User.email == email.strip().lower()))


def by_name(session: Session, username: str) -> User | None:
    """Return the user with a user name."""
    return session.scalar(select(User).where(User.username == username))


def role(session: Session, name: str) -> Role:
    """Return the role with a name, made if it is not there yet."""
    found = session.scalar(select(Role).where(Role.name == name))
    if found is None:
        found = Role(name=name, description=ROLES.get(name, ""))
        session.add(found)
        session.flush()
    return found


@dataclass(frozen=True, kw_only=True)
class UserFilter:
    """Which users are meant; None leaves a question open."""

    account_role: str | None = None
    account_id: int | None = None
    consultancy_id: int | None = None
    """Users of the accounts that this one consults."""
    user_role: str | None = None


def absent_users(session: Session, group: UserFilter, *, since: datetime, after: datetime | None = None) -> list[User]:
    """Return the active users of a group that were not seen since a moment, those not seen for longest first.

    Args:
        session: A session of any kind.
        group: Which users.
        since: The moment; a user never seen counts as absent.
        after: Only those who were seen after this moment, so that each is told once.
    """
    query = select(User).join(Account, Account.id == User.account_id).where(User.active.is_(True))
    # A user who never signed in has no moment, and SQL compares nothing with it.
    query = query.where(or_(User.last_seen_at.is_(None), User.last_seen_at < since))
    if after is not None:
        query = query.where(User.last_seen_at >= after)
    if group.account_id is not None:
        query = query.where(User.account_id == group.account_id)
    if group.consultancy_id is not None:
        query = query.where(Account.consultancy_account_id == group.consultancy_id)
    if group.account_role is not None:
        having = select(RolesAccounts.account_id).join(AccountRole).where(AccountRole.name == group.account_role)
        query = query.where(User.account_id.in_(having))
    if group.user_role is not None:
        query = query.where(User.roles.any(Role.name == group.user_role))
    return list(session.scalars(query.order_by(User.last_seen_at.nulls_first(), User.id)))
