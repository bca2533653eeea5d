"""Pages that are one table: users, accounts, the signed-in user, the state of the server."""

import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth import access
from app.auth.access import NotAllowed
from app.auth.identity import SignedIn
from app.pages.shell import Shell, address
from app.running import current
from components.fact_table import Cell, FactTable, Light, Link
from db import listing, migrations
from db.accounts import Account
from db.base import get
from db.users import User
from engine import plugins
from engine.iso_time import zone

KINDS = ("schedulers", "forecasters", "reporters")
PACKAGES = ("flexscope", "panel", "bokeh", "sqlalchemy", "highspy", "huey")


@dataclass(frozen=True)
class Table:
    """What a page shows."""

    columns: list[str]
    rows: list[list[Cell]]
    empty: str = "There are none."


def _page(heading: str, at: str, read: Callable[[Session, SignedIn], Table]) -> Shell:
    page = Shell(heading, at=at)
    page.fill(read, partial(_show, page))
    return page


def _show(page: Shell, table: Table) -> Sequence[Any]:
    shown = FactTable(columns=table.columns, rows=table.rows, empty=table.empty)
    page.follow(shown)
    return [shown]


def users() -> Shell:
    """Return the page of the users of all accounts the user may read."""
    return _page("Users", "/users", _users)


def _users(work: Session, who: SignedIn) -> Table:
    accounts = access.readable_accounts(who)
    query = select(User, Account.name).join(Account, Account.id == User.account_id).order_by(User.email)
    if accounts is not None:
        query = query.where(User.account_id.in_(accounts))
    rows = [_user_row(user, account, zone(who.timezone)) for user, account in work.execute(query)]
    return Table(["User", "Email", "Account", "Roles", "Zone", "Last sign-in", "State"], rows)


def _user_row(user: User, account: str, local: ZoneInfo) -> list[Cell]:
    roles = ", ".join(role.name for role in user.roles) or "-"
    state = Light("good", "active") if user.active else Light("bad", "deactivated")
    return [user.username, user.email, account, roles, user.timezone, _at(user.last_login_at, local), state]


def _at(moment: datetime | None, local: ZoneInfo) -> str:
    return f"{moment.astimezone(local):%Y-%m-%d %H:%M}" if moment else "never"


def accounts() -> Shell:
    """Return the page of the accounts the user may read."""
    return _page("Accounts", "/accounts", _accounts)


def _accounts(work: Session, who: SignedIn) -> Table:
    readable = access.readable_accounts(who)
    query = select(Account).order_by(Account.name)
    names = {account.id: account.name for account in work.scalars(select(Account))}
    found = [account for account in work.scalars(query) if readable is None or account.id in readable]
    assets = listing.assets(work, access.readable_assets(who, public=False))
    rows: list[list[Cell]] = [
        [
            account.name,
            str(account.id),
            str(sum(asset.account == account.name for asset in assets)),
            names.get(account.consultancy_account_id or 0, "-"),
        ]
        for account in found
    ]
    return Table(["Account", "Id", "Assets", "Consultancy"], rows)


def me() -> Shell:
    """Return the page of the signed-in user."""
    return _page("You", "/logged-in-user", _me)


def _me(work: Session, who: SignedIn) -> Table:
    user, account = get(work, User, who.id), get(work, Account, who.account_id)
    assets = listing.assets(work, access.readable_assets(who, public=False))
    facts: dict[str, Cell] = {
        "User": user.username,
        "Email": user.email,
        "Account": account.name,
        "Roles": ", ".join(sorted(who.roles)) or "none",
        "Time zone": who.timezone,
        "Last sign-in": _at(user.last_login_at, zone(who.timezone)),
        "Assets you may see": Link(str(len(assets)), address("/assets")),
        "API token": "post email and password to /api/requestAuthToken",
    }
    return Table(["", ""], [[name, value] for name, value in facts.items()])


def status() -> Shell:
    """Return the page of the state of the server."""
    return _page("Status", "/status", _status)


def _status(work: Session, who: SignedIn) -> Table:
    if not who.roles & {"admin", "admin-reader"}:
        raise NotAllowed("read", "the state of the server")
    process = current()
    free = shutil.disk_usage(process.settings.FLEXSCOPE_INSTANCE_PATH).free / 2**30
    newest = migrations.head()
    answers = process.queue.answers()
    facts: dict[str, Cell] = {
        "Python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "Database": process.database.url.get_backend_name(),
        "Revision": Light("good", newest),
        "Queue": Light("good" if answers else "bad", "answers" if answers else "does not answer"),
        "Disk": Light("good" if free > 1 else "bad", f"{free:,.1f} GiB free in the instance folder"),
        **{kind.capitalize(): _plugins(kind) for kind in KINDS},
    }
    return Table(["", ""], [[name, value] for name, value in facts.items()])


def _plugins(kind: str) -> Cell:
    broken = plugins.broken(kind)
    named = ", ".join(sorted(plugins.known(kind))) or "none"
    return Light("bad", f"{named}; cannot be loaded: {', '.join(broken)}") if broken else named
