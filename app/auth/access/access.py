"""Who may do what with which row: same account, consultancy, public assets, and the roles of users.

To read: members of the account, its consultants, admin and admin-reader; public assets: every user.
To add something below (assets, sensors, data, schedules): members of the account and its consultants.
To change assets: the same. To delete, and to change sensors and users: account-admins. Public rows: admins.
An admin-reader reads everything and changes nothing but his own user. Users who hold a role of the server, admin or
admin-reader, are changed by admins only.
"""

from typing import Literal, TypeAlias

from sqlalchemy import ColumnElement, or_, select, true
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from db.accounts.accounts import Account
from db.accounts.users import User
from db.assets import Asset
from db.core.database import Table
from db.sensors import Sensor
from engine.errors import EngineError

Action: TypeAlias = Literal["read", "create-children", "update", "delete"]
Guarded: TypeAlias = Account | User | Asset | Sensor
SERVER_ROLES = frozenset({"admin", "admin-reader"})
"""Roles that count for the whole server, whatever the account of who holds them."""
ADMINS = "admins of this server"
"""Who holds the role admin, for people."""


class NotAllowed(EngineError):
    """The user is known, but may not do this.

    Attributes:
        action: What was tried.
        row: Table and id, such as ``asset 5``.
        who: Who may, in the plural, such as ``only admins of this server``.
        field: Where a request, or something stored, names the row; empty: the request is about it.
    """

    def __init__(self, action: str, row: str, *, who: str = f"only {ADMINS}", field: str = "") -> None:
        self.action, self.row, self.who, self.field = action, row, who, field
        verb = "add anything to" if action == "create-children" else action
        refusal = f"ou may not {verb} {row}; {who} may"
        super().__init__(f"{field}: y{refusal}. Ask one of them, or name another one." if field else f"Y{refusal}.")


def may(principal: SignedIn, action: Action, row: Guarded) -> bool:
    """Return whether a user may do something with a row."""
    if "admin" in principal.roles or (action == "read" and "admin-reader" in principal.roles):
        return True
    if only_reads(principal):
        return isinstance(row, User) and action == "update" and row.id == principal.id
    if isinstance(row, Sensor):  # to change one is to change what its values mean, which is as much as to delete it
        return _may_asset(principal, "delete" if action == "update" else action, row.asset.account_id)
    if isinstance(row, Asset):
        return _may_asset(principal, action, row.account_id)
    if isinstance(row, User):
        return _may_user(principal, action, row)
    if action in ("read", "create-children"):  # a consultant adds assets for clients, but changes no account of theirs
        return row.id == principal.account_id or row.id in principal.clients
    return action == "update" and row.id == principal.account_id and "account-admin" in principal.roles


def check(principal: SignedIn, action: Action, row: Guarded) -> None:
    """Raise NotAllowed unless a user may do something with a row."""
    if not may(principal, action, row):
        raise refusal(principal, action, row)


def refusal(principal: SignedIn | None, action: Action, row: Guarded, *, field: str = "") -> NotAllowed:
    """Return the error that refuses something to a user, and tells which roles may do it.

    Args:
        principal: Who asks.
        action: What for.
        row: With what.
        field: Where it is named; see NotAllowed.
    """
    who = permitted_users(action, row)
    if principal is not None and only_reads(principal) and action != "read":
        who = f"admin-readers only read; {who}"
    return NotAllowed(action, described(row), who=who, field=field)


def permitted_users(action: Action, row: Guarded) -> str:
    """Return which roles may do something with a row, in words: what ``may`` decides, for people."""
    if isinstance(row, Sensor):
        return permitted_users("delete" if action == "update" else action, row.asset)
    if isinstance(row, Asset) and row.account_id is None:
        return f"it is public, so that only {ADMINS}"
    account = "it" if isinstance(row, Account) else "its account"
    if action == "read":
        return f"users and consultants of {account}, {ADMINS}, and its admin-readers,"
    if isinstance(row, User) and any(role.name in SERVER_ROLES for role in row.roles):
        return f"only {ADMINS}"
    if isinstance(row, Asset):
        of_account = "account-admins" if action == "delete" else "users and consultants"
    elif isinstance(row, Account) and action == "delete":
        return f"only {ADMINS}"
    else:
        of_account = "users and consultants" if action == "create-children" else "account-admins"
    return f"{of_account} of {account}, and {ADMINS},"


def read_only(action: Action, row: Guarded) -> str:
    """Return what a page says of a row to those who may only look at it."""
    return f"You have read-only access; {permitted_users(action, row)} may change this."


def may_be_charted(principal: SignedIn, sensor: Sensor, *, playing: bool) -> bool:
    """Return whether a user may see a sensor in a chart; in play mode that is any sensor."""
    return playing or may(principal, "read", sensor)


def only_reads(principal: SignedIn) -> bool:
    """Return whether a user reads everything and changes nothing, whatever other roles he holds."""
    return "admin-reader" in principal.roles and "admin" not in principal.roles


def described(row: Table) -> str:
    """Name of a row in messages, such as ``asset 5``."""
    kind = {"app_user": "user"}.get(row.__tablename__, row.__tablename__)
    return f"{kind} {getattr(row, 'id', '')}"


def _may_asset(principal: SignedIn, action: Action, account_id: int | None) -> bool:
    if account_id is None:
        return action == "read"
    if action == "delete":
        return account_id == principal.account_id and "account-admin" in principal.roles
    return account_id == principal.account_id or account_id in principal.clients


def _may_user(principal: SignedIn, action: Action, user: User) -> bool:
    if action == "read":
        return user.account_id == principal.account_id or user.account_id in principal.clients
    if action == "update" and user.id == principal.id:
        return True
    # Else an account-admin could take over an admin of the server who is in the same account.
    if any(role.name in SERVER_ROLES for role in user.roles):
        return False
    return user.account_id == principal.account_id and "account-admin" in principal.roles and user.id != principal.id


def may_add_users(principal: SignedIn, account: Account) -> bool:
    """Return whether a user may add users to an account: its account-admins, its consultants and admins."""
    if only_reads(principal):
        return False
    if "admin" in principal.roles or account.id in principal.clients:
        return True
    return account.id == principal.account_id and "account-admin" in principal.roles


def readable_accounts(principal: SignedIn) -> frozenset[int] | None:
    """Return the ids of the accounts a user may read; None stands for all."""
    if principal.roles & SERVER_ROLES:
        return None
    return principal.clients | {principal.account_id}


def readable_assets(principal: SignedIn, *, public: bool = True) -> ColumnElement[bool]:
    """Return the condition that selects the assets a user may read."""
    accounts = readable_accounts(principal)
    if accounts is None:
        return true() if public else Asset.account_id.is_not(None)
    own = Asset.account_id.in_(accounts)
    return or_(own, Asset.account_id.is_(None)) if public else own


def readable_asset_ids(session: Session, principal: SignedIn) -> list[int] | None:
    """Return the ids of the assets a user may read; None stands for all, and for what is about no asset."""
    if readable_accounts(principal) is None:
        return None
    return list(session.scalars(select(Asset.id).where(readable_assets(principal))))
