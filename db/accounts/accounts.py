"""Organisations: who owns assets, who consults whom."""

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from db.core.database import IDS_ONCE, Id, Table

TERMINAL_VALUE = "terminal-value"
"""Attribute of an account, see ``db.assets.terminal_value``."""
USUAL_TERMINAL_VALUE = "40%"


class Account(Table):
    """One organisation; its assets and data are its own."""

    __tablename__ = "account"
    __table_args__ = IDS_ONCE

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    # SET NULL: a client keeps its assets and data when its consultancy goes.
    consultancy_account_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id", ondelete="SET NULL"), doc="The account whose consultants may read this one"
    )
    attributes: Mapped[dict[str, Any]] = mapped_column(default=dict)
    plan_id: Mapped[int | None] = mapped_column(
        ForeignKey("plan.id", ondelete="SET NULL"), doc="What it has booked; None: the limits of the server"
    )


class AccountRole(Table):
    """A kind of organisation, such as Prosumer or MDC."""

    __tablename__ = "account_role"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str] = mapped_column(default="")


class RolesAccounts(Table):
    """Which account has which role."""

    __tablename__ = "roles_accounts"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role_id: Mapped[int] = mapped_column(ForeignKey("account_role.id", ondelete="CASCADE"), primary_key=True)
