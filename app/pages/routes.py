"""Each page: Panel's route template → "module:member", imported when the page is first opened.

The member is a TextPage, or the function that makes its live part.
"""

import logging
import re
from collections.abc import Collection

from app.settings.appearance import applicable
from app.settings.settings import Settings

LOG = logging.getLogger(__name__)
DASHBOARD = "/dashboard"

PAGES = {
    "/": "app.pages.fleet.dashboard:PAGE",  # or the one that the settings name; see start_path
    "/dashboard": "app.pages.fleet.dashboard:PAGE",
    "/assets": "app.pages.fleet.assets:PAGE",
    "/assets/new": "app.pages.asset.new_asset:PAGE",
    "/assets/{id:int}": "app.pages.asset.asset:PAGE",
    "/accounts": "app.pages.admin.accounts:PAGE",
    "/accounts/{id:int}": "app.pages.admin.account:PAGE",
    "/users": "app.pages.admin.users:PAGE",
    "/users/{id:int}": "app.pages.admin.user:PAGE",
    "/logged-in-user": "app.pages.admin.profile:PAGE",
    "/tasks": "app.pages.jobs.jobs:PAGE",
    "/tasks/{job}": "app.pages.jobs.job:PAGE",
    "/alerts": "app.pages.admin.alerts:PAGE",
    "/status": "app.pages.admin.server_status:PAGE",
    "/sensors/{id:int}": "app.pages.sensor.sensor:PAGE",
}


PART = re.compile(r"\{\w+(:int)?\}")
ROUTES = {
    route: PART.sub(lambda part: r"\d+" if part[1] else "[^/]+", route.removesuffix("/") + "/?") for route in PAGES
}
PATTERN = re.compile("|".join(ROUTES.values()))


def is_page(path: str) -> bool:
    """Whether a path, without the prefix of the server, is that of a page."""
    return PATTERN.fullmatch(path) is not None


def page_at(path: str, settings: Settings, roles: Collection[str]) -> str | None:
    """Page at a path, as "module:member"; None: there is none.

    Args:
        path: Without the prefix of the server.
        settings: They may name a start page.
        roles: Of the account of the user, on which that may depend.
    """
    path = start_path(settings, roles) if path in ("", "/") else path
    return next((PAGES[route] for route, pattern in ROUTES.items() if re.fullmatch(pattern, path)), None)


def start_path(settings: Settings, roles: Collection[str]) -> str:
    """Path of the page at /: the one that the settings name for an account with some roles, else the dashboard."""
    wanted = applicable(settings.FLEXMEASURES_ROOT_VIEW, roles)
    path = f"/{wanted[0].strip('/')}" if wanted else DASHBOARD
    if path in PAGES and path != "/":
        return path
    LOG.warning("FLEXMEASURES_ROOT_VIEW: there is no page %s; the dashboard is shown", path)
    return DASHBOARD
