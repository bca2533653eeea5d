"""Accounts: add, change and delete them, the kinds of account there are, and what they may book."""

from collections.abc import Sequence
from typing import Annotated, Any, TypeAlias

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access.access import Action, NotAllowed
from app.jobs import principal
from app.usecases.actor import Actor
from app.usecases.fields import Body, Identifier, JsonObject
from app.usecases.flex_config import mentions_elsewhere, record_deletion
from db import subscriptions
from db.accounts.accounts import TERMINAL_VALUE, Account, AccountRole, RolesAccounts
from db.accounts.users import User
from db.assets import Asset, lock_trees
from db.core import database
from db.subscriptions import Subscription
from engine.errors import FieldError, UnknownName
from engine.flex.context import read_terminal_value

LOGO = r"^(https?://|/)[A-Za-z0-9._~%-][A-Za-z0-9._~%/?#:@!$&*+,;=-]*$"
LOOKS = ("primary_color", "secondary_color", "logo_url")
"""How an account looks; kept among its attributes."""
BY_ADMINS = {"consultancy_account_id", "account_roles", "plan_id"}
Name = Annotated[str, Field(min_length=1, max_length=100)]
Limit: TypeAlias = Annotated[int | None, Field(ge=0, le=2**31 - 1)]
Color = Annotated[str, Field(pattern=r"^#?[0-9a-fA-F]{6}$", examples=["#00639b"])]


class AccountChange(Body):
    """Fields of an account to change; roles, consultancy and plan by admins only."""

    name: Name | None = None
    primary_color: Color | None = None
    secondary_color: Color | None = None
    logo_url: Annotated[str, Field(max_length=255, pattern=LOGO)] | None = None
    attributes: JsonObject | None = None
    consultancy_account_id: Identifier | None = None
    account_roles: Annotated[list[Identifier], Field(max_length=100)] | None = None
    plan_id: Annotated[Identifier | None, Field(description="What it has booked; null: the server's limits")] = None


class NewAccount(AccountChange):
    """An account to add."""

    name: Name


def create_account(session: Session, actor: Actor, new: NewAccount) -> Account:
    """Add an account.

    Raises:
        NotAllowed: The actor is no admin.
        FieldError: Another account has the name, or a field is wrong.
        QuotaReached: The consultancy has as many clients as its subscription allows.
    """
    if not actor.is_admin:
        raise NotAllowed("create-children", "the accounts of this server")
    account = Account(name=new.name, attributes={})
    _apply(session, account, new)
    actor.record(session, f"Added account {account.name!r}", account)
    return account


def update_account(session: Session, actor: Actor, account_id: int, change: AccountChange) -> Account:
    """Change the fields that are set; raises as ``create_account`` does, and NotFound."""
    account = database.get(session, Account, account_id)
    actor.check("update", account)
    if change.model_fields_set & BY_ADMINS and not actor.is_admin:
        raise NotAllowed("update", f"consultancy, roles and plan of account {account_id}")
    _apply(session, account, change)
    actor.record(session, f"Changed {', '.join(sorted(change.model_fields_set))} of account {account.name!r}", account)
    return account


def delete_account(session: Session, actor: Actor, account_id: int) -> None:
    """Delete an account with its users, assets and data; what others have below its assets moves to the top.

    Raises:
        NotFound: There is no such account.
        NotAllowed: The actor is no admin.
    """
    account = database.get(session, Account, account_id)
    if not actor.is_admin:
        raise NotAllowed("delete", f"account {account_id}")
    lock_trees(session)
    owned = select(Asset.id).where(Asset.account_id == account_id)
    for asset in session.scalars(select(Asset).where(Asset.parent_asset_id.in_(owned))):
        if asset.account_id != account_id:
            asset.parent_asset_id = None
    # Before the account goes: the foreign keys would delete these assets with their parents.
    session.flush()
    members = session.scalars(select(User.id).where(User.account_id == account_id)).all()
    principal.leave(session, members, now=actor.now)
    actor.record(session, f"Deleted account {account.name!r} with its users, assets and data", account)
    # While all rows are there: mentions are searched by the ids of what goes.
    naming = mentions_elsewhere(session, set(session.scalars(owned)))
    record_deletion(session, actor, f"Account {account_id} ({account.name}) with its sensors", naming)
    session.delete(account)


class NewAccountRole(Body):
    """A kind of account to add."""

    name: Name
    description: Annotated[str, Field(max_length=255)] = ""


def create_account_role(session: Session, actor: Actor, new: NewAccountRole) -> AccountRole:
    """Add a kind of account, such as Prosumer.

    Raises:
        NotAllowed: The actor is no admin.
        FieldError: Another one has the name.
    """
    _check_admin(actor, "create-children", "the account roles of this server")
    _check_new_name(session, AccountRole, new.name)
    role = AccountRole(name=new.name, description=new.description)
    session.add(role)
    session.flush()
    return role


