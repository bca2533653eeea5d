"""Function of each page: Panel's route template → "module:function", imported when the page is first opened."""

import re

PAGES = {
    "/": "app.pages.fleet.dashboard:root_view",
    "/dashboard": "app.pages.fleet.dashboard:view",
    "/assets": "app.pages.fleet.assets:view",
    "/assets/new": "app.pages.asset.new_asset:view",
    "/assets/{id:int}": "app.pages.asset.asset:view",
    "/accounts": "app.pages.admin.accounts:view",
    "/accounts/{id:int}": "app.pages.admin.account:view",
    "/users": "app.pages.admin.users:view",
    "/users/{id:int}": "app.pages.admin.user:view",
    "/logged-in-user": "app.pages.account.profile:view",
    "/tasks": "app.pages.jobs.jobs:view",
    "/tasks/{job}": "app.pages.jobs.job:view",
    "/alerts": "app.pages.admin.alerts:view",
    "/status": "app.pages.admin.server_status:view",
    "/sensors/{id:int}": "app.pages.sensor.sensor:view",
}


def is_page(path: str) -> bool:
    """Whether a path, without the prefix of the server, is that of a page."""
    return PATTERN.fullmatch(path) is not None


PART = re.compile(r"\{\w+(:int)?\}")
PATTERN = re.compile("|".join(PART.sub(lambda part: r"\d+" if part[1] else "[^/]+", path) for path in PAGES))
