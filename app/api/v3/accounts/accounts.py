"""Accounts: list, read, add, change."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.http.paging import Paging, listed
from app.api.http.route import Call, get, patch, post
from app.api.v3 import shown
from app.api.v3.accounts import audit
from app.auth.access import access
from app.usecases.fields import Body, Identifier, JsonObject
from app.usecases.inputs import Invalid
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.subscriptions import Subscription
from db.core import database

LOGO = r"^(https?://|/)[A-Za-z0-9._~%-][A-Za-z0-9._~%/?#:@!$&*+,;=-]*$"
LOOKS = ("primary_color", "secondary_color", "logo_url")
"""How an account looks; kept among its attributes."""
BY_ADMINS = {"consultancy_account_id", "account_roles", "plan_id"}
Name = Annotated[str, Field(min_length=1, max_length=100)]
Color = Annotated[str, Field(pattern=r"^#?[0-9a-fA-F]{6}$", examples=["#00639b"])]


class AccountsQuery(Paging):
    """Which accounts to list."""

    role: Annotated[str | None, Field(description="Only accounts with this role")] = None


def list_accounts(call: Call, query: AccountsQuery) -> Any:
    """List the accounts you may read."""
    rows = select(Account)
    readable = access.readable_accounts(call.who)
    if readable is not None:
        rows = rows.where(Account.id.in_(readable))
    if query.role is not None:
        holders = select(RolesAccounts.account_id).join(AccountRole).where(AccountRole.name == query.role)
        rows = rows.where(Account.id.in_(holders))
    return listed(
        call.session,
        rows,
        query,
        shown=lambda found: _shown(call.session, found),
        searched=[Account.name],
        sorts={"id": Account.id, "name": Account.name},
    )


def _shown(session: Session, rows: list[Account]) -> list[shown.Shown]:
    roles: dict[int, list[shown.Shown]] = {row.id: [] for row in rows}
    held = select(RolesAccounts.account_id, AccountRole).join(AccountRole)
    for account_id, role in session.execute(held.where(RolesAccounts.account_id.in_(roles))):
        roles[account_id].append({"id": role.id, "name": role.name})
    return [_account(row) | {"account_roles": roles[row.id]} for row in rows]


def _account(row: Account) -> shown.Shown:
    looks = {name: row.attributes.get(name) for name in LOOKS}
    own = {name: value for name, value in row.attributes.items() if name not in LOOKS}
    return {
        "id": row.id,
        "name": row.name,
        "consultancy_account_id": row.consultancy_account_id,
        "plan_id": row.plan_id,
        "attributes": shown.json_text(own),
        **looks,
    }


def one_account(call: Call, id: int) -> shown.Shown:
    """Return one account."""
    account = database.get(call.session, Account, id)
    access.check(call.who, "read", account)
    return _shown(call.session, [account])[0]


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


def add_account(call: Call, body: NewAccount) -> shown.Shown:
    """Add an account; for admins."""
    if "admin" not in call.who.roles:
        raise access.NotAllowed("create-children", "the accounts of this server")
    account = Account(name=body.name)
    call.session.add(account)
    _apply(call, account, body)
    audit.note(call, f"Added account {account.name!r}", account)
    return _shown(call.session, [account])[0]


def change_account(call: Call, id: int, body: AccountChange) -> shown.Shown:
    """Change the fields given; the answer is the whole account."""
    account = database.get(call.session, Account, id)
    access.check(call.who, "update", account)
    if body.model_fields_set & BY_ADMINS and "admin" not in call.who.roles:
        raise access.NotAllowed("update", f"consultancy, roles and plan of account {id}")
    _apply(call, account, body)
    audit.note(call, f"Changed {', '.join(sorted(body.model_fields_set))} of account {account.name!r}", account)
    return _shown(call.session, [account])[0]


def _apply(call: Call, account: Account, body: AccountChange) -> None:
    given = {name: getattr(body, name) for name in body.model_fields_set}
    if given.get("name") is not None:
        with call.session.no_autoflush:
            same = call.session.scalar(select(Account.id).where(Account.name == given["name"]))
        if same not in (None, account.id):
            raise Invalid("json", {"name": [f"an account called {given['name']!r} is there already."]})
        account.name = given["name"]
    kept = dict(account.attributes or {}) if given.get("attributes") is None else _without_looks(given["attributes"])
    old_looks = {name: value for name, value in (account.attributes or {}).items() if name in LOOKS}
    account.attributes = {**kept, **old_looks, **{name: given[name] for name in LOOKS if name in given}}
    if "consultancy_account_id" in given:
        account.consultancy_account_id = _consultancy(call, given["consultancy_account_id"])
    if "plan_id" in given:
        account.plan_id = _plan(call, given["plan_id"])
    call.session.flush()
    if given.get("account_roles") is not None:
        _set_roles(call.session, account, given["account_roles"])


def _without_looks(attributes: dict[str, Any]) -> dict[str, Any]:
    """Return attributes that hold nothing of how an account looks: that has fields of its own, which check it."""
    for name in LOOKS:
        if name in attributes:
            raise Invalid("json", {"attributes": [f"{name} is a field of its own; give it beside attributes."]})
    return attributes


def _consultancy(call: Call, account_id: int | None) -> int | None:
    if account_id is not None and call.session.get(Account, account_id) is None:
        raise Invalid("json", {"consultancy_account_id": [f"there is no account {account_id}."]})
    return account_id


def _plan(call: Call, plan_id: int | None) -> int | None:
    if plan_id is not None and call.session.get(Subscription, plan_id) is None:
        raise Invalid("json", {"plan_id": [f"there is no plan {plan_id}."]})
    return plan_id


def _set_roles(session: Session, account: Account, role_ids: list[int]) -> None:
    known = {row.id for row in session.scalars(select(AccountRole))}
    unknown = sorted(set(role_ids) - known)
    if unknown:
        raise Invalid("json", {"account_roles": [f"there are no account roles with the ids {unknown}."]})
    held = {row.role_id: row for row in session.scalars(select(RolesAccounts).filter_by(account_id=account.id))}
    for role_id in held.keys() - set(role_ids):
        session.delete(held[role_id])  # one by one: who loses a role signs in again
    session.add_all(RolesAccounts(account_id=account.id, role_id=key) for key in sorted(set(role_ids) - held.keys()))
    session.flush()


ROUTES = [
    get("/accounts", list_accounts),
    post("/accounts", add_account, status=201),
    get("/accounts/{id}", one_account),
    patch("/accounts/{id}", change_account),
]
