"""Plan many sites in one job, each for itself: what one of them lacks does not stop the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.assemble.forecasting.missing import MissingForecasts
from app.assemble.schedule_row import Computed
from app.assemble.site import bounded
from app.assemble.site.request import ScheduleRequest
from app.auth.access.identity import SignedIn
from app.auth.access.job_access import open_reason
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.schedule import Planned, PreparedSite, Rules
from app.settings.settings import Settings
from engine.errors import EngineError, InputError
from engine.schedulers.fleet import for_many, schedule_many
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule

NAMED = 5
"""Most sites whose reasons are told where no site at all could be planned; the others are counted."""


SHORTEST = 0.1
"""Least processor time of the plan of one of many sites [s]; most take a few milliseconds."""


class FleetRequest(BaseModel):
    """Sites to plan, each with a request of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sites: tuple[ScheduleRequest, ...]


@dataclass(frozen=True, kw_only=True)
class SiteSchedule:
    """The computed schedule of one site."""

    references: References
    """What it was computed from; all of it is asked for again when it is saved."""
    computed: Computed


@dataclass(frozen=True, kw_only=True)
class FleetSchedules:
    """The computed schedules of many sites."""

    sites: list[SiteSchedule]
    failures: dict[int, str]
    """Why a site has no schedule, by the id of its asset."""


@dataclass(frozen=True, kw_only=True)
class FleetPlanned:
    """The saved schedules of many sites, by the id of the asset."""

    planned: dict[int, Planned]
    failures: dict[int, str]


def fleet_rules(settings: Settings, count: int) -> Rules:
    """Return what the settings decide about each site of a fleet: it may take its share of half the time of a job."""
    rules = schedule.rules(settings)
    allowed = settings.FLEXMEASURES_JOB_TIMEOUT.get("scheduling", settings.FLEXMEASURES_DEFAULT_JOB_TIMEOUT)
    share = max(allowed / 2 / max(count, 1), SHORTEST)
    return replace(rules, time_limit=min(share, rules.time_limit or share))


def compute(
    references: References,
    request: FleetRequest,
    *,
    known_at: datetime,
    rules: Rules,
    tell: Callable[[float], None] = lambda share: None,
) -> FleetSchedules:
    """Plan every site with what was known at one moment; nothing is saved.

    Sites of one store behind one connection go through dynamic programming where they are so many that it pays.

    Args:
        references: Of who asks; each site gets some of its own, so that what one may not use stops only that one.
        request: The sites.
        known_at: As of when.
        rules: What the host decides; its time limit is that of each site.
        tell: Takes how far it is, from 0 to 1.

    Raises:
        FieldError: They are more devices × steps together than one request may have.
    """
    prepared: list[PreparedSite] = []
    failures: dict[int, str] = {}
    forecasts = MissingForecasts(known_at, most=20 + len(request.sites))  # sites share prices
    size = 0.0
    for number, site in enumerate(request.sites, start=1):
        own = References(references.session, references.principal, references.saves)
        try:
            own.asset(site.asset, field="asset", action="create-children" if own.saves else "read")
            prepared.append(schedule.prepare(own, site, known_at=known_at, rules=rules, forecasts=forecasts))
        except EngineError as error:
            failures[site.asset] = open_reason(own, site.asset, error)
        else:
            # All of them are held until the last is read, so that the sum is looked at on the way.
            size += bounded.device_steps(prepared[-1].assembled.site)
            bounded.check_together(size, number, rules.limits)
        tell(0.8 * number / len(request.sites))  # reading takes most of the time
    sites = []
    for one, outcome in _planned(prepared):
        try:
            computed = schedule.conclude(one, outcome, rules=rules)
        except EngineError as error:
            failures[one.request.asset] = open_reason(one.references, one.request.asset, error)
        else:
            sites.append(SiteSchedule(references=one.references, computed=computed))
    tell(1.0)
    return FleetSchedules(sites=sites, failures=failures)


def _planned(prepared: list[PreparedSite]) -> Iterator[tuple[PreparedSite, Schedule | EngineError]]:
    """Give each site with its schedule, or why it has none; those of the usual scheduler are planned together."""
    # Not isinstance: what a plugin derives from it may plan in another way.
    usual = [one for one in prepared if type(one.scheduler) is StorageScheduler]
    if usual:
        sites = [one.assembled.site for one in usual]
        scheduler = for_many(usual[0].scheduler, sites)
        # One process: reading takes longer than planning, and a server has other things to do with its processors.
        for one, outcome in zip(usual, schedule_many(sites, scheduler=scheduler, workers=1), strict=True):
            yield replace(one, scheduler=scheduler), outcome
    for one in prepared:
        if type(one.scheduler) is not StorageScheduler:
            (outcome,) = schedule_many([one.assembled.site], scheduler=one.scheduler, workers=1)
            yield one, outcome


def save(
    session: Session,
    principal: SignedIn | None,
    computed: FleetSchedules,
    *,
    known_at: datetime,
    rules: Rules,
    job_id: str | None = None,
) -> FleetPlanned:
    """Save the schedule of each site with a row of its own; one that cannot be saved any more leaves nothing behind.

    Args:
        session: A writing session.
        principal: Who asked, with the rights of now; None: the operator.
        computed: The schedules; they may have been computed in another session.
        known_at: As of when they were computed.
        rules: What the host decides.
        job_id: The job that computed them.

    Raises:
        InputError: No site has a schedule; the first reasons are told.
    """
    planned: dict[int, Planned] = {}
    failures = dict(computed.failures)
    for site in computed.sites:
        asset_id = site.computed.request.asset
        try:
            # A savepoint: where one site fails, the others keep what they have saved.
            with session.begin_nested():
                site.references.renewed(session, principal)
                done = schedule.save(session, site.computed, known_at=known_at, rules=rules, job_id=job_id)
        except EngineError as error:  # such as NotAllowed: it was given to somebody else meanwhile
            failures[asset_id] = str(error)
        else:
            planned[asset_id] = done
    if not planned:
        reasons = [f"asset {key}: {reason}" for key, reason in list(failures.items())[:NAMED]]
        more = f" And {len(failures) - NAMED} more." if len(failures) > NAMED else ""
        raise InputError(f"None of {len(failures)} sites could be planned. {' '.join(reasons)}{more}")
    return FleetPlanned(planned=planned, failures=failures)


def result(done: FleetPlanned) -> dict[str, Any]:
    """Return what is worth telling of the schedules of many sites, as plain data."""
    count = len(done.planned) + len(done.failures)
    return {
        "sites": {
            str(key): {
                "schedule": plan.id,
                "status": str(plan.schedule.status.value),
                "cost": plan.schedule.cost,
                "currency": plan.currency,
            }
            for key, plan in done.planned.items()
        },
        "failed": {str(key): reason for key, reason in done.failures.items()},
        "outputs": {str(output.sensor.id): {} for plan in done.planned.values() for output in plan.outputs},
        "num-beliefs": sum(sum(plan.stored.values()) for plan in done.planned.values()),
        "message": f"{len(done.planned)} of {count} sites are planned.",
    }
