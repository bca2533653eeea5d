"""Plan the devices of an asset, and save the plan."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.assemble.forecasting.missing import MissingForecasts
from app.assemble.guidance import with_guidance
from app.assemble.held_powers import breaks_physics, with_overrides
from app.assemble.last_powers import kept_last, last_powers
from app.assemble.outputs import SensorOutput, save_schedule
from app.assemble.schedule_facts import breach_warnings, ended_early, local_refusal
from app.assemble.schedule_row import Computed, packed_inputs, schedule_row
from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import Assembled, read_site
from app.auth.access.references import References
from app.settings.settings import Settings
from db import schedules, sources
from db.assets import Asset
from db.schedules import StoredSchedule
from engine import plugins
from engine.errors import EngineError, Infeasible, TimedOut
from engine.packing import PackingError
from engine.schedulers.fallback_scheduler import StorageFallbackScheduler
from engine.schedulers.process_scheduler import ProcessScheduler, is_timed_by_price
from engine.schedulers.sequential_scheduler import SequentialScheduler
from engine.schedulers.staying import HeldPowers
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site
from engine.solve.optimum import DIRECT

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Rules:
    """What a host decides about plans."""

    limits: WindowLimits = field(default_factory=WindowLimits)
    solver: str = DIRECT
    """See StorageScheduler.solver."""
    time_limit: float | None = 20.0
    """See StorageScheduler.time_limit."""
    gap: float = 0.001
    """See StorageScheduler.gap."""
    scheduler: str | None = None
    """Name of the scheduler; None: the one that the asset names, or that fits."""
    fallback: bool = False
    """Whether a plain plan, with a source of its own, is saved where no plan keeps every hard limit."""
    source_name: str = "Flexscope"
    """Name of the source of plans."""
    keep_inputs: timedelta = timedelta(days=30)
    """How long the inputs of plans are kept; zero: not at all."""
    most_input_bytes: int = 2**21
    """Most bytes of the inputs that are kept with one plan, and of its prices per step, as compressed."""


USUAL = Rules()


def rules(settings: Settings, *, start_within_bounds: bool = False) -> Rules:
    """Return what the settings decide about plans.

    Args:
        settings: Of this process.
        start_within_bounds: See Limits.
    """
    options = settings.FLEXMEASURES_LP_SOLVER_OPTIONS
    limits = WindowLimits(
        usual=settings.FLEXMEASURES_PLANNING_HORIZON,
        most_steps=settings.FLEXMEASURES_MAX_PLANNING_HORIZON,
        most_devices=settings.FLEXSCOPE_MAX_DEVICES,
        most_per_sensor=settings.FLEXSCOPE_MAX_DEVICES_PER_SENSOR,
        most_device_steps=settings.FLEXSCOPE_MAX_DEVICE_STEPS,
        most_fleet_device_steps=settings.FLEXSCOPE_MAX_FLEET_DEVICE_STEPS,
        most_entries=settings.FLEXSCOPE_MAX_PLAN_ENTRIES,
        start_within_bounds=start_within_bounds,
    )
    return Rules(
        limits=limits,
        solver=settings.FLEXMEASURES_LP_SOLVER,
        time_limit=options.get("time_limit", USUAL.time_limit) or None,  # 0: none
        gap=options.get("mip_rel_gap", USUAL.gap),
        fallback=settings.FLEXSCOPE_FALLBACK_SCHEDULER,
        source_name=settings.FLEXMEASURES_DEFAULT_DATASOURCE,
        keep_inputs=settings.FLEXSCOPE_KEEP_SCHEDULE_INPUTS,
        most_input_bytes=settings.FLEXSCOPE_MAX_SCHEDULE_INPUT_BYTES,
    )


def preview_rules(settings: Settings) -> Rules:
    """Return the same for a plan that somebody waits for."""
    usual, briefly = rules(settings), settings.FLEXSCOPE_PREVIEW_TIME_LIMIT.total_seconds()
    return replace(usual, time_limit=min(briefly, usual.time_limit or briefly))


@dataclass(frozen=True)
class Planned:
    """A plan that is saved."""

    id: int
    """Of its row."""
    schedule: Schedule
    site: Site
    """What was planned."""
    scheduler: str
    """Name of the scheduler that made it."""
    outputs: tuple[SensorOutput, ...]
    """The sensors that received it."""
    source_id: int
    """The source of their values."""
    stored: Mapping[int, int]
    """Number of new values, by sensor id."""
    currency: str
    """What its costs are counted in."""
    warnings: tuple[str, ...]
    """What was assumed where data lack."""


@dataclass(frozen=True)
class PreparedSite:
    """A site that was read, with who plans it."""

    references: References
    request: ScheduleRequest
    assembled: Assembled
    scheduler: Any
    known_at: datetime
    """As of when it is planned."""
    unheld: Assembled | None = None
    """The same without the powers that people hold by hand, where they do."""
    last: tuple[StoredSchedule, HeldPowers] | None = None
    """The last schedule and its powers, where a new one must save enough to take its place."""


def prepare(
    references: References,
    request: ScheduleRequest,
    *,
    known_at: datetime,
    rules: Rules = USUAL,
    forecasts: MissingForecasts | None = None,
) -> PreparedSite:
    """Return the site that a request describes, as it was known at one moment, with the scheduler that plans it.

    What its sensors lack is forecast first, unless that was done for another site.

    Raises:
        InputError: What is described cannot be planned.
        NotAllowed: It names what is not the principal's to use.
        UnknownPlugin: The asset names a scheduler that is not installed.
    """
    forecasts = forecasts or MissingForecasts(known_at)
    assembled = read_site(references, request, known_at=known_at, limits=rules.limits, forecasts=forecasts)
    scheduler = _scheduler(references.asset(request.asset, field="asset"), assembled.site, rules)
    if request.sequential:
        scheduler = SequentialScheduler(scheduler=scheduler)
    stays = assembled.described.context.staying_margin is not None
    last = last_powers(references, assembled, known_at=known_at) if stays else None
    held = with_overrides(references, assembled)
    unheld = assembled if held.site is not assembled.site else None
    return PreparedSite(references, request, held, scheduler, known_at, unheld, last)


def conclude(prepared: PreparedSite, outcome: Schedule | EngineError, *, rules: Rules = USUAL) -> Computed:
    """Return a schedule with what it was made from; where there is none, a plain one if the rules allow it.

    Raises:
        Infeasible: No plan keeps every hard limit; what clashes is told.
        TimedOut: None was found in time.
        EngineError: The outcome is another error.
    """
    if prepared.unheld is not None and breaks_physics(outcome):
        return _unheld(prepared, prepared.unheld, rules)
    scheduler, assembled = prepared.scheduler, prepared.assembled
    warnings, place = assembled.warnings, assembled.place
    # People read times on the clock of the site
    if isinstance(outcome, Infeasible):
        outcome = local_refusal(outcome, place)
    if isinstance(outcome, Schedule):
        plan, assembled, told = kept_last(scheduler, assembled, prepared.last, outcome) or (outcome, assembled, [])
        left_out = [text for device in assembled.site.devices for text in device.remarks(plan.power)]
        warnings = (*warnings, *told, *breach_warnings(plan, place), *left_out, *ended_early(plan))
    elif rules.fallback and isinstance(outcome, Infeasible | TimedOut):
        asset_id = prepared.request.asset
        LOG.warning("Asset %s has no plan by the usual scheduler; a plain one is made. %s", asset_id, outcome)
        scheduler, warnings = StorageFallbackScheduler(), (*warnings, str(outcome))
        plan = scheduler.compute(assembled.site)
    else:
        raise outcome
    return Computed(
        schedule=with_guidance(prepared.references, plan, assembled, known_at=prepared.known_at),
        scheduler=scheduler,
        request=prepared.request,
        assembled=assembled,
        input_sensors=prepared.references.sensors_named(),
        warnings=warnings,
    )


def _unheld(prepared: PreparedSite, assembled: Assembled, rules: Rules) -> Computed:
    """Return the schedule without the powers held by hand, which no plan keeps, and say so. Raises as ``conclude``."""
    told = "The overrides are left out, as no schedule keeps them with all limits; take them back or change them."
    again = replace(assembled, warnings=(*prepared.assembled.warnings, told))
    outcome = _outcome(prepared.scheduler, again.site)
    return conclude(replace(prepared, assembled=again, unheld=None), outcome, rules=rules)


def _outcome(scheduler: Any, site: Site) -> Schedule | EngineError:
    """Return the schedule of a site, or why there is none."""
    try:
        planned: Schedule = scheduler.compute(site)
    except (Infeasible, TimedOut) as error:
        return error
    return planned


def compute(references: References, request: ScheduleRequest, *, known_at: datetime, rules: Rules = USUAL) -> Computed:
    """Plan one site with what was known at one moment; nothing is saved. Raises as ``prepare`` and ``conclude`` do."""
    prepared = prepare(references, request, known_at=known_at, rules=rules)
    return conclude(prepared, _outcome(prepared.scheduler, prepared.assembled.site), rules=rules)


def run(references: References, request: ScheduleRequest, *, known_at: datetime, rules: Rules = USUAL) -> Planned:
    """Plan one site with what was known at one moment, and save the plan."""
    done = compute(references, request, known_at=known_at, rules=rules)
    return save(references.session, done, known_at=known_at, rules=rules)


def save(
    session: Session, done: Computed, *, known_at: datetime, rules: Rules = USUAL, job_id: str | None = None
) -> Planned:
    """Save a plan: its values, and its row with what it was made from.

    It may have been computed in another session, so that nobody waits to write meanwhile.
    """
    name = done.scheduler_name
    by = sources.named(session, rules.source_name, type="scheduler", model=name, version=done.scheduler.version)
    outputs = done.assembled.outputs
    written = save_schedule(session, done.schedule, outputs, by=by, known_at=known_at)
    most = rules.most_input_bytes
    row = schedule_row(done, belief_time=known_at, created_at=datetime.now(UTC), most_price_bytes=most)
    row.source_id, row.job_id = by.id, job_id
    inputs, row.inputs_missing = _inputs(done, rules)
    schedules.add_schedule(session, row, inputs)
    stored = {key: each.stored for key, each in written.items()}
    return Planned(
        row.id, done.schedule, done.assembled.site, name, outputs, by.id, stored, done.assembled.currency, done.warnings
    )


def _inputs(done: Computed, rules: Rules) -> tuple[bytes | None, str]:
    """Return the packed inputs of a plan; or none, and why they are not kept."""
    if rules.keep_inputs <= timedelta(0):
        return None, "This server keeps no inputs of schedules (FLEXSCOPE_KEEP_SCHEDULE_INPUTS)."
    try:
        packed = packed_inputs(done)
    except PackingError as reason:
        return None, str(reason)
    if len(packed) > rules.most_input_bytes:
        told = f"The inputs take {len(packed)} bytes, more than the {rules.most_input_bytes} that are kept"
        return None, f"{told} (FLEXSCOPE_MAX_SCHEDULE_INPUT_BYTES)."
    return packed, ""


def _scheduler(asset: Asset, site: Site, rules: Rules) -> Any:
    """Return who plans: the scheduler asked for or named by the asset, else the one of ours that suits the site.

    Raises:
        UnknownPlugin: No scheduler of this name is installed.
    """
    attribute = asset.attributes.get("custom-scheduler")
    name = rules.scheduler or (attribute.get("class") if isinstance(attribute, Mapping) else attribute)
    together = StorageScheduler(solver=rules.solver, time_limit=rules.time_limit, gap=rules.gap)
    if name:
        kind = plugins.find("schedulers", str(name))
        if kind not in (StorageScheduler, ProcessScheduler):  # ours stand for each other
            # What is derived from ours has no longer than ours
            return kind(**vars(together)) if issubclass(kind, StorageScheduler) else kind()
    # Where price alone times every process, each may go to its cheapest times without a search
    return ProcessScheduler(together=together) if is_timed_by_price(site) else together
