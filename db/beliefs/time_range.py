"""Parts of series as they were known at a moment: the current layer, and the superseded one only where it is needed."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import chunk_rows
from db.beliefs.chunk_rows import CURRENT, EVERY, ChunkRange, superseded_until
from db.beliefs.chunks import Beliefs, Payload, together
from db.beliefs.decoding import decode
from db.beliefs.knowledge import AsOf, Mask
from db.beliefs.latest import newest
from db.beliefs.source_filter import Origin, SourceFilter, beliefs_of, origins
from db.core import bounds
from db.core.bounds import Most
from db.core.driver import Blob, Driver
from db.sensors import Sensor
from engine.series.iso_time import Microseconds, from_us, to_us


@dataclass(frozen=True, slots=True)
class EventSpan:
    """The events that start from one moment (included) to another (excluded)."""

    start: datetime
    end: datetime

    @property
    def bounds(self) -> Microseconds:
        """Start and end [us since 1970 UTC], shape (2,)."""
        return np.array([to_us(self.start), to_us(self.end)])

    def of(self, wanted: list[Origin]) -> list[ChunkRange]:
        """Return the chunks of each series that may hold such events."""
        first, end = self.bounds.tolist()
        # Chunks are asked for with both ends, events without the last: one microsecond less says the same.
        return [ChunkRange(origin.series_id, first // origin.span_us * origin.span_us, end - 1) for origin in wanted]

    def holds(self, events: Microseconds) -> Mask:
        """Return which events start in it."""
        return (events >= to_us(self.start)) & (events < to_us(self.end))


@dataclass(frozen=True, slots=True)
class BeliefQuery:
    """Which beliefs are read: about which events, known when, and from whom."""

    start: datetime
    """Begin of the span in which the events start; that moment counts."""
    end: datetime
    """End of that span; that moment does not count."""
    _: KW_ONLY
    known_at: datetime | AsOf
    """The latest moment at which a belief may have been formed; or a closer rule, see ``AsOf``."""
    sources: SourceFilter | None = None
    """Whose beliefs count; None: those of every source."""

    @property
    def span(self) -> EventSpan:
        """The span in which the events start."""
        return EventSpan(self.start, self.end)

    @property
    def as_of(self) -> AsOf:
        """The moment of knowledge as a rule."""
        return self.known_at if isinstance(self.known_at, AsOf) else AsOf(known_at=self.known_at)


Part: TypeAlias = tuple[Origin, Beliefs]
"""Beliefs of one series."""


def read(session: Session, sensors: Sequence[Sensor], query: BeliefQuery) -> dict[int, list[Part]]:
    """Return the newest belief per event of each series, in order of event, by sensor id.

    Raises:
        FieldError: More beliefs would be opened than the session may read.
    """
    driver, span, known_at = Driver(session), query.span, query.as_of
    by_id = {sensor.id: sensor for sensor in sensors}
    # By series, as the chunks come: both are walked side by side in _current.
    wanted, most = sorted(origins(driver, list(by_id), query.sources)), bounds.of(session).read
    bounds.check_read(driver, most, beliefs_of(wanted), partial(chunk_rows.finding, span.of(wanted), CURRENT))
    current, last_known = _current(driver, span, wanted)
    # Mostly all is asked for that is known: then the superseded layer is not opened at all.
    if not (known_at.is_moment and last_known <= to_us(known_at.known_at)):
        current = _as_known(driver, span, by_id, current, known_at, most)
    found: dict[int, list[Part]] = {key: [] for key in by_id}
    for part in current:
        found[part[0].sensor_id].append(part)
    return found


def check(
    session: Session, sensors: Sequence[Sensor], span: EventSpan, *, most: Most | None, every: bool = False
) -> None:
    """Refuse a span that holds more beliefs of some sensors than allowed; none is opened.

    Args:
        session: A session of any kind.
        sensors: Of which all sources count.
        span: Where the beliefs' events start.
        most: How many beliefs may lie there; None: any number.
        every: Whether superseded beliefs count too.

    Raises:
        FieldError: There are more.
    """
    driver = Driver(session)
    wanted = origins(driver, [sensor.id for sensor in sensors], None)
    bounds.check_read(
        driver, most, beliefs_of(wanted), partial(chunk_rows.finding, span.of(wanted), EVERY if every else CURRENT)
    )


def parts(session: Session, sensor: Sensor, span: EventSpan, *, size: int, every: bool = False) -> list[EventSpan]:
    """Return a span cut into parts that hold about so many stored beliefs each; at least one part.

    Args:
        session: A session of any kind.
        sensor: Of which all sources count.
        span: Where the beliefs' events start.
        size: Stored beliefs of a part, about.
        every: Whether superseded beliefs count too.
    """
    driver = Driver(session)
    wanted = origins(driver, [sensor.id], None)
    layers = EVERY if every else CURRENT
    found = sorted(driver.rows(chunk_rows.finding(span.of(wanted), layers, "c.start_us, c.n"))) if wanted else []
    cuts, count = [span.start], 0
    for start_us, n in found:
        # Chunks of several series may begin at one moment: no part may be empty
        if count >= size and start_us > to_us(cuts[-1]):
            cuts.append(from_us(start_us))
            count = 0
        count += n
    return [EventSpan(start, end) for start, end in pairwise([*cuts, span.end])]


def _as_known(
    driver: Driver, span: EventSpan, by_id: dict[int, Sensor], current: list[Part], known_at: AsOf, most: Most | None
) -> list[Part]:
    """Return the parts of series with older beliefs in the place of those that do not count."""
    passing = [_passing(by_id[origin.sensor_id], beliefs, known_at) for origin, beliefs in current]
    pairs = zip(current, passing, strict=True)
    # Only from the first to the last event whose newest belief does not count may an older one be asked for.
    unsettled = []
    for (origin, beliefs), passes in pairs:
        if not passes.all():
            unknown = beliefs.events[~passes]
            first_us = int(unknown.min()) // origin.span_us * origin.span_us
            unsettled.append(ChunkRange(origin.series_id, first_us, int(unknown.max())))
    until = to_us(known_at.known_at)
    opened = [origin for (origin, _), passes in zip(current, passing, strict=True) if not passes.all()]
    bounds.check_read(driver, most, beliefs_of(opened), partial(chunk_rows.finding, unsettled, superseded_until(until)))
    older = _by_series(chunk_rows.superseded(driver, unsettled, known_us=until))
    found = []
    for (origin, beliefs), passes in zip(current, passing, strict=True):
        if not passes.all():
            before = older.get(origin.series_id, Beliefs.none())
            counts = span.holds(before.events) & _passing(by_id[origin.sensor_id], before, known_at)
            some = together([newest(before, counts, origin.step_us), beliefs.take(passes)])
            beliefs = newest(some, np.ones(len(some), np.bool_), origin.step_us)
        found.append((origin, beliefs))
    return found


def read_all(session: Session, sensor: Sensor, query: BeliefQuery) -> list[Part]:
    """Return every belief of each series that counts, in no order.

    Raises:
        FieldError: More beliefs would be opened than the session may read.
    """
    driver, span, known_at = Driver(session), query.span, query.as_of
    wanted = sorted(origins(driver, [sensor.id], query.sources))
    bounds.check_read(
        driver, bounds.of(session).read, beliefs_of(wanted), partial(chunk_rows.finding, span.of(wanted), EVERY)
    )
    every = _by_series(chunk_rows.every(driver, span.of(wanted)))
    found = []
    for origin in wanted:
        beliefs = every.get(origin.series_id, Beliefs.none())
        found.append((origin, beliefs.take(span.holds(beliefs.events) & _passing(sensor, beliefs, known_at))))
    return found


def _current(driver: Driver, span: EventSpan, wanted: list[Origin]) -> tuple[list[Part], int]:
    """Return the most recent belief about each event of a span, in order of event, by series.

    With them comes a moment at which all of them were known [us since 1970 UTC].
    """
    blobs = chunk_rows.current(driver, span.of(wanted))
    beliefs, counts = decode([blob[2] for blob in blobs])
    series, bounds = [blob[0] for blob in blobs], span.bounds
    before = [0, *counts.cumsum().tolist()]
    found = []
    for origin in wanted:
        chunk = bisect_left(series, origin.series_id)
        low, high = before[chunk], before[bisect_right(series, origin.series_id, chunk)]
        first, last = beliefs.events[low:high].searchsorted(bounds).tolist()
        found.append((origin, beliefs.take(slice(low + first, low + last))))
    return found, int(beliefs.times.max()) if len(beliefs) else 0


def _by_series(blobs: list[Blob]) -> dict[int, Beliefs]:
    """Return the beliefs of chunks in no order, by series."""
    of_series: dict[int, list[Payload]] = {}
    for series_id, _, data in blobs:
        of_series.setdefault(series_id, []).append(data)
    return {key: decode(some)[0] for key, some in of_series.items()}


def _passing(sensor: Sensor, beliefs: Beliefs, known_at: AsOf) -> Mask:
    return known_at.allows(sensor.knowledge_horizon, sensor.resolution, beliefs.events, beliefs.times)
