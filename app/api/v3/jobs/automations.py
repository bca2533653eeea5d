"""Automations of an asset: what is planned, forecast or reported again and again; make, pause, delete, see history."""

from typing import Any

from app.api.http.route import Call, Reply, delete, get, patch, post
from app.api.v3.jobs.jobs import hand_over, job_document
from app.auth.access import access
from app.usecases.jobs import automations as usecases
from app.usecases.jobs.automations import AutomationChange, NewAutomation
from db import assets, sensors
from db.assets import Asset
from db.core import database
from db.jobs import automations, jobs
from db.jobs.automations import Automation
from engine.series.iso_time import iso_duration


def list_automations(call: Call, id: int) -> list[dict[str, Any]]:
    """List the automations of an asset and of those below it."""
    access.check(call.user, "read", database.get(call.session, Asset, id))
    # In an older database another account may have hung something below an asset
    below = [row.id for row in assets.subtree(call.session, id) if access.may(call.user, "read", row)]
    return [_automation_document(call, row) for row in automations.of_assets(call.session, below)]


def make(call: Call, id: int, body: NewAutomation) -> dict[str, Any]:
    """Add an automation; it is done for the first time at its next moment, in the time zone of the asset."""
    return _automation_document(call, usecases.create_automation(call.session, call.actor, id, body))


def one(call: Call, id: int) -> dict[str, Any]:
    """Tell an automation with its latest jobs."""
    row = database.get(call.session, Automation, id)
    access.check(call.user, "read", database.get(call.session, Asset, row.asset_id))
    return _automation_document(call, row) | {
        "history": [job_document(call, job) for job in jobs.of_automation(call.session, id)]
    }


def change(call: Call, id: int, body: AutomationChange) -> dict[str, Any]:
    """Rename, pause or continue an automation, which then acts for you; what fell into a pause is not caught up."""
    return _automation_document(call, usecases.update_automation(call.session, call.actor, id, body))


def run_now(call: Call, id: int) -> Reply:
    """Do once, and at once, what an automation does; its rule goes on as before. The jobs act for you."""
    made = usecases.run_automation(call.session, call.actor, id)
    for job in made:
        hand_over(call, job)
    return Reply(content={"jobs": [job_document(call, job) for job in made]}, status=202)


def remove(call: Call, id: int) -> None:
    """Delete an automation; its jobs stay."""
    usecases.delete_automation(call.session, call.actor, id)


def _automation_document(call: Call, row: Automation) -> dict[str, Any]:
    minutes = int(row.at.total_seconds()) // 60
    return {
        "id": row.id,
        "asset": row.asset_id,
        "name": row.name,
        "kind": row.kind,
        "request": row.request,
        "every": iso_duration(row.every),
        "at": f"{minutes // 60:02}:{minutes % 60:02}",
        "timezone": sensors.time_zone(call.session, row.asset_id).key,
        "on-data": row.on_data,
        "active": row.active,
        # What falls into a pause is not caught up, so that the moment stored is none any more
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
