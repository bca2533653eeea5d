"""Automations of assets, what is planned, forecast or reported again and again: add, change, run once, delete."""

from typing import Annotated, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app.jobs.triggers import automations as triggers
from app.jobs.triggers.automations import AutomationPlan
from app.jobs.triggers.recurrence import time_of_day
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, JsonObject, Length, lasting
from app.usecases.jobs.forecasts import USUAL, ForecastTrigger, request_forecast
from db.assets import Asset
from db.core import database
from db.jobs.automations import Automation, of_assets
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.series.iso_time import duration

FILLED_IN = {"sensor", "start", "end", "horizon", "frequency", "prior"}
"""Fields of a forecast that an automation fills in each time."""


class NewAutomation(Body):
    """What to do, and when."""

    model_config = HYPHENS

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: Annotated[Literal["schedule", "forecast", "report"], Field(description="What is asked for each time")]
    request: Annotated[
        JsonObject,
        Field(
            default_factory=dict,
            description="schedule: duration, resolution, flex_model, flex_context; forecast: sensors, horizon, "
            "regressors; report: reporter, config, input, output, duration; moments are filled in each time",
        ),
    ]
    every: Annotated[Length, Field(description="A divisor of a day, or whole days, such as PT15M, PT1H, P1D")]
    at: Annotated[str, Field(description="Local time of day of the first moment, such as 06:30")] = "00:00"
    on_data: Annotated[bool, Field(description="Also do it soon after new data of its inputs arrived")] = False


class AutomationChange(Body):
    """What to change; what is left out stays."""

    model_config = HYPHENS

    name: Annotated[str | None, Field(min_length=1, max_length=80)] = None
    active: Annotated[bool | None, Field(description="false: pause; true: go on with the next moment")] = None
    on_data: bool | None = None


def create_automation(session: Session, actor: Actor, asset_id: int, new: NewAutomation) -> Automation:
    """Add an automation; it is done for the first time at its next moment, in the time zone of the asset.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to the asset, or use what the request names.
        FieldError: The rule or the request cannot be used; the field is named.
    """
    actor.check("create-children", database.get(session, Asset, asset_id))
    # without hours a day is one of the calendar, however long it is
    every = lasting(new.every, actor.now, field="every") if "T" in new.every else duration(new.every, field="every")
    plan = AutomationPlan(
        asset_id=asset_id,
        kind=new.kind,
        name=new.name,
        request=new.request,
        every=every,
        at=time_of_day(new.at),
        on_data=new.on_data,
        user_id=actor.user_id,
    )
    return triggers.make(actor.references(session), plan, now=actor.now)


def renew_forecasts(session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger) -> Job:
    """Job of a forecast that is renewed once a day, and soon after new data of the sensor or its regressors arrive.

    Where an automation renews the forecasts of this sensor alone, it goes on with what is asked for now, for the actor.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed, FieldError: See ``create_automation``.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor.asset)
    how = trigger.request(sensor, actor.now).model_dump(mode="json", exclude_defaults=True, exclude=FILLED_IN)
    request = {"sensors": [sensor_id], "horizon": trigger.duration or USUAL, **how}
    on_data = [row for row in of_assets(session, [sensor.asset_id]) if row.kind == "forecast" and row.on_data]
    before = next((row for row in on_data if row.request.get("sensors") == [sensor_id]), None)
    if before is None:
        new = NewAutomation(
            kind="forecast", name=f"Forecast {sensor.name}"[:80], request=request, every="P1D", on_data=True
        )
        create_automation(session, actor, sensor.asset_id, new)
    else:
        before.user_id = actor.user_id
        triggers.ask_otherwise(actor.references(session), before, request, now=actor.now)
    return request_forecast(session, actor, sensor_id, trigger)


def update_automation(session: Session, actor: Actor, automation_id: int, change: AutomationChange) -> Automation:
    """Rename, pause or continue an automation, which then acts for the actor; a pause is not caught up.

    Raises:
        NotFound, NotAllowed: There is no such automation, or the actor may not change it.
        FieldError: It is to go on, but what it asks for cannot be used; the field is named.
    """
    row = _changeable(session, actor, automation_id)
    if change.active and not row.active:
        row.next_at = triggers.recurrence(session, row).next_after(actor.now)
        triggers.check_jobs(actor.references(session), row)
    if change.active:
        row.user_id = actor.user_id
    for name in ("name", "active", "on_data"):
        value = getattr(change, name)
        if value is not None:
            setattr(row, name, value)
    session.flush()
    return row


def run_automation(session: Session, actor: Actor, automation_id: int) -> list[Job]:
    """Return the jobs that do at once what an automation does, for the actor; its rule goes on as before."""
    row = _changeable(session, actor, automation_id)
    return triggers.once(session, row, user_id=actor.user_id, now=actor.now, settings=actor.settings)


def delete_automation(session: Session, actor: Actor, automation_id: int) -> None:
    """Delete an automation; its jobs stay."""
    session.delete(_changeable(session, actor, automation_id))


def _changeable(session: Session, actor: Actor, automation_id: int) -> Automation:
    row = database.get(session, Automation, automation_id)
    actor.check("create-children", database.get(session, Asset, row.asset_id))
    return row
