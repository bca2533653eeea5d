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
from app.usecases.jobs.automations import NewAutomation, create_automation
from app.usecases.sensors import NewSensor, create_sensor
from db import assets
from db.assets import Asset
from db.core import database
from db.jobs.jobs import Job
from db.sensors import Sensor, of_asset
from engine.errors import FieldError, UnknownField
from engine.reporting.reporter import ReportSeries
from engine.series.iso_time import iso_duration


class PreviewParameters(Body):
    """Which sensors to report on, from when to when."""

    model_config = ConfigDict(extra="ignore")  # a reporter of a newer server may know more of them

    input: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]
    start: Moment
    end: Moment
    resolution: Length | None = None
    belief_time: Moment | None = None


class ReportParameters(PreviewParameters):
    """Which sensors to report on, from when to when, and where the values go."""

    output: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=100)]
    belief_horizon: Annotated[Length | None, Field(description="When the report counts as known")] = None


class ReportPreview(Body):
    """Which report to compute, for somebody to look at."""

    reporter: Annotated[str, Field(max_length=100, examples=["EnergyBillReporter"])]
    parameters: PreviewParameters
    config: Annotated[dict[str, Any], Field(default_factory=dict)]

    def request(self) -> ReportRequest:
        """Request of the computation.

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
            output=[],
            start=given.start,
            end=given.end,
            resolution=None if step is None else lasting(step, given.start, field="resolution"),
            belief_time=given.belief_time,
        )


class ReportTrigger(ReportPreview):
    """Which report to compute and store."""

    parameters: ReportParameters

    def request(self) -> ReportRequest:
        """Request of the job that computes the report; raises as that of a preview does."""
        given = self.parameters
        return super().request().model_copy(update={"output": given.output, "belief_horizon": given.belief_horizon})


class KeptReport(Body):
    """How a report that somebody has looked at is kept."""

    name: Annotated[str, Field(min_length=1, max_length=80, description="What the names of its sensors begin with")]
    outputs: Annotated[list[str], Field(min_length=1, max_length=100, description="Names of the results to store")]
    every: Annotated[Length | None, Field(description="Also store it anew so often, such as P1D; null: once")] = None


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


def preview_report(session: Session, actor: Actor, asset_id: int, preview: ReportPreview) -> dict[str, ReportSeries]:
    """Results of a report by name, of which nothing is stored.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not read it, or what the report names.
        UnknownPlugin, Invalid, FieldError: See ``ReportPreview.request``; or the report would take too many values.
    """
    actor.check("read", database.get(session, Asset, asset_id))
    return ReportRun(actor.references(session), preview.request(), actor.now).by_name()


def keep_report(session: Session, actor: Actor, asset_id: int, preview: ReportPreview, kept: KeptReport) -> list[Job]:
    """The job that stores a report in sensors of its own, which the asset gets, and an automation where it is repeated.

    Sensors of the same names, units and resolutions serve again, so that a report may be kept over another time.

    Raises:
        NotFound, NotAllowed, UnknownPlugin, Invalid, FieldError: As of a preview; or the actor may not add to the
            asset, or a sensor of such a name holds something else.
    """
    asset = database.get(session, Asset, asset_id)
    actor.check("create-children", asset)
    results = preview_report(session, actor, asset_id, preview)
    if absent := [name for name in kept.outputs if name not in results]:
        raise UnknownField("result of this report", absent[0][:50], results, field="outputs")
    sensors = {name: _sensor_for(session, actor, asset, f"{kept.name}: {name}", results[name]) for name in kept.outputs}
    output = [{"name": name, "sensor": sensor.id} for name, sensor in sensors.items()]
    own = preview.parameters
    if kept.every:
        length = {"duration": kept.every} | ({"resolution": own.resolution} if own.resolution else {})
        request = {"reporter": preview.reporter, "config": preview.config, "input": own.input, "output": output}
        new = NewAutomation(name=kept.name, kind="report", request=request | length, every=kept.every)
        create_automation(session, actor, asset_id, new)
    parameters = ReportParameters(**own.model_dump(), output=output)
    trigger = ReportTrigger(reporter=preview.reporter, config=preview.config, parameters=parameters)
    return [request_report(session, actor, asset_id, trigger)]


def _sensor_for(session: Session, actor: Actor, asset: Asset, name: str, series: ReportSeries) -> Sensor:
    """Sensor of an asset that receives a result: the one of that name, or a new one."""
    there = next((row for row in of_asset(session, asset.id) if row.name.casefold() == name.casefold()), None)
    if there is None:
        fields: dict[str, Any] = {"name": name, "unit": series.unit, "event_resolution": iso_duration(series.step)}
        fields |= {"generic_asset_id": asset.id, "timezone": series.place.key}
        return create_sensor(session, actor, actor.read(NewSensor, fields))
    if (there.unit, there.resolution) != (series.unit, series.step):
        problem = f"sensor {name!r} holds other values [{there.unit}]; choose another name."
        raise FieldError("name", problem)
    return there


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
