"""Tab Data of a sensor: upload a file, request a forecast, delete values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.fields import Field
from app.fragments.html_forms import form_html
from app.fragments.page import Confirmation, Done, PageForm
from app.fragments.tables import following, sections
from app.fragments.tabs import TextTab
from app.fragments.templates import note
from app.fragments.threads import reading, triggering, writing
from app.fragments.visit import Visit
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine
from app.pages.sensor.upload import Upload
from app.usecases.data import DataDeletion, delete_data
from app.usecases.jobs.automations import renew_forecasts
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from app.widgets.layout import Shell
from app.widgets.tabs import Part
from db import assets, listing
from db.assets import lineage
from db.beliefs import deletion, statistics
from db.beliefs.source_filter import SourceFilter
from db.core.database import get
from db.jobs import jobs
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError
from engine.series.iso_time import zone
from engine.units import units

LENGTHS = {"1 day": "P1D", "2 days": "P2D", "1 week": "P7D"}
EXPLAINING = ("°C", "W/m²", "m/s", "%", "kW", "kWh")
"""Units of what may explain other values: weather, power and energy."""
MOST_EXPLAINING = 30
"""Sensors that are offered at most."""
EVERY = 1.0
"""Pause between two readings of the forecasts [s]."""
LATELY = timedelta(days=1)
"""How far back forecasts are listed."""
RECENT_FORECASTS = 5
NO_FORECASTS = "No forecasts were requested in the last 24 hours."


@dataclass(frozen=True, kw_only=True)
class DataContent:
    """Content of the tab."""

    sensor: Sensor
    sources: dict[int, Source]
    forecasts: list[JobLine]
    explaining: dict[str, int]
    """Sensors that may explain this one, by name with their asset → id."""
    may_add: bool
    may_delete: bool
    local: ZoneInfo


def read_data(visit: Visit, session: Session, principal: SignedIn) -> DataContent:
    """Sensor with its sources and recent forecasts, and what the user may do with its values."""
    sensor, now = get(session, Sensor, visit.key), datetime.now(UTC)
    access.check(principal, "read", sensor)
    recent = jobs.recent(session, [sensor.asset_id], since=LATELY, now=now, most=100)
    forecasts = [job for job in recent if job.kind == "forecast" and job.request.get("sensor") == sensor.id]
    return DataContent(
        sensor=sensor,
        sources=listing.sources(session, statistics.per_source(session, sensor.id)),
        forecasts=job_table.job_lines(session, principal, forecasts[:RECENT_FORECASTS]),
        explaining=explaining_sensors(session, principal, sensor),
        may_add=access.may(principal, "create-children", sensor),
        may_delete=access.may(principal, "delete", sensor),
        local=zone(principal.timezone),
    )


def explaining_sensors(session: Session, principal: SignedIn, sensor: Sensor) -> dict[str, int]:
    """Sensors of weather and power at the site of a sensor that a user may read, by name with their asset → id."""
    top = lineage(sensor.asset)[0]
    below = [asset.id for asset in assets.own_subtree(session, top.id)[0]]
    found = [
        each
        for each in listing.sensors_of(session, below)
        if each.id != sensor.id and each.resolution and any(units.same_kind(each.unit, unit) for unit in EXPLAINING)
    ]
    readable = [each for each in found if access.may(principal, "read", each)]
    return {f"{each.asset.name}: {each.name} ({each.id})": each.id for each in readable[:MOST_EXPLAINING]}


def show_data(_visit: Visit, content: DataContent) -> Markup:
    """What stands above the upload."""
    return sections({"Upload a file": Markup("")}) if content.may_add else Markup("")


def show_below(visit: Visit, content: DataContent) -> Markup:
    """What stands below the upload: forecasts, and the deletion of values."""
    forms = data_forms(visit, content)
    parts = {}
    if "forecast" in forms:
        parts["Forecast"] = form_html("forecast", forms["forecast"])
        parts["Forecast"] += following("forecasts", forecast_part(content), every=EVERY)
    if "delete" in forms:
        hint = Markup('<p class="small">Days are those of {}.</p>').format(content.local)
        parts["Delete values"] = form_html("delete", forms["delete"]) + hint
    return sections(parts) if parts else note(access.read_only("create-children", content.sensor))


def forecast_part(content: DataContent) -> Markup:
    """Forecasts of the last day, each with its progress."""
    return job_table.job_rows(content.forecasts, content.local, empty=NO_FORECASTS)


def data_forms(_visit: Visit, content: DataContent) -> dict[str, PageForm]:
    """What the user may do with the values."""
    forms = dict[str, PageForm]()
    if content.may_add:
        fields = forecast_fields(content.explaining)
        forms["forecast"] = PageForm(send=send_forecast, fields=fields, button="Forecast now", whole=True)
        forms |= job_table.JOB_FORMS
    if content.may_delete:
        fields = deletion_fields(content)
        forms["delete"] = PageForm(
            send=send_deletion, fields=fields, button="Delete values …", whole=True, confirm=confirm_deletion
        )
    return forms


def forecast_fields(explaining: dict[str, int]) -> list[Field]:
    """Fields of a forecast: how far, what explains the values, and whether it is renewed."""
    fields = [
        Field(name="duration", label="Forecast horizon, from now", kind="choice", options=LENGTHS, value="P2D"),
        Field(name="probabilistic", label="With the 10 % and 90 % quantiles", kind="flag", value=True),
        Field(name="on_data", label="Renew it when new values arrive", kind="flag", value=False),
    ]
    if explaining:
        help_text = "For example a temperature for a heat load, or irradiance for a PV plant"
        fields.insert(
            1,
            Field(
                name="regressors",
                label="Explained by",
                kind="choices",
                options=dict(explaining),
                value=[],
                help=help_text,
            ),
        )
    return fields


def deletion_fields(content: DataContent) -> list[Field]:
    """Fields that choose the values to delete."""
    sources = {"all sources": None, **{source.description: key for key, source in content.sources.items()}}
    return [
        Field(name="source", label="Values of", kind="choice", options=sources),
        Field(name="start", label="From the day", kind="date", help="The first day whose values are deleted"),
        Field(name="until", label="Until the end of the day", kind="date"),
        Field(name="everything", label="All days, the entire history", kind="flag", value=False),
    ]


async def send_forecast(visit: Visit, values: dict[str, Any]) -> Done:
    """Request a forecast of the sensor, now or also soon after new values arrive."""
    chosen = dict(values)
    explaining, repeated = chosen.pop("regressors") or [], chosen.pop("on_data")
    asked = chosen | {"config": {"regressors": explaining}}
    if repeated:
        await triggering(
            lambda session, actor: [renew_forecasts(session, actor, visit.key, actor.read(ForecastTrigger, asked))],
            visit.principal,
        )
        return Done(text="Forecast requested. The tab Automations of the asset shows when it is renewed.")
    await triggering(
        lambda session, actor: [request_forecast(session, actor, visit.key, actor.read(ForecastTrigger, asked))],
        visit.principal,
    )
    return Done(text="Forecast requested.")


def chosen_values(values: dict[str, Any], local: ZoneInfo) -> DataDeletion:
    """Values that a form chooses: those of some days, or of all only where that was ticked.

    Raises:
        FieldError: No day is chosen, or the last one comes before the first.
    """

    def midnight(day: date | None, later_by: int) -> datetime | None:
        after = day + timedelta(days=later_by) if day else None
        return datetime(after.year, after.month, after.day, tzinfo=local) if after else None

    first, last = values.get("start"), values.get("until")
    if values.get("everything"):
        first = last = None
    elif first is None and last is None:
        raise FieldError("start", "choose the first day, or tick 'All days'.")
    if first and last and last < first:
        raise FieldError("until", "this day comes before the first one.")
    return DataDeletion(source=values.get("source"), start=midnight(first, 0), until=midnight(last, 1))


async def confirm_deletion(visit: Visit, values: dict[str, Any]) -> Confirmation:
    """How many values would be deleted, in words."""
    local = zone(visit.principal.timezone)
    chosen = chosen_values(values, local)

    def count_values(session: Session, principal: SignedIn) -> Confirmation:
        sensor = get(session, Sensor, visit.key)
        access.check(principal, "delete", sensor)
        only = SourceFilter(ids=[chosen.source]) if chosen.source else None
        number = deletion.count(session, sensor, bounds=deletion.within(chosen.start, chosen.until), sources=only)
        counted = f"{number:,} value{'s' * (number != 1)}"
        by = get(session, Source, chosen.source).description if chosen.source else "all sources"
        times = f"from {chosen.start:%Y-%m-%d %H:%M}" if chosen.start else "from the first event"
        times += f" until {chosen.until:%Y-%m-%d %H:%M}" if chosen.until else " to the last event"
        text = f"{counted} of {by} will be deleted, {times} ({local}), earlier versions included."
        return Confirmation(text=f"{text} This cannot be undone.", agree=f"Delete {counted}")

    return await reading(count_values, visit.principal)


async def send_deletion(visit: Visit, values: dict[str, Any]) -> Done:
    """Delete the values that were chosen."""
    chosen = chosen_values(values, zone(visit.principal.timezone))
    count = await writing(lambda session, actor: delete_data(session, actor, visit.key, chosen), visit.principal)
    return Done(text=f"{count:,} value{'s' * (count != 1)} deleted.")


TAB = TextTab(
    read=read_data, show=show_data, below=show_below, forms=data_forms,
    parts={"forecasts": lambda visit, session, principal: forecast_part(read_data(visit, session, principal))},
)  # fmt: skip


def part(_page: Shell, sensor_id: int) -> Part:
    """The upload, which is live: each choice is answered by a preview."""
    return Part("data", "Data", partial(read_upload, sensor_id), show_upload)


def read_upload(sensor_id: int, session: Session, principal: SignedIn) -> Sensor | None:
    """The sensor; None if the user may not add values to it."""
    sensor = get(session, Sensor, sensor_id)
    access.check(principal, "read", sensor)
    return sensor if access.may(principal, "create-children", sensor) else None


def show_upload(sensor: Sensor | None) -> Sequence[Any]:
    """The upload, for those who may add values."""
    return [] if sensor is None else [Upload(sensor)]
