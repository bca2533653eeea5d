"""The frame of every page: the bar, the menu and the scripts. It is sent once; afterwards only what stands inside."""

import json
from dataclasses import dataclass
from typing import Any

from app.auth.access.identity import SignedIn
from app.fragments import branding
from app.fragments.branding import Branding
from app.fragments.icons import FONT, STROKES, icon
from app.fragments.templates import render
from app.fragments.visit import Fragment, Visit, address
from app.web.context import current
from components import theme

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
"""Cookie that keeps whether dark mode is on."""
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
        "font": FONT if any(entry["icon"] not in STROKES for entry in (*frame.entries, *frame.links)) else "",
    }  # fmt: skip
    title = f"{heading} · {frame.name}"
    return render("frame", frame=frame, inside=inside, title=title, dark=dark, icon=icon, home=address("/"), **shown)
