"""The accounts a person may see, and, for admins, the way to add one."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel_material_ui as pmui
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.usecases.accounts import NewAccount, create_account
from app.widgets.async_content import writing
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address, go, remembering
from components.tables.fact_table import Cell, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.users import User
from db.assets import Asset

COLUMNS = ["Account", "Id", "Roles", "Users", "Assets", "Consultancy"]


@dataclass(frozen=True)
class AccountsContent:
    """What the page shows."""

    rows: list[list[Cell | int]]
    may_add: bool


def view() -> Shell:
    """Return the page."""
    page = Shell("Accounts", at="/accounts")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> AccountsContent:
    readable = access.readable_accounts(who)
    every = list(session.scalars(select(Account).order_by(Account.name)))
    names = {each.id: each.name for each in every}
    users, assets = (_counts(session, column) for column in (User.account_id, Asset.account_id))
    held: dict[int, list[str]] = {}
    for account_id, name in session.execute(select(RolesAccounts.account_id, AccountRole.name).join(AccountRole)):
        held.setdefault(account_id, []).append(name)
    rows: list[list[Cell | int]] = [
        [
            Link(each.name, address(f"/accounts/{each.id}")),
            each.id,
            ", ".join(held.get(each.id, [])) or "-",
            users.get(each.id, 0),
            assets.get(each.id, 0),
            names.get(each.consultancy_account_id or 0, "-"),
        ]
        for each in every
        if readable is None or each.id in readable
    ]
    return AccountsContent(rows, "admin" in who.roles)


def _counts(session: Session, owner: Any) -> dict[int, int]:
    """Return how many rows each account owns."""
    counted = session.execute(select(owner, func.count()).group_by(owner))
    return {account_id: count for account_id, count in counted if account_id is not None}


def _show(page: Shell, found: AccountsContent) -> Sequence[Any]:
    table = RowTable(columns=COLUMNS, rows=found.rows, file="accounts.csv")
    remembering(table, "search", "sort")
    page.follow(table)
    return (
        [pmui.Accordion(("Add an account", _new()), title_variant="body1", margin=8), table]
        if found.may_add
        else [table]
    )


def _new() -> Form:
    async def send(given: dict[str, Any]) -> Any:
        return await writing(lambda session, actor: create_account(session, actor, actor.read(NewAccount, given)))

    fields = [Field(name="name", label="Name", optional=False)]
    return Form(
        fields, send=send, done=lambda made: go(address(f"/accounts/{made.id}")), button="Add account", whole=True
    )
