"""The frame of every page: the bar, the menu and the scripts. It is sent once; afterwards only what stands inside."""

import json
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.auth.access.identity import SignedIn
from app.fragments import branding
from app.fragments.branding import Branding
from app.fragments.templates import render
from app.fragments.visit import Fragment, Visit, address
from app.running import current
from components import theme

STROKES = {
    "dashboard": "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
    "electrical_services": "M3 7h5a4 4 0 0 1 4 4v2a4 4 0 0 0 4 4h1M17 14h3M17 20h3M17 14v6a3 3 0 0 1 0-6z",
    "schedule": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7v5l4 2",
    "notifications": "M6 17V11a6 6 0 0 1 12 0v6l2 1H4zM10 20h4M12 3v2",
    "group": "M9 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M3 19c0-7 12-7 12 0M16 5.5a3 3 0 0 1 0 5M17 13.5c3 .5 4 2.5 4 5.5",
    "business": "M4 21V3h9v18M13 8h7v13M2 21h20M7 7h3M7 11h3M7 15h3M16 12h1M16 16h1",
    "monitor_heart": "M3 5h18v14H3zM3 12h5l2-4 3 8 2-4h6",
    "person": "M12 4a4 4 0 1 0 0 8a4 4 0 1 0 0-8M4 20c0-8 16-8 16 0",
    "account_circle": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M12 7a3 3 0 1 0 0 6a3 3 0 1 0 0-6M6 18c2-4 10-4 12 0",
    "logout": "M13 4H5v16h8M10 12h11M17 8l4 4-4 4",
    "help": "M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18M9.5 9.5c0-3.5 5-3.5 5 0c0 2-2.5 2-2.5 4M12 16.5v.5",
    "gavel": "M4 20h9M13 4l7 7-3 3-7-7zM10 8l-6 6 2 2 6-6",
    "open_in_new": "M10 5H5v14h14v-5M13 4h7v7M20 4l-9 9",
    "menu": "M4 7h16M4 12h16M4 17h16",
    "light_mode": "M12 8a4 4 0 1 0 0 8a4 4 0 1 0 0-8M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2",
    "dark_mode": "M20 14A8.5 8.5 0 1 1 10 4a7 7 0 0 0 10 10z",
}
"""24 by 24."""
FONT = "/static/extensions/panel-material-ui/material-icons.css"
"""Style sheet of Material's font, which is loaded where a setting names another icon."""
MENU = [
    {"label": "Dashboard", "icon": "dashboard", "path": "/dashboard"},
    {"label": "Assets", "icon": "electrical_services", "path": "/assets"},
    {"label": "Jobs", "icon": "schedule", "path": "/tasks"},
    {"label": "Alerts", "icon": "notifications", "path": "/alerts"},
    {"label": "Users", "icon": "group", "path": "/users"},
    {"label": "Accounts", "icon": "business", "path": "/accounts"},
    {"label": "Status", "icon": "monitor_heart", "path": "/status"},
]
DARK = "flexscope_dark"
"""Cookie that keeps whether dark mode is on: 1 or 0, and an s where that is as the system has it."""
HEALTH = "/api/v3_0/health/ready"
"""Answers once the server can serve pages."""
ROW_TABLE = "/scripts/tables/row_table.js"
HOSTS = {"admin", "admin-reader"}


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The frame of the pages of one user."""

    name: str
    """Of the platform."""
    look: Branding
    entries: list[dict[str, str]]
    """The menu: label, icon and address of each page."""
    links: list[dict[str, str]]
    """The user's menu."""
    user: str

    @classmethod
    def of(cls, principal: SignedIn | None) -> "Frame":
        """Frame as settings and the account of a user say."""
        settings = current().settings
        host = principal is not None and bool(principal.roles & HOSTS)
        allowed = [entry for entry in MENU if host or entry["path"] != "/status"]
        entries = [
            {"label": entry["label"], "icon": entry["icon"], "href": address(entry["path"]), "path": entry["path"]}
            for entry in branding.menu(allowed, principal, settings)
        ]
        own = [{"label": "My profile", "icon": "person", "href": address("/logged-in-user"), "target": "_self"}]
        out = [{"label": "Log out", "icon": "logout", "href": address("/logout"), "target": "_self"}]
        return cls(
            name=settings.platform_name(principal.account_roles if principal else ()),
            look=branding.branding_of(principal, settings),
            entries=entries,
            links=[*own, *branding.links(settings), *out],
            user=principal.username if principal else "?",
        )


def page_html(visit: Visit, fragment: Fragment, *, at: str, session: dict[str, str] | None) -> str:
    """What stands inside the frame.

    Args:
        visit: The request.
        fragment: What it is answered with.
        at: Path of the menu entry that the page belongs to.
        session: Token and path of the session of its live part; None: it has none.
    """
    frame = Frame.of(visit.principal)
    title = f"{fragment.heading} · {frame.name}"
    told = json.dumps(session) if session else ""
    return render("page", fragment=fragment, title=title, at=address(at), session=told)


def is_dark(cookie: str | None) -> bool:
    """Return whether dark mode is on, by the cookie of that."""
    return (cookie or "").startswith("1")


def document_html(visit: Visit, inside: str, *, heading: str, dark: bool, scripts: dict[str, Any]) -> str:
    """A whole document: the frame with what stands inside of it.

    Args:
        visit: The request.
        inside: HTML from ``page_html``.
        heading: What the page is about.
        dark: Whether dark mode is on.
        scripts: What the scripts are told: ``pages``, the regular expression of the paths of pages, and addresses of
            the scripts and style sheets of live parts, ``library`` and ``styles``.
    """
    frame = Frame.of(visit.principal)
    colours = {name: theme.bar(frame.look.main, dark=name == "dark") for name in ("light", "dark")}
    shown: dict[str, Any] = {
        "colours": {name: (bar, theme.text_colour_on(bar)) for name, bar in colours.items()},
        "accent": frame.look.main or theme.PRIMARY.light,
        "on_accent": theme.text_colour_on(frame.look.main or theme.PRIMARY.light),
        "settings": json.dumps({**scripts, "health": address(HEALTH), "name": frame.name,
                                "cookie": DARK, "path": address("") or "/", "rowTable": address(ROW_TABLE)}),
        "cookie": DARK,
        "font": FONT if any(entry["icon"] not in STROKES for entry in (*frame.entries, *frame.links)) else "",
    }  # fmt: skip
    title = f"{heading} · {frame.name}"
    return render("frame", frame=frame, inside=inside, title=title, dark=dark, icon=icon, home=address("/"), **shown)


def icon(name: str) -> Markup:
    """Icon in the colour of the text around it."""
    if name not in STROKES:
        return Markup('<span class="material-icons" aria-hidden="true">{}</span>').format(name)
    return Markup(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}" fill="none" stroke="currentColor"'
        ' stroke-width="1.7" stroke-linejoin="round" stroke-linecap="round"/></svg>'
    ).format(STROKES[name])
