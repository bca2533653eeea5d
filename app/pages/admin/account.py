"""Page of an account: its users and assets, its look, its consultancy, and the history of changes."""

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
from app.fragments.fields import Field
from app.fragments.visit import address
from app.pages.admin import users
from app.pages.admin.audit_log import AuditLog
from app.usecases.accounts import AccountChange, update_account
from app.widgets.async_content import note, writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, section_heading
from components.tables.fact_table import Cell, FactTable, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import TERMINAL_VALUE, USUAL_TERMINAL_VALUE, Account, AccountRole, RolesAccounts
from db.accounts.subscriptions import Subscription
from db.assets import Asset
from db.core import listing
from db.core.database import get
from db.core.listing import Listed
from engine.series.iso_time import zone

LOOKS = {"primary_color": "Primary colour", "secondary_color": "Secondary colour", "logo_url": "Logo"}
HELP = {
    "primary_color": "Colour of the top bar, for example #00639b",
    "secondary_color": "Accent colour, for example #c2410c",
    "logo_url": "Path on this server, for example /assets-static/logo.svg",
}
WORTHS = {
    "worth a low price of the schedule (20 % quantile)": "20%",
    "worth a usual price of the schedule (40 % quantile)": "40%",
    "worth a high price of the schedule (60 % quantile)": "60%",
    "worth nothing: stores are emptied": "off",
}
WORTH_HELP = "Of schedules of the pages and automations; terminal-value in a flex-context says otherwise"


@dataclass(frozen=True, kw_only=True)
class AccountContent:
    """Content of the page."""

    account: Account
    roles: list[AccountRole]
    """Roles of the account."""
    choices: dict[str, dict[str, int]]
    """Accounts, roles and subscriptions that admins choose from, by name."""
    users: list[list[Cell | int]]
    assets: list[Listed]
    may_change: bool
    is_host: bool
    local: ZoneInfo


def view() -> Shell:
    """Page of the account in the address."""
    page = Shell("Account", at="/accounts")
    page.fill(partial(read_account, int(pn.state.route_params["id"])), partial(show_account, page))
    return page


def read_account(account_id: int, session: Session, principal: SignedIn) -> AccountContent:
    """Account with its users and assets, as far as the user may read them."""
    account = get(session, Account, account_id)
    access.check(principal, "read", account)
    held = select(AccountRole).join(RolesAccounts).where(RolesAccounts.account_id == account_id)
    kinds: tuple[Any, ...] = (Account, AccountRole, Subscription)
    choices = {kind.__name__: {each.name: each.id for each in session.scalars(select(kind))} for kind in kinds}
    return AccountContent(
        account=account,
        roles=list(session.scalars(held)),
        choices=choices,
        users=users.user_rows(session, principal, account_id),
        assets=listing.assets(session, Asset.account_id == account_id),
        may_change=access.may(principal, "update", account),
        is_host="admin" in principal.roles,
        local=zone(principal.timezone),
    )


def show_account(page: Shell, content: AccountContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    account = content.account
    page.rename(account.name)
    items = [{"label": "Accounts", "href": address("/accounts")}, {"label": account.name}]
    account_names = {key: name for name, key in content.choices["Account"].items()}
    subscriptions = {key: name for name, key in content.choices["Subscription"].items()}
    facts: list[list[Cell]] = [
        ["Id", str(account.id)],
        ["Roles", ", ".join(role.name for role in content.roles) or "none"],
        ["Consultancy", account_names.get(account.consultancy_account_id or 0, "none")],
        ["Subscription", subscriptions.get(account.plan_id or 0, "Server defaults")],
    ]
    asset_rows: list[list[Cell | int]] = [
        [Link(asset.name, address(f"/assets/{asset.id}")), asset.type, asset.parent or "", asset.sensors]
        for asset in content.assets
    ]
    assets = RowTable(columns=["Asset", "Type", "Parent", "Sensors"], rows=asset_rows)
    page.follow(assets)
    return [
        pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)),
        FactTable(columns=["", ""], rows=facts),
        account_form(page, content) if content.may_change else note(access.read_only("update", account)),
        *(section_heading("Users"), _users(page, content.users)),
        *(section_heading("Assets"), assets),
        *(section_heading("Change history"), AuditLog(Account, account.id, content.local)),
    ]


def account_form(page: Shell, content: AccountContent) -> Form:
    """Form of an account; admins of the server see more fields."""
    account = content.account

    async def send(values: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: update_account(
                session,
                actor,
                account.id,
                actor.read(AccountChange, changes(get(session, Account, account.id), values)),
            )
        )

    own = {name: value for name, value in account.attributes.items() if name not in (*LOOKS, TERMINAL_VALUE)}
    fields = [Field(name="name", label="Name", value=account.name, optional=False)]
    fields += [
        Field(name=name, label=label, value=account.attributes.get(name), help=HELP[name])
        for name, label in LOOKS.items()
    ]
    fields.append(
        Field(
            name=TERMINAL_VALUE,
            label="Energy left in stores at the end of a schedule",
            kind="choice",
            options=WORTHS,
            value=account.attributes.get(TERMINAL_VALUE, USUAL_TERMINAL_VALUE),
            help=WORTH_HELP,
        )
    )
    fields.append(Field(name="attributes", label="Attributes", kind="object", value=own, help="As JSON"))
    if content.is_host:
        fields += host_fields(content)
    return Form(fields, send=send, done=lambda saved: page.rename(saved.name))


def changes(account: Account, values: Mapping[str, Any]) -> dict[str, Any]:
    """Body of a change as the API takes it: the worth of energy left has a field of its own, but is an attribute."""
    body = {name: None if name in LOOKS and value == "" else value for name, value in values.items()}
    if {TERMINAL_VALUE, "attributes"} & body.keys():
        before = {name: value for name, value in account.attributes.items() if name not in LOOKS}
        worth = {TERMINAL_VALUE: before.pop(TERMINAL_VALUE)} if TERMINAL_VALUE in before else {}
        worth |= {TERMINAL_VALUE: body.pop(TERMINAL_VALUE)} if TERMINAL_VALUE in body else {}
        body["attributes"] = {**worth, **(body.get("attributes", before) or {})}
    return body


def host_fields(content: AccountContent) -> list[Field]:
    """Fields that only admins of the server change."""
    account, choices = content.account, content.choices
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
            value=[role.id for role in content.roles],
        ),
        Field(
            name="plan_id",
            label="Subscription",
            kind="choice",
            options={"Server defaults": None, **choices["Subscription"]},
            value=account.plan_id,
        ),
    ]


def _users(page: Shell, rows: list[list[Cell | int]]) -> RowTable:
    table = RowTable(columns=users.COLUMNS, rows=rows, file="users.csv")
    page.follow(table)
    return table
