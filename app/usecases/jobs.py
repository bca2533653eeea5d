"""Jobs: ask for a plan or a forecast; cancel a job, clear a queue of them, or let one be done anew."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.site.request import ScheduleRequest
from app.auth.access import job_access
from app.auth.access.access import NotAllowed
from app.auth.access.references import References
from app.jobs.handlers.forecast_cycles import ForecastRequest, cycles
from app.jobs.submission import Order, ask
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from db.assets import Asset
from db.core import bounds, database
from db.jobs import job_search, job_states, jobs
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import EngineError
from engine.iso_time import after

USUAL = "PT48H"
"""Length of a forecast where none is asked for."""
PLANS_BEGIN = 15
"""Plans that begin now begin at the last whole quarter of an hour [minutes]."""


class WrongState(EngineError):
    """A job is in a state in which this cannot be done with it."""


def cancel_job(session: Session, actor: Actor, job_id: str) -> Job:
    """Cancel a job that has not ended; what it is computing is not saved.

    Raises:
        NotFound: There is no such job.
        NotAllowed: The actor may not add to its asset.
        WrongState: It has ended.
    """
    job = _changeable(session, actor, job_id)
    done = job_states.cancel(session, job.id, now=actor.now, message=f"Cancelled by {actor.by[1]}.")
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} has ended already ({job.status.lower()}).")
    return job


def requeue_job(session: Session, actor: Actor, job_id: str) -> Job:
    """Let a job that failed or was cancelled be done anew, under its own id; it then acts for the actor.

    The caller hands it to the queue once that is committed.

    Raises:
        NotFound, NotAllowed: See ``cancel_job``.
        WrongState: It did not fail.
    """
    job = _changeable(session, actor, job_id)
    done = job_states.requeue(session, job.id, user_id=actor.user_id)
    session.refresh(job)
    if not done:
        raise WrongState(f"Job {job.id} did not fail: it is {job.status.lower()}.")
    return job


def clear_queue(session: Session, actor: Actor, queue: str) -> int:
    """Cancel the jobs that wait in a queue; return their number.

    Raises:
        NotAllowed: The actor is no admin.
    """
    if not actor.is_admin:
        raise NotAllowed("delete", f"the jobs of queue {queue}")
    message = f"Cancelled by {actor.by[1]}: the queue was cleared."
    return job_search.cancel_all(session, [queue], ["QUEUED"], now=actor.now, message=message)


def _changeable(session: Session, actor: Actor, job_id: str) -> Job:
    job = jobs.one(session, job_id)
    if actor.principal is not None:
        job_access.check(session, actor.principal, "create-children", job)
    return job


USUAL = "PT48H"


def request_plan(session: Session, actor: Actor, asset_id: int, length: timedelta) -> Job:
    """Return the job that plans an asset and all its devices from now on; the caller hands it to the queue.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it.
    """
    actor.check("create-children", database.get(session, Asset, asset_id))
    start = actor.now.replace(minute=actor.now.minute // PLANS_BEGIN * PLANS_BEGIN, second=0, microsecond=0)
    request = ScheduleRequest(asset=asset_id, start=start, duration=length).model_dump(mode="json")
    order = Order(kind="schedule", asset_id=asset_id, request=request, user_id=actor.user_id, force=True)
    return ask(session, order, now=actor.now, settings=actor.settings)


class ForecastTrigger(Body):
    """What to foresee."""

    model_config = HYPHENS

    start: Annotated[Moment | None, Field(description="Start of the first cycle; without it now")] = None
    end: Annotated[Moment | None, Field(description="The last cycle begins before then")] = None
    duration: Annotated[Length | None, Field(description="The same counted from the start; without it 48 hours")] = None
    max_forecast_horizon: Annotated[Length | None, Field(description="How far each cycle looks")] = None
    forecast_frequency: Annotated[Length | None, Field(description="Between cycles; without it there is one")] = None
    prior: Annotated[Moment | None, Field(description="Forecast with what was known then")] = None
    probabilistic: Annotated[bool, Field(description="Accepted; this forecaster gives one value per event")] = False
    config: Annotated[
        dict[str, Any], Field(default_factory=dict, description="Of trained forecasters: this one needs no training")
    ]


def request_forecast(session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger) -> Job:
    """Return the job that forecasts a sensor; the caller hands it to the queue once that is committed.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not add to it, or read what the configuration names.
        FieldError: The cycles are none, or more than one request may have.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor)
    _ask_for_regressors(actor.references(session), trigger.config)
    request = _request(actor, sensor, trigger)
    next(cycles(request, sensor, bounds.of(session).written))
    order = Order(
        kind="forecast",
        asset_id=sensor.asset_id,
        request=request.model_dump(mode="json"),
        prior=trigger.prior,
        user_id=actor.user_id,
    )
    return ask(session, order, now=actor.now, settings=actor.settings)


def _ask_for_regressors(references: References, config: dict[str, Any]) -> None:
    """Refuse a configuration that names sensors the asker may not read; it is for trained forecasters."""
    for key, value in config.items():
        if "regressors" not in key.lower() or value is None:
            continue
        for number, entry in enumerate(value if isinstance(value, list) else [value]):
            named = entry.get("sensor") if isinstance(entry, dict) else entry
            references.sensor(named, field=f"config.{key}[{number}]")


def _request(actor: Actor, sensor: Sensor, body: ForecastTrigger) -> ForecastRequest:
    start = body.start or actor.now
    length = lasting(body.duration or USUAL, start)
    if body.max_forecast_horizon and not (body.duration or body.end):
        length = lasting(body.max_forecast_horizon, start)
    end = body.end or after(start, length, field="duration")
    far = body.max_forecast_horizon
    often = body.forecast_frequency
    return ForecastRequest(
        sensor=sensor.id,
        start=start,
        end=end,
        horizon=lasting(far, start, field="max-forecast-horizon") if far else end - start,
        frequency=lasting(often, start, field="forecast-frequency") if often else max(end - start, timedelta(0)),
        prior=body.prior,
    )
