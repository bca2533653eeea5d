"""Page of a user: facts, roles and state, access keys, and the history of changes."""

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
from app.fragments.fields import Field
from app.fragments.visit import address
from app.pages.account.access_keys import AccessKeys
from app.pages.admin.audit_log import AuditLog
from app.pages.admin.users import moment_text
from app.usecases import users as usecases
from app.usecases.users import UserChange
from app.web.context import current
from app.widgets.async_content import attempt, confirm, here, in_turn, note, writing
from app.widgets.confirm import Question
from app.widgets.forms import Form
from app.widgets.layout import Shell, section_heading
from components.tables.fact_table import Cell, FactTable, Light, Link
from db.accounts.accounts import Account
from db.accounts.users import Role, User
from db.assets import Asset
from db.core import listing
from db.core.database import get
from engine.series.iso_time import zone

RESET = (
    "Reset the password of {name}? All their sessions and tokens end now, and they get a mail with a link to choose a "
    "new password."
)


@dataclass(frozen=True, kw_only=True)
class UserContent:
    """Content of the page."""

    user: User
    account: Account
    assets: int
    roles: dict[str, int]
    may_change: bool
    is_self: bool
    is_host: bool
    local: ZoneInfo


def view() -> Shell:
    """Page of the user in the address."""
    page = Shell("User", at="/users")
    page.fill(partial(read_user, int(pn.state.route_params["id"])), partial(show_user, page))
    return page


def read_user(user_id: int, session: Session, principal: SignedIn) -> UserContent:
    """User with their account and roles, and what the principal may do."""
    user = get(session, User, user_id)
    access.check(principal, "read", user)
    return UserContent(
        user=user,
        account=get(session, Account, user.account_id),
        assets=len(listing.assets(session, Asset.account_id == user.account_id)),
        roles={role.name: role.id for role in session.scalars(select(Role).order_by(Role.id))},
        may_change=access.may(principal, "update", user),
        is_self=user.id == principal.id,
        is_host="admin" in principal.roles,
        local=zone(principal.timezone),
    )


def show_user(page: Shell, content: UserContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    user = content.user
    page.rename(user.username)
    items = [{"label": "Users", "href": address("/users")}, {"label": user.username}]
    table = FactTable(columns=["", ""], rows=[[name, value] for name, value in facts(content).items()])
    page.follow(table)
    shown = [pmui.Breadcrumbs(items=items, active=1, margin=(0, 8)), table]
    if not content.may_change:
        return [*shown, note(access.read_only("update", user))]
    shown += [section_heading("Change"), form(content, done=lambda saved: page.rename(saved.username))]
    if not content.is_self:
        shown += [section_heading("Password"), PasswordReset(user)]
    shown += [section_heading("Access keys"), AccessKeys(user.id, may_create=content.is_self or content.is_host)]
    return [*shown, section_heading("Change history"), AuditLog(User, user.id, content.local)]


def facts(content: UserContent) -> dict[str, Cell]:
    """Facts of a user, by name."""
    user = content.user
    return {
        "Email": user.email,
        "Account": Link(content.account.name, address(f"/accounts/{content.account.id}")),
        "Assets of the account": str(content.assets),
        "Roles": ", ".join(role.name for role in user.roles) or "none",
        "Time zone": user.timezone,
        "Sign-ins": f"{user.login_count:,}",
        "Last sign-in": moment_text(user.last_login_at, content.local),
        "Last seen": moment_text(user.last_seen_at, content.local),
        "State": Light("good", "active") if user.active else Light("bad", "deactivated"),
    }


def form(content: UserContent, *, done: Any = None) -> Form:
    """Form of a user; of oneself only name and time zone can be changed."""
    user = content.user

    async def send(values: Mapping[str, Any]) -> Any:
        return await writing(
            lambda session, actor: usecases.update_user(session, actor, user.id, actor.read(UserChange, values))
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
    if not content.is_self:
        held = [role.id for role in user.roles]
        fields += [
            Field(name="flexmeasures_roles", label="Roles", kind="choices", options=content.roles, value=held),
            Field(name="active", label="Active (can sign in)", kind="flag", value=user.active),
        ]
    return Form(fields, send=send, done=done)


class PasswordReset(pn.viewable.Viewer):
    """The button that resets a password, with its question."""

    def __init__(self, user: User) -> None:
        super().__init__()
        self._user, self._question = user, Question()
        self._notice = pn.Column(sizing_mode="stretch_width")
        self._button = pmui.Button(label="Reset password", variant="outlined", margin=8)
        text, reset_soon = RESET.format(name=user.username), partial(pn.state.execute, self.reset)
        self._button.on_click(lambda _: self._question.ask(text, "Reset it", reset_soon))

    def __panel__(self) -> pn.viewable.Viewable:
        return pn.Column(self._button, self._question, self._notice, sizing_mode="stretch_width")

    async def reset(self) -> None:
        """Void the password and mail a link for a new one."""
        key, home = self._user.id, here()

        async def void_password() -> None:
            password_hash = await in_turn(lambda: passwords.hashed(secrets.token_urlsafe(32)))
            user = await writing(
                lambda session, actor: usecases.void_password(session, actor, key, password_hash=password_hash)
            )
            reset.mail_soon(current(), user, home)

        await attempt(void_password(), self._notice, lambda _: confirm(self._notice, reset.VOIDED.format(id=key)))
