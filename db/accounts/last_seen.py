"""Users that have not been heard of for a while."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.users import Role, User


@dataclass(frozen=True, kw_only=True)
class UserFilter:
    """Which users are meant; None leaves a question open."""

    account_role: str | None = None
    account_id: int | None = None
    consultancy_id: int | None = None
    """Users of the accounts that this one consults."""
    user_role: str | None = None


def absent(session: Session, group: UserFilter, *, since: datetime, after: datetime | None = None) -> list[User]:
    """Return the active users of a group that were not seen since a moment, those not seen for longest first.

    Args:
        session: A session of any kind.
        group: Which users.
        since: The moment; a user never seen counts as absent.
        after: Only those who were seen after this moment, so that each is told once.
    """
    query = select(User).join(Account, Account.id == User.account_id).where(User.active.is_(True))
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
