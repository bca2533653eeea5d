"""People and machines that sign in, and their roles."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

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
