"""What came of forecasts: each source by how long before it foresaw, as known at the time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.assemble.forecasting.history import DAY, measured_query
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.forecasting.history import Floats
from engine.forecasting.skill import Skill, skill
from engine.series.iso_time import MICROSECOND, Microseconds, zone

LEADS = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=48))
"""How long before they could be known events were foreseen, at least: the horizons that the documentation names."""
FORESEEN = SourceFilter(types=("forecaster",))
PARTS = 8
"""Parts of a day that errors are told by."""


@dataclass(frozen=True, kw_only=True)
class SourceSkill:
    """How good one source was at one lead."""

    source_id: int
    lead: timedelta
    skill: Skill
    by_part: Floats
    """Mean absolute error by three hours of the day, on the clock of the sensor [unit], NaN where none, shape (8,)."""


def forecast_skills(session: Session, sensor: Sensor, *, days: int, known_at: datetime) -> list[SourceSkill]:
    """Skill of each source that forecasts a sensor at each lead, over the last days; the best at each lead first.

    Only what was believed so long before counts: a forecast that was corrected later is measured by what it said then.

    Args:
        session: A session of any kind.
        sensor: Whose forecasts.
        days: How far back.
        known_at: What came is taken as it was known then.
    """
    if not sensor.resolution:
        return []
    start = known_at - days * DAY
    # The yardstick looks back by as many days as a forecast looks ahead.
    known = store.read(session, sensor, measured_query(sensor, start - max(LEADS) - DAY, known_at, known_at))
    found = []
    for lead in LEADS:
        query = BeliefQuery(start, known_at, known_at=AsOf(known_at=known_at, horizon=lead), sources=FORESEEN)
        for key, beliefs in store.read_per_source(session, sensor, query).items():
            found += list(_compared(sensor, key, lead, beliefs, known.events, known.values))
    return sorted(found, key=lambda each: (each.lead, each.skill.mae))


def _compared(
    sensor: Sensor, key: int, lead: timedelta, beliefs: Beliefs, events: Microseconds, values: Floats
) -> Iterator[SourceSkill]:
    """Give the skill of the beliefs of one source, where anything came of them."""
    actual = _at(events, values, beliefs.events)
    back = max(1, -(-lead // DAY)) * (DAY // MICROSECOND)
    yardstick = _at(events, values, beliefs.events - back)
    levels, quantiles = _same_levels(beliefs)
    measured = skill(actual, quantiles, levels, yardstick)
    if not measured.events:
        return
    error = np.abs(_middle(levels, quantiles) - actual)
    place, there = zone(sensor.timezone), np.isfinite(error)
    local = [datetime.fromtimestamp(event / 1e6, place).hour for event in beliefs.events[there].tolist()]
    part = np.array(local, np.intp) * PARTS // 24
    count, total = np.bincount(part, minlength=PARTS), np.bincount(part, error[there], minlength=PARTS)
    by_part = np.divide(total, count, out=np.full(PARTS, np.nan), where=count > 0)
    yield SourceSkill(source_id=key, lead=lead, skill=measured, by_part=by_part)


def _middle(levels: list[float], quantiles: Floats) -> Floats:
    """The quantile nearest to the median, shape (n,)."""
    return quantiles[:, int(np.argmin(np.abs(np.asarray(levels) - 0.5)))]


def _same_levels(beliefs: Beliefs) -> tuple[list[float], Floats]:
    """Levels that most beliefs have, and their quantiles; of other beliefs the middle stands for all."""
    if beliefs.levels.ndim == 1:
        return beliefs.levels.tolist(), beliefs.values
    rows, counts = np.unique(np.nan_to_num(beliefs.levels, nan=-1.0), axis=0, return_counts=True)
    common = rows[np.argmax(counts)]
    same = (np.nan_to_num(beliefs.levels, nan=-1.0) == common).all(axis=1)
    given = common >= 0.0
    quantiles = np.where(same[:, None], beliefs.values[:, given], beliefs.middle[:, None])
    return common[given].tolist(), quantiles


def _at(events: Microseconds, values: Floats, wanted: NDArray[np.int64]) -> Floats:
    """Values of some events, NaN where none is known."""
    if not len(events):
        return np.full(len(wanted), np.nan)
    place = np.minimum(np.searchsorted(events, wanted), len(events) - 1)
    return np.where(events[place] == wanted, values[place], np.nan)
