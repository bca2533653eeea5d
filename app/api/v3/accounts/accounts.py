"""Accounts: list, read, add, change."""

from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api.http.paging import Paging, list_page
from app.api.http.route import Call, get, patch, post
from app.api.v3 import documents
from app.auth.access import access
from app.usecases import accounts
from app.usecases.accounts import LOOKS, AccountChange, NewAccount
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.core import database


class AccountsQuery(Paging):
    """Which accounts to list."""

    role: Annotated[str | None, Field(description="Only accounts with this role")] = None


def list_accounts(call: Call, query: AccountsQuery) -> Any:
    """List the accounts you may read."""
    rows = select(Account)
    readable = access.readable_accounts(call.user)
    if readable is not None:
        rows = rows.where(Account.id.in_(readable))
    if query.role is not None:
        holders = select(RolesAccounts.account_id).join(AccountRole).where(AccountRole.name == query.role)
        rows = rows.where(Account.id.in_(holders))
    return list_page(
        call.session,
        rows,
        query,
        documents=lambda found: _account_documents(call.session, found),
        searched=[Account.name],
        sorts={"id": Account.id, "name": Account.name},
    )


def _account_documents(session: Session, rows: list[Account]) -> list[documents.Document]:
    roles: dict[int, list[documents.Document]] = {row.id: [] for row in rows}
    held = select(RolesAccounts.account_id, AccountRole).join(AccountRole)
    for account_id, role in session.execute(held.where(RolesAccounts.account_id.in_(roles))):
        roles[account_id].append({"id": role.id, "name": role.name})
    rendered = []
    for row in rows:
        own = {name: value for name, value in row.attributes.items() if name not in LOOKS}
        document = {
            "id": row.id,
            "name": row.name,
            "consultancy_account_id": row.consultancy_account_id,
            "plan_id": row.plan_id,
            "attributes": documents.json_text(own),
            **{name: row.attributes.get(name) for name in LOOKS},
            "account_roles": roles[row.id],
        }
        rendered.append(document)
    return rendered


def one_account(call: Call, id: int) -> documents.Document:
    """Return one account."""
    account = database.get(call.session, Account, id)
    access.check(call.user, "read", account)
    return _account_documents(call.session, [account])[0]


def add_account(call: Call, body: NewAccount) -> documents.Document:
    """Add an account; for admins."""
    return _account_documents(call.session, [accounts.create_account(call.session, call.actor, body)])[0]


def change_account(call: Call, id: int, body: AccountChange) -> documents.Document:
    """Change the fields given; the answer is the whole account."""
    return _account_documents(call.session, [accounts.update_account(call.session, call.actor, id, body)])[0]


ROUTES = [
    get("/accounts", list_accounts),
    post("/accounts", add_account, status=201),
    get("/accounts/{id}", one_account),
    patch("/accounts/{id}", change_account),
]
