"""Page of the users that the user may read, and a form to add one."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access, passwords
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tables import row_table
from app.fragments.threads import in_turn, writing
from app.fragments.visit import Fragment, Visit, address
from app.usecases.users import NewUser, create_user
from components.tables.fact_table import Cell, Light, Link
from db.accounts.accounts import Account
from db.accounts.users import User
from engine.series.iso_time import zone

COLUMNS = ["User", "Email", "Account", "Roles", "Time zone", "Last sign-in", "Last seen", "State"]


@dataclass(frozen=True)
class UsersContent:
    """Content of the page."""

    rows: list[list[Cell | int]]
    accounts: dict[str, int]
    """Accounts to which the user may add others."""
    own: int
    """Account of the user."""


def read_users(_visit: Visit, session: Session, principal: SignedIn) -> UsersContent:
    """Users that the user may read, and accounts to which they may add some."""
    accounts = session.scalars(select(Account).order_by(Account.name))
    may_extend = {account.name: account.id for account in accounts if access.may_add_users(principal, account)}
    return UsersContent(user_rows(session, principal, None), may_extend, principal.account_id)


def user_rows(session: Session, principal: SignedIn, account_id: int | None) -> list[list[Cell | int]]:
    """One row for each user that the principal may read, of one account or of all."""
    readable = access.readable_accounts(principal)
    query = select(User, Account.name).join(Account, Account.id == User.account_id).order_by(User.email)
    if readable is not None:
        query = query.where(User.account_id.in_(readable))
    if account_id is not None:
        query = query.where(User.account_id == account_id)
    local = zone(principal.timezone)
    return [
        [
            Link(user.username, address(f"/users/{user.id}")),
            user.email,
            account,
            ", ".join(role.name for role in user.roles) or "-",
            user.timezone,
            moment_text(user.last_login_at, local),
            moment_text(user.last_seen_at, local),
            Light("good", "active") if user.active else Light("bad", "deactivated"),
        ]
        for user, account in session.execute(query)
    ]


def moment_text(moment: datetime | None, local: ZoneInfo) -> str:
    """Date and time of a zone, as text; "never" for None."""
    return f"{moment.astimezone(local):%Y-%m-%d %H:%M}" if moment else "never"


def user_table(rows: list[list[Cell | int]]) -> Markup:
    """Table of users, from ``user_rows``."""
    return row_table(COLUMNS, rows, file="users.csv")


def show_users(visit: Visit, content: UsersContent) -> Fragment:
    """The page."""
    forms = user_forms(visit, content)
    form = form_html("add", forms["add"], opener="Add a user") if forms else Markup("")
    return Fragment(heading="Users", body=form + user_table(content.rows))


def user_forms(_visit: Visit, content: UsersContent) -> dict[str, PageForm]:
    """A form that adds a user, for those who may add some to an account."""

    async def add(visit: Visit, values: dict[str, Any]) -> Done:
        # A password that nobody knows: the user chooses one by the link in a mail.
        password_hash = await in_turn(lambda: passwords.hashed(secrets.token_urlsafe(32)), visit.principal)
        user = await writing(
            lambda session, actor: create_user(
                session, actor, actor.read(NewUser, values), password_hash=password_hash
            ),
            visit.principal,
        )
        return Done(text=f"{user.username} is added.", href=address(f"/users/{user.id}"))

    if not content.accounts:
        return {}
    return {"add": PageForm(send=add, fields=new_user_fields(content), button="Add user", whole=True)}


def new_user_fields(content: UsersContent) -> list[Field]:
    """Fields of a new user."""
    own = content.own if content.own in content.accounts.values() else next(iter(content.accounts.values()))
    return [
        Field(
            name="email",
            label="Email",
            optional=False,
            help="To choose a password, the user clicks 'Forgot your password?' on the sign-in page",
        ),
        Field(name="username", label="User name", help="Leave empty to use the part before the @"),
        Field(name="account_id", label="Account", kind="choice", options=content.accounts, value=own),
        Field(
            name="timezone",
            label="Time zone",
            help="For example Europe/Amsterdam. Leave empty for the server's time zone.",
        ),
    ]


PAGE = TextPage(at="/users", heading="Users", read=read_users, show=show_users, forms=user_forms)
