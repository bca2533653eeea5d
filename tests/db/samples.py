"""Rows and moments that tests of the store start from."""

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from db.assets import Asset, asset_type
from db.core.database import Database
from db.sensors import Sensor
from db.sources import Source, named
from engine.series.iso_time import Microseconds, to_us

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
LATER = NOON + 1000 * DAY


def steps(start: datetime, count: int, step: timedelta) -> Microseconds:
    """Return the starts of so many equal steps."""
    return to_us(start) + np.arange(count, dtype=np.int64) * (step // timedelta(microseconds=1))


def add_sensor(session: Session, *, resolution: timedelta = 5 * MINUTE, unit: str = "kW", **columns: Any) -> Sensor:
    """Add a sensor of a building of nobody."""
    asset = Asset(name="roof", asset_type=asset_type(session, "building"))
    sensor = Sensor(asset=asset, name="power", unit=unit, resolution=resolution, **columns)
    session.add_all([asset, sensor])
    session.flush()
    return sensor


def sensor_and_source(database: Database, **columns: Any) -> tuple[Sensor, Source]:
    """Store a sensor and a source and return both."""
    with database.writing() as session:
        return add_sensor(session, **columns), named(session, "meter")
