"""Page of the accounts that the user may read, and, for admins, a form to add one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel_material_ui as pmui
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.visit import address
from app.usecases.accounts import NewAccount, create_account
from app.widgets.async_content import writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, go, remembering
from components.tables.fact_table import Cell, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.users import User
from db.assets import Asset

COLUMNS = ["Account", "Id", "Roles", "Users", "Assets", "Consultancy"]


@dataclass(frozen=True)
class AccountsContent:
    """Content of the page."""

    rows: list[list[Cell | int]]
    may_add: bool


def view() -> Shell:
    """The page."""
    page = Shell("Accounts", at="/accounts")
    page.fill(read_accounts, partial(show_accounts, page))
    return page


def read_accounts(session: Session, principal: SignedIn) -> AccountsContent:
    """Accounts that the user may read, one row each."""
    readable = access.readable_accounts(principal)
    accounts = list(session.scalars(select(Account).order_by(Account.name)))
    names = {account.id: account.name for account in accounts}
    users, assets = (
        dict(session.execute(select(owner, func.count()).group_by(owner)).tuples().all())
        for owner in (User.account_id, Asset.account_id)
    )
    roles: dict[int, list[str]] = {}
    for account_id, name in session.execute(select(RolesAccounts.account_id, AccountRole.name).join(AccountRole)):
        roles.setdefault(account_id, []).append(name)
    rows: list[list[Cell | int]] = [
        [
            Link(account.name, address(f"/accounts/{account.id}")),
            account.id,
            ", ".join(roles.get(account.id, [])) or "-",
            users.get(account.id, 0),
            assets.get(account.id, 0),
            names.get(account.consultancy_account_id or 0, "-"),
        ]
        for account in accounts
        if readable is None or account.id in readable
    ]
    return AccountsContent(rows, "admin" in principal.roles)


def show_accounts(page: Shell, content: AccountsContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    table = RowTable(columns=COLUMNS, rows=content.rows, file="accounts.csv")
    remembering(table, "search", "sort")
    page.follow(table)
    if not content.may_add:
        return [table]

    async def send(values: dict[str, Any]) -> Any:
        return await writing(lambda session, actor: create_account(session, actor, actor.read(NewAccount, values)))

    form = Form(
        [Field(name="name", label="Name", optional=False)],
        send=send,
        done=lambda account: go(address(f"/accounts/{account.id}")),
        button="Add account",
        whole=True,
    )
    return [pmui.Accordion(("Add an account", form), title_variant="body1", margin=8), table]
