"""What each kind of job does with its request; its result is what clients may ask for later."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.assemble.request import ScheduleRequest
from app.jobs import forecast, forecast_cycles, report, schedule
from app.jobs.forecast_cycles import ForecastRequest
from app.jobs.report import ReportRequest
from app.jobs.schedule import Planned
from app.settings import Settings
from db.jobs import Job
from engine.iso_time import from_us

Result = dict[str, Any]


def run_schedule(work: Session, job: Job, settings: Settings) -> Result:
    """Plan and save; the result tells where the plan of each sensor is."""
    request = ScheduleRequest.model_validate(job.request)
    return told(schedule.run(work, request, known_at=job.known_at, rules=schedule.rules(settings)))


def told(planned: Planned) -> Result:
    """Return what is worth telling of a plan, as plain data."""
    window = planned.schedule.window
    return {
        "scheduler": planned.scheduler,
        "source": planned.source_id,
        "start": window.start.isoformat(),
        "end": window.end.isoformat(),
        "step-s": window.step.total_seconds(),
        "outputs": {str(output.sensor.id): _output(output) for output in planned.outputs},
        "num-beliefs": sum(planned.stored.values()),
        "commitment-costs": dict(planned.schedule.costs),
        "status": str(planned.schedule.status.value),
        "warnings": list(planned.warnings),
        "unresolved": _unresolved(planned),
        "resolved": [],
    }


def _output(output: Any) -> dict[str, Any]:
    return {"soc": output.stored_energy, "sign": output.sign, "device": output.name}


def _unresolved(planned: Planned) -> list[dict[str, Any]]:
    """Return the soft limits that are not met, one entry per device with its limits."""
    found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    ticks = planned.schedule.window.ticks
    for breach in planned.schedule.breaches:
        device, _, limit = breach.limit.rpartition(".")
        at = from_us(int(ticks[breach.step])).isoformat()
        found[device][limit].append({"datetime": at, "violation": f"{breach.amount:.6g} {breach.unit}"})
    return [{"device": device, **limits} for device, limits in found.items()]


def run_forecast(work: Session, job: Job, settings: Settings) -> Result:
    """Forecast and save; the result tells when each cycle begins and what it knew."""
    request = ForecastRequest.model_validate(job.request)
    done = forecast_cycles.run(work, request, known_at=job.known_at)
    return {
        "sensor": request.sensor,
        "source": forecast.source(work).id,
        "cycles": [[c.start.isoformat(), c.end.isoformat(), c.known_at.isoformat()] for c in done],
        "num-beliefs": sum(cycle.stored for cycle in done),
    }


def run_report(work: Session, job: Job, settings: Settings) -> Result:
    """Report and save; the result tells how many values each sensor got."""
    stored = report.run(work, ReportRequest.model_validate(job.request), known_at=job.known_at)
    return {"outputs": {str(key): count for key, count in stored.items()}, "num-beliefs": sum(stored.values())}


KINDS: dict[str, Callable[[Session, Job, Settings], Result]] = {
    "schedule": run_schedule,
    "forecast": run_forecast,
    "report": run_report,
}
