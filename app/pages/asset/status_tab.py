"""How fresh the data of assets are, and how their last jobs ended: the tab Status, and one light for each asset."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.auth.access import access
from app.auth.access.identity import SignedIn
from app.fragments.visit import address
from app.pages.asset.context_tab import NO_SENSORS
from app.pages.asset.health import KINDS, LOST, PATIENCE, RECENT
from app.pages.jobs import job_table
from app.pages.jobs.job_table import JobLine, JobTable
from app.widgets.async_content import Following
from app.widgets.layout import Shell, section_heading
from app.widgets.tabs import Part
from components.tables.fact_table import Cell, FactTable, Light, Link
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


def part(page: Shell, asset_id: int) -> Part:
    """The tab."""
    return Part(
        "status", "Status", partial(read_status, asset_id), lambda content: StatusTab(page, asset_id, content).shown()
    )


def read_status(asset_id: int, session: Session, principal: SignedIn) -> StatusContent:
    """Last events of each sensor of an asset, and recent jobs of it and of assets below it."""
    asset = get(session, Asset, asset_id)
    access.check(principal, "read", asset)
    now = datetime.now(UTC)
    sensors = of_asset(session, asset_id)
    keys = [sensor.id for sensor in sensors]
    below = [each.id for each in assets.subtree(session, asset_id) if access.may(principal, "read", each)]
    return StatusContent(
        sensors=sensors,
        newest={kind: statistics.latest(session, keys, filtered) for kind, filtered in KINDS.items()},
        jobs=job_table.job_lines(session, principal, jobs.recent(session, below, since=RECENT, now=now, most=MOST)),
        now=now,
        local=zone(principal.timezone),
    )


class StatusTab:
    """The tab once its first content is read; it is kept up to date."""

    def __init__(self, page: Shell, asset_id: int, content: StatusContent) -> None:
        columns = ["Sensor", "Measured", "Forecast until", "Scheduled until"]
        self._local = content.local
        self._fresh = FactTable(columns=columns, empty=NO_SENSORS)
        self._jobs = JobTable(page, local=content.local, empty=NO_JOBS, changed=lambda: self._following.refresh())
        page.follow(self._fresh)
        self._show(content)
        self._following = Following(partial(read_status, asset_id), self._show, every=EVERY)

    def shown(self) -> Sequence[Any]:
        """Parts of the tab, from top to bottom."""
        data, ended = (
            section_heading(f"Data of each sensor ({self._local})"),
            section_heading("Jobs of the last 7 days"),
        )
        return [data, self._fresh, ended, self._jobs]

    def _show(self, content: StatusContent) -> None:
        rows: list[list[Cell]] = []
        for sensor in content.sensors:
            href = address(f"/sensors/{sensor.id}")
            lights = [
                measurement_light(content, sensor),
                horizon_light(content, sensor, "forecast"),
                horizon_light(content, sensor, "scheduled"),
            ]
            rows.append([Link(sensor.name, href), *(replace(light, href=href) for light in lights)])
        if rows != self._fresh.rows:
            self._fresh.rows = rows
        self._jobs.put(content.jobs)


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
