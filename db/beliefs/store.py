"""The belief store: write sets of values, and read them as they were known at a moment."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import chunk_rows, fast_writes, rewrite, time_range
from db.beliefs.chunks import Beliefs, Values, together
from db.beliefs.knowledge import knowable
from db.beliefs.latest import Known, Sourced, one_per_event
from db.beliefs.merge import Merged, merge
from db.beliefs.series import SLOTS, SeriesRow, span_for, step_of
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.core.driver import Driver
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.series.iso_time import Microseconds, to_us

FIVE_MINUTES_US = 300_000_000


@dataclass(frozen=True, slots=True)
class Written:
    """What became of the values given."""

    stored: int
    """Beliefs that were new or changed something."""
    unchanged: int
    """Beliefs that said what was known already, and were dropped."""
    replaced: int = 0
    """Stored beliefs that gave way to another value of the same moment."""


def write(
    session: Session,
    sensor: Sensor,
    source: Source,
    *,
    events: Microseconds,
    values: Values,
    known_at: datetime | Microseconds,
) -> Written:
    """Save values of one sensor from one source; see ``save`` for the rules.

    Args:
        session: A writing session; the values are there for others when it is committed.
        sensor: What the values are of; its series of this source is locked until then.
        source: Where the values come from.
        events: Start of each event [us since 1970 UTC], shape (n,), in any order.
        values: In the unit and at the resolution of the sensor; NaN is spacing and not stored; shape (n,).
        known_at: When the values were known, once for all or for each [us since 1970 UTC].

    Raises:
        WriteConflict: Another value is stored for an event and moment of knowledge.
    """
    times = np.full(len(events), to_us(known_at)) if isinstance(known_at, datetime) else known_at
    return save(session, sensor, source, Beliefs.certain(events, times, values))


def save(session: Session, sensor: Sensor, source: Source, beliefs: Beliefs, *, overwrite: bool = False) -> Written:
    """Save beliefs of one sensor from one source, with one or several quantiles each.

    What says the same as the belief before it is dropped, unless one is a forecast and the other a measurement; what
    is newer supersedes; another value of the same moment is a conflict, and then nothing is stored (or it replaces,
    with ``overwrite``).

    Raises:
        WriteConflict: Another value is stored for an event and moment of knowledge.
        InputError: The arrays differ in length, or a value is infinite.
    """
    bounds.check_written(bounds.of(session).written, len(beliefs))
    new = _without_missing(beliefs)
    if not len(new):
        return Written(0, 0)
    driver = Driver(session)
    # The line of the series is locked first: of two writers to it, one waits here and then reads what the other stored.
    line = SeriesRow.locked(driver, sensor.id, source.id) or _begin(driver, sensor, source, new)
    if fast_writes.extend(driver, line, new):
        return Written(len(new), 0)
    revised = fast_writes.revise(driver, line, new, _knowable(sensor))
    if revised is not None:
        return Written(revised, 1 - revised)
    latest, older = chunk_rows.concerned(driver, line, new)
    merged = merge(latest, older, new, knowable=_knowable(sensor), overwrite=overwrite)
    if merged.fresh.any():
        chunk_rows.replace(driver, line, merged, rewritten=older)
        moved = _moved_on(line, merged)
        moved.save(driver)
        # Instantaneous events may come closer together than the first ones, and chunks grow too long to open.
        if not line.step_us and len(merged.beliefs) > rewrite.TOLERANCE * SLOTS:
            # save counted the version on; to count from the old one would give two changes one number.
            rewrite.rechunk_series(session, moved._replace(version=moved.version + 1))
    return _outcome(merged, new)


def trial(
    session: Session, sensor: Sensor, source: Source | None, beliefs: Beliefs, *, overwrite: bool = False
) -> Written:
    """Return what ``save`` would do, and raise what it would raise; nothing is locked or stored.

    Args:
        session: A session of any kind.
        sensor: What the values are of.
        source: Where they come from; None: a source that is not there yet.
        beliefs: As for ``save``.
        overwrite: As for ``save``.
    """
    new = _without_missing(beliefs)
    driver = Driver(session)
    line = source and SeriesRow.seen(driver, sensor.id, source.id)
    latest, older = chunk_rows.concerned(driver, line, new) if line and len(new) else (Beliefs.none(), Beliefs.none())
    return _outcome(merge(latest, older, new, knowable=_knowable(sensor), overwrite=overwrite), new)


def _outcome(merged: Merged, new: Beliefs) -> Written:
    fresh = int(merged.fresh.sum())
    return Written(fresh - merged.replaced, len(new) - fresh, merged.replaced)


def _knowable(sensor: Sensor) -> Callable[[Microseconds], Microseconds]:
    return partial(knowable, sensor.knowledge_horizon, sensor.resolution)


def _without_missing(beliefs: Beliefs) -> Beliefs:
    """Return the beliefs that say something; refuse what is no set of beliefs."""
    n = len(beliefs.events)
    if len(beliefs.times) != n or len(beliefs.values) != n:
        raise InputError(
            f"{n} events came with {len(beliefs.times)} moments of knowledge, {len(beliefs.values)} values."
        )
    if np.isinf(beliefs.values).any():
        raise InputError("A value is infinite; leave it out or write null.")
    missing = beliefs.missing
    return beliefs.take(~missing) if missing.any() else beliefs


def _begin(driver: Driver, sensor: Sensor, source: Source, new: Beliefs) -> SeriesRow:
    step_us = usual_us = step_of(sensor.resolution)
    if not usual_us:  # of an instantaneous sensor, how far apart its first events are tells how many a chunk may hold
        apart = np.diff(np.unique(new.events))
        usual_us = int(np.median(apart)) if len(apart) else FIVE_MINUTES_US
    return SeriesRow.begun(driver, sensor.id, source.id, step_us=step_us, span_us=span_for(usual_us))


def _moved_on(line: SeriesRow, merged: Merged) -> SeriesRow:
    """Return the line with what the merged beliefs change."""
    latest = merged.beliefs.take(merged.latest)
    first, last, known = int(latest.events[0]), int(latest.events[-1]), int(merged.beliefs.times.max())
    # >=: a newer belief about the last event changes its value, not its moment.
    if line.last_event_us is None or last >= line.last_event_us:
        line = line._replace(last_event_us=last, last_value=float(latest.middle[-1]))
    return line._replace(
        n_beliefs=line.n_beliefs + int(merged.fresh.sum()) - merged.replaced,
        first_event_us=first if line.first_event_us is None else min(first, line.first_event_us),
        last_belief_us=known if line.last_belief_us is None else max(known, line.last_belief_us),
    )


def read(session: Session, sensor: Sensor, query: BeliefQuery) -> Known:
    """Return one value per event, as it was known at one moment.

    Of probabilistic beliefs it is the median quantile; which of several sources counts, see ``one_per_event``.
    """
    return read_many(session, [sensor], query)[sensor.id]


def read_many(session: Session, sensors: Sequence[Sensor], query: BeliefQuery) -> dict[int, Known]:
    """Return the same as ``read`` for several sensors at the cost of one, by sensor id."""
    found = time_range.read(session, sensors, query)
    return {key: one_per_event(parts).known for key, parts in found.items()}


def read_quantiles(session: Session, sensor: Sensor, query: BeliefQuery) -> Sourced:
    """Return the same as ``read`` with every quantile of each belief."""
    return one_per_event(time_range.read(session, [sensor], query)[sensor.id])


def read_per_source(session: Session, sensor: Sensor, query: BeliefQuery) -> dict[int, Beliefs]:
    """Return the newest belief per event and source, by source id."""
    found = time_range.read(session, [sensor], query)
    return {origin.source_id: beliefs for origin, beliefs in found[sensor.id] if len(beliefs)}


def read_newest(session: Session, sensor: Sensor, query: BeliefQuery) -> Sourced:
    """Return the same as ``read_per_source`` as one table, by event and source."""
    return _sourced(list(read_per_source(session, sensor, query).items()))


def read_all(session: Session, sensor: Sensor, query: BeliefQuery) -> Sourced:
    """Return every belief formed until a moment, superseded ones too, by event, time and source; for replay."""
    parts = time_range.read_all(session, sensor, query)
    return _sourced([(origin.source_id, found) for origin, found in parts])


def _sourced(parts: list[tuple[int, Beliefs]]) -> Sourced:
    """Return the beliefs of several sources as one table, by event, time and source."""
    every = together([found for _, found in parts]) if parts else Beliefs.none()
    source_ids = np.repeat([key for key, _ in parts], [len(found) for _, found in parts])
    order = np.lexsort((source_ids, every.times, every.events))
    return Sourced(every.take(order), source_ids[order].astype(np.int64))
