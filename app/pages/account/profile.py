"""The signed-in user: name, time zone, password, token, keys, and how they like their pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import panel as pn
import panel_material_ui as pmui
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.tokens import tokens
from app.pages.account.access_keys import Keys, Once
from app.pages.admin import user
from app.pages.admin.audit_log import AuditLog
from app.pages.asset.context_tab import heading
from app.usecases.users import choose_preferences
from app.web.context import current
from app.widgets.async_content import later, reading, refuse, writing
from app.widgets.forms import Field, Form
from app.widgets.layout import Shell, address
from components.tables.fact_table import FactTable
from db.accounts.users import LEGENDS_BELOW, OPENED_TAB, User

CHOICES = {"view": OPENED_TAB, "below": LEGENDS_BELOW}
VIEWS = ("Graphs", "Plan", "Replay", "Context", "Properties", "Status", "Audit Log")
MEANING = "A token stands for you in requests to the API, for {hours:g} hours or until your password changes."


@dataclass(frozen=True)
class ProfileContent:
    """What the page shows."""

    user: user.UserContent
    two_factor: bool


def view() -> Shell:
    """Return the page."""
    page = Shell("You", at="/logged-in-user")
    page.fill(_read, partial(_show, page))
    return page


def _read(session: Session, who: SignedIn) -> ProfileContent:
    return ProfileContent(user.read(who.id, session, who), current().settings.SECURITY_TWO_FACTOR)


def _show(page: Shell, found: ProfileContent) -> Sequence[Any]:
    second = "A code is sent by email after the password" if found.two_factor else "Not used on this server"
    told = {**user.facts(found.user), "Second factor": second}
    table = FactTable(columns=["", ""], rows=[[name, value] for name, value in told.items()])
    page.follow(table)
    ways = {"Change password": "/change-password", "Change email": "/change-email", "Log out": "/logout"}
    links = [
        pmui.Button(label=label, href=address(path), target="_self", variant="outlined", margin=8)
        for label, path in ways.items()
    ]
    me = found.user
    return [
        table,
        pmui.FlexBox(*links, sizing_mode="stretch_width"),
        *(heading("Change"), user.form(me)),
        *(heading("Pages"), _pages(me)),
        *(heading("API token"), TokenDialog()),
        *(heading("Access keys of machines"), Keys(me.user.id, may_make=True)),
        *(heading("Change history"), AuditLog(User, me.user.id, me.local)),
    ]


def _pages(found: user.UserContent) -> Form:
    """Return the form of what is kept of how somebody likes their pages."""

    async def send(given: Mapping[str, Any]) -> None:
        chosen = {name: given[field] for field, name in CHOICES.items() if field in given}
        await writing(lambda session, actor: choose_preferences(session, actor, chosen))

    kept = found.user.preferences
    views = {view: view.split()[0].lower() for view in VIEWS}
    opened = kept.get(OPENED_TAB, "graphs")
    fields = [
        Field(name="view", label="Open assets on tab", kind="choice", options=views, value=opened),
        Field(name="below", label="Legends below charts", kind="flag", value=kept.get(LEGENDS_BELOW, False)),
    ]
    return Form(fields, send=send)


class TokenDialog(pn.viewable.Viewer):
    """A button that issues a token, and shows it."""

    def __init__(self) -> None:
        super().__init__()
        self._button = pmui.Button(label="Create token", icon="vpn_key", on_click=self._issue, margin=8)
        self._place = pn.Column(sizing_mode="stretch_width")

    def __panel__(self) -> pn.viewable.Viewable:
        said = MEANING.format(hours=current().settings.SECURITY_TOKEN_MAX_AGE / 3600)
        hint = pmui.Typography(said, variant="body2", margin=(0, 8))
        return pn.Column(hint, self._button, self._place, sizing_mode="stretch_width")

    async def _issue(self, _event: object) -> None:
        try:
            token = await reading(lambda _session, who: tokens.issue(who, secret=current().secret))
        except Exception as error:  # told in its place, whatever it is
            problem = error
            later(lambda: refuse(self._place, problem))
        else:
            later(lambda: self._place.param.update(objects=[Once("Token", token)]))
