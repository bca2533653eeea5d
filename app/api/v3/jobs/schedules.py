"""Schedules: ask for one, fetch it, try one without saving it; and the flex-config in effect."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, Save, get, post
from app.api.v3 import documents
from app.api.v3.assets.assets import readable
from app.api.v3.assets.sensors import readable as readable_sensor
from app.api.v3.jobs import jobs as jobs_api
from app.assemble import data, schedule_facts
from app.assemble.data import SeriesQuery
from app.assemble.schedule_facts import resolved, unresolved
from app.assemble.site import flex_config
from app.auth.access.references import References
from app.usecases.fields import HYPHENS, Length, Query, Unit, lasting
from app.usecases.jobs import fleets
from app.usecases.jobs import schedules as usecases
from app.usecases.jobs.fleets import FleetTrigger
from app.usecases.jobs.schedules import ScheduleOrder, ScheduleTrigger
from db import assets, schedules, sensors
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.jobs.jobs import Job
from db.schedules import GUIDANCE, SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.model.linear import Floats
from engine.series.iso_time import zone
from engine.series.window import Window
from engine.site import carbon_emissions

USUAL_DURATION = "PT6H"
"""How much of a schedule is given where no duration is asked for."""


def _order(call: Call, asset_id: int, body: ScheduleTrigger) -> ScheduleOrder:
    """Return the order to plan an asset, whose days are those on its own clock."""
    return usecases.order_for_asset(asset_id, body, sensors.time_zone(call.session, asset_id))


def trigger(call: Call, id: int, body: ScheduleTrigger) -> Save:
    """Ask for a schedule of an asset and everything below it."""
    return _checked(call, _order(call, id, body), f"/assets/{id}/schedules")


def trigger_of_sensor(call: Call, id: int, body: ScheduleTrigger) -> Save:
    """Ask for a schedule of the device with this power sensor."""
    return _checked(call, usecases.order_for_sensor(call.session, id, body), f"/sensors/{id}/schedules")


def _checked(call: Call, order: ScheduleOrder, results: str) -> Save:
    """Check a request as far as that is possible at once; what is returned makes it a job."""
    usecases.check_schedule(call.session, call.actor, order)

    def save(saving: Call) -> Reply:
        job = usecases.request_schedule(saving.session, saving.actor, order)
        jobs_api.hand_over(saving, job)
        return jobs_api.accepted(saving, job, results=f"{results}/{job.id}", schedule=job.id)

    return save


class ScheduleQuery(Query):
    """How much of a schedule to give, and how."""

    model_config = HYPHENS

    duration: Annotated[Length, Field(description="From the start of the schedule")] = USUAL_DURATION
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
    rows = schedules.of_job(call.session, job.id)
    row, output = next(((row, each) for row in rows for each in row.outputs if each.sensor_id == id), (None, None))
    if row is None or output is None:
        known = ", ".join(dict.fromkeys(str(each.sensor_id) for row in rows for each in row.outputs)) or "none"
        message = f"Schedule {uuid} has nothing for sensor {id}; it has values for these sensors: {known}."
        raise ApiError(400, "UNKNOWN_SCHEDULE", message)
    return _values(call, sensor, row, output, query) | {"scheduler_info": _info(row, job)}


def get_schedules(call: Call, id: int, uuid: str, query: ScheduleQuery) -> Any:
    """Fetch what a schedule says for all sensors at once, by sensor id."""
    readable(call, id)
    job = jobs_api.find(call, uuid, unknown="UNKNOWN_SCHEDULE")
    if job.status != "FINISHED":
        return _not_yet(job)
    rows = schedules.of_job(call.session, job.id)
    # A job of one site answers at every asset that may be read, as the sensors say what they are of.
    row = rows[0] if len(rows) == 1 else next((each for each in rows if each.asset_id == id), None)
    if row is None:
        raise ApiError(400, "UNKNOWN_SCHEDULE", f"Job {job.id} left no schedule of asset {id}.")
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


def _values(
    call: Call, sensor: Sensor, row: StoredSchedule, output: ScheduleOutput, query: ScheduleQuery
) -> dict[str, Any]:
    # A schedule that begins within a slot is stored from the beginning of that slot on.
    start = Window.between(row.start, row.end, row.step).slots.start
    length = min(lasting(query.duration, start, place=zone(sensor.timezone)), row.end - start)
    stored_energy = output.role == SOC
    asked = SeriesQuery(
        start=start,
        length=length + (sensor.resolution or row.step) * stored_energy,  # an energy is known at both ends of a step
        unit=query.unit or sensor.unit,
        resolution=sensor.resolution or row.step,
        as_of=AsOf(known_at=row.belief_time),
        sources=SourceFilter(ids=[row.source_id] if row.source_id else None),
    )
    found = documents.series(data.read(call.session, sensor, asked), start)
    sign = {"wysiwyg": 1.0, "consumption-positive": output.sign, "production-positive": -output.sign}
    factor = 1.0 if output.role in (SOC, GUIDANCE) else sign[query.sign_convention]
    # Adding 0.0 turns a minus nothing into nothing.
    return found | {"values": found["values"] * factor + 0.0}


def _info(row: StoredSchedule, job: Job) -> dict[str, Any]:
    info = {"scheduler": row.scheduler, "commitment_costs": row.costs, "status": row.status}
    return info | {name: job.result[name] for name in ("solver",) if name in job.result}  # processor time of the job


def preview(call: Call, id: int, body: ScheduleTrigger) -> dict[str, Any]:
    """Compute a schedule and save nothing."""
    done = usecases.preview_schedule(call.session, call.actor, _order(call, id, body))
    plan, slots = done.schedule, done.schedule.window.slots

    def on_slots(values: Mapping[str, Floats]) -> dict[str, Floats]:
        return {name: plan.window.on_slots(each) for name, each in values.items()}

    return {
        "start": slots.start.isoformat(),
        "end": slots.end.isoformat(),
        "resolution-s": slots.step.total_seconds(),
        "power": {"unit": "kW", "values": on_slots(plan.power)},
        "soc": {"unit": "kWh", "values": {name: plan.window.on_slot_ticks(each) for name, each in plan.soc.items()}},
        "costs": dict(plan.costs),
        "currency": done.assembled.currency,
        "emissions-kg": carbon_emissions(done.assembled.site, plan.power),
        "implied-carbon-price": plan.carbon_price,
        "status": str(plan.status.value),
        "unresolved": unresolved(plan, done.assembled.outputs),
        "resolved": resolved(plan, done.assembled.site, done.assembled.outputs),
        "binding-limits": schedule_facts.binding_limits(plan),
        "prices": {"unit": f"{done.assembled.currency}/kWh", "values": on_slots(plan.shadow_prices)},
        "worth": {"unit": f"{done.assembled.currency}/kWh", "values": on_slots(plan.storage_values)},
        "set-points": schedule_facts.set_points(plan),
        "headroom": schedule_facts.headroom(done.assembled.site, plan),
        "solver": schedule_facts.solving(plan),
        "warnings": list(done.warnings),
    }


def effective(call: Call, id: int) -> dict[str, Any]:
    """Return the flex-context and flex-models in effect, and where each field comes from."""
    asset = readable(call, id)
    context = flex_config.context(asset, {})
    tree, _ = assets.own_subtree(call.session, asset.id)
    models = flex_config.models(References(call.session, call.user), tree, [])
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


def trigger_of_sites(call: Call, body: FleetTrigger) -> Save:
    """Ask for the schedules of many sites in one job, each for itself; what one of them lacks does not stop the others.

    The job tells which sites have a schedule and why others have none. It counts as one trigger.
    """
    order = fleets.order_for(call.session, call.actor, body)

    def save(saving: Call) -> Reply:
        job = fleets.request_fleet(saving.session, saving.actor, order)
        jobs_api.hand_over(saving, job)
        reply = jobs_api.accepted(saving, job, results=f"/jobs/{job.id}")
        return replace(reply, content=reply.content | {"sites": order.asset_ids})

    return save


ROUTES = [
    post("/schedules/trigger", trigger_of_sites, scope="schedule", computes=True),
    post("/assets/{id}/schedules/trigger", trigger, scope="schedule", computes=True),
    post("/sensors/{id}/schedules/trigger", trigger_of_sensor, scope="schedule", computes=True),
    post("/assets/{id}/schedules/preview", preview, saves=False, pool="heavy", scope="schedule"),
    get("/assets/{id}/schedules/{uuid}", get_schedules, holds="result"),
    get("/sensors/{id}/schedules/{uuid}", get_schedule, holds="result"),
    get("/assets/{id}/flex-config", effective),
]
