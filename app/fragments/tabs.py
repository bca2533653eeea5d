"""Tabs of a page: links that keep the time range in view, and change what stands below them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access.identity import SignedIn
from app.fragments.page import PageForm
from app.fragments.templates import render
from app.fragments.visit import Visit

KEPT = ("start", "end", "live")
"""Arguments of the address that all tabs share."""


@dataclass(frozen=True, kw_only=True)
class TextTab:
    """Content of one tab as HTML; see ``TextPage``, whose parts these are."""

    read: Callable[[Visit, Session, SignedIn], Any]
    show: Callable[[Visit, Any], Markup]
    forms: Callable[[Visit, Any], Mapping[str, PageForm]] = field(default=lambda _visit, _content: {})
    parts: Mapping[str, Callable[[Visit, Session, SignedIn], Markup]] = field(default_factory=dict)
    below: Callable[[Visit, Any], Markup] = field(default=lambda _visit, _content: Markup())
    """Shows what stands below the live part, where the tab has one."""


def tab_list(visit: Visit, tabs: Mapping[str, str], chosen: str) -> Markup:
    """Tabs as links.

    Args:
        visit: The request.
        tabs: Name of each tab in the address → its name on the page.
        chosen: The one that is open.
    """
    kept = {name: text for name in KEPT if (text := visit.query.get(name))}
    links = [
        {"href": f"{visit.path}?{urlencode({'tab': key} | kept)}", "label": label, "chosen": key == chosen}
        for key, label in tabs.items()
    ]
    return render("tabs", links=links)


def open_tab(tabs: Mapping[str, str], *wanted: str | None) -> str:
    """The first wanted tab that there is, else the first of all."""
    return next((key for key in wanted if key is not None and key in tabs), next(iter(tabs)))