def delete_account_role(session: Session, actor: Actor, name: str) -> None:
    """Delete a kind of account; accounts of that kind lose it, and their users sign in again.

    Raises:
        NotAllowed: The actor is no admin.
        UnknownName: There is no such role.
    """
    _check_admin(actor, "delete", "the account roles of this server")
    role = account_roles(session, [name])[0]
    for held in session.scalars(select(RolesAccounts).filter_by(role_id=role.id)):
        session.delete(held)  # one by one: who loses a role signs in again
    session.flush()
    session.delete(role)


def account_roles(session: Session, names: Sequence[str]) -> list[AccountRole]:
    """Kinds of account by their names; raises UnknownName."""
    known = {row.name: row for row in session.scalars(select(AccountRole))}
    for name in names:
        if name not in known:
            raise UnknownName("account role", name, sorted(known))
    return [known[name] for name in names]


class PlanLimits(Body):
    """What a plan allows; null or left out: the server's own limit, or none."""

    requests_per_minute: Limit = None
    triggers_per_five_minutes: Limit = None
    most_users: Limit = None
    most_assets: Limit = None
    most_clients: Annotated[Limit, Field(description="Accounts that it may consult")] = None


class NewPlan(PlanLimits):
    """A plan that accounts may book."""

    name: Name


def create_plan(session: Session, actor: Actor, new: NewPlan) -> Subscription:
    """Add a plan that accounts may book.

    Raises:
        NotAllowed: The actor is no admin.
        FieldError: Another one has the name.
    """
    _check_admin(actor, "create-children", "the plans of this server")
    _check_new_name(session, Subscription, new.name)
    plan = Subscription(**new.model_dump())
    session.add(plan)
    session.flush()
    return plan


def update_plan(session: Session, actor: Actor, plan_id: int, change: PlanLimits) -> Subscription:
    """Change the limits of a plan that are set, of all accounts that booked it; raises NotAllowed and NotFound."""
    _check_admin(actor, "update", "the plans of this server")
    plan = database.get(session, Subscription, plan_id)
    for name in change.model_fields_set:
        setattr(plan, name, getattr(change, name))
    session.flush()
    return plan


def _check_admin(actor: Actor, action: Action, subject: str) -> None:
    if not actor.is_admin:
        raise NotAllowed(action, subject)


def _check_new_name(session: Session, kind: type[AccountRole] | type[Subscription], name: str) -> None:
    if session.scalar(select(kind.id).filter_by(name=name)) is not None:
        raise FieldError("name", f"{name!r} already exists; choose another name.")


def _apply(session: Session, account: Account, change: AccountChange) -> None:
    """Set the fields that are set, once they are known to be right; a new account is added."""
    fields: dict[str, Any] = {name: getattr(change, name) for name in change.model_fields_set}
    if (name := fields.get("name")) is not None:
        same = session.scalar(select(Account.id).where(Account.name == name))
        if same not in (None, account.id):
            raise FieldError("name", f"an account called {name!r} already exists; choose another name.")
    for look in LOOKS:
        if look in (fields.get("attributes") or {}):  # how an account looks has fields of its own, which check it
            raise FieldError("attributes", f"{look} is a field of its own; give it beside attributes.")
    asked = (fields.get("attributes") or {}).get(TERMINAL_VALUE)
    read_terminal_value(asked, field=f"attributes.{TERMINAL_VALUE}")
    _check_consultancy(session, account, fields.get("consultancy_account_id"))
    plan_id = fields.get("plan_id")
    if plan_id is not None and session.get(Subscription, plan_id) is None:
        raise FieldError("plan_id", f"there is no plan {plan_id}.")
    before = account.attributes or {}
    kept = before if fields.get("attributes") is None else fields["attributes"]
    # Looks stay although attributes are replaced as a whole: they have fields of their own.
    looks = {name: before[name] for name in LOOKS if name in before} | {n: fields[n] for n in LOOKS if n in fields}
    account.name = name or account.name
    account.attributes = {**kept, **looks}
    for column in ("consultancy_account_id", "plan_id"):
        if column in fields:
            setattr(account, column, fields[column])
    session.add(account)
    session.flush()
    if fields.get("account_roles") is not None:
        _set_roles(session, account, fields["account_roles"])


def _check_consultancy(session: Session, account: Account, consultancy_id: int | None) -> None:
    if consultancy_id is None or consultancy_id == account.consultancy_account_id:
        return
    if session.get(Account, consultancy_id) is None:
        raise FieldError("consultancy_account_id", f"there is no account {consultancy_id}.")
    subscriptions.check_room(session, consultancy_id, Account)


def _set_roles(session: Session, account: Account, role_ids: list[int]) -> None:
    known = {row.id for row in session.scalars(select(AccountRole))}
    unknown = sorted(set(role_ids) - known)
    if unknown:
        raise FieldError("account_roles", f"there are no account roles with the ids {unknown}.")
    held = {row.role_id: row for row in session.scalars(select(RolesAccounts).filter_by(account_id=account.id))}
    for role_id in held.keys() - set(role_ids):
        session.delete(held[role_id])  # one by one: who loses a role signs in again
    session.add_all(RolesAccounts(account_id=account.id, role_id=key) for key in sorted(set(role_ids) - held.keys()))
    session.flush()
