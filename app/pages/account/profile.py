"""Page of the signed-in user: name, time zone, password, token, access keys, and preferences for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.tokens import tokens
from app.fragments.fields import Field
from app.fragments.visit import address
from app.pages.account.access_keys import AccessKeys, SecretText
from app.pages.admin import user
from app.pages.admin.audit_log import AuditLog
from app.usecases.users import choose_preferences
from app.web.context import current
from app.widgets.async_content import attempt, reading, writing
from app.widgets.forms import Form
from app.widgets.layout import Shell, section_heading
from components.tables.fact_table import FactTable
from db.accounts.users import LEGENDS_BELOW, OPENED_TAB, User

CHOICES = {"view": OPENED_TAB, "below": LEGENDS_BELOW}
"""Field of the form → preference."""
VIEWS = ("Graphs", "Plan", "Replay", "Context", "Properties", "Status", "Audit Log")
MEANING = "With a token a program acts as you in the API, for {hours:g} hours or until your password changes."


@dataclass(frozen=True)
class ProfileContent:
    """Content of the page."""

    user: user.UserContent
    two_factor: bool


def view() -> Shell:
    """The page."""
    page = Shell("You", at="/logged-in-user")
    page.fill(read_profile, partial(show_profile, page))
    return page


def read_profile(session: Session, principal: SignedIn) -> ProfileContent:
    """The signed-in user, and whether this server uses a second factor."""
    return ProfileContent(user.read_user(principal.id, session, principal), current().settings.SECURITY_TWO_FACTOR)


def show_profile(page: Shell, content: ProfileContent) -> Sequence[Any]:
    """Parts of the page below its heading."""
    second = "A code is sent by email after the password" if content.two_factor else "Not used on this server"
    facts = {**user.facts(content.user), "Second factor": second}
    table = FactTable(columns=["", ""], rows=[[name, value] for name, value in facts.items()])
    page.follow(table)
    ways = {"Change password": "/change-password", "Change email": "/change-email", "Log out": "/logout"}
    links = [
        pmui.Button(label=label, href=address(path), target="_self", variant="outlined", margin=8)
        for label, path in ways.items()
    ]
    me = content.user
    return [
        table,
        pmui.FlexBox(*links, sizing_mode="stretch_width"),
        *(section_heading("Change"), user.form(me)),
        *(section_heading("Pages"), preferences_form(me)),
        *(section_heading("API token"), TokenDialog()),
        *(section_heading("Access keys of machines"), AccessKeys(me.user.id, may_create=True)),
        *(section_heading("Change history"), AuditLog(User, me.user.id, me.local)),
    ]


def preferences_form(content: user.UserContent) -> Form:
    """Form of a user's preferences for pages."""

    async def send(values: Mapping[str, Any]) -> None:
        chosen = {name: values[field] for field, name in CHOICES.items() if field in values}
        await writing(lambda session, actor: choose_preferences(session, actor, chosen))

    kept = content.user.preferences
    views = {view: view.split()[0].lower() for view in VIEWS}
    opened = kept.get(OPENED_TAB, "graphs")
    fields = [
        Field(name="view", label="Open assets on tab", kind="choice", options=views, value=opened),
        Field(name="below", label="Legends below charts", kind="flag", value=kept.get(LEGENDS_BELOW, False)),
    ]
    return Form(fields, send=send)


class TokenDialog(pn.viewable.Viewer):
    """Button that issues a token, and shows it."""

    def __init__(self) -> None:
        super().__init__()
        self._button = pmui.Button(label="Create token", icon="vpn_key", on_click=self.issue, margin=8)
        self._place = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        meaning = MEANING.format(hours=current().settings.SECURITY_TOKEN_MAX_AGE / 3600)
        hint = pmui.Typography(meaning, variant="body2", margin=(0, 8))
        return pn.Column(hint, self._button, self._place, sizing_mode="stretch_width")

    async def issue(self, _event: object) -> None:
        """Show a new token, once."""
        await attempt(
            reading(lambda _session, principal: tokens.issue(principal, secret=current().secret)),
            self._place,
            lambda token: self._place.param.update(objects=[SecretText("Token", token)]),
        )
