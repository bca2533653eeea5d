"""Page of a user: facts, roles and state, access keys, and the history of changes."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.auth.access import access, passwords
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import button_html, form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tables import facts, sections
from app.fragments.templates import note
from app.fragments.threads import in_turn, writing
from app.fragments.visit import Fragment, Visit, address
from app.login import reset
from app.pages.admin.access_keys import key_forms, key_section
from app.pages.admin.audit_log import LogContent, log_table, read_log
from app.pages.admin.users import moment_text
from app.running import current
from app.usecases.users import UserChange, update_user, void_password
from components.tables.fact_table import Cell, Light, Link
from db import listing
from db.accounts import credentials
from db.accounts.accounts import Account
from db.accounts.credentials import AccessKey
from db.accounts.users import Role, User
from db.assets import Asset
from db.core.database import get
from engine.series.iso_time import zone

RESET = (
    "Reset the password of {name}? All their sessions, tokens and access keys end now, and they get a mail with a link "
    "to choose a new password."
)


@dataclass(frozen=True, kw_only=True)
class UserContent:
    """Content of the page."""

    user: User
    account: Account
    assets: int
    roles: dict[str, int]
    keys: Sequence[AccessKey]
    log: LogContent
    may_change: bool
    is_self: bool
    is_host: bool
    local: ZoneInfo


def read_user(visit: Visit, session: Session, principal: SignedIn, user_id: int | None = None) -> UserContent:
    """User with their account, keys and roles, and what the principal may do.

    Args:
        visit: The request.
        session: To read with.
        principal: Who looks.
        user_id: Id of the user; None: the one in the address.
    """
    user = get(session, User, visit.key if user_id is None else user_id)
    access.check(principal, "read", user)
    may_change = access.may(principal, "update", user)
    sees_keys = may_change or "admin-reader" in principal.roles
    return UserContent(
        user=user,
        account=get(session, Account, user.account_id),
        assets=len(listing.assets(session, Asset.account_id == user.account_id)),
        roles={role.name: role.id for role in session.scalars(select(Role).order_by(Role.id))},
        keys=credentials.keys_of_user(session, user.id) if sees_keys else [],
        log=read_log(visit, session, principal, User, user.id),
        may_change=may_change,
        is_self=user.id == principal.id,
        is_host="admin" in principal.roles,
        local=zone(principal.timezone),
    )


def show_user(visit: Visit, content: UserContent) -> Fragment:
    """The page."""
    user, forms = content.user, user_forms(visit, content)
    parts = {"": facts(["", ""], [[name, value] for name, value in user_facts(content).items()])}
    if content.may_change:
        parts["Change"] = form_html("save", forms["save"])
        if "reset" in forms:
            agree = "Reset password, end sessions"
            parts["Password"] = button_html(
                "reset", "Reset password", question=RESET.format(name=user.username), agree=agree
            )
        parts["Access keys"] = key_section(content.keys, forms)
        parts["Change history"] = log_table(visit, content.log)
    else:
        parts[""] += note(access.read_only("update", user))
    return Fragment(heading=user.username, crumbs=[Link("Users", address("/users"))], body=sections(parts))


def user_facts(content: UserContent) -> dict[str, Cell]:
    """Facts of a user, by name."""
    user = content.user
    return {
        "Email": user.email,
        "Account": Link(content.account.name, address(f"/accounts/{content.account.id}")),
        "Assets of the account": f"{content.assets:,}",
        "Roles": ", ".join(role.name for role in user.roles) or "none",
        "Time zone": user.timezone,
        "Sign-ins": f"{user.login_count:,}",
        "Last sign-in": moment_text(user.last_login_at, content.local),
        "Last seen": moment_text(user.last_seen_at, content.local),
        "State": Light("good", "active") if user.active else Light("bad", "deactivated"),
    }


def user_forms(_visit: Visit, content: UserContent) -> dict[str, PageForm]:
    """What the principal may do with the user."""
    user_id = content.user.id

    async def save(visit: Visit, values: dict[str, Any]) -> Done:
        await writing(
            lambda session, actor: update_user(session, actor, user_id, actor.read(UserChange, values)),
            visit.principal,
        )
        return Done(text="Saved.")

    async def reset_password(visit: Visit, _values: dict[str, Any]) -> Done:
        password_hash = await in_turn(lambda: passwords.hashed(secrets.token_urlsafe(32)), visit.principal)
        user = await writing(
            lambda session, actor: void_password(session, actor, user_id, password_hash=password_hash),
            visit.principal,
        )
        reset.mail_soon(current(), user, visit.home)
        return Done(text=reset.VOIDED.format(id=user_id))

    if not content.may_change:
        return {}
    forms = {"save": PageForm(send=save, fields=user_fields(content))}
    forms |= {} if content.is_self else {"reset": PageForm(send=reset_password)}
    return forms | key_forms(user_id, may_create=content.is_self or content.is_host)


def user_fields(content: UserContent) -> list[Field]:
    """Fields of a user; of oneself only name and time zone can be changed."""
    user = content.user
    fields = [
        Field(name="username", label="User name", value=user.username, optional=False),
        Field(
            name="timezone",
            label="Time zone",
            value=user.timezone,
            optional=False,
            help="Times are shown in this time zone",
        ),
    ]
    if not content.is_self:
        held = [role.id for role in user.roles]
        roles = offered_roles(content.roles, held, is_host=content.is_host)
        fields += [
            Field(name="flexmeasures_roles", label="Roles", kind="choices", options=roles, value=held),
            Field(name="active", label="Active (can sign in)", kind="flag", value=user.active),
        ]
    return fields


def offered_roles(roles: Mapping[str, int], held: Sequence[int], *, is_host: bool) -> dict[str, int]:
    """Roles that somebody may give or take: only admins of the server make admins; what is held is always shown."""
    return {name: key for name, key in roles.items() if is_host or key in held or not name.startswith("admin")}


PAGE = TextPage(at="/users", heading="User", read=read_user, show=show_user, forms=user_forms)
