"""Schedules of assets: ask for one by a job, compute one at once, try one without saving it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Field, WithJsonSchema
from sqlalchemy.orm import Session

from app.assemble.forecasting.missing import MissingForecasts
from app.assemble.schedule_row import Computed
from app.assemble.site import flex_config
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import read_site
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.schedule import Planned, Rules
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from app.usecases.jobs.jobs import ask_once
from db.assets import Asset, terminal_value
from db.core import database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import FieldError
from engine.flex.context import FlexContext
from engine.flex.process import ProcessModel
from engine.flex.reference import json_schema
from engine.flex.storage import StorageModel
from engine.series.iso_time import zone

PLANS_BEGIN = 15
"""Schedules that begin now begin at the last whole quarter of an hour [minutes]."""
FlexFieldValues = dict[str, Any]
DeviceFields = Annotated[FlexFieldValues, WithJsonSchema(json_schema(ProcessModel, StorageModel))]
ContextFields = Annotated[FlexFieldValues, WithJsonSchema(json_schema(FlexContext))]


class ScheduleWindow(Body):
    """From when on, how long, in which steps and as of when to plan."""

    model_config = HYPHENS

    start: Moment
    duration: Annotated[Length | None, Field(description="Without it two days, longer if targets lie later")] = None
    resolution: Annotated[Length | None, Field(description="Without it that of the finest power sensor")] = None
    prior: Annotated[Moment | None, Field(description="Plan with what was known then; without it with all")] = None

    def request(
        self, asset_id: int, models: list[FlexFieldValues], context: Any, place: ZoneInfo | None = None
    ) -> ScheduleRequest:
        """Return the request to plan an asset with what is not stored of its devices and its site.

        Days are counted on the clock of a place, if there is one.
        """
        step = self.resolution
        return ScheduleRequest(
            asset=asset_id,
            start=self.start,
            duration=None if self.duration is None else lasting(self.duration, self.start, place=place),
            resolution=None if step is None else lasting(step, self.start, field="resolution"),
            flex_model=tuple(models),
            flex_context=context,
        )


class ScheduleTrigger(ScheduleWindow):
    """What to plan, from when on, and what of devices and site is not stored already."""

    model_config = HYPHENS

    flex_model: Annotated[
        list[DeviceFields] | FlexFieldValues,
        Field(default_factory=list, description="One entry per device, named by its power sensor"),
    ]
    flex_context: Annotated[
        ContextFields | list[FlexFieldValues],
        Field(default_factory=dict, description="Prices, limits, loads of the site"),
    ]
    sequential: Annotated[bool, Field(description="Plan devices one after the other, as listed; else together")] = False
    force_new_job_creation: Annotated[bool, Field(description="Plan again although an equal request was made")] = False


@dataclass(frozen=True, kw_only=True)
class ScheduleOrder:
    """A schedule somebody wants."""

    request: ScheduleRequest
    prior: datetime | None = None
    """As of when to plan; None: as of when it is asked for."""
    scheduler: str | None = None
    """Name of the scheduler that computes it at once; None: the one that the asset names, or that fits."""
    force: bool = False
    """Whether to plan although an equal request was made a moment ago."""

    @property
    def sentence(self) -> str:
        """What the audit log says of it."""
        return f"Asked for a schedule from {self.request.start.isoformat()}"


def own_models(asset_id: int, models: list[FlexFieldValues] | FlexFieldValues) -> list[FlexFieldValues]:
    """Return flex-models as a list; a single one that names no device is that of the asset itself."""
    if isinstance(models, list):
        return models
    named = flex_config.names_device(models)
    return [models if named else {**models, "asset": asset_id}] if models else []


def order_for_asset(asset_id: int, trigger: ScheduleTrigger, place: ZoneInfo | None = None) -> ScheduleOrder:
    """Return the order to plan an asset and everything below it; days are those of a place, if there is one."""
    return _order(asset_id, trigger, own_models(asset_id, trigger.flex_model), place)


def order_for_sensor(session: Session, sensor_id: int, trigger: ScheduleTrigger) -> ScheduleOrder:
    """Return the order to plan the device with a power sensor.

    Raises:
        NotFound: There is no such sensor.
        FieldError: The flex-model names another one.
    """
    sensor = database.get(session, Sensor, sensor_id)
    models = trigger.flex_model
    if isinstance(models, dict) and models.get("sensor", sensor_id) != sensor_id:
        raise FieldError("sensor", f"the address is of sensor {sensor_id}; leave this field out.")
    entries = [{**models, "sensor": sensor_id}] if isinstance(models, dict) else models or [{"sensor": sensor_id}]
    return _order(sensor.asset_id, trigger, entries, zone(sensor.timezone))


def _order(
    asset_id: int, trigger: ScheduleTrigger, models: list[FlexFieldValues], place: ZoneInfo | None
) -> ScheduleOrder:
    request = trigger.request(asset_id, models, trigger.flex_context, place)
    return ScheduleOrder(
        request=request.model_copy(update={"sequential": trigger.sequential}),
        prior=trigger.prior,
        force=trigger.force_new_job_creation,
    )


def check_schedule(session: Session, actor: Actor, order: ScheduleOrder) -> None:
    """Refuse what could not be planned, in a session that reads, before ``request_schedule`` makes it a job.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it, or use what the request names.
        InputError: It cannot be planned; the field is named.
    """
    actor.check("create-children", database.get(session, Asset, order.request.asset))
    known_at = order.prior or actor.now
    # Whether there is a forecast matters here, not how good it is.
    forecasts = MissingForecasts(known_at, forecaster="SeasonalNaive")
    limits = rules_for(actor).limits
    read_site(actor.references(session), order.request, known_at=known_at, limits=limits, forecasts=forecasts)


def request_schedule(session: Session, actor: Actor, order: ScheduleOrder) -> Job:
    """Return the job that computes a schedule; the caller hands it to the queue once that is committed.

    Raises:
        NotFound: There is no such asset.
        NotAllowed: The actor may not add to it; it may have been given to somebody else since it was checked.
    """
    asset = database.get(session, Asset, order.request.asset)
    actor.check("create-children", asset)
    job_order = Order(
        kind="schedule",
        asset_id=asset.id,
        request=order.request.model_dump(mode="json"),
        prior=order.prior,
        user_id=actor.user_id,
        force=order.force,
    )
    return ask_once(session, actor, job_order, lambda: actor.record(session, order.sentence, asset))


def request_schedule_from_now(
    session: Session,
    actor: Actor,
    asset_id: int,
    length: timedelta,
    *,
    start: datetime | None = None,
    step: timedelta | None = None,
) -> Job:
    """Return the job that plans an asset and all its devices from now on; see ``request_schedule``.

    Args:
        session: A session that writes.
        actor: Who asks for it.
        asset_id: The asset.
        length: Of the schedule.
        start: When it begins, if that is not now.
        step: Its resolution; None: that of the finest power sensor.
    """
    # On the clock: plans of several sites, and those before, then share their steps
    quarter = actor.now.replace(minute=actor.now.minute // PLANS_BEGIN * PLANS_BEGIN, second=0, microsecond=0)
    worth = terminal_value(session, asset_id)
    request = ScheduleRequest(
        asset=asset_id, start=start or quarter, duration=length, resolution=step, terminal_value=worth
    )
    return request_schedule(session, actor, ScheduleOrder(request=request, force=True))


def preview_schedule(session: Session, actor: Actor, order: ScheduleOrder) -> Computed:
    """Return a schedule that nobody saves, within the time that somebody waits for it; reading rights are enough.

    Raises:
        NotFound, NotAllowed: There is no such asset that the actor may read.
        InputError, Infeasible, TimedOut: See ``app.jobs.handlers.schedule.compute``.
    """
    actor.check("read", database.get(session, Asset, order.request.asset))
    references = References(session, actor.principal, saves=False)
    known_at, rules = order.prior or actor.now, schedule.preview_rules(actor.settings)
    return schedule.compute(references, order.request, known_at=known_at, rules=rules)


def compute_schedule(session: Session, actor: Actor, order: ScheduleOrder, *, saves: bool = True) -> Computed:
    """Return a schedule computed at once, in a session that reads; ``save_schedule`` saves it.

    Raises:
        NotFound, NotAllowed, InputError: See ``check_schedule``.
        Infeasible, TimedOut: See ``app.jobs.handlers.schedule.compute``.
    """
    asset = database.get(session, Asset, order.request.asset)
    actor.check("create-children" if saves else "read", asset)
    references = References(session, actor.principal, saves=saves)
    rules = replace(rules_for(actor), scheduler=order.scheduler)
    return schedule.compute(references, order.request, known_at=order.prior or actor.now, rules=rules)


def save_schedule(session: Session, actor: Actor, order: ScheduleOrder, computed: Computed) -> Planned:
    """Save a schedule that was computed at once: its values, its row and a line in the audit log."""
    asset = database.get(session, Asset, order.request.asset)
    actor.check("create-children", asset)
    actor.record(session, order.sentence, asset)
    return schedule.save(session, computed, known_at=order.prior or actor.now, rules=rules_for(actor))


def rules_for(actor: Actor) -> Rules:
    """Rules of the settings for schedules that an actor asks for.

    A stored energy beyond its bounds at the start is brought back if a gateway reports it; an operator mistyped it.
    """
    return schedule.rules(actor.settings, start_within_bounds=actor.principal is None)
