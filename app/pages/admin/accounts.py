"""Page of the accounts that the user may read, and, for admins, a form to add one."""

from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tables import row_table
from app.fragments.threads import writing
from app.fragments.visit import Fragment, Visit, address
from app.usecases.accounts import NewAccount, create_account
from components.tables.fact_table import Cell, Link
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.users import User
from db.assets import Asset

COLUMNS = ["Account", "Id", "Roles", "Users", "Assets", "Consultancy"]


@dataclass(frozen=True)
class AccountsContent:
    """Content of the page."""

    rows: list[list[Cell | int]]
    may_add: bool


def read_accounts(_visit: Visit, session: Session, principal: SignedIn) -> AccountsContent:
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


def show_accounts(visit: Visit, content: AccountsContent) -> Fragment:
    """The page."""
    table = row_table(COLUMNS, content.rows, file="accounts.csv")
    forms = account_forms(visit, content)
    form = form_html("add", forms["add"], opener="Add an account") if forms else Markup("")
    return Fragment(heading="Accounts", body=form + table)


def account_forms(_visit: Visit, content: AccountsContent) -> dict[str, PageForm]:
    """A form that adds an account, for admins."""

    async def add(visit: Visit, values: dict[str, Any]) -> Done:
        account = await writing(
            lambda session, actor: create_account(session, actor, actor.read(NewAccount, values)), visit.principal
        )
        return Done(text=f"{account.name} is added.", href=address(f"/accounts/{account.id}"))

    fields = [Field(name="name", label="Name", optional=False)]
    return {"add": PageForm(send=add, fields=fields, button="Add account", whole=True)} if content.may_add else {}


PAGE = TextPage(at="/accounts", heading="Accounts", read=read_accounts, show=show_accounts, forms=account_forms)
