"""The look of pages for one account: logo, colours, style sheet and menu, as settings and the account say."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.auth.access.identity import SignedIn
from app.settings.appearance import applicable
from app.settings.settings import Settings

COLOUR = re.compile(r"#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
FOREIGN = "open_in_new"
"""Icon of entries of the menu that we do not know, such as pages of plugins."""


@dataclass(frozen=True, kw_only=True)
class Branding:
    """The look of the pages of one account."""

    logo: str = ""
    """Address; empty: none."""
    main: str = ""
    """Colour of bar and buttons; empty: ours."""
    second: str = ""
    """Accent colour; empty: ours."""
    sheets: list[str]
    """Addresses of style sheets."""


def branding_of(principal: SignedIn | None, settings: Settings) -> Branding:
    """Look of the pages for a user: as the account says, else as the settings say.

    Logos of accounts must be on this server: no page loads anything from elsewhere because of what an account says.
    """
    looks = principal.looks if principal else {}
    own = str(looks.get("logo_url") or "")
    main, second = (str(looks.get(name) or "") for name in ("primary_color", "secondary_color"))
    sheet = settings.FLEXMEASURES_EXTRA_CSS_PATH
    return Branding(
        logo=_at(own if own.startswith("/") else settings.FLEXMEASURES_MENU_LOGO_PATH, settings),
        main=main if COLOUR.fullmatch(main) else "",
        second=second if COLOUR.fullmatch(second) else "",
        sheets=[_at(sheet, settings)] if sheet else [],
    )


def _at(path: str, settings: Settings) -> str:
    """Address as browsers reach it; a path is one of this server, from its root."""
    if not path or urlsplit(path).netloc:
        return path
    return f"{settings.FLEXSCOPE_PATH_PREFIX}/{path.lstrip('/')}"


def menu(known: Sequence[dict[str, str]], principal: SignedIn | None, settings: Settings) -> list[dict[str, str]]:
    """Entries of the menu: those listed for the account, or all that are known.

    Args:
        known: Entries the user may see, with label, icon and path.
        principal: The user.
        settings: They list pages by name, such as ``assets``, and may give them other labels and icons.
    """
    by_name = {entry["path"].strip("/"): entry for entry in known}
    wanted = applicable(settings.FLEXMEASURES_MENU_LISTED_VIEWS, principal.account_roles if principal else ()) or list(
        by_name
    )
    titles, icons = settings.FLEXMEASURES_MENU_LISTED_VIEW_TITLES, settings.FLEXMEASURES_MENU_LISTED_VIEW_ICONS
    entries = []
    for name in (each.strip("/") for each in wanted):
        entry = by_name.get(name) or {"label": name.capitalize(), "icon": FOREIGN, "path": f"/{name}"}
        if name in by_name or name != "status":
            change = {"label": titles.get(name, entry["label"]), "icon": icons.get(name, entry["icon"])}
            entries.append({**entry, **change})
    return entries


def links(settings: Settings) -> list[dict[str, str]]:
    """Entries of the user's menu that lead to pages of the host: help and terms of service."""
    named = {
        "Help": ("help", settings.FLEXMEASURES_SUPPORT_PAGE),
        "Terms of service": ("gavel", settings.FLEXMEASURES_TOS_PAGE),
    }
    return [
        {"label": label, "icon": icon, "href": _at(page, settings), "target": "_blank"}
        for label, (icon, page) in named.items()
        if page
    ]
