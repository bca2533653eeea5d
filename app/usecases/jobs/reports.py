"""Reports: ask for one by a job, or compute one at once; its values go to sensors below one asset."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field
from sqlalchemy.orm import Session

from app.jobs.handlers import report
from app.jobs.handlers.report import Reported, ReportRequest, ReportRun
from app.jobs.submission import Order, ask
from app.usecases.actor import Actor
from app.usecases.fields import Body, Length, Moment, lasting
from app.usecases.inputs import Invalid
from db import assets
from db.assets import Asset
from db.core import database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import FieldError


class ReportParameters(Body):
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

    reporter: Annotated[str, Field(max_length=100, examples=["EnergyBillReporter"])]
    parameters: ReportParameters
    config: Annotated[dict[str, Any], Field(default_factory=dict)]

    def request(self) -> ReportRequest:
        """Request of the job that computes the report.

        Raises:
            UnknownPlugin: There is no such reporter.
            Invalid: The report ends before it begins.
            FieldError: The reporter does not take this config; the field is named.
        """
        given = self.parameters
        if given.end <= given.start:
            raise Invalid("json", {"parameters.end": ["must be after start."]})
        step = given.resolution
        return ReportRequest(
            reporter=self.reporter,
            config=self.config,
            input=given.input,
            output=given.output,
            start=given.start,
            end=given.end,
            resolution=None if step is None else lasting(step, given.start, field="resolution"),
            belief_time=given.belief_time,
            belief_horizon=given.belief_horizon,
        )


def request_report(session: Session, actor: Actor, asset_id: int, trigger: ReportTrigger) -> Job:
    """Return the job that computes a report; the caller hands it to the queue once that is committed.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it, or use what the report names.
        UnknownPlugin, Invalid, FieldError: See ``ReportTrigger.request``; or an output is not below the asset.
    """
    asset, request = database.get(session, Asset, asset_id), trigger.request()
    _check_outputs(session, actor, asset, request)
    order = Order(
        kind="report",
        asset_id=asset.id,
        request=request.model_dump(mode="json"),
        user_id=actor.user_id,
        force=True,
    )
    job = ask(session, order, now=actor.now, settings=actor.settings)
    actor.record(session, _sentence(request), asset)
    return job


def compute_report(session: Session, actor: Actor, asset_id: int, trigger: ReportTrigger) -> Reported:
    """Return a report computed at once, in a session that reads; ``save_report`` saves it. Raises as a request does."""
    request = trigger.request()
    _check_outputs(session, actor, database.get(session, Asset, asset_id), request)
    return report.compute(actor.references(session), request, known_at=actor.now)


def save_report(
    session: Session, actor: Actor, asset_id: int, trigger: ReportTrigger, reported: Reported
) -> dict[int, int]:
    """Save a report that was computed at once, with a line in the audit log; return new values by sensor id."""
    asset, request = database.get(session, Asset, asset_id), trigger.request()
    # Asked again: it was computed in an earlier session, and rights may have ended since.
    _check_outputs(session, actor, asset, request)
    actor.record(session, _sentence(request), asset)
    return report.save(actor.references(session), reported)


def asset_of_outputs(session: Session, trigger: ReportTrigger) -> int:
    """Return the id of the lowest asset that all output sensors of a report are of or below.

    Where there is none it is the topmost one above the first output, of which the others are then refused.
    """
    ids = [entry.get("sensor") for entry in trigger.parameters.output]
    sensors = [row for key in ids if isinstance(key, int) and (row := session.get(Sensor, key)) is not None]
    if not sensors:
        raise FieldError("parameters", "output: name at least one sensor that is there.")
    lines = [[asset.id for asset in assets.lineage(sensor.asset)] for sensor in sensors]
    shared = [key for key in lines[0] if all(key in line for line in lines)]
    return shared[-1] if shared else lines[0][0]


def _check_outputs(session: Session, actor: Actor, asset: Asset, request: ReportRequest) -> None:
    """Refuse a report that the actor may not have, that is too large, or that writes beside the tree of an asset."""
    actor.check("create-children", asset)
    below = {row.id for row in assets.own_subtree(session, asset.id)[0]}
    for _, sensor in ReportRun(actor.references(session), request, actor.now).outputs:
        if sensor.asset_id not in below:
            raise FieldError("parameters", f"an output must be a sensor of asset {asset.id} or of one below it.")


def _sentence(request: ReportRequest) -> str:
    return f"Asked for a report by {request.reporter} from {request.start.isoformat()}"
