"""Forecasts: ask for one or several cycles, fetch what they say."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, get, post
from app.api.v3 import documents
from app.api.v3.assets.sensors import readable
from app.api.v3.jobs import jobs as jobs_api
from app.api.v3.jobs.accuracy_answers import AccuracyAnswer, source_answers
from app.api.v3.jobs.figure_answers import STRICT
from app.assemble import data
from app.assemble.data import SeriesQuery
from app.usecases.jobs.accuracy import AccuracyQuery, compare_forecasts
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from app.usecases.jobs.scenarios import ScenarioQuery, draw_sensor_scenarios
from db import listing
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from engine.series.iso_time import iso_duration

ID_LENGTH = 36
"""Of a job; a cycle of several has the number of the cycle behind it."""


def trigger(call: Call, id: int, body: ForecastTrigger) -> Reply:
    """Ask for a forecast of a sensor: what was last seen at the same time of day."""
    job = request_forecast(call.session, call.actor, id, body)
    jobs_api.hand_over(call, job)
    return jobs_api.accepted(call, job, results=f"/sensors/{id}/forecasts/{job.id}", forecast=job.id)


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
    # At most nine digits, as reading a number of thousands of digits is an error
    if job.result.get("sensor") != id or (
        number and (not number.isdecimal() or len(number) > 9 or int(number) >= len(made))
    ):
        raise ApiError(400, "UNKNOWN_FORECAST", f"Forecast {uuid} has nothing for sensor {id}.")
    if len(made) > 1 and not number:
        ids = [f"{job.id}-{at}" for at in range(len(made))]
        return {"status": "PROCESSED", "message": f"There are {len(made)} cycles; fetch each.", "forecasts": ids}
    start, end, known_at = (datetime.fromisoformat(text) for text in made[int(number or 0)])
    only = SourceFilter(ids=[job.result["source"]])
    # A later cycle may have forecast the same hours anew: only what this one knew is its own
    asked = SeriesQuery(start=start, length=end - start, unit="", as_of=AsOf(known_at=known_at), sources=only)
    return documents.series(data.read(call.session, sensor, asked), start)


def get_accuracy(call: Call, id: int, query: AccuracyQuery) -> AccuracyAnswer:
    """Compare the forecasts of a sensor with what came, by source and by how long before they were known."""
    sensor, asked, skills = compare_forecasts(call.session, call.actor, id, query)
    sources = listing.sources(call.session, {entry.source_id for entry in skills})
    answers = source_answers(skills, sources)
    return AccuracyAnswer(sensor=id, unit=sensor.unit, start=asked.start, end=asked.end, sources=answers)


class ScenariosAnswer(BaseModel):
    """Equally likely courses of a sensor."""

    model_config = STRICT

    sensor: int
    unit: str
    source: Annotated[int, Field(description="Id of the source whose quantiles they are drawn from")]
    start: datetime
    resolution: Annotated[str, Field(description="Length of an event")]
    scenarios: Annotated[list[list[float]], Field(description="Values of each scenario, event by event [unit]")]


def get_scenarios(call: Call, id: int, query: ScenarioQuery) -> ScenariosAnswer:
    """Draw courses that a sensor may take, all as likely, from its newest quantiles and the errors of late."""
    sensor, found = draw_sensor_scenarios(call.session, call.actor, id, query)
    return ScenariosAnswer(
        sensor=id,
        unit=sensor.unit,
        source=found.source_id,
        start=found.window.start,
        resolution=iso_duration(sensor.resolution),
        scenarios=found.values.tolist(),
    )


ROUTES = [
    post("/sensors/{id}/forecasts/trigger", trigger, scope="schedule"),
    # Before the last one, which would take the words for an id.
    get("/sensors/{id}/forecasts/accuracy", get_accuracy),
    get("/sensors/{id}/forecasts/scenarios", get_scenarios),
    get("/sensors/{id}/forecasts/{uuid}", get_forecast, holds="result"),
]
