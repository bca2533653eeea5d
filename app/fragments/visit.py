"""A request for a page by somebody who is signed in, and what it is answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from app.auth.access.identity import SignedIn
from app.running import current
from components.tables.fact_table import Link

PASSING = ("do", "part", "seen")
"""Arguments of a request that are none of the page: something to do, or a part of it."""


def address(path: str) -> str:
    """Path of this server as browsers reach it, behind the prefix of the settings."""
    return f"{current().settings.FLEXSCOPE_PATH_PREFIX}{path}"


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One request for a page."""

    principal: SignedIn
    path: str
    """Of the page, as browsers reach it."""
    route: Mapping[str, str] = field(default_factory=dict)
    """Parts of the path by their names in the route of the page."""
    query: Mapping[str, str] = field(default_factory=dict)
    """Arguments of the address."""
    sent: Mapping[str, Any] = field(default_factory=dict)
    """What a part of the page was sent, such as a form that is checked before it is saved."""
    home: str = ""
    """Address of this server as the browser sees it."""
    session: str = field(default="", repr=False)
    """Key of the session of the browser."""

    @property
    def key(self) -> int:
        """Id of the row that the page is about."""
        return int(self.route["id"])

    def href(self, **changed: str | int) -> str:
        """Address of this page with some arguments changed; empty ones are left out."""
        arguments = {name: text for name, text in self.query.items() if name not in PASSING} | changed
        kept = {name: value for name, value in arguments.items() if value != ""}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """What stands on a page below the bar and beside the menu."""

    heading: str
    body: Markup = field(default_factory=Markup)
    crumbs: Sequence[Link] = ()
    """Pages above this one, topmost first."""
    live: Mapping[str, str] | None = None
    """Arguments, beside those of the address, of the live part that follows below ``body``; None: there is none."""
    below: Markup = field(default_factory=Markup)
    """What stands below the live part."""
    beside: bool = False
    """Whether it stands beside the live part in wide windows."""
