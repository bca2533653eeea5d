"""One account: its users and assets, how it looks, who consults it, and what was changed about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel as pn
import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.admin import users
from app.pages.admin.audit_log import AuditLog
from app.pages.asset.context_tab import heading
from app.usecases.accounts import AccountChange, update_account
from app.widgets.async_content import note, writing
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address
from components.tables.fact_table import Cell, FactTable, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account, AccountRole, RolesAccounts
from db.accounts.subscriptions import Subscription
from db.assets import Asset
from db.core import listing
from db.core.database import get
from db.core.listing import Listed
from engine.iso_time import zone

LOOKS = {"primary_color": "Primary colour", "secondary_color": "Secondary colour", "logo_url": "Logo"}
HELP = {
    "primary_color": "Colour of the top bar, for example #00639b",
    "secondary_color": "Accent colour, for example #c2410c",
    "logo_url": "Path on this server, for example /assets-static/logo.svg",
}
READ_ONLY = "You have read-only access to this account. To change it, ask its admin."


@dataclass(frozen=True, kw_only=True)
class AccountContent:
    """What the page shows."""

    account: Account
    roles: list[AccountRole]
    """Those it has."""
    choices: dict[str, dict[str, int]]
    """Accounts, roles and plans that admins choose from, by name."""
    users: list[list[Cell | int]]
    assets: list[Listed]
    may_change: bool
    is_host: bool
    local: ZoneInfo


def view() -> Shell:
    """Return the page of the account in the address."""
    page = Shell("Account", at="/accounts")
    page.fill(partial(_read, int(pn.state.route_params["id"])), partial(_show, page))
    return page


def _read(account_id: int, session: Session, who: SignedIn) -> AccountContent:
    account = get(session, Account, account_id)
    access.check(who, "read", account)
    held = select(AccountRole).join(RolesAccounts).where(RolesAccounts.account_id == account_id)
    kinds: tuple[Any, ...] = (Account, AccountRole, Subscription)
    choices = {kind.__name__: {each.name: each.id for each in session.scalars(select(kind))} for kind in kinds}
    return AccountContent(
        account=account,
        roles=list(session.scalars(held)),
        choices=choices,
        users=users.lines(session, who, account_id),
        assets=listing.assets(session, Asset.account_id == account_id),
        may_change=access.may(who, "update", account),
        is_host="admin" in who.roles,
        local=zone(who.timezone),
    )


def _show(page: Shell, found: AccountContent) -> Sequence[Any]:
    account = found.account
    page.rename(account.name)
    items = [{"label": "Accounts", "href": address("/accounts")}, {"label": account.name}]
    shown = [pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)), _facts(found)]
    shown += [_form(page, found)] if found.may_change else [note(READ_ONLY)]
    shown += [heading("Users"), users.table(page, found.users), heading("Assets"), _assets(page, found.assets)]
    return [*shown, heading("Change history"), AuditLog(Account, account.id, found.local)]


def _facts(found: AccountContent) -> FactTable:
    account = found.account
    named = {key: name for name, key in found.choices["Account"].items()}
    plans = {key: name for name, key in found.choices["Subscription"].items()}
    rows: list[list[Cell]] = [
        ["Id", str(account.id)],
        ["Roles", ", ".join(role.name for role in found.roles) or "none"],
        ["Consultancy", named.get(account.consultancy_account_id or 0, "none")],
        ["Subscription", plans.get(account.plan_id or 0, "Server defaults")],
    ]
    return FactTable(columns=["", ""], rows=rows)


def _form(page: Shell, found: AccountContent) -> Form:
    account = found.account

    async def send(given: Mapping[str, Any]) -> Any:
        body = {name: None if name in LOOKS and value == "" else value for name, value in given.items()}
        return await writing(
            lambda session, actor: update_account(session, actor, account.id, actor.read(AccountChange, body))
        )

    own = {name: value for name, value in account.attributes.items() if name not in LOOKS}
    fields = [Field(name="name", label="Name", value=account.name, optional=False)]
    fields += [
        Field(name=name, label=label, value=account.attributes.get(name), help=HELP[name])
        for name, label in LOOKS.items()
    ]
    fields.append(Field(name="attributes", label="Attributes", kind="object", value=own, help="As JSON"))
    if found.is_host:
        fields += _by_hosts(found)
    return Form(fields, send=send, done=lambda saved: page.rename(saved.name))


def _by_hosts(found: AccountContent) -> list[Field]:
    """Return the fields that only admins of the server change."""
    account, choices = found.account, found.choices
    others = {name: key for name, key in choices["Account"].items() if key != account.id}
    return [
        Field(
            name="consultancy_account_id",
            label="Consultancy",
            kind="choice",
            options={"none": None, **others},
            value=account.consultancy_account_id,
        ),
        Field(
            name="account_roles",
            label="Roles",
            kind="choices",
            options=choices["AccountRole"],
            value=[role.id for role in found.roles],
        ),
        Field(
            name="plan_id",
            label="Subscription",
            kind="choice",
            options={"Server defaults": None, **choices["Subscription"]},
            value=account.plan_id,
        ),
    ]


def _assets(page: Shell, assets: list[Listed]) -> RowTable:
    rows: list[list[Cell | int]] = [
        [Link(each.name, address(f"/assets/{each.id}")), each.type, each.parent or "", each.sensors] for each in assets
    ]
    table = RowTable(columns=["Asset", "Type", "Parent", "Sensors"], rows=rows)
    page.follow(table)
    return table
