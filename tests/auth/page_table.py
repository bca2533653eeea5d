"""Who sees what, page by page and tab by tab; and who may do what a page can do: written down by hand.

Everything here is of the account Mill, as in ``permission_table``. A page, a tab or an action of a page without a line
here fails the tests.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import quote

import numpy as np

from app.assemble.files.posted import Posted
from app.usecases.accounts import AccountChange, NewAccount
from app.usecases.annotations import NewAnnotation
from app.usecases.assets.assets import AssetChange, NewAsset
from app.usecases.assets.templates import FromTemplate
from app.usecases.credentials import NewKey
from app.usecases.data import DataDeletion
from app.usecases.explanations.overrides import NewOverride
from app.usecases.jobs.automations import AutomationChange, NewAutomation
from app.usecases.jobs.forecasts import ForecastTrigger
from app.usecases.jobs.past_years import PastYearTrigger
from app.usecases.jobs.reports import KeptReport, PreviewParameters, ReportPreview
from app.usecases.sensors import NewSensor, SensorChange
from app.usecases.uploads import ReadFile
from app.usecases.users import NewUser, UserChange
from db.assets import Asset
from tests.auth.permission_table import ADD, ADMIN, EVERYONE, MANAGE, READ, Ids

HOSTS = {"reader", "root"}


class PageLine(NamedTuple):
    """One page, or one tab of a page."""

    text: str
    """Words on it for those who may see it, and for nobody else; a regular expression."""
    seen_by: set[str] = READ
    of: str = ""
    """Name in ``ids`` of the row the page is about."""
    tab: str = ""
    """Label of the tab whose word stands in the address."""
    instead: str = "You may not"
    """Words that all others find there."""


class ActionLine(NamedTuple):
    """Something a page can change: a use case given to ``writing`` or ``triggering``."""

    allowed: set[str]
    arguments: Callable[[Ids], tuple[Any, ...]]
    """What it is called with, after session and actor."""


LIST = PageLine("battery", instead="foreign|market")
ASSET, SENSOR = partial(PageLine, of="battery"), partial(PageLine, of="s:power")

NO_LIST = '{"reporter":"EnergyBillReporter","parameters":{"input":5,"start":"2026-01-05T00Z","end":"2026-01-06T00Z"}}'
NO_NUMBER = NO_LIST.replace("5,", '[{"sensor":1}],').replace('"par', '"config":{"vat":"x"},"par')
"""Reports in addresses that were edited by hand."""

PAGES_SEEN: dict[str, PageLine] = {
    "/": LIST,
    "/dashboard": LIST,
    "/assets": LIST,
    "/assets/new": PageLine("From a template", EVERYONE - {"reader"}),  # the others may add to some account
    "/assets/{id:int}": ASSET("2 sensors"),
    "/assets/{id:int}?tab=graphs": ASSET("all charts move together", tab="Graphs"),
    "/assets/{id:int}?tab=plan": ASSET("No schedule yet", tab="Plan"),
    "/assets/{id:int}?tab=what-if": ASSET("nothing to compare with", tab="What-if"),
    "/assets/{id:int}?tab=reports": ASSET("The bill of a site", tab="Reports"),
    f"/assets/{{id:int}}?tab=reports&report={quote(NO_LIST)}": ASSET("parameters.input"),
    f"/assets/{{id:int}}?tab=reports&report={quote(NO_NUMBER)}": ASSET("a number from 0 to 1"),
    "/assets/{id:int}?tab=automations": ASSET("Last runs", tab="Automations"),
    "/assets/{id:int}?tab=replay": ASSET("[Nn]othing to replay", tab="Replay"),
    "/assets/{id:int}?tab=context": ASSET("No flex-context is set", tab="Context"),
    "/assets/{id:int}?tab=properties": ASSET("Longitude", tab="Properties"),
    "/assets/{id:int}?tab=status": ASSET("Jobs of the last 7 days", tab="Status"),
    "/assets/{id:int}?tab=audit": ASSET("Search the log", tab="Audit log"),
    "/assets/{id:int}?tab=graphs&data=charts&first=0&last=1": ASSET('"digest"', instead='"problem"'),
    "/sensors/{id:int}": SENSOR("every 15 minutes"),
    "/sensors/{id:int}?data=charts&first=0&last=1": SENSOR('"digest"', instead='"problem"'),
    "/sensors/{id:int}?tab=chart": SENSOR("all charts move together", tab="Chart"),
    "/sensors/{id:int}?tab=replay": SENSOR("[Nn]othing to replay", tab="Replay"),
    "/sensors/{id:int}?tab=analysis": SENSOR("No values yet", tab="Analysis"),
    "/sensors/{id:int}?tab=heatmap": SENSOR("No values yet", tab="Heatmap"),
    "/sensors/{id:int}?tab=bars": SENSOR("No values yet", tab="Bars"),
    "/sensors/{id:int}?tab=distribution": SENSOR("No values yet", tab="Distribution"),
    "/sensors/{id:int}?tab=accuracy": SENSOR("Forecasts of the last 28 days", tab="Accuracy"),
    "/sensors/{id:int}?tab=statistics": SENSOR("Most recent values", tab="Statistics"),
    "/sensors/{id:int}?tab=data": SENSOR("Upload a file|You have read-only access", tab="Data"),
    "/sensors/{id:int}?tab=settings": SENSOR("Delete this sensor|You have read-only access", tab="Settings"),
    "/tasks": PageLine("battery", instead="No jobs match"),
    "/tasks/{job}": PageLine("Schedule job of battery", of="j:today"),
    "/users/{id:int}": PageLine("hand@example.org", of="u:hand"),
    "/accounts/{id:int}": PageLine("Consultancy", of="a:Mill"),
    "/users": PageLine("hand@example.org", instead="Last sign-in"),
    "/accounts": PageLine(r"\bMill\b", instead="Consultancy"),
    "/logged-in-user": PageLine("hand@example.org", {"hand"}, instead="Last sign-in"),
    "/alerts": PageLine("Meter is silent", instead="open alert"),
    "/status": PageLine("Database revision", HOSTS),
}

DAY = datetime(2026, 1, 5, tzinfo=UTC)
REMARK = NewAnnotation(content="x", start=DAY, end=DAY + timedelta(days=1), belief_time=DAY)
NIGHTLY = NewAutomation(name="new", kind="schedule", every="P1D", request={})
FLAT = {"consumption-price": "0.3 EUR/kWh"}
ASSETS, SENSORS, JOBS_AT = "app.usecases.assets.assets", "app.usecases.sensors", "app.usecases.jobs.jobs"
HELD = "app.usecases.explanations.overrides"
USERS_AT, AUTOMATIONS = "app.usecases.users", "app.usecases.jobs.automations"


def new_override() -> NewOverride:
    begin = datetime.now(UTC)
    return NewOverride(device="battery", start=begin, end=begin + timedelta(hours=1), power=0.0)


def new_asset(ids: Ids) -> tuple[Any, ...]:
    return (NewAsset(name="new", generic_asset_type_id=1, account_id=ids["a:Mill"]),)


def new_sensor(ids: Ids) -> tuple[Any, ...]:
    return (NewSensor(name="new", unit="kW", event_resolution="PT15M", generic_asset_id=ids["battery"]),)


def sum_of(ids: Ids) -> ReportPreview:
    parameters = PreviewParameters(
        input=[{"name": "power", "sensor": ids["s:power"]}], start=DAY, end=DAY + timedelta(days=1), resolution="P1D"
    )
    return ReportPreview(reporter="AggregatorReporter", parameters=parameters, config={})


def new_user(ids: Ids) -> tuple[Any, ...]:
    return (NewUser(email="new@example.org", account_id=ids["a:Mill"]), "!")


def values(ids: Ids) -> tuple[Any, ...]:
    moment = np.array([1767571200000000])
    posted = Posted(events=moment, values=np.array([1.0]), step=timedelta(minutes=15), unit="kW")
    return ids["s:power"], [ReadFile(name="x.csv", posted=posted, evidence=[], notices=[])]


ACTIONS: dict[str, ActionLine] = {
    f"{ASSETS}:create_asset": ActionLine(ADD, new_asset),
    f"{ASSETS}:update_asset": ActionLine(ADD, lambda ids: (ids["battery"], AssetChange(name="renamed"))),
    f"{ASSETS}:delete_asset": ActionLine(MANAGE, lambda ids: (ids["battery"],)),
    "app.usecases.assets.copies:copy_asset": ActionLine(ADD, lambda ids: (ids["battery"],)),
    f"{HELD}:create_override": ActionLine(ADD, lambda ids: (ids["battery"], new_override())),
    f"{HELD}:delete_override": ActionLine(ADD, lambda ids: (ids["override"],)),
    f"{HELD}:delete_overrides": ActionLine(ADD, lambda ids: (ids["battery"],)),
    "app.usecases.assets.templates:create_asset_from_template": ActionLine(
        ADD, lambda ids: ("battery", FromTemplate(name="from a template", account_id=ids["a:Mill"]))
    ),
    "app.usecases.explanations.flex_edits:save_flex_edits": ActionLine(
        ADD, lambda ids: (ids["stored"], [], {"site-power-capacity": "3 kW"})
    ),
    f"{SENSORS}:create_sensor": ActionLine(ADD, new_sensor),
    f"{SENSORS}:update_sensor": ActionLine(MANAGE, lambda ids: (ids["s:power"], SensorChange(name="renamed"))),
    f"{SENSORS}:delete_sensor": ActionLine(MANAGE, lambda ids: (ids["s:power"],)),
    "app.usecases.uploads:save_upload": ActionLine(ADD, values),
    "app.usecases.data:delete_data": ActionLine(MANAGE, lambda ids: (ids["s:power"], DataDeletion())),
    "app.usecases.annotations:create_annotation": ActionLine(ADD, lambda ids: (Asset, ids["battery"], REMARK)),
    "app.usecases.annotations:update_annotation": ActionLine(ADD, lambda ids: (ids["remark"], {"content": "y"})),
    "app.usecases.annotations:delete_annotation": ActionLine(ADD, lambda ids: (ids["remark"],)),
    "app.usecases.jobs.schedules:request_schedule_from_now": ActionLine(
        ADD, lambda ids: (ids["battery"], timedelta(hours=12))
    ),
    "app.usecases.jobs.past_years:request_past_year": ActionLine(
        ADD,
        lambda ids: (
            ids["battery"],
            PastYearTrigger(
                scenarios=[{"name": "dear"}],
                flex_model=[{"sensor": ids["s:power"], "soc-max": "1 kWh"}],
                flex_context=FLAT,
            ),
        ),
    ),
    "app.usecases.jobs.forecasts:request_forecast": ActionLine(
        ADD, lambda ids: (ids["s:power"], ForecastTrigger(duration="PT1H", config={}))
    ),
    "app.usecases.jobs.reports:keep_report": ActionLine(
        ADD, lambda ids: (ids["battery"], sum_of(ids), KeptReport(name="new", outputs=["combined"]))
    ),
    "app.usecases.jobs.automations:renew_forecasts": ActionLine(
        ADD, lambda ids: (ids["s:power"], ForecastTrigger(duration="PT1H", config={}))
    ),
    f"{JOBS_AT}:cancel_job": ActionLine(ADD, lambda ids: (ids["j:queued"],)),
    f"{JOBS_AT}:requeue_job": ActionLine(ADD, lambda ids: (ids["j:failed"],)),
    f"{JOBS_AT}:clear_queues": ActionLine(ADMIN, lambda ids: (["scheduling"],)),
    f"{AUTOMATIONS}:create_automation": ActionLine(ADD, lambda ids: (ids["battery"], NIGHTLY)),
    f"{AUTOMATIONS}:update_automation": ActionLine(ADD, lambda ids: (ids["automation"], AutomationChange())),
    f"{AUTOMATIONS}:run_automation": ActionLine(ADD, lambda ids: (ids["automation"],)),
    f"{AUTOMATIONS}:delete_automation": ActionLine(ADD, lambda ids: (ids["automation"],)),
    "app.usecases.accounts:create_account": ActionLine(ADMIN, lambda ids: (NewAccount(name="new"),)),
    "app.usecases.accounts:update_account": ActionLine(
        MANAGE, lambda ids: (ids["a:Mill"], AccountChange(name="renamed"))
    ),
    f"{USERS_AT}:create_user": ActionLine({"boss", "adviser", "root"}, new_user),
    f"{USERS_AT}:update_user": ActionLine(
        {"hand", "boss", "root"}, lambda ids: (ids["u:hand"], UserChange(timezone="UTC"))
    ),
    f"{USERS_AT}:void_password": ActionLine({"hand", "boss", "root"}, lambda ids: (ids["u:hand"], "!")),
    f"{USERS_AT}:choose_preferences": ActionLine(EVERYONE, lambda ids: ({"tab": "plan"},)),
    "app.usecases.credentials:create_key": ActionLine(
        {"hand", "root"}, lambda ids: (ids["u:hand"], NewKey(name="x", scopes=["read"]))
    ),
    "app.usecases.credentials:end_browser_session": ActionLine(EVERYONE, lambda ids: ("of nobody",)),
    "app.usecases.credentials:revoke_key": ActionLine({"hand", "boss", "root"}, lambda ids: (ids["key"],)),
}
