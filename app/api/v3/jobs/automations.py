"""Automations of an asset: what is planned, forecast or reported again and again; make, pause, delete, see history."""

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.http.route import Call, Reply, delete, get, patch, post
from app.api.v3.jobs.jobs import hand_over, shown_job
from app.auth.access import access
from app.auth.access.references import References
from app.jobs.triggers import automations as automating
from app.jobs.triggers.automations import AutomationPlan
from app.jobs.triggers.recurrence import time_of_day
from app.usecases.fields import HYPHENS, Body, JsonObject, Length, lasting
from db import assets
from db.assets import Asset
from db.core import database
from db.jobs import automations, jobs
from db.jobs.automations import Automation
from engine.iso_time import duration, iso_duration


class NewAutomation(Body):
    """What to do, and when."""

    model_config = HYPHENS

    name: Annotated[str, Field(min_length=1, max_length=80)]
    kind: Annotated[Literal["schedule", "forecast", "report"], Field(description="What is asked for each time")]
    request: Annotated[
        JsonObject,
        Field(
            default_factory=dict,
            description="schedule: duration, resolution, flex_model, flex_context; forecast: sensors, horizon; "
            "report: reporter, config, input, output, duration; moments are filled in each time",
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


def list_automations(call: Call, id: int) -> list[dict[str, Any]]:
    """List the automations of an asset and of those below it."""
    access.check(call.who, "read", database.get(call.session, Asset, id))
    below = [row.id for row in assets.subtree(call.session, id) if access.may(call.who, "read", row)]
    return [_shown(call, row) for row in automations.of_assets(call.session, below)]


def make(call: Call, id: int, body: NewAutomation) -> dict[str, Any]:
    """Add an automation; it is done for the first time at its next moment, in the time zone of the asset."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "create-children", asset)
    every = lasting(body.every, call.now, field="every") if "T" in body.every else _days(body.every)
    plan = AutomationPlan(
        asset_id=id,
        kind=body.kind,
        name=body.name,
        request=body.request,
        every=every,
        at=time_of_day(body.at),
        on_data=body.on_data,
        user_id=call.who.id,
    )
    return _shown(call, automating.make(References(call.session, call.who), plan, now=call.now))


def _days(text: str) -> timedelta:
    """Return a length without hours; here a day is one of the calendar, however long it is."""
    return duration(text, field="every")


def _found(call: Call, id: int, action: access.Action) -> Automation:
    row = database.get(call.session, Automation, id)
    access.check(call.who, action, database.get(call.session, Asset, row.asset_id))
    return row


def one(call: Call, id: int) -> dict[str, Any]:
    """Tell an automation with its latest jobs."""
    row = _found(call, id, "read")
    return _shown(call, row) | {"history": [shown_job(call, job) for job in jobs.of_automation(call.session, id)]}


def change(call: Call, id: int, body: AutomationChange) -> dict[str, Any]:
    """Rename, pause or continue an automation, which then acts for you; what fell into a pause is not caught up."""
    row = _found(call, id, "create-children")
    if body.active and not row.active:
        row.next_at = automating.recurrence(call.session, row).next_after(call.now)
    if body.active:
        row.user_id = call.who.id
    for name in ("name", "active", "on_data"):
        value = getattr(body, name)
        if value is not None:
            setattr(row, name, value)
    call.session.flush()
    return _shown(call, row)


def run_now(call: Call, id: int) -> Reply:
    """Do once, and at once, what an automation does; its rule goes on as before. The jobs act for you."""
    row = _found(call, id, "create-children")
    made = automating.once(call.session, row, user_id=call.who.id, now=call.now, settings=call.running.settings)
    for job in made:
        hand_over(call, job)
    return Reply(content={"jobs": [shown_job(call, job) for job in made]}, status=202)


def remove(call: Call, id: int) -> None:
    """Delete an automation; its jobs stay."""
    call.session.delete(_found(call, id, "create-children"))


def _shown(call: Call, row: Automation) -> dict[str, Any]:
    minutes = int(row.at.total_seconds()) // 60
    return {
        "id": row.id,
        "asset": row.asset_id,
        "name": row.name,
        "kind": row.kind,
        "request": row.request,
        "every": iso_duration(row.every),
        "at": f"{minutes // 60:02}:{minutes % 60:02}",
        "timezone": automating.time_zone(call.session, row.asset_id).key,
        "on-data": row.on_data,
        "active": row.active,
        "next-at": row.next_at.isoformat() if row.active else None,
        "last-at": row.last_at.isoformat() if row.last_at else None,
        "created-at": row.created_at.isoformat(),
    }


ROUTES = [
    get("/assets/{id}/automations", list_automations),
    post("/assets/{id}/automations", make, status=201),
    get("/automations/{id}", one),
    patch("/automations/{id}", change),
    post("/automations/{id}/run", run_now, status=202),
    delete("/automations/{id}", remove),
]
