"""Tab Status of an asset: how fresh the data of each sensor are, and how recent jobs ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.pages.asset.context_tab import NO_SENSORS, heading
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine, JobTable
from app.widgets.layout import Shell, address
from app.widgets.live import Following
from app.widgets.tabs import Part
from components.tables.fact_table import Cell, FactTable, Light, Link
from db import assets
from db.assets import Asset
from db.beliefs import statistics
from db.beliefs.source_filter import SourceFilter
from db.beliefs.statistics import Latest
from db.core.database import get
from db.jobs import jobs
from db.sensors import Sensor, of_asset
from engine.iso_time import zone

KINDS = {
    "measured": SourceFilter(not_types=("forecaster", "scheduler")),
    "forecast": SourceFilter(types=("forecaster",)),
    "scheduled": SourceFilter(types=("scheduler",)),
}
PATIENCE = timedelta(hours=2)
"""How long after the end of an event its measurement may be missing, beside the length of one event."""
RECENT = timedelta(days=7)
MOST = 25
"""Jobs that are listed; the page of jobs has all."""
EVERY = 3.0
"""Pause between two looks at how jobs go [s]."""


@dataclass(frozen=True, kw_only=True)
class StatusContent:
    """What the tab shows."""

    sensors: list[Sensor]
    newest: dict[str, dict[int, Latest]]
    """Kind of statement → sensor id → its last event."""
    jobs: list[JobLine]
    now: datetime
    local: ZoneInfo


def part(page: Shell, asset_id: int) -> Part:
    """Return the tab."""
    return Part("status", "Status", partial(_read, asset_id), lambda found: StatusTab(page, asset_id, found).shown())


def _read(asset_id: int, session: Session, who: SignedIn) -> StatusContent:
    asset = get(session, Asset, asset_id)
    access.check(who, "read", asset)
    now = datetime.now(UTC)
    sensors = of_asset(session, asset_id)
    keys = [sensor.id for sensor in sensors]
    below = [each.id for each in assets.subtree(session, asset_id) if access.may(who, "read", each)]
    return StatusContent(
        sensors=sensors,
        newest={kind: statistics.latest(session, keys, filtered) for kind, filtered in KINDS.items()},
        jobs=job_table.lines(session, who, jobs.recent(session, below, since=RECENT, now=now, most=MOST)),
        now=now,
        local=zone(who.timezone),
    )


class StatusTab:
    """The tab once its first data are there; it follows what happens."""

    def __init__(self, page: Shell, asset_id: int, found: StatusContent) -> None:
        columns = ["Sensor", "Measured", "Forecast until", "Scheduled until"]
        self._local = found.local
        self._fresh = FactTable(columns=columns, empty=NO_SENSORS)
        self._jobs = JobTable(page, local=found.local, empty=NO_JOBS, changed=lambda: self._following.look())
        page.follow(self._fresh)
        self._show(found)
        self._following = Following(partial(_read, asset_id), self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Return what is in the tab."""
        data, ended = heading(f"Data of each sensor ({self._local})"), heading("Jobs of the last 7 days")
        return [data, self._fresh, ended, self._jobs]

    def _show(self, found: StatusContent) -> None:
        rows = [_row(found, sensor) for sensor in found.sensors]
        if rows != self._fresh.rows:
            self._fresh.rows = rows
        self._jobs.put(found.jobs)


def _row(found: StatusContent, sensor: Sensor) -> list[Cell]:
    href = address(f"/sensors/{sensor.id}")
    lights = [_measured(found, sensor), _until(found, sensor, "forecast"), _until(found, sensor, "scheduled")]
    return [Link(sensor.name, href), *(replace(light, href=href) for light in lights)]


NO_JOBS = "No jobs yet. Run a schedule on the Plan tab."


def _measured(found: StatusContent, sensor: Sensor) -> Light:
    last = found.newest["measured"].get(sensor.id)
    if last is None:
        return Light("none", "none yet")
    age = last.age(found.now, sensor.resolution)
    if age <= PATIENCE + sensor.resolution:
        return Light("good", f"fresh, until {_written(found, last, sensor)}")
    return Light("warn" if age <= timedelta(days=1) else "bad", f"stale since {_written(found, last, sensor)}")


def _until(found: StatusContent, sensor: Sensor, kind: str) -> Light:
    last = found.newest[kind].get(sensor.id)
    if last is None:
        return Light("none", "none")
    over = last.age(found.now, sensor.resolution) > timedelta(0)
    return Light("warn" if over else "good", f"{_written(found, last, sensor)}{' (past)' if over else ''}")


def _written(found: StatusContent, last: Latest, sensor: Sensor) -> str:
    return f"{(last.event + sensor.resolution).astimezone(found.local):%a %-d %b %H:%M}"
