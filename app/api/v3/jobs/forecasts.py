"""Forecasts: ask for one or several cycles, fetch what they say."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, get, post
from app.api.v3.assets.sensors import readable
from app.api.v3.data.data import shown
from app.api.v3.jobs import jobs as jobs_api
from app.assemble import data
from app.assemble.data import SeriesQuery
from app.auth.access import access
from app.auth.access.references import References
from app.jobs.handlers.forecast_cycles import ForecastRequest, cycles
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.core import bounds, database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.iso_time import after

ID_LENGTH = 36
"""Of a job; a cycle of several has the number of the cycle behind it."""
USUAL = "PT48H"


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


def trigger(call: Call, id: int, body: ForecastTrigger) -> Reply:
    """Ask for a forecast of a sensor: what was last seen at the same time of day."""
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "create-children", sensor)
    _ask_for_regressors(References(call.session, call.who), body.config)
    request = _request(call, sensor, body)
    next(cycles(request, sensor, bounds.of(call.session).written))
    plain = request.model_dump(mode="json")
    asked = jobs_api.JobRequest(kind="forecast", asset=sensor.asset, request=plain, prior=body.prior, force=False)
    job = jobs_api.enqueue(call, asked)
    return jobs_api.accepted(call, job, results=f"/sensors/{id}/forecasts/{job.id}", forecast=job.id)


def _ask_for_regressors(references: References, config: dict[str, Any]) -> None:
    """Refuse a configuration that names sensors the asker may not read; it is for trained forecasters."""
    for key, value in config.items():
        if "regressors" not in key.lower() or value is None:
            continue
        for number, entry in enumerate(value if isinstance(value, list) else [value]):
            named = entry.get("sensor") if isinstance(entry, dict) else entry
            references.sensor(named, field=f"config.{key}[{number}]")


def _request(call: Call, sensor: Sensor, body: ForecastTrigger) -> ForecastRequest:
    start = body.start or call.now
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


def get_forecast(call: Call, id: int, uuid: str) -> Any:
    """Fetch a forecast; one of several cycles has an id of its own."""
    sensor = readable(call, id)
    job = jobs_api.find(call, uuid[:ID_LENGTH], unknown="UNKNOWN_FORECAST")
    if job.is_pending:
        return Reply(status=202, content={"status": job.status, "message": f"Forecasting job {job.id} is pending."})
    if job.status != "FINISHED":
        raise ApiError(422, "UNKNOWN_FORECAST", f"Forecasting job {job.id} failed: {job.message}")
    number = uuid[ID_LENGTH:].removeprefix("-")
    made = job.result.get("cycles", [])
    if job.result.get("sensor") != id or (
        number and (not number.isdecimal() or len(number) > 9 or int(number) >= len(made))
    ):
        raise ApiError(400, "UNKNOWN_FORECAST", f"Forecast {uuid} has nothing for sensor {id}.")
    if len(made) > 1 and not number:
        ids = [f"{job.id}-{at}" for at in range(len(made))]
        return {"status": "PROCESSED", "message": f"There are {len(made)} cycles; fetch each.", "forecasts": ids}
    return _values(call, sensor, job, int(number or 0))


def _values(call: Call, sensor: Sensor, job: Job, number: int) -> dict[str, Any]:
    start, end, known_at = (datetime.fromisoformat(text) for text in job.result["cycles"][number])
    only = SourceFilter(ids=[job.result["source"]])
    asked = SeriesQuery(start=start, length=end - start, unit="", as_of=AsOf(known_at=known_at), sources=only)
    return shown(data.read(call.session, sensor, asked), start)


ROUTES = [
    post("/sensors/{id}/forecasts/trigger", trigger, scope="schedule"),
    get("/sensors/{id}/forecasts/{uuid}", get_forecast, holds="result"),
]
