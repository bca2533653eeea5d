"""What came of forecasts: each source by how long before it foresaw, as known at the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.forecasting.history import DAY, read_measured
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.forecasting.days import local_ticks
from engine.forecasting.history import Floats
from engine.forecasting.skill import Skill, reliability, skill
from engine.series.iso_time import HOUR_US, MICROSECOND, Microseconds, zone

LEADS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=48))
"""How long before they could be known events were foreseen, at least: the horizons that the documentation names."""
FORESEEN = SourceFilter(types=("forecaster",))
HOURS = 24


@dataclass(frozen=True, kw_only=True)
class SkillQuery:
    """Which forecasts are compared with what came."""

    start: datetime
    """Of the events."""
    end: datetime
    """Excluded."""
    known_at: datetime
    """What came is taken as it was known then."""
    leads: tuple[timedelta, ...] = LEADS


@dataclass(frozen=True, kw_only=True)
class SourceSkill:
    """How good one source was at one lead."""

    source_id: int
    lead: timedelta
    skill: Skill
    by_hour: Floats
    """Mean absolute error by hour of the day, on the clock of the sensor [unit], NaN where none, shape (24,)."""
    reliability: dict[float, float]
    """By level of a quantile, the share of values that lay at or below it: equal where a forecast is reliable."""
    events: Microseconds
    """Starts of the events that are compared [us since 1970 UTC], shape (n,)."""
    errors: Floats
    """Forecast less what came at these events [unit], shape (n,)."""


def forecast_skills(session: Session, sensor: Sensor, query: SkillQuery) -> list[SourceSkill]:
    """Skill of each source that forecasts a sensor at each lead; the best at each lead first.

    Only what was believed so long before counts: a forecast that was corrected later is measured by what it said then.
    """
    if not sensor.resolution or not query.leads:
        return []
    # The yardstick looks back by as many days as a forecast looks ahead.
    back = max(query.leads) + DAY
    known = read_measured(session, sensor, query.start - back, query.end, query.known_at)
    found = []
    for lead in query.leads:
        as_of = AsOf(known_at=query.known_at, horizon=lead)
        beliefs_query = BeliefQuery(query.start, query.end, known_at=as_of, sources=FORESEEN)
        for key, beliefs in store.read_per_source(session, sensor, beliefs_query).items():
            found += list(_compared(sensor, key, lead, beliefs, known.events, known.values))
    return sorted(found, key=lambda each: (each.lead, each.skill.mae))


def _compared(
    sensor: Sensor, key: int, lead: timedelta, beliefs: Beliefs, events: Microseconds, values: Floats
) -> Iterator[SourceSkill]:
    """Give the skill of the beliefs of one source, where anything came of them."""
    actual = values_at(events, values, beliefs.events)
    back = max(1, -(-lead // DAY)) * (DAY // MICROSECOND)
    yardstick = values_at(events, values, beliefs.events - back)
    levels, quantiles = same_levels(beliefs)
    measured = skill(actual, quantiles, levels, yardstick)
    if not measured.events:
        return
    middle = int(np.argmin(np.abs(np.asarray(levels) - 0.5)))  # the quantile nearest to the median
    error = quantiles[:, middle] - actual
    place, there = zone(sensor.timezone), np.isfinite(error)
    hour = local_ticks(beliefs.events[there], place) // HOUR_US % HOURS
    count, total = np.bincount(hour, minlength=HOURS), np.bincount(hour, np.abs(error[there]), minlength=HOURS)
    yield SourceSkill(
        source_id=key,
        lead=lead,
        skill=measured,
        by_hour=np.divide(total, count, out=np.full(HOURS, np.nan), where=count > 0),
        reliability=reliability(actual, quantiles, levels),
        events=beliefs.events[there],
        errors=error[there],
    )


def same_levels(beliefs: Beliefs) -> tuple[list[float], Floats]:
    """Levels that most beliefs have, and their quantiles; of other beliefs the middle stands for all."""
    if beliefs.levels.ndim == 1:
        return beliefs.levels.tolist(), beliefs.values
    rows, counts = np.unique(np.nan_to_num(beliefs.levels, nan=-1.0), axis=0, return_counts=True)
    common = rows[np.argmax(counts)]
    same = (np.nan_to_num(beliefs.levels, nan=-1.0) == common).all(axis=1)
    given = common >= 0.0
    quantiles = np.where(same[:, None], beliefs.values[:, given], beliefs.middle[:, None])
    return common[given].tolist(), quantiles


def values_at(events: Microseconds, values: Floats, wanted: NDArray[np.int64]) -> Floats:
    """Values of some events, NaN where none is known."""
    if not len(events):
        return np.full(len(wanted), np.nan)
    place = np.minimum(np.searchsorted(events, wanted), len(events) - 1)
    return np.where(events[place] == wanted, values[place], np.nan)
