"""How assets are doing, in one word each: whether measurements are fresh, and whether their last job failed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from components.tables.fact_table import Light
from db.beliefs import statistics
from db.beliefs.source_filter import SourceFilter
from db.core import listing
from db.jobs import jobs

MEASURED = SourceFilter(not_types=("forecaster", "scheduler"))
PATIENCE = timedelta(hours=2)
"""How long after the end of an event its measurement may be missing, beside the length of one event."""
LOST = timedelta(days=1)
RECENT = timedelta(days=7)
ORDER = ("none", "good", "warn", "bad")
"""From what tells least to what needs most attention."""


def health(session: Session, asset_ids: Sequence[int], *, now: datetime) -> dict[int, Light]:
    """Return a light for each asset: that of its stalest sensor, or red where the newest job failed."""
    found = dict.fromkeys(asset_ids, Light("none", "no measurements"))
    sensors = listing.sensors_of(session, asset_ids)
    newest = statistics.latest(session, [sensor.id for sensor in sensors], MEASURED)
    for sensor in sensors:
        if sensor.id in newest:
            age = newest[sensor.id].age(now, sensor.resolution)
            found[sensor.asset_id] = _worse(found[sensor.asset_id], _light(age, sensor.resolution, sensor.name))
    latest = jobs.newest(session, asset_ids, since=RECENT, now=now)
    failed = {key: job for key, job in latest.items() if job.status == "FAILED"}
    return found | {key: Light("bad", f"{job.kind} failed: {job.message}") for key, job in failed.items()}


def _light(age: timedelta, resolution: timedelta, name: str) -> Light:
    if age <= PATIENCE + resolution:
        return Light("good", "data are fresh")
    hours = age / timedelta(hours=1)
    return Light("warn" if age <= LOST else "bad", f"{name}: no data for {hours:,.0f} hours")


def _worse(one: Light, other: Light) -> Light:
    return max(one, other, key=lambda light: ORDER.index(light.state))
