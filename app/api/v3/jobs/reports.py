"""Reports: ask for one; its values go to the output sensors."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.api.http.route import Call, Reply, post
from app.api.v3.jobs import jobs as jobs_api
from app.auth.access import access
from app.auth.access.references import References
from app.jobs.handlers import report
from app.jobs.handlers.report import REPORTERS, ReportRequest
from app.usecases.fields import Body, Length, Moment, lasting
from app.usecases.inputs import Invalid
from db import assets
from db.assets import Asset
from db.core import database
from engine.errors import FieldError, UnknownName


class Parameters(Body):
    """Which sensors to report on, from when to when."""

    model_config = ConfigDict(extra="ignore")  # a reporter of a newer server may know more of them

    input: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]
    output: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]
    start: Moment
    end: Moment
    resolution: Length | None = None
    belief_time: Moment | None = None
    belief_horizon: Annotated[Length | None, Field(description="When the report counts as known")] = None


class ReportTrigger(Body):
    """Which report to compute."""

    reporter: Annotated[str, Field(max_length=100, examples=sorted(REPORTERS))]
    parameters: Parameters
    config: Annotated[dict[str, Any], Field(default_factory=dict)]


def trigger(call: Call, id: int, body: ReportTrigger) -> Reply:
    """Ask for a report; its output sensors must be of this asset or below it."""
    asset = database.get(call.session, Asset, id)
    access.check(call.who, "create-children", asset)
    if body.reporter not in REPORTERS:
        raise UnknownName("reporter", body.reporter, REPORTERS)
    below = {row.id for row in assets.own_subtree(call.session, id)[0]}
    request = _request(body)
    for _, sensor in report.ReportRun(References(call.session, call.who), request, call.now).outputs:
        if sensor.asset_id not in below:
            raise FieldError("parameters", f"an output must be a sensor of asset {id} or of one below it.")
    plain = request.model_dump(mode="json")
    job = jobs_api.enqueue(call, jobs_api.JobRequest(kind="report", asset=asset, request=plain, prior=None, force=True))
    return jobs_api.accepted(call, job, results=f"/jobs/{job.id}")


def _request(body: ReportTrigger) -> ReportRequest:
    asked = body.parameters
    if asked.end <= asked.start:
        raise Invalid("json", {"parameters": ["end: must be after start."]})
    return ReportRequest(
        reporter=body.reporter,
        config=body.config,
        input=asked.input,
        output=asked.output,
        start=asked.start,
        end=asked.end,
        resolution=None if asked.resolution is None else lasting(asked.resolution, asked.start, field="resolution"),
        belief_time=asked.belief_time,
        belief_horizon=asked.belief_horizon,
    )


ROUTES = [post("/assets/{id}/reports/trigger", trigger, scope="schedule")]
