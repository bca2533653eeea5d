"""What each kind of job does with its request; its result is what clients may ask for later.

Each computes in a reading session and gives back a function that saves in a writing one, so that nobody waits to
write while a job computes. Both are given what resolves references for who asked for the job, as of then.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from app.assemble import schedule_facts
from app.assemble.schedule_facts import resolved, unresolved
from app.assemble.site.request import ScheduleRequest
from app.auth.access.job_access import open_reason
from app.auth.access.references import References
from app.jobs.handlers import fleet, forecast, ingest, past_year, report, schedule
from app.jobs.handlers.fleet import FleetRequest
from app.jobs.handlers.forecast_request import ForecastRequest
from app.jobs.handlers.past_year import PastYearRequest
from app.jobs.handlers.report import ReportRequest
from app.jobs.handlers.schedule import Planned
from app.settings.settings import Settings
from db.jobs.jobs import Job
from engine.errors import EngineError
from engine.site import carbon_emissions

Result: TypeAlias = dict[str, Any]
Save: TypeAlias = Callable[[References], Result]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One try of a job."""

    job: Job
    settings: Settings
    tell: Callable[[float], None]
    """Takes how far the job is, from 0 to 1; costs nothing."""


Kind: TypeAlias = Callable[[References, Attempt], Save]


class NoSchedule(EngineError):
    """Why a job has no schedule, as everybody may read it who may see the job."""


def run_schedule(references: References, attempt: Attempt) -> Save:
    """Plan; the result tells where the plan of each sensor is."""
    request, known_at = ScheduleRequest.model_validate(attempt.job.request), attempt.job.known_at
    rules = schedule.rules(attempt.settings)
    try:
        done = schedule.compute(references, request, known_at=known_at, rules=rules)
    except EngineError as error:
        if (reason := open_reason(references, request.asset, error)) == str(error):
            raise
        raise NoSchedule(reason) from error
    job_id = attempt.job.id
    return lambda again: plan_result(schedule.save(again.session, done, known_at=known_at, rules=rules, job_id=job_id))


def plan_result(planned: Planned) -> Result:
    """Result of a schedule job as plain data; moments as ISO 8601 texts, ``step-s`` in seconds."""
    window = planned.schedule.window
    outputs = {
        str(each.sensor.id): {"soc": each.stored_energy, "sign": each.sign, "device": each.name}
        for each in planned.outputs
    }
    return {
        "scheduler": planned.scheduler,
        "source": planned.source_id,
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "step-s": window.step.total_seconds(),
        "outputs": outputs,
        "num-beliefs": sum(planned.stored.values()),
        "commitment-costs": dict(planned.schedule.costs),
        "emissions-kg": carbon_emissions(planned.site, planned.schedule.power),
        **({"implied-carbon-price": price} if (price := planned.schedule.carbon_price) else {}),
        "status": str(planned.schedule.status.value),
        "warnings": list(planned.warnings),
        "unresolved": unresolved(planned.schedule, planned.outputs),
        "resolved": resolved(planned.schedule, planned.site, planned.outputs),
        "binding-limits": schedule_facts.binding_limits(planned.schedule),
        **({"set-points": told} if (told := schedule_facts.set_points(planned.schedule)) else {}),
        "solver": schedule_facts.solving(planned.schedule),
    }


def run_fleet(references: References, attempt: Attempt) -> Save:
    """Plan many sites; the result tells the schedule of each, or why it has none."""
    request, known_at = FleetRequest.model_validate(attempt.job.request), attempt.job.known_at
    rules, job_id = fleet.fleet_rules(attempt.settings, len(request.sites)), attempt.job.id
    done = fleet.compute(references, request, known_at=known_at, rules=rules, tell=attempt.tell)
    return lambda again: fleet.result(
        fleet.save(again.session, again.principal, done, known_at=known_at, rules=rules, job_id=job_id)
    )


def run_forecast(references: References, attempt: Attempt) -> Save:
    """Forecast; the result tells when each cycle begins and what it knew."""
    request = ForecastRequest.model_validate(attempt.job.request)
    found = []
    cycles = forecast.foresee(references, request, known_at=attempt.job.known_at)
    for number, cycle in enumerate(cycles, start=1):
        found.append(cycle)
        attempt.tell(number / forecast.count(request))

    def save(again: References) -> Result:
        done = forecast.save(again, request, found)
        return {
            "sensor": request.sensor,
            "source": forecast.forecaster_source(again.session, request.forecaster).id,
            "cycles": [[c.start.isoformat(), c.end.isoformat(), c.known_at.isoformat()] for c in done],
            "outputs": {str(request.sensor): {}},
            "num-beliefs": sum(cycle.stored for cycle in done),
            **forecast.facts(found),
        }

    return save


def run_report(references: References, attempt: Attempt) -> Save:
    """Report; the result tells how many values each sensor got."""
    request = ReportRequest.model_validate(attempt.job.request)
    done = report.compute(references, request, known_at=attempt.job.known_at)

    def save(again: References) -> Result:
        stored = report.save(again, done)
        return {"outputs": {str(key): count for key, count in stored.items()}, "num-beliefs": sum(stored.values())}

    return save


def run_ingest(references: References, attempt: Attempt) -> Save:
    """Take in values; the result tells how many were new."""
    # Asked for before anything else, and again when it is saved: rights may end in between
    references.output(attempt.job.request.get("sensor"), field="sensor")
    overwrite = attempt.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    return ingest.posted_saver(attempt.job.request, known_at=attempt.job.known_at, overwrite=overwrite)


def run_past_year(references: References, attempt: Attempt) -> Save:
    """Compare scenarios over past time; the result has their figures, and nothing else is kept."""
    request = PastYearRequest.model_validate(attempt.job.request)
    done = past_year.compute(references, request, known_at=attempt.job.known_at, tell=attempt.tell)
    return lambda _again: done


KINDS: dict[str, Kind] = {
    "schedule": run_schedule,
    "fleet": run_fleet,
    "forecast": run_forecast,
    "report": run_report,
    "ingest": run_ingest,
    "past-year": run_past_year,
}
QUEUES = ("scheduling", "forecasting", "reporting", "ingestion")
QUEUE_OF = {
    "schedule": "scheduling",
    "fleet": "scheduling",
    "forecast": "forecasting",
    "report": "reporting",
    "ingest": "ingestion",
    "past-year": "reporting",
}
"""The queue of each kind of job."""
