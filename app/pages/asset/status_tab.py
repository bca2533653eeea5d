"""Tab Status of an asset: how fresh the data of its sensors are, and how its last jobs ended."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup
from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.tables import facts, following, sections
from app.fragments.tabs import TextTab
from app.fragments.visit import Visit, address
from app.pages.asset.context_tab import NO_SENSORS
from app.pages.asset.health import KINDS, LOST, PATIENCE, RECENT
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine
from components.tables.fact_table import Cell, Light, Link
from db import assets
from db.assets import Asset
from db.beliefs import statistics
from db.beliefs.statistics import Latest
from db.core.database import get
from db.jobs import jobs
from db.sensors import Sensor, of_asset
from engine.series.iso_time import zone

MOST = 25
"""Jobs that are listed; the page of jobs has all."""
EVERY = 3.0
"""Pause between two readings [s]."""
NO_JOBS = "No jobs in the last 7 days. Run a schedule on the Plan tab."


@dataclass(frozen=True, kw_only=True)
class StatusContent:
    """Content of the tab."""

    sensors: list[Sensor]
    newest: dict[str, dict[int, Latest]]
    """Measured, forecast or scheduled → sensor id → its last event."""
    jobs: list[JobLine]
    now: datetime
    local: ZoneInfo


def read_status(visit: Visit, session: Session, principal: SignedIn) -> StatusContent:
    """Last events of each sensor of an asset, and recent jobs of it and of assets below it."""
    asset = get(session, Asset, visit.key)
    access.check(principal, "read", asset)
    now = datetime.now(UTC)
    sensors = of_asset(session, asset.id)
    keys = [sensor.id for sensor in sensors]
    below = [each.id for each in assets.subtree(session, asset.id) if access.may(principal, "read", each)]
    return StatusContent(
        sensors=sensors,
        newest={kind: statistics.latest(session, keys, filtered) for kind, filtered in KINDS.items()},
        jobs=job_table.job_lines(session, principal, jobs.recent(session, below, since=RECENT, now=now, most=MOST)),
        now=now,
        local=zone(principal.timezone),
    )


def show_status(_visit: Visit, content: StatusContent) -> Markup:
    """The tab; it is kept up to date."""
    return following("status", status_part(content), every=EVERY)


def status_part(content: StatusContent) -> Markup:
    """Tables of sensors and jobs."""
    rows: list[list[Cell]] = []
    for sensor in content.sensors:
        href = address(f"/sensors/{sensor.id}")
        lights = [
            measurement_light(content, sensor),
            horizon_light(content, sensor, "forecast"),
            horizon_light(content, sensor, "scheduled"),
        ]
        rows.append([Link(sensor.name, href), *(replace(light, href=href) for light in lights)])
    columns = ["Sensor", "Measured", "Forecast until", "Scheduled until"]
    return sections(
        {
            f"Data of each sensor ({content.local})": facts(columns, rows, empty=NO_SENSORS),
            "Jobs of the last 7 days": job_table.job_rows(content.jobs, content.local, empty=NO_JOBS),
        }
    )


def measurement_light(content: StatusContent, sensor: Sensor) -> Light:
    """Light for the age of the newest measurement of a sensor."""
    last = content.newest["measured"].get(sensor.id)
    if last is None:
        return Light("none", "none yet")
    age = last.age(content.now, sensor.resolution)
    if age <= PATIENCE + sensor.resolution:
        return Light("good", f"fresh, until {_end_of(content, last, sensor)}")
    return Light("warn" if age <= LOST else "bad", f"stale since {_end_of(content, last, sensor)}")


def horizon_light(content: StatusContent, sensor: Sensor, kind: str) -> Light:
    """Light for the time until which a sensor is forecast or scheduled."""
    last = content.newest[kind].get(sensor.id)
    if last is None:
        return Light("none", "none")
    over = last.age(content.now, sensor.resolution) > timedelta(0)
    return Light("warn" if over else "good", f"{_end_of(content, last, sensor)}{' (past)' if over else ''}")


def _end_of(content: StatusContent, last: Latest, sensor: Sensor) -> str:
    return f"{(last.event + sensor.resolution).astimezone(content.local):%a %-d %b %H:%M}"


TAB = TextTab(
    read=read_status, show=show_status, forms=lambda _visit, _content: job_table.JOB_FORMS,
    parts={"status": lambda visit, session, principal: status_part(read_status(visit, session, principal))},
)  # fmt: skip
