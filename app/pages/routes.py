"""Which function makes which page: Panel's route templates → "module:function", imported when first asked for."""

import re

PAGES = {
    "/": "app.pages.root:view",
    "/dashboard": "app.pages.dashboard:view",
    "/assets": "app.pages.assets:view",
    "/assets/new": "app.pages.asset_new:view",
    "/assets/{id:int}": "app.pages.asset:view",
    "/accounts": "app.pages.accounts:view",
    "/accounts/{id:int}": "app.pages.account:view",
    "/users": "app.pages.users:view",
    "/users/{id:int}": "app.pages.user:view",
    "/logged-in-user": "app.pages.me:view",
    "/tasks": "app.pages.tasks:view",
    "/tasks/{job}": "app.pages.job:view",
    "/alerts": "app.pages.alerts:view",
    "/status": "app.pages.server_status:view",
    "/sensors/{id:int}": "app.pages.sensor:view",
}


def is_page(path: str) -> bool:
    """Return whether a path, without the prefix of the server, is one of a page."""
    return PATTERN.fullmatch(path) is not None


PART = re.compile(r"\{\w+(:int)?\}")
PATTERN = re.compile("|".join(PART.sub(lambda part: r"\d+" if part[1] else "[^/]+", path) for path in PAGES))
