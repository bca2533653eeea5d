"""One user: what is known of them, their roles and state, their keys, and what was changed about them."""

import secrets
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
from app.auth.login import passwords, reset
from app.pages.account.access_keys import Keys
from app.pages.admin.audit_log import AuditLog
from app.pages.admin.users import at
from app.pages.asset.context_tab import heading
from app.usecases import users as usecases
from app.usecases.users import UserChange
from app.web.context import current
from app.widgets.async_content import here, in_turn, later, note, refuse, writing
from app.widgets.confirm import Question
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address
from components.tables.fact_table import Cell, FactTable, Light, Link
from db.accounts.accounts import Account
from db.accounts.users import Role, User
from db.assets import Asset
from db.core import listing
from db.core.database import get
from engine.iso_time import zone

VOID = "Void the password of {name}, and end all sessions and tokens? A link to choose a new password is mailed."
READ_ONLY = "You have read-only access to this user. To change it, ask an admin of the account."


@dataclass(frozen=True, kw_only=True)
class UserContent:
    """What the page shows."""

    user: User
    account: Account
    assets: int
    roles: dict[str, int]
    may_change: bool
    is_self: bool
    is_host: bool
    local: ZoneInfo


def view() -> Shell:
    """Return the page of the user in the address."""
    page = Shell("User", at="/users")
    page.fill(partial(read, int(pn.state.route_params["id"])), partial(_show, page))
    return page


def read(user_id: int, session: Session, who: SignedIn) -> UserContent:
    """Return what there is to say of a user."""
    user = get(session, User, user_id)
    access.check(who, "read", user)
    return UserContent(
        user=user,
        account=get(session, Account, user.account_id),
        assets=len(listing.assets(session, Asset.account_id == user.account_id)),
        roles={role.name: role.id for role in session.scalars(select(Role).order_by(Role.id))},
        may_change=access.may(who, "update", user),
        is_self=user.id == who.id,
        is_host="admin" in who.roles,
        local=zone(who.timezone),
    )


def _show(page: Shell, found: UserContent) -> Sequence[Any]:
    user = found.user
    page.rename(user.username)
    items = [{"label": "Users", "href": address("/users")}, {"label": user.username}]
    table = FactTable(columns=["", ""], rows=[[name, value] for name, value in facts(found).items()])
    page.follow(table)
    shown = [pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)), table]
    if not found.may_change:
        return [*shown, note(READ_ONLY)]
    shown += [heading("Change"), form(found, done=lambda saved: page.rename(saved.username))]
    if not found.is_self:
        shown += [heading("Password"), Voiding(user)]
    shown += [heading("Access keys"), Keys(user.id, may_make=found.is_self or found.is_host)]
    return [*shown, heading("Change history"), AuditLog(User, user.id, found.local)]


def facts(found: UserContent) -> dict[str, Cell]:
    """Return what is known of a user."""
    user = found.user
    return {
        "Email": user.email,
        "Account": Link(found.account.name, address(f"/accounts/{found.account.id}")),
        "Assets of the account": str(found.assets),
        "Roles": ", ".join(role.name for role in user.roles) or "none",
        "Time zone": user.timezone,
        "Sign-ins": f"{user.login_count:,}",
        "Last sign-in": at(user.last_login_at, found.local),
        "Last seen": at(user.last_seen_at, found.local),
        "State": Light("good", "active") if user.active else Light("bad", "deactivated"),
    }


def form(found: UserContent, *, done: Any = None) -> Form:
    """Return the form of a user; of oneself only name and time zone can be changed."""
    user = found.user

    async def send(given: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_user(session, actor, user.id, actor.read(UserChange, given))
        )

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
    if not found.is_self:
        held = [role.id for role in user.roles]
        fields += [
            Field(name="flexmeasures_roles", label="Roles", kind="choices", options=found.roles, value=held),
            Field(name="active", label="Active (can sign in)", kind="flag", value=user.active),
        ]
    return Form(fields, send=send, done=done)


class Voiding(pn.viewable.Viewer):
    """The button that voids a password, with its question."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user, self._question = user, Question()
        self._told = pn.Column(sizing_mode="stretch_width")
        self._button = pmui.Button(label="Reset password", variant="outlined", on_click=self._ask, margin=8)

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._button, self._question, self._told, sizing_mode="stretch_width")

    def _ask(self, _event: object) -> None:
        self._question.ask(VOID.format(name=self._user.username), "Reset it", lambda: pn.state.execute(self._reset))

    async def _reset(self) -> None:
        try:
            key, home = self._user.id, here()
            password_hash = await in_turn(lambda: passwords.hashed(secrets.token_urlsafe(32)))
            user = await writing(
                lambda session, actor: usecases.void_password(session, actor, key, password_hash=password_hash)
            )
            reset.mail_soon(current(), user, home)
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._told, problem))
        else:
            later(lambda: self._told.param.update(objects=[note(reset.VOIDED.format(id=key), "success")]))
