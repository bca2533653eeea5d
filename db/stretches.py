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
    known_us = to_us(known_at.known_at)
    blobs = chunk_rows.read(driver, "0", [span.of(origin) for origin in wanted], known_us=known_us)
    current = _by_series(blobs, span, wanted)
    passing = {
        origin.series_id: _passing(by_id[origin.sensor_id], current[origin.series_id], known_at) for origin in wanted
    }
    needed = [_superseded_at(origin, current, passing) for origin in wanted if not passing[origin.series_id].all()]
    layer1 = chunk_rows.read(driver, "1", needed, known_us=known_us)
    older = _by_series(layer1, span, wanted)
    found: dict[int, list[tuple[Origin, Beliefs]]] = {key: [] for key in by_id}
    for origin in wanted:
        beliefs, passes = current[origin.series_id], passing[origin.series_id]
        if not passes.all():
            before = older[origin.series_id]
            before = before.take(_passing(by_id[origin.sensor_id], before, known_at))
            beliefs = newest(together([before, beliefs.take(passes)]), origin.step_us)
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
    known_us = to_us(known_at.known_at)
    blobs = chunk_rows.read(driver, "0, 1", [span.of(origin) for origin in wanted], known_us=known_us)
    every = _by_series(blobs, span, wanted)
    return [(o, every[o.series_id].take(_passing(sensor, every[o.series_id], known_at))) for o in wanted]


def _by_series(blobs: list[Blob], span: Span, wanted: list[Origin]) -> dict[int, Beliefs]:
    """Return the beliefs of chunks that lie in a span, by series; blobs are in the order of ``wanted``."""
    beliefs, origin = decode([blob[2] for blob in blobs])
    inside = span.holds(beliefs.events)
    if not inside.all():
        beliefs, origin = beliefs.take(inside), origin[inside]
    ids = [part.series_id for part in wanted]
    series = [blob[0] for blob in blobs]
    low = np.searchsorted(origin, np.searchsorted(series, ids, "left")).tolist()
    high = np.searchsorted(origin, np.searchsorted(series, ids, "right")).tolist()
    return {key: beliefs.take(slice(a, b)) for key, a, b in zip(ids, low, high, strict=True)}


def _passing(sensor: Sensor, beliefs: Beliefs, known_at: AsOf) -> Mask:
    return known_at.allows(sensor.knowledge_horizon, sensor.resolution, beliefs.events, beliefs.times)


def _superseded_at(origin: Origin, current: dict[int, Beliefs], passing: dict[int, Mask]) -> Stretch:
    """Return the chunks of a series with a belief that does not count, so that an older one may."""
    unknown = current[origin.series_id].events[~passing[origin.series_id]]
    low, high = int(unknown.min()), int(unknown.max())
    return Stretch(origin.series_id, low // origin.span_us * origin.span_us, high)
