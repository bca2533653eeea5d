"""Forecasts: ask for one or several cycles, fetch what they say."""

from datetime import datetime
from typing import Any

from app.api.http.errors import ApiError
from app.api.http.route import Call, Reply, get, post
from app.api.v3 import documents
from app.api.v3.assets.sensors import readable
from app.api.v3.jobs import jobs as jobs_api
from app.api.v3.jobs.accuracy_answers import AccuracyAnswer, source_answers
from app.assemble import data
from app.assemble.data import SeriesQuery
from app.usecases.jobs.accuracy import AccuracyQuery, compare_forecasts
from app.usecases.jobs.forecasts import ForecastTrigger, request_forecast
from db import listing
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter

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


ROUTES = [
    post("/sensors/{id}/forecasts/trigger", trigger, scope="schedule"),
    # Before the next one, which would take the word for an id.
    get("/sensors/{id}/forecasts/accuracy", get_accuracy),
    get("/sensors/{id}/forecasts/{uuid}", get_forecast, holds="result"),
]
