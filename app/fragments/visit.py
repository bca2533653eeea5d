"""A request for a page by somebody who is signed in, and what it is answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from app.auth.access.identity import SignedIn
from app.web.context import current
from components.tables.fact_table import Link


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

    @property
    def key(self) -> int:
        """Id of the row that the page is about."""
        return int(self.route["id"])


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
    """What follows below the live part."""
