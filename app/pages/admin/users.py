"""The users a person may see, and the way to add one."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import panel_material_ui as pmui
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.auth.login import passwords
from app.usecases.users import NewUser, create_user
from app.widgets.async_content import in_turn, writing
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address, go, remembering
from components.tables.fact_table import Cell, Light, Link
from components.tables.row_table import RowTable
from db.accounts.accounts import Account
from db.accounts.users import User
from engine.iso_time import zone

COLUMNS = ["User", "Email", "Account", "Roles", "Zone", "Last sign-in", "Last seen", "State"]


@dataclass(frozen=True)
class UsersContent:
    """What the page shows."""

    rows: list[list[Cell | int]]
    accounts: dict[str, int]
    """Those the reader may add users to."""
    own: int


def view() -> Shell:
    """Return the page."""
    page = Shell("Users", at="/users")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> UsersContent:
    return UsersContent(lines(session, who, None), _open_to(session, who), who.account_id)


def _open_to(session: Session, who: SignedIn) -> dict[str, int]:
    accounts = session.scalars(select(Account).order_by(Account.name))
    return {each.name: each.id for each in accounts if access.may_add_users(who, each)}


def lines(session: Session, who: SignedIn, account_id: int | None) -> list[list[Cell | int]]:
    """Return a line for each user that a person may read, of one account or of all."""
    readable = access.readable_accounts(who)
    query = select(User, Account.name).join(Account, Account.id == User.account_id).order_by(User.email)
    if readable is not None:
        query = query.where(User.account_id.in_(readable))
    if account_id is not None:
        query = query.where(User.account_id == account_id)
    return [_line(user, account, zone(who.timezone)) for user, account in session.execute(query)]


def _line(user: User, account: str, local: ZoneInfo) -> list[Cell | int]:
    return [
        Link(user.username, address(f"/users/{user.id}")),
        user.email,
        account,
        ", ".join(role.name for role in user.roles) or "-",
        user.timezone,
        at(user.last_login_at, local),
        at(user.last_seen_at, local),
        Light("good", "active") if user.active else Light("bad", "deactivated"),
    ]


def at(moment: datetime | None, local: ZoneInfo) -> str:
    """Return a moment as it is written in lists."""
    return f"{moment.astimezone(local):%Y-%m-%d %H:%M}" if moment else "never"


def table(page: Shell, rows: list[list[Cell | int]]) -> RowTable:
    """Return users as a table."""
    made = RowTable(columns=COLUMNS, rows=rows, file="users.csv")
    page.follow(made)
    return made


def _show(page: Shell, found: UsersContent) -> Sequence[Any]:
    shown = table(page, found.rows)
    remembering(shown, "search", "sort")
    if not found.accounts:
        return [shown]
    return [pmui.Accordion(("Add a user", _new(found)), title_variant="body1", margin=8), shown]


def _new(found: UsersContent) -> Form:
    async def send(given: dict[str, Any]) -> Any:
        password_hash = await in_turn(lambda: passwords.hashed(secrets.token_urlsafe(32)))
        return await writing(
            lambda session, actor: create_user(session, actor, actor.read(NewUser, given), password_hash=password_hash)
        )

    own = found.own if found.own in found.accounts.values() else next(iter(found.accounts.values()))
    fields = [
        Field(
            name="email", label="Email", optional=False, help="The user receives a link to choose a password on request"
        ),
        Field(name="username", label="User name", help="Leave empty to use the part before the @"),
        Field(name="account_id", label="Account", kind="choice", options=found.accounts, value=own),
        Field(
            name="timezone",
            label="Time zone",
            help="For example Europe/Amsterdam. Leave empty for the server's time zone.",
        ),
    ]
    return Form(fields, send=send, done=lambda made: go(address(f"/users/{made.id}")), button="Add user", whole=True)
