"""Statistics, latest values and versions of series from their lines alone; no belief is decoded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from db.beliefs.source_filter import SourceFilter, origins
from db.core.driver import Driver
from engine.series.iso_time import from_us


@dataclass(frozen=True, slots=True)
class Statistics:
    """The most recent beliefs of one sensor from one source, summed up."""

    first_event: datetime
    last_event: datetime
    """Start of the last event."""
    last_belief: datetime
    """The most recent moment of knowledge."""
    count: int
    """Number of events."""
    minimum: float
    maximum: float
    total: float

    @property
    def mean(self) -> float:
        """Mean over the events."""
        return self.total / self.count


@dataclass(frozen=True, slots=True)
class Latest:
    """The value of the last event of a sensor."""

    source_id: int
    event: datetime
    """Start of the event."""
    value: float
    known_at: datetime
    """The most recent moment of knowledge of the source about any event."""

    def age(self, now: datetime, resolution: timedelta) -> timedelta:
        """Return how long ago the last event ended; negative for what lies ahead."""
        return now - self.event - resolution


def per_source(session: Session, sensor_id: int) -> dict[int, Statistics]:
    """Return the statistics of a sensor, by source id."""
    found = Driver(session).rows(
        "SELECT s.source_id, s.first_event_us, s.last_event_us, s.last_belief_us, sum(c.n), min(c.v_min), "
        # An inner join: a series whose values were all deleted has no chunks, and nothing to sum up.
        "max(c.v_max), sum(c.v_sum) FROM belief_series s JOIN belief_chunk c ON c.series_id = s.id AND c.layer = 0 "
        "WHERE s.sensor_id = ? GROUP BY s.id ORDER BY s.source_id",
        (sensor_id,),
    )
    return {
        source: Statistics(from_us(first), from_us(last), from_us(known), int(n), low, high, total)
        for source, first, last, known, n, low, high, total in found
    }


def latest(session: Session, sensor_ids: Sequence[int], sources: SourceFilter | None = None) -> dict[int, Latest]:
    """Return the value of the last event of each sensor that has one; of several sources the most recent belief."""
    driver = Driver(session)
    counting = {origin.series_id for origin in origins(driver, sensor_ids, sources)}
    # An empty list is no SQL; NULL in it finds nothing.
    marks = ", ".join(str(key) for key in sorted(counting)) or "NULL"
    found = driver.rows(
        "SELECT sensor_id, source_id, last_event_us, last_value, last_belief_us FROM belief_series "
        f"WHERE id IN ({marks}) AND last_value IS NOT NULL ORDER BY sensor_id, last_event_us, last_belief_us, id"
    )
    # In order of last event and belief: of several sources the last line of a sensor overwrites the others.
    return {key: Latest(source, from_us(event), value, from_us(known)) for key, source, event, value, known in found}


def versions(session: Session, sensor_ids: Sequence[int]) -> dict[int, int]:
    """Return a number for each sensor that grows whenever a belief of it changes; 0 before the first."""
    marks = ", ".join(str(int(key)) for key in sensor_ids) or "NULL"
    query = f"SELECT sensor_id, sum(version) FROM belief_series WHERE sensor_id IN ({marks}) GROUP BY sensor_id"
    return dict.fromkeys(sensor_ids, 0) | {key: int(total) for key, total in Driver(session).rows(query)}
