"""Parts of series as they were known at a moment: the current layer, and the superseded one only where it is needed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from db import chunk_rows
from db.chunk_rows import Stretch
from db.chunks import Beliefs, decode, together
from db.driver import Blob, Driver
from db.knowledge import AsOf, Mask
from db.painting import newest
from db.sensors import Sensor
from db.source_filter import Origin, SourceFilter, origins
from engine.iso_time import Microseconds, to_us


@dataclass(frozen=True, slots=True)
class Span:
    """The events that start from one moment (included) to another (excluded)."""

    start: datetime
    end: datetime

    def of(self, origin: Origin) -> Stretch:
        """Return the chunks of a series that may hold such events."""
        first = to_us(self.start) // origin.span_us * origin.span_us
        return Stretch(origin.series_id, first, to_us(self.end) - 1)

    def holds(self, events: Microseconds) -> Mask:
        """Return which events start in it."""
        return (events >= to_us(self.start)) & (events < to_us(self.end))


def read(
    work: Session,
    sensors: Sequence[Sensor],
    span: Span,
    *,
    known_at: AsOf,
    sources: SourceFilter | None,
) -> dict[int, list[tuple[Origin, Beliefs]]]:
    """Return the newest belief per event of each series, in order of event, by sensor id."""
    driver = Driver(work)
    by_id = {sensor.id: sensor for sensor in sensors}
    wanted = sorted(origins(driver, list(by_id), sources))
    current = _current(driver, span, wanted)
    passing = _all_passing(by_id, current, wanted, known_at)
    unsettled = [origin for origin in wanted if not passing[origin.series_id].all()]
    stretches = [_needed(origin, current, passing) for origin in unsettled]
    older = _by_series(chunk_rows.superseded(driver, stretches, known_us=to_us(known_at.known_at)))
    found: dict[int, list[tuple[Origin, Beliefs]]] = {key: [] for key in by_id}
    for origin in wanted:
        beliefs, passes = current[origin.series_id], passing[origin.series_id]
        if not passes.all():
            before = older.get(origin.series_id, Beliefs.none())
            counts = span.holds(before.events) & _passing(by_id[origin.sensor_id], before, known_at)
            some = together([newest(before, counts, origin.step_us), beliefs.take(passes)])
            beliefs = newest(some, np.ones(len(some), np.bool_), origin.step_us)
        found[origin.sensor_id].append((origin, beliefs))
    return found


def read_all(
    work: Session,
    sensor: Sensor,
    span: Span,
    *,
    known_at: AsOf,
    sources: SourceFilter | None,
) -> list[tuple[Origin, Beliefs]]:
    """Return every belief of each series that counts, in no order."""
    driver = Driver(work)
    wanted = sorted(origins(driver, [sensor.id], sources))
    every = _by_series(chunk_rows.every(driver, [span.of(origin) for origin in wanted]))
    found = []
    for origin in wanted:
        beliefs = every.get(origin.series_id, Beliefs.none())
        found.append((origin, beliefs.take(span.holds(beliefs.events) & _passing(sensor, beliefs, known_at))))
    return found


def _current(driver: Driver, span: Span, wanted: list[Origin]) -> dict[int, Beliefs]:
    """Return the most recent belief about each event of a span, in order of event, by series."""
    blobs = chunk_rows.current(driver, [span.of(origin) for origin in wanted])
    beliefs, counts = decode([blob[2] for blob in blobs])
    series, ids = [blob[0] for blob in blobs], [origin.series_id for origin in wanted]
    before = np.concatenate([[0], np.cumsum(counts)])
    lows = before[np.searchsorted(series, ids, "left")].tolist()
    highs = before[np.searchsorted(series, ids, "right")].tolist()
    bounds = [to_us(span.start), to_us(span.end)]
    found = {}
    for key, low, high in zip(ids, lows, highs, strict=True):
        first, last = beliefs.events[low:high].searchsorted(bounds).tolist()
        found[key] = beliefs.take(slice(low + first, low + last))
    return found


def _by_series(blobs: list[Blob]) -> dict[int, Beliefs]:
    """Return the beliefs of chunks in no order, by series."""
    of_series: dict[int, list[bytes]] = {}
    for series_id, _, data in blobs:
        of_series.setdefault(series_id, []).append(data)
    return {key: decode(some, ordered=False)[0] for key, some in of_series.items()}


def _all_passing(
    by_id: dict[int, Sensor], current: dict[int, Beliefs], wanted: list[Origin], known_at: AsOf
) -> dict[int, Mask]:
    """Return which of the most recent beliefs count, by series."""
    return {
        origin.series_id: _passing(by_id[origin.sensor_id], current[origin.series_id], known_at) for origin in wanted
    }


def _passing(sensor: Sensor, beliefs: Beliefs, known_at: AsOf) -> Mask:
    return known_at.allows(sensor.knowledge_horizon, sensor.resolution, beliefs.events, beliefs.times)


def _needed(origin: Origin, current: dict[int, Beliefs], passing: dict[int, Mask]) -> Stretch:
    """Return the chunks of a series with a belief that does not count, so that an older one may."""
    unknown = current[origin.series_id].events[~passing[origin.series_id]]
    low, high = int(unknown.min()), int(unknown.max())
    return Stretch(origin.series_id, low // origin.span_us * origin.span_us, high)
