"""Who sees what, page by page and tab by tab; and who may do what a page can do: written down by hand.

Everything here is of the account Mill, as in ``permission_table``. A page, a tab or an action of a page without a line
here fails the tests.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from app.pages.charts.annotations import AnnotationTarget
from db.assets import Asset
from tests.auth.permission_table import ADD, EVERYONE, READ, Ids

HOSTS = {"reader", "root"}


class PageLine(NamedTuple):
    """One page, or one tab of a page."""

    told: str
    """Words on it for those who may see it, and for nobody else; a regular expression."""
    seen_by: set[str] = READ
    of: str = ""
    """Name in ``ids`` of the row the page is about."""
    tab: str = ""
    """Label of the tab whose word stands in the address."""
    instead: str = "You may not"
    """Words that all others find there."""


class ActionLine(NamedTuple):
    """Something a page can change: a function given to ``writing``."""

    allowed: set[str]
    given: Callable[[Ids], tuple[Any, ...]]
    """What it is called with, before session and user."""


LIST = PageLine("battery", instead="foreign|market")
ASSET, SENSOR = partial(PageLine, of="battery"), partial(PageLine, of="s:power")

PAGES_SEEN: dict[str, PageLine] = {
    "/": LIST,
    "/dashboard": LIST,
    "/assets": LIST,
    "/assets/new": PageLine("From a template", EVERYONE - {"reader"}),  # the others may add to some account
    "/assets/{id:int}": ASSET("2 sensors"),
    "/assets/{id:int}?tab=graphs": ASSET("all charts move together", tab="Graphs"),
    "/assets/{id:int}?tab=plan": ASSET("No schedule yet", tab="Plan"),
    "/assets/{id:int}?tab=automations": ASSET("No automations for this asset", tab="Automations"),
    "/assets/{id:int}?tab=replay": ASSET("[Nn]othing to replay", tab="Replay"),
    "/assets/{id:int}?tab=context": ASSET("No flex-context applies here", tab="Context"),
    "/assets/{id:int}?tab=properties": ASSET("Longitude", tab="Properties"),
    "/assets/{id:int}?tab=status": ASSET("Jobs of the last 7 days", tab="Status"),
    "/assets/{id:int}?tab=audit": ASSET("Before", tab="Audit log"),
    "/sensors/{id:int}": SENSOR("every PT15M"),
    "/sensors/{id:int}?tab=chart": SENSOR("all charts move together", tab="Chart"),
    "/sensors/{id:int}?tab=replay": SENSOR("[Nn]othing to replay", tab="Replay"),
    "/sensors/{id:int}?tab=heatmap": SENSOR("No values yet", tab="Heatmap"),
    "/sensors/{id:int}?tab=bars": SENSOR("No values yet", tab="Bars"),
    "/sensors/{id:int}?tab=distribution": SENSOR("No values yet", tab="Distribution"),
    "/sensors/{id:int}?tab=statistics": SENSOR("Most recent values", tab="Statistics"),
    "/sensors/{id:int}?tab=data": SENSOR("Upload a file|read-only access to this sensor", tab="Data"),
    "/sensors/{id:int}?tab=settings": SENSOR("Delete this sensor|read-only access to this sensor", tab="Settings"),
    "/tasks": PageLine("battery", instead="No jobs match"),
    "/tasks/{job}": PageLine("Schedule job of battery", of="j:today"),
    "/users/{id:int}": PageLine("hand@example.org", of="u:hand"),
    "/accounts/{id:int}": PageLine("Consultancy", of="a:Mill"),
    "/users": PageLine("hand@example.org", instead="Last sign-in"),
    "/accounts": PageLine(r"\bMill\b", instead="Consultancy"),
    "/logged-in-user": PageLine("hand@example.org", {"hand"}, instead="Last sign-in"),
    "/alerts": PageLine("Meter is silent", instead="need"),
    "/status": PageLine("Database revision", HOSTS),
}

DAY = datetime(2026, 1, 5, tzinfo=UTC)
REMARK = {"content": "x", "type": "label", "start": DAY, "end": DAY + timedelta(days=1)}
ACTIONS: dict[str, ActionLine] = {
    "app.pages.jobs.job_table:change": ActionLine(ADD, lambda ids: (ids["j:failed"], "requeue")),
    "app.pages.jobs.queue_table:clear": ActionLine({"root"}, lambda ids: ("scheduling",)),
    "app.pages.charts.annotations:store": ActionLine(
        ADD, lambda ids: (AnnotationTarget(kind=Asset, id=ids["battery"]), None, REMARK)
    ),
    "app.pages.charts.annotations:discard": ActionLine(ADD, lambda ids: (ids["remark"],)),
    "app.pages.asset.plan_now:enqueue": ActionLine(ADD, lambda ids: (ids["battery"], timedelta(hours=12))),
}
