"""Scenarios of a sensor: courses drawn from the quantiles that are saved, as its errors hung together of late."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.forecasting.accuracy import FORESEEN, same_levels, values_at
from app.assemble.forecasting.history import DAY, read_measured
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.errors import InputError
from engine.forecasting.days import Days
from engine.forecasting.history import Floats
from engine.series.iso_time import MICROSECOND, to_us, zone
from engine.series.window import Window

ERROR_DAYS = 60
"""Days whose errors say how steps hang together."""


@dataclass(frozen=True, kw_only=True)
class SensorScenarios:
    """Equally likely courses of a sensor."""

    window: Window
    source_id: int
    """Whose quantiles they are drawn from."""
    values: Floats
    """[unit of the sensor], shape (count, n)."""


def sensor_scenarios(
    session: Session, sensor: Sensor, window: Window, *, known_at: datetime, count: int, seed: int
) -> SensorScenarios:
    """Courses drawn from the newest quantiles known at a moment of the steps of a sensor.

    Raises:
        InputError: Some steps have no quantiles, or less than five days of errors are known.
    """
    from engine.forecasting.scenarios import draw_scenarios, lag_correlation  # a server starts without scipy

    query = BeliefQuery(window.start, window.end, known_at=AsOf(known_at=known_at), sources=FORESEEN)
    whole = {
        key: beliefs
        for key, beliefs in store.read_per_source(session, sensor, query).items()
        if len(beliefs) == window.n and len(same_levels(beliefs)[0]) > 1
    }
    if not whole:
        raise InputError(
            f"Sensor {sensor.id} ({sensor.name}) has no quantiles for all {window.n} events from "
            f"{window.start.isoformat()} to {window.end.isoformat()}; request a probabilistic forecast of them."
        )
    source_id = max(whole, key=lambda key: (int(whole[key].times.min()), key))
    levels, quantiles = same_levels(whole[source_id])
    errors = _daily_errors(session, sensor, window, source_id, known_at)
    correlation = lag_correlation(errors, window.n)
    drawn = draw_scenarios(quantiles, levels, correlation, count=count, seed=seed)
    return SensorScenarios(window=window, source_id=source_id, values=drawn)


def _daily_errors(session: Session, sensor: Sensor, window: Window, source_id: int, known_at: datetime) -> Floats:
    """Errors of one source by day and step, of what was forecast half a window ahead, at most half a day.

    Raises:
        InputError: Events do not divide days.
    """
    if timedelta(0) != DAY % sensor.resolution:
        raise InputError(f"Sensor {sensor.id} ({sensor.name}): a day is no whole number of its events.")
    end = min(window.start, known_at)
    start = end - ERROR_DAYS * DAY
    as_of = AsOf(known_at=known_at, horizon=min(window.end - window.start, DAY) / 2)
    query = BeliefQuery(start, end, known_at=as_of, sources=SourceFilter(ids=[source_id]))
    beliefs = store.read_per_source(session, sensor, query).get(source_id, Beliefs.none())
    known = read_measured(session, sensor, start, end, known_at)
    error = values_at(known.events, known.values, beliefs.events) - beliefs.middle
    origin = to_us(end) // (sensor.resolution // MICROSECOND) * (sensor.resolution // MICROSECOND)
    days = Days.around(origin, ERROR_DAYS, 1, sensor.resolution, zone(sensor.timezone))
    table = days.table(beliefs.events, error)[:ERROR_DAYS]
    return table[int(np.argmax(np.isfinite(table).any(axis=1))) :]
