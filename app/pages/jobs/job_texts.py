"""What is said of a job: its state, how long it took and waited, and when."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from components.tables.fact_table import Bar, Cell, Light, Lines
from db.jobs.jobs import Job

STATES = {"FINISHED": "good", "QUEUED": "none", "SCHEDULED": "none", "DEFERRED": "none", "STARTED": "warn"}
"""State of a job → its light; all others are bad."""
SECOND = timedelta(seconds=1)


def state_cell(job: Job) -> Cell:
    """Light for the state of a job, and its progress while it runs."""
    light = Light(STATES.get(job.status, "bad"), job.status.lower())
    return Lines((light, Bar(job.progress, f"{job.progress:.0%}"))) if job.status == "STARTED" else light


def timing_texts(job: Job, now: datetime) -> list[str]:
    """How long a job took and waited; until now, if it has not ended."""
    if job.status == "SCHEDULED" and job.due_at is not None and job.due_at > now:
        return [f"due in {(job.due_at - now) / SECOND:.0f} s"]
    if job.started_at is None:
        waited = length_text((job.ended_at or now) - job.enqueued_at)
        return [f"waited {waited}" if job.ended_at else f"waiting for {waited}"]
    took = length_text((job.ended_at or now) - job.started_at)
    waited = length_text(job.started_at - job.enqueued_at)
    return [took if job.ended_at else f"{took} so far", f"waited {waited}"]


def length_text(length: timedelta) -> str:
    """Length of time as people say it: 210 ms, 4.2 s, 42 s, 12 min, 3 h, 5 days."""
    seconds = max(length / SECOND, 0.0)
    if 1 <= seconds < 10:
        return f"{seconds:.1f} s"
    for most, size, unit in ((1, 0.001, "ms"), (120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def clock_text(moment: datetime, local: ZoneInfo) -> str:
    """Weekday, day and time of a moment in a time zone."""
    return f"{moment.astimezone(local):%a %-d %b %H:%M:%S}"
