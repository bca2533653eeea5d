"""Let go of data that sensors' rules no longer keep; nothing is let go of without a rule."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.beliefs import deletion, rewrite
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series.iso_time import duration

LOG = logging.getLogger(__name__)
KEEP, KEEP_SUPERSEDED = "keep-beliefs-for", "keep-superseded-beliefs-for"
"""Attributes of a sensor: for how long after an event its beliefs are kept, and all but the most recent one."""


def run(session: Session, *, now: datetime) -> dict[int, int]:
    """Apply the rules of sensors but those that cannot be read; return how many beliefs went, by id of the sensor.

    Args:
        session: A writing session.
        now: The moment ages are counted back from.
    """
    gone = {}
    for sensor in session.scalars(select(Sensor).order_by(Sensor.id)):
        try:
            keep, keep_superseded = (rule(sensor.attributes, name, now) for name in (KEEP, KEEP_SUPERSEDED))
        except FieldError as error:  # else whoever writes one that cannot be read keeps the data of all
            LOG.error("Old data of sensor %s are not let go of: %s", sensor.id, error)
            keep = keep_superseded = None
        if keep is not None or keep_superseded is not None:
            gone[sensor.id] = deletion.expire(session, sensor, keep=keep, keep_superseded=keep_superseded, now=now)
        rewrite.rechunk(session, sensor)
    return gone


def rule(attributes: Mapping[str, Any], name: str, now: datetime) -> timedelta | None:
    """Return for how long an attribute says to keep; months and years are counted back from now.

    Raises:
        FieldError: The attribute is not a length of time, or not a positive one.
    """
    if name not in attributes:
        return None
    length = duration(f"-{attributes[name]}", field=name, start=now)
    if length >= timedelta(0):
        raise FieldError(name, f"{attributes[name]!r} is no length of time; write it like P90D or P2Y.")
    return -length
