"""Tab Status of an asset: how fresh the data of each sensor are, and how recent jobs ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth import access
from app.auth.identity import SignedIn
from app.pages.asset_context import NO_SENSORS, heading
from app.pages.shell import Shell, address
from app.pages.tabs import Part
from components.fact_table import Cell, FactTable, Light, Link
from db import assets, jobs, statistics
from db.assets import Asset
from db.base import get
from db.jobs import Job
from db.sensors import Sensor, of_asset
from db.source_filter import SourceFilter
from db.statistics import Latest
from engine.iso_time import zone

KINDS = {
    "measured": SourceFilter(not_types=("forecaster", "scheduler")),
    "forecast": SourceFilter(types=("forecaster",)),
    "scheduled": SourceFilter(types=("scheduler",)),
}
PATIENCE = timedelta(hours=2)
"""How long after the end of an event its measurement may be missing, beside the length of one event."""
RECENT = timedelta(days=7)
STATES = {"FINISHED": "good", "QUEUED": "warn", "STARTED": "warn"}


@dataclass(frozen=True, kw_only=True)
class Found:
    """What the tab shows."""

    sensors: list[Sensor]
    newest: dict[str, dict[int, Latest]]
    """Kind of statement → sensor id → its last event."""
    jobs: list[Job]
    now: datetime
    local: ZoneInfo


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("status", "Status", partial(_read, asset_id), partial(_show, page))


def _read(asset_id: int, work: Session, who: SignedIn) -> Found:
    asset = get(work, Asset, asset_id)
    access.check(who, "read", asset)
    now = datetime.now(UTC)
    sensors = of_asset(work, asset_id)
    keys = [sensor.id for sensor in sensors]
    below = [each.id for each in assets.subtree(work, asset_id) if access.may(who, "read", each)]
    return Found(
        sensors=sensors,
        newest={kind: statistics.latest(work, keys, filtered) for kind, filtered in KINDS.items()},
        jobs=jobs.recent(work, below, since=RECENT, now=now),
        now=now,
        local=zone(who.timezone),
    )


def _show(page: Shell, found: Found) -> Sequence[Any]:
    rows = [
        [
            Link(sensor.name, address(f"/sensors/{sensor.id}")),
            _measured(found, sensor),
            _until(found, sensor, "forecast"),
            _until(found, sensor, "scheduled"),
        ]
        for sensor in found.sensors
    ]
    columns = ["Sensor", "Measured", "Forecast until", "Scheduled until"]
    fresh = FactTable(columns=columns, rows=rows, empty=NO_SENSORS)
    ended = FactTable(columns=["Job", "State", "Asked for", "What it says"], rows=_jobs(found), empty=NO_JOBS)
    page.follow(fresh)
    page.follow(ended)
    return [heading(f"Data of each sensor ({found.local})"), fresh, heading("Jobs of the last 7 days"), ended]


NO_JOBS = "No jobs: ask for a schedule on the tab Plan."


def _measured(found: Found, sensor: Sensor) -> Cell:
    last = found.newest["measured"].get(sensor.id)
    if last is None:
        return Light("none", "nothing yet")
    age = last.age(found.now, sensor.resolution)
    if age <= PATIENCE + sensor.resolution:
        return Light("good", f"fresh, until {_written(found, last, sensor)}")
    return Light("warn" if age <= timedelta(days=1) else "bad", f"stale since {_written(found, last, sensor)}")


def _until(found: Found, sensor: Sensor, kind: str) -> Cell:
    last = found.newest[kind].get(sensor.id)
    if last is None:
        return Light("none", "none")
    over = last.age(found.now, sensor.resolution) > timedelta(0)
    return Light("warn" if over else "good", f"{_written(found, last, sensor)}{' (past)' if over else ''}")


def _written(found: Found, last: Latest, sensor: Sensor) -> str:
    return f"{(last.event + sensor.resolution).astimezone(found.local):%a %-d %b %H:%M}"


def _jobs(found: Found) -> list[list[Cell]]:
    return [
        [
            job.kind,
            Light(STATES.get(job.status, "bad"), job.status.lower()),
            f"{job.enqueued_at.astimezone(found.local):%a %-d %b %H:%M}",
            job.message,
        ]
        for job in found.jobs
    ]
