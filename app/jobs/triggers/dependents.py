"""New data bring forward the automations that depend on them; data that say nothing new do not."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db.jobs import automations

WAKES = {"posted": ("forecast", "schedule", "report"), "forecast": ("schedule",)}
"""Which automations wait for what somebody posted, or for what a kind of job made; others would wake each other."""
GATHERING = timedelta(seconds=2)
"""What arrives within this time makes one job."""
GAP = timedelta(minutes=1)
"""New data bring nothing forward that was done so short a time ago."""


def wake(session: Session, by: str, sensor_ids: Collection[int], *, now: datetime) -> int:
    """Bring forward what depends on sensors that have something new; return how many automations that are.

    Args:
        session: A writing session, that saves the new data.
        by: ``posted``, or the kind of job that made it.
        sensor_ids: The sensors.
        now: The moment it arrived.
    """
    kinds = WAKES.get(by, ())
    if not kinds or not sensor_ids:
        return 0
    return automations.wake(session, sensor_ids, at=now + GATHERING, gap=GAP, kinds=kinds)
