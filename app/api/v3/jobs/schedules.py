"""Schedules: ask for one, fetch it, try one without saving it; and the flex-config in effect."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, Save, get, post
from app.api.v3.assets.assets import readable
from app.api.v3.assets.sensors import readable as readable_sensor
from app.api.v3.data.data import series_document
from app.api.v3.jobs import jobs as jobs_api
from app.assemble import data, marginal
from app.assemble.data import SeriesQuery
from app.assemble.site import flex_config
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import read_site
from app.auth.access import access
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.kinds import unresolved
from app.usecases.fields import HYPHENS, Body, Length, Moment, Query, Unit, lasting
from db import assets, schedules
from db.assets import Asset
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.core import database
from db.jobs.jobs import Job
from db.schedules import SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.flex.context import FlexContext
from engine.flex.process import ProcessModel
from engine.flex.reference import json_schema
from engine.flex.storage import StorageModel

Flex = dict[str, Any]
Device = Annotated[Flex, WithJsonSchema(json_schema(ProcessModel, StorageModel))]
Surroundings = Annotated[Flex, WithJsonSchema(json_schema(FlexContext))]
SHOWN = "PT6H"
"""How much of a schedule is given where no duration is asked for."""


class ScheduleTrigger(Body):
    """What to plan, from when on, and what of devices and site is not stored already."""

    model_config = HYPHENS

    start: Moment
    duration: Annotated[Length | None, Field(description="Without it two days, longer if targets lie later")] = None
    resolution: Annotated[Length | None, Field(description="Without it that of the finest power sensor")] = None
    prior: Annotated[Moment | None, Field(description="Plan with what was known then; without it with all")] = None
    flex_model: Annotated[
        list[Device] | Flex, Field(default_factory=list, description="One entry per device, named by its power sensor")
    ]
    flex_context: Annotated[
        Surroundings | list[Flex], Field(default_factory=dict, description="Prices, limits, loads of the site")
    ]
    sequential: Annotated[bool, Field(description="Accepted; devices are always planned together")] = False
    force_new_job_creation: Annotated[bool, Field(description="Plan again although an equal request was made")] = False


def trigger(call: Call, id: int, body: ScheduleTrigger) -> Save:
    """Ask for a schedule of an asset and everything below it."""
    return _checked(call, database.get(call.session, Asset, id), _request(id, body, body.flex_model), body, None)


def trigger_of_sensor(call: Call, id: int, body: ScheduleTrigger) -> Save:
    """Ask for a schedule of the device with this power sensor."""
    sensor = database.get(call.session, Sensor, id)
    given = body.flex_model if isinstance(body.flex_model, dict) else {}
    entries: list[Flex] | Flex = [{**given, "sensor": id}] if isinstance(body.flex_model, dict) else body.flex_model
    return _checked(call, sensor.asset, _request(sensor.asset_id, body, entries or [{"sensor": id}]), body, id)


def _request(asset_id: int, body: ScheduleTrigger, flex_model: list[Flex] | Flex) -> ScheduleRequest:
    if isinstance(flex_model, dict):
        named = flex_config.names_device(flex_model)
        flex_model = [flex_model if named else {**flex_model, "asset": asset_id}] if flex_model else []
    return ScheduleRequest(
        asset=asset_id,
        start=body.start,
        duration=None if body.duration is None else lasting(body.duration, body.start),
        resolution=None if body.resolution is None else lasting(body.resolution, body.start, field="resolution"),
        flex_model=tuple(flex_model),
        flex_context=body.flex_context,
    )


def _checked(call: Call, asset: Asset, request: ScheduleRequest, body: ScheduleTrigger, sensor_id: int | None) -> Save:
    """Check a request as far as that is possible at once; what is given back makes it a job."""
    access.check(call.who, "create-children", asset)
    _check(call, request, known_at=body.prior or call.now)
    return lambda saving: _queued(saving, request, body, sensor_id)


def _queued(call: Call, request: ScheduleRequest, body: ScheduleTrigger, sensor_id: int | None) -> Reply:
    asset = database.get(call.session, Asset, request.asset)
    access.check(call.who, "create-children", asset)  # it may have been given to somebody else meanwhile
    plain, force = request.model_dump(mode="json"), body.force_new_job_creation
    asked = jobs_api.JobRequest(kind="schedule", asset=asset, request=plain, prior=body.prior, force=force)
    job = jobs_api.enqueue(call, asked)
    results = f"/sensors/{sensor_id}/schedules/{job.id}" if sensor_id else f"/assets/{asset.id}/schedules/{job.id}"
    return jobs_api.accepted(call, job, results=results, schedule=job.id)


def _check(call: Call, request: ScheduleRequest, *, known_at: datetime) -> None:
    """Refuse what could not be planned, naming the field."""
    limits = schedule.rules(call.running.settings).limits
    read_site(References(call.session, call.who), request, known_at=known_at, limits=limits)


class ScheduleQuery(Query):
    """How much of a schedule to give, and how."""

    model_config = HYPHENS

    duration: Annotated[Length, Field(description="From the start of the schedule")] = SHOWN
    unit: Annotated[Unit | None, Field(description="Without it the sensor's own")] = None
    sign_convention: Annotated[
        Literal["consumption-positive", "production-positive", "wysiwyg"],
        Field(description="wysiwyg: as the sensor stores it"),
    ] = "consumption-positive"


def get_schedule(call: Call, id: int, uuid: str, query: ScheduleQuery) -> Any:
    """Fetch what a schedule says for one sensor."""
    sensor = readable_sensor(call, id)
    job = jobs_api.find(call, uuid, unknown="UNKNOWN_SCHEDULE")
    if job.status != "FINISHED":
        return _not_yet(job)
    row = _row(call, job)
    output = next((each for each in row.outputs if each.sensor_id == id), None)
    if output is None:
        known = ", ".join(dict.fromkeys(str(each.sensor_id) for each in row.outputs)) or "none"
        message = f"Schedule {uuid} has nothing for sensor {id}; it has values for these sensors: {known}."
        raise ApiError(400, "UNKNOWN_SCHEDULE", message)
    return _values(call, sensor, row, output, query) | {"scheduler_info": _info(row, job)}


def get_schedules(call: Call, id: int, uuid: str, query: ScheduleQuery) -> Any:
    """Fetch what a schedule says for all sensors at once, by sensor id."""
    readable(call, id)
    job = jobs_api.find(call, uuid, unknown="UNKNOWN_SCHEDULE")
    if job.status != "FINISHED":
        return _not_yet(job)
    row = _row(call, job)
    outputs = {output.sensor_id: output for output in row.outputs}
    sensors = [readable_sensor(call, key) for key in outputs]
    return {
        "schedules": {str(sensor.id): _values(call, sensor, row, outputs[sensor.id], query) for sensor in sensors},
        "scheduler_info": _info(row, job),
        "status": "PROCESSED",
        "message": "Request has been processed.",
    }


def _not_yet(job: Job) -> Reply:
    if job.is_pending:
        return Reply(status=202, content={"status": job.status, "message": f"Scheduling job {job.id} is pending."})
    raise ApiError(400, "UNKNOWN_SCHEDULE", f"Scheduling job {job.id} failed: {job.message}")


def _row(call: Call, job: Job) -> StoredSchedule:
    row = schedules.of_job(call.session, job.id)
    if row is None:
        raise ApiError(400, "UNKNOWN_SCHEDULE", f"Job {job.id} left no schedule.")
    return row


def _values(
    call: Call, sensor: Sensor, row: StoredSchedule, output: ScheduleOutput, query: ScheduleQuery
) -> dict[str, Any]:
    length = min(lasting(query.duration, row.start), row.end - row.start)
    stored_energy = output.role == SOC
    asked = SeriesQuery(
        start=row.start,
        length=length + (sensor.resolution or row.step) * stored_energy,  # an energy is known at both ends of a step
        unit=query.unit or sensor.unit,
        resolution=sensor.resolution or row.step,
        as_of=AsOf(known_at=row.belief_time),
        sources=SourceFilter(ids=[row.source_id] if row.source_id else None),
    )
    found = series_document(data.read(call.session, sensor, asked), row.start)
    sign = {"wysiwyg": 1.0, "consumption-positive": output.sign, "production-positive": -output.sign}
    factor = 1.0 if stored_energy else sign[query.sign_convention]
    return found | {"values": found["values"] * factor + 0.0}


def _info(row: StoredSchedule, job: Job) -> dict[str, Any]:
    info = {"scheduler": row.scheduler, "commitment_costs": row.costs, "status": row.status}
    return info | {name: job.result[name] for name in ("solver",) if name in job.result}  # processor time of the job


def preview(call: Call, id: int, body: ScheduleTrigger) -> dict[str, Any]:
    """Compute a schedule and save nothing."""
    asset = readable(call, id)
    request = _request(asset.id, body, body.flex_model)
    ask, rules = References(call.session, call.who, saves=False), schedule.preview_rules(call.running.settings)
    known_at = body.prior or call.now
    done = schedule.compute(ask, request, known_at=known_at, rules=rules)
    plan = done.schedule
    return {
        "start": plan.window.start.isoformat(),
        "end": plan.window.end.isoformat(),
        "resolution-s": plan.window.step.total_seconds(),
        "power": {"unit": "kW", "values": dict(plan.power)},
        "soc": {"unit": "kWh", "values": dict(plan.soc)},
        "costs": dict(plan.costs),
        "currency": done.assembled.currency,
        "status": str(plan.status.value),
        "unresolved": unresolved(plan),
        "binding-limits": marginal.binding_limits(plan),
        "prices": {"unit": f"{done.assembled.currency}/kWh", "values": dict(plan.shadow_prices)},
        "worth": {"unit": f"{done.assembled.currency}/kWh", "values": dict(plan.storage_values)},
        "solver": marginal.solving(plan),
        "warnings": list(done.warnings),
    }


def effective(call: Call, id: int) -> dict[str, Any]:
    """Return the flex-context and flex-models in effect, and where each field comes from."""
    asset = readable(call, id)
    context = flex_config.context(asset, {})
    tree, _ = assets.own_subtree(call.session, asset.id)
    models = flex_config.models(References(call.session, call.who), tree, [])
    return {
        "flex-context": context.fields,
        "origins": context.origins,
        "flex-model": [
            {
                "asset": model.asset.id if model.asset else None,
                "fields": model.effective.fields,
                "origins": model.effective.origins,
            }
            for model in models
        ],
    }


ROUTES = [
    post("/assets/{id}/schedules/trigger", trigger, scope="schedule", computes=True),
    post("/sensors/{id}/schedules/trigger", trigger_of_sensor, scope="schedule", computes=True),
    post("/assets/{id}/schedules/preview", preview, saves=False, pool="heavy", scope="schedule"),
    get("/assets/{id}/schedules/{uuid}", get_schedules, holds="result"),
    get("/sensors/{id}/schedules/{uuid}", get_schedule, holds="result"),
    get("/assets/{id}/flex-config", effective),
]
