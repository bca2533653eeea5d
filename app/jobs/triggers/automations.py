"""What is done for assets again and again: plans, forecasts and reports, at regular moments or when data arrive.

One process leads at a time; it turns every automation that is due into a job. What was missed while nothing ran is
caught up once: the job is that of the latest moment.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from app.assemble.site.planning_window import WindowLimits
from app.assemble.site.request import ScheduleRequest
from app.assemble.site.site import read_description
from app.auth.access.access import NotAllowed
from app.auth.access.identity import identity
from app.auth.access.references import References
from app.jobs.handlers import forecast, report
from app.jobs.handlers.forecast_request import ForecastRequest, RepeatedForecast
from app.jobs.handlers.report import ReportRequest
from app.jobs.submission import Order, ask
from app.jobs.triggers.recurrence import DAY, Recurrence
from app.settings.settings import Settings
from db import assets, sensors
from db.accounts.users import User
from db.core.database import Database, get
from db.core.faults import Unavailable
from db.jobs import automations, server_tasks
from db.jobs.automations import Automation
from db.jobs.jobs import Job
from engine.errors import EngineError, FieldError, field_under
from engine.field_problems import problem_text
from engine.series.iso_time import after, duration

LOG = logging.getLogger(__name__)
LEAD = "automations"
# Many rounds of the keeper: the lead changes hands only when its process is gone.
LEAD_LASTS = timedelta(seconds=15)
KINDS = ("schedule", "forecast", "report")
MOST_SENSORS = 1000
"""Sensors that one automation forecasts."""


@dataclass(frozen=True, kw_only=True)
class AutomationPlan:
    """An automation that is to be made."""

    asset_id: int
    kind: str
    name: str
    request: dict[str, Any]
    """As the job takes it, without moments: duration for a schedule or report, sensors and horizon for forecasts."""
    every: timedelta
    at: timedelta = timedelta(0)
    on_data: bool = False
    user_id: int | None = None


def make(references: References, plan: AutomationPlan, *, now: datetime) -> Automation:
    """Add an automation; it is due for the first time at its next moment.

    What it names must be open to who makes it, now and whenever one of its jobs runs.

    Raises:
        FieldError: The rule or the request cannot be used; the field is named.
        NotFound: The asset or a sensor is not there.
    """
    session = references.session
    references.asset(plan.asset_id, field="asset", action="create-children")
    row = Automation(asset_id=plan.asset_id, kind=plan.kind, name=plan.name, request=plan.request, active=True)
    row.every, row.at, row.on_data, row.user_id, row.created_at = plan.every, plan.at, plan.on_data, plan.user_id, now
    row.next_at = recurrence(session, row).next_after(now)
    check_jobs(references, row)
    session.add(row)
    session.flush()
    automations.depends_on(session, row.id, inputs(references, row))
    return row


def check_jobs(references: References, automation: Automation) -> None:
    """Put the next jobs of an automation into words, so that what cannot be asked for is refused at once.

    Raises:
        FieldError: The request cannot be used; the field is named.
        NotFound: A sensor is not there.
    """
    place = sensors.time_zone(references.session, automation.asset_id)
    asked = orders(references.session, automation, automation.next_at.astimezone(place))
    if not asked:
        raise FieldError("sensors", "a forecast needs at least one sensor.")
    for order in asked:
        NAMED[order.kind](references, order.request)


def ask_otherwise(references: References, automation: Automation, request: dict[str, Any], *, now: datetime) -> None:
    """Let an automation ask for something else from now on, when new data arrive as well; raises as ``make``."""
    if not automation.active:
        automation.next_at = recurrence(references.session, automation).next_after(now)
    automation.request, automation.active, automation.on_data = request, True, True
    check_jobs(references, automation)
    references.session.flush()
    automations.depends_on(references.session, automation.id, inputs(references, automation))


def recurrence(session: Session, automation: Automation) -> Recurrence:
    """Rule of an automation, in the zone of its asset."""
    return Recurrence(every=automation.every, at=automation.at, place=sensors.time_zone(session, automation.asset_id))


def orders(session: Session, automation: Automation, at: datetime) -> list[Order]:
    """Orders of the jobs of an automation at a moment, which is in the zone of its asset.

    Raises:
        FieldError: What it says cannot be used; the field is named.
    """
    try:
        requests = list(MAKERS[automation.kind](automation, at))
        for request in requests:  # what the account says, where neither they nor the asset do
            if automation.kind == "schedule" and request["terminal_value"] is None:
                request["terminal_value"] = assets.terminal_value(session, automation.asset_id)
        return [
            Order(
                kind=automation.kind,
                asset_id=automation.asset_id,
                request=request,
                user_id=automation.user_id,
                automation_id=automation.id,
                force=True,
            )
            for request in requests
        ]
    except KeyError:
        raise FieldError("kind", f"{automation.kind!r} is none of {', '.join(KINDS)}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        raise FieldError(field_under(*first["loc"]) or "request", problem_text(first)) from None


def schedule_requests(automation: Automation, at: datetime) -> Iterator[dict[str, Any]]:
    """Request of the schedule that an automation asks for at a moment."""
    given = dict(automation.request)
    if "duration" in given:
        given["duration"] = duration(str(given["duration"]), field="duration", start=at)
    asked = ScheduleRequest.model_validate({**given, "asset": automation.asset_id, "start": at})
    yield asked.model_dump(mode="json")


def forecast_requests(automation: Automation, at: datetime) -> Iterator[dict[str, Any]]:
    """Requests of the forecasts that an automation asks for at a moment, one for each sensor."""
    request = dict(automation.request)
    horizon, sensor_ids = request.pop("horizon", "PT48H"), request.pop("sensors", [])
    length = duration(str(horizon), field="horizon", start=at)
    if not isinstance(sensor_ids, list) or len(sensor_ids) > MOST_SENSORS:
        raise FieldError("sensors", f"list the ids of {MOST_SENSORS} sensors at most.")
    for sensor_id in sensor_ids:
        window = {"start": at, "end": after(at, length, field="horizon"), "horizon": length, "frequency": length}
        yield RepeatedForecast.model_validate({**request, "sensor": sensor_id, **window}).model_dump(mode="json")


def report_requests(automation: Automation, at: datetime) -> Iterator[dict[str, Any]]:
    """Request of the report that an automation asks for, over the time before a moment."""
    given = dict(automation.request)
    length = duration(str(given.pop("duration", "P1D")), field="duration")
    start = at - length if length >= DAY else at.astimezone(UTC) - length  # days by the clock, hours in elapsed time
    yield ReportRequest.model_validate({**given, "start": start, "end": at}).model_dump(mode="json")


MAKERS = {"schedule": schedule_requests, "forecast": forecast_requests, "report": report_requests}


def inputs(references: References, automation: Automation) -> set[int]:
    """Return the ids of the sensors whose data an automation depends on, as far as its maker may read them."""
    if automation.kind == "forecast":
        explaining = [each.get("sensor") for each in automation.request.get("regressors", [])]
        return set(references.readable([*automation.request.get("sensors", []), *explaining]))
    if automation.kind == "report":
        try:
            (asked,) = report_requests(automation, automation.next_at)
            read = report.named(references, ReportRequest.model_validate(asked)).inputs
        except (NotAllowed, EngineError):  # its jobs tell
            return set()
        return {each.sensor.id for each in read}
    try:
        (asked,) = schedule_requests(automation, automation.next_at)
        described = read_description(references, ScheduleRequest.model_validate(asked), WindowLimits())
    except (NotAllowed, EngineError):  # its jobs tell
        return set()
    fields = [described.context, *(read for _, read in described.entries)]
    named = [each for part in fields for each in part.references()]
    # A schedule that woke itself by the power it saves would be computed again and again
    planned = {each.key for each in named if each.writes and not each.reads}
    return {each.key for each in named if each.reads} - planned


def acting(session: Session, automation: Automation) -> References:
    """Return what resolves references for who set up an automation; its jobs are refused to who is not active."""
    user = None if automation.user_id is None else session.get(User, automation.user_id)
    return References(session, None if user is None else identity(session, user))


NAMED: dict[str, Callable[[References, dict[str, Any]], object]] = {
    "schedule": lambda references, asked: read_description(
        references, ScheduleRequest.model_validate(asked), WindowLimits()
    ),
    "forecast": lambda references, asked: forecast.named(references, ForecastRequest.model_validate(asked)),
    "report": lambda references, asked: report.named(references, ReportRequest.model_validate(asked)),
}
"""What a job of each kind names; resolving it refuses what who makes it may not use."""


class Leader:
    """Turns what is due into jobs, while this process leads."""

    def __init__(self, settings: Settings, database: Database, holder: str) -> None:
        self._settings, self._database, self._holder = settings, database, holder

    def tick(self, now: datetime) -> list[Job]:
        """Return the jobs of what is due, committed, for the queue."""
        # Mostly nothing is due; then no lock to write is taken.
        with self._database.reading() as session:
            if not automations.due(session, now):
                return []
        with self._database.writing() as session:
            if not server_tasks.take_lead(session, LEAD, self._holder, now=now, lasts=LEAD_LASTS):
                return []
            # Asked again: another process may have led, and done it, in between.
            found = [(row.id, row.name) for row in automations.due(session, now)]
        jobs: list[Job] = []
        for automation_id, name in found:  # a transaction for each: one that is refused holds up no other
            try:
                with self._database.writing() as session:
                    row = get(session, Automation, automation_id)
                    ordered = run(session, row, now=now, settings=self._settings)
                jobs += ordered  # only those that are committed: a worker looks for their rows
            except Unavailable:  # it is still due at the next round
                LOG.warning("Automation %s (%s) waits for the database", automation_id, name)
            except EngineError as error:
                LOG.warning("Automation %s (%s) asks for nothing: %s", automation_id, name, error)
                with self._database.writing() as session:  # else it would be due, and refused, in every round
                    row = get(session, Automation, automation_id)
                    following = recurrence(session, row).next_after(now)
                    automations.advance(session, row, done_for=now, next_at=following)
        return jobs


def once(
    session: Session, automation: Automation, *, user_id: int | None, now: datetime, settings: Settings
) -> list[Job]:
    """Ask for the jobs of an automation beside its rule, as of now; the rule goes on as before.

    Args:
        session: A writing session.
        automation: It may be paused.
        user_id: Who wants it; the jobs act for that user.
        now: The moment.
        settings: See ``ask``.
    """
    found = orders(session, automation, now.astimezone(sensors.time_zone(session, automation.asset_id)))
    return [ask(session, replace(order, user_id=user_id), now=now, settings=settings) for order in found]


def run(session: Session, automation: Automation, *, now: datetime, settings: Settings) -> list[Job]:
    """Ask for the jobs of an automation that is due, for its latest moment, and move it on; see ``Leader``."""
    rule = recurrence(session, automation)
    regular = rule.latest(now)
    at = regular if regular >= automation.next_at else automation.next_at  # brought forward by new data
    found = orders(session, automation, at.astimezone(rule.place))
    # Moved on before jobs are asked for: of two processes that are at it, one goes on.
    if not automations.advance(session, automation, done_for=at, next_at=rule.next_after(now)):
        return []
    # Anew each time, as the flex-config may name other sensors by now.
    automations.depends_on(session, automation.id, inputs(acting(session, automation), automation))
    return [ask(session, order, now=now, settings=settings) for order in found]
