"""How fresh the data of assets are, and how their last jobs ended: one light for each asset."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from components.tables.fact_table import Light
from db.beliefs import statistics
from db.beliefs.source_filter import SourceFilter
from db.jobs import jobs
from db.sensors import Sensor

KINDS = {
    "measured": SourceFilter(not_types=("forecaster", "scheduler")),
    "forecast": SourceFilter(types=("forecaster",)),
    "scheduled": SourceFilter(types=("scheduler",)),
}
PATIENCE = timedelta(hours=2)
"""How long after the end of an event its measurement may be missing, beside the length of one event."""
LOST = timedelta(days=1)
"""Age of the newest measurement from which the light is red, not yellow."""
RECENT = timedelta(days=7)
"""How far back jobs are shown."""
SEVERITY = ("none", "good", "warn", "bad")
"""States of lights, from the least to the most that needs attention."""


def health(session: Session, asset_ids: Sequence[int], *, now: datetime) -> dict[int, Light]:
    """One light for each asset: that of its stalest sensor, or red where the newest job failed."""
    lights = dict.fromkeys(asset_ids, Light("none", "no measurements"))
    # Columns, not rows: of thousands of assets, making the objects takes longer than reading them
    columns = select(Sensor.id, Sensor.name, Sensor.asset_id, Sensor.resolution)
    sensors = session.execute(columns.where(Sensor.asset_id.in_(asset_ids)).order_by(Sensor.id)).all()
    newest = statistics.latest(session, [sensor.id for sensor in sensors], KINDS["measured"])
    for sensor in sensors:
        if sensor.id not in newest:
            continue
        age = newest[sensor.id].age(now, sensor.resolution)
        light = Light("good", "data are fresh")
        if age > PATIENCE + sensor.resolution:
            state = "warn" if age <= LOST else "bad"
            light = Light(state, f"{sensor.name}: no data for {age / timedelta(hours=1):,.0f} hours")
        lights[sensor.asset_id] = max(lights[sensor.asset_id], light, key=lambda one: SEVERITY.index(one.state))
    latest = jobs.newest(session, asset_ids, since=RECENT, now=now)
    failed = {key: job for key, job in latest.items() if job.status == "FAILED"}
    return lights | {key: Light("bad", f"{job.kind} failed: {job.message}") for key, job in failed.items()}
