"""Kinds of jobs that tests need: slow ones, deadly ones, ones that meet faults. Workers import this module."""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.auth.access.references import References
from app.jobs.handlers.kinds import KINDS, QUEUE_OF, Attempt, Save
from db import sources
from db.beliefs import store
from db.core.database import get
from db.sensors import Sensor
from engine.errors import InputError
from engine.series.iso_time import to_us


def slow(references: References, attempt: Attempt) -> Save:
    """Take some seconds, telling progress, then save one value of now."""
    asked = attempt.job.request
    for step in range(10):
        time.sleep(asked.get("seconds", 0) / 10)
        attempt.tell((step + 1) / 20)
    return lambda again: saved(again.session, asked["sensor"])


def saved(session: Session, sensor_id: int) -> dict[str, Any]:
    """Save a value that is new at every call."""
    events, now = np.array([to_us(datetime(2026, 1, 1, tzinfo=UTC))]), datetime.now(UTC)
    by = sources.named(session, "odd", type="scheduler")
    sensor = get(session, Sensor, sensor_id)
    done = store.write(session, sensor, by, events=events, values=np.array([now.timestamp() % 1e6]), known_at=now)
    return {"outputs": {str(sensor_id): {}}, "num-beliefs": done.stored, "source": by.id}


def deadly(references: References, attempt: Attempt) -> Save:
    """End the process of the worker, as a crash in native code does."""
    os._exit(9)


def unreachable(references: References, attempt: Attempt) -> Save:
    """Meet a lost connection until a file is there."""
    if not Path(attempt.job.request["file"]).exists():
        raise ConnectionResetError("the market does not answer")
    return lambda again: {"num-beliefs": 0}


def refused(references: References, attempt: Attempt) -> Save:
    raise InputError("The battery has no capacity; add soc-max.")


def broken(references: References, attempt: Attempt) -> Save:
    raise KeyError("soc")


def waiting_inside(references: References, attempt: Attempt) -> Save:
    """Ask the database after a while, as a job does that reads late."""
    time.sleep(attempt.job.request["seconds"])
    references.session.rollback()
    references.session.execute(text("select 1"))
    return lambda again: saved(again.session, attempt.job.request["sensor"])


ODD = {
    "slow": slow,
    "deadly": deadly,
    "unreachable": unreachable,
    "refused": refused,
    "broken": broken,
    "waiting-inside": waiting_inside,
}
KINDS.update(ODD)
QUEUE_OF.update(dict.fromkeys(ODD, "scheduling"))
