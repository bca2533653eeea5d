"""Page of an account: its users and assets, its look, its consultancy, and the history of changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tables import facts, row_table, sections
from app.fragments.templates import note
from app.fragments.threads import writing
from app.fragments.visit import Fragment, Visit, address
from app.pages.admin import users
from app.pages.admin.audit_log import LogContent, log_table, read_log
from app.usecases.accounts import AccountChange, update_account
from components.tables.assets import words
from components.tables.fact_table import Cell, Link
from db import listing
from db.accounts.accounts import TERMINAL_VALUE, USUAL_TERMINAL_VALUE, Account, AccountRole, RolesAccounts
from db.assets import Asset
from db.core.database import get
from db.listing import AssetSummary
from db.subscriptions import Subscription

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
WORTH_HELP = "Of schedules of the pages and automations; terminal-value in a flex-context takes precedence"


@dataclass(frozen=True, kw_only=True)
class AccountContent:
    """Content of the page."""

    account: Account
    roles: list[AccountRole]
    """Roles of the account."""
    choices: dict[str, dict[str, int]]
    """Accounts, roles and subscriptions that admins choose from, by name."""
    users: list[list[Cell | int]]
    assets: list[AssetSummary]
    log: LogContent
    may_change: bool
    is_host: bool


def read_account(visit: Visit, session: Session, principal: SignedIn) -> AccountContent:
    """Account with its users and assets, as far as the user may read them."""
    account_id = visit.key
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
        log=read_log(visit, session, principal, Account, account_id),
    )


def show_account(visit: Visit, content: AccountContent) -> Fragment:
    """The page."""
    account = content.account
    account_names = {key: name for name, key in content.choices["Account"].items()}
    subscriptions = {key: name for name, key in content.choices["Subscription"].items()}
    rows: list[list[Cell]] = [
        ["Id", str(account.id)],
        ["Roles", ", ".join(role.name for role in content.roles) or "none"],
        ["Consultancy", account_names.get(account.consultancy_account_id or 0, "none")],
        ["Subscription", subscriptions.get(account.plan_id or 0, "Server defaults")],
    ]
    assets: list[list[Cell | int]] = [
        [Link(asset.name, address(f"/assets/{asset.id}")), words(asset.type), asset.parent or "", asset.sensors]
        for asset in content.assets
    ]
    forms = account_forms(visit, content)
    form = form_html("save", forms["save"]) if forms else note(access.read_only("update", account))
    parts = {
        "": facts(["", ""], rows),
        "Change": form,
        "Users": users.user_table(content.users),
        "Assets": row_table(["Asset", "Type", "Parent", "Sensors"], assets, keeps_search=False),
        "Change history": log_table(visit, content.log),
    }
    return Fragment(heading=account.name, crumbs=[Link("Accounts", address("/accounts"))], body=sections(parts))


def account_forms(_visit: Visit, content: AccountContent) -> dict[str, PageForm]:
    """What the user may do with the account."""
    account_id = content.account.id

    async def save(visit: Visit, values: dict[str, Any]) -> Done:
        await writing(
            lambda session, actor: update_account(
                session,
                actor,
                account_id,
                actor.read(AccountChange, changes(get(session, Account, account_id), values)),
            ),
            visit.principal,
        )
        return Done(text="Saved.")

    return {"save": PageForm(send=save, fields=account_fields(content))} if content.may_change else {}


def account_fields(content: AccountContent) -> list[Field]:
    """Fields of an account; admins of the server see more of them."""
    account = content.account
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
    return fields + (host_fields(content) if content.is_host else [])


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


PAGE = TextPage(at="/accounts", heading="Account", read=read_account, show=show_account, forms=account_forms)
