"""Page of the signed-in user: name, time zone, password, sessions, token, access keys, and preferences for pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.auth.tokens import tokens
from app.fragments.fields import Field
from app.fragments.html_forms import button_html, form_html
from app.fragments.page import Done, PageForm, TextPage
from app.fragments.tables import ButtonRow, RowButton, button_rows, facts, sections
from app.fragments.threads import writing
from app.fragments.visit import Fragment, Visit, address
from app.login import cookies
from app.pages.admin import user
from app.pages.admin.access_keys import key_section
from app.pages.admin.audit_log import log_table
from app.pages.admin.users import moment_text
from app.running import current
from app.usecases.credentials import end_browser_session, session_digest
from app.usecases.users import choose_preferences
from components.tables.fact_table import Light
from db.accounts import sign_in
from db.accounts.sign_in import WebSession
from db.accounts.users import LEGENDS_BELOW, OPENED_TAB

CHOICES = {"view": OPENED_TAB, "below": LEGENDS_BELOW}
"""Field of the form → preference."""
VIEWS = ("Graphs", "Plan", "Replay", "Context", "Properties", "Status", "Audit Log")
MEANING = "With a token a program acts as you in the API, for {hours:g} hours or until your password changes."
WAYS = {"Change password": "/change-password", "Change email": "/change-email", "Log out": "/logout"}
BROWSERS = ("Edg", "OPR", "Firefox", "Chrome", "Safari", "python-requests")
"""Words of browsers in what they say of themselves; the first one counts, as most name others as well."""
SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}
NAMES = {"Edg": "Edge", "OPR": "Opera", "python-requests": "a Python program"}


@dataclass(frozen=True)
class ProfileContent:
    """Content of the page."""

    user: user.UserContent
    sessions: Sequence[WebSession]


def read_profile(visit: Visit, session: Session, principal: SignedIn) -> ProfileContent:
    """The signed-in user, and the browsers that are signed in."""
    since = datetime.now(UTC) - timedelta(days=cookies.DAYS)
    return ProfileContent(
        user.read_user(visit, session, principal, principal.id), sign_in.open_sessions(session, principal.id, since)
    )


def show_profile(visit: Visit, content: ProfileContent) -> Fragment:
    """The page."""
    me, forms = content.user, profile_forms(visit, content)
    second = "A code is sent by email after the password" if current().settings.SECURITY_TWO_FACTOR else "Off"
    rows = [[name, value] for name, value in {**user.user_facts(me), "Two-factor": second}.items()]
    link = Markup('<a class="plain" href="{}">{}</a>')
    links = Markup("").join(link.format(address(path), label) for label, path in WAYS.items())
    hours = current().settings.SECURITY_TOKEN_MAX_AGE / 3600
    token = Markup("<p>{}</p>").format(MEANING.format(hours=hours)) + button_html("token", "Create token")
    parts = {
        "": facts(["", ""], rows) + links,
        "Change": form_html("save", forms["save"]),
        "Pages": form_html("preferences", forms["preferences"]),
        "Sessions and devices": session_table(visit, content),
        "API token": token,
        "Access keys of machines": key_section(me.keys, forms),
        "Change history": log_table(visit, me.log),
    }
    return Fragment(heading="My profile", body=sections(parts))


def session_table(visit: Visit, content: ProfileContent) -> Markup:
    """Browsers that are signed in; each but the one that asks can be signed out."""
    rows = []
    for each in content.sessions:
        device, here = device_text(each.agent), each.key == visit.session
        question = f"Sign out {device}? Its open pages lead to the sign-in page."
        out = RowButton(word="sign-out", label="Sign out", question=question, agree="Sign out this browser")
        rows.append(
            ButtonRow(
                key=session_digest(each.key),
                cells=[
                    Light("good", f"{device} (this browser)") if here else device,
                    each.address or "not known",
                    moment_text(each.started_at, content.user.local),
                ],
                name=device,
                buttons=[] if here else [out],
            )
        )
    columns = ["Browser", "Network address", f"Signed in ({content.user.local})"]
    return button_rows(columns, rows, empty="No browser is signed in.")


def device_text(agent: str) -> str:
    """Browser and system, from what a browser says of itself."""
    browser = next((NAMES.get(word, word) for word in BROWSERS if word in agent), "")
    system = next((word for word in SYSTEMS if word in agent), "")
    return f"{browser} on {system}" if browser and system else browser or system or "Unknown browser"


def profile_forms(visit: Visit, content: ProfileContent) -> dict[str, PageForm]:
    """What people can do with themselves."""

    async def keep(visit: Visit, values: dict[str, Any]) -> Done:
        chosen = {name: values[field] for field, name in CHOICES.items() if field in values}
        await writing(lambda session, actor: choose_preferences(session, actor, chosen), visit.principal)
        return Done(text="Saved.")

    async def issue(visit: Visit, _values: dict[str, Any]) -> Done:
        return Done(secret=("Token", tokens.issue(visit.principal, secret=current().secret)))

    async def end(visit: Visit, values: dict[str, Any]) -> Done:
        await writing(lambda session, actor: end_browser_session(session, actor, str(values["key"])), visit.principal)
        return Done(text="The browser is signed out.")

    kept = content.user.user.preferences
    views = {view: view.split()[0].lower() for view in VIEWS}
    opened = kept.get(OPENED_TAB, "graphs")
    fields = [
        Field(name="view", label="Open assets on tab", kind="choice", options=views, value=opened),
        Field(name="below", label="Legends below charts", kind="flag", value=kept.get(LEGENDS_BELOW, False)),
    ]
    return user.user_forms(visit, content.user) | {
        "preferences": PageForm(send=keep, fields=fields),
        "token": PageForm(send=issue),
        "sign-out": PageForm(send=end),
    }


PAGE = TextPage(at="/logged-in-user", heading="My profile", read=read_profile, show=show_profile, forms=profile_forms)
