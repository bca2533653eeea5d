"""Delete beliefs of a sensor: all, forecasts, measurements, those that repeat the one before, or old ones."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import rewrite
from db.beliefs.chunks import Beliefs
from db.beliefs.knowledge import knowable
from db.beliefs.merge import merge
from db.beliefs.rewrite import EVERYTHING, EventRange
from db.beliefs.series import SeriesRow
from db.beliefs.source_filter import SourceFilter, origins
from db.core.driver import Driver
from db.sensors import Sensor
from engine.series.iso_time import to_us


def within(start: datetime | None, end: datetime | None) -> EventRange:
    """Return the events that start from one moment (included) to another (excluded) as bounds."""
    return EventRange(None if start is None else to_us(start), None if end is None else to_us(end))


def everything(
    session: Session, sensor: Sensor, *, bounds: EventRange = EVERYTHING, sources: SourceFilter | None = None
) -> int:
    """Delete all beliefs about the events within bounds; return how many there were."""
    gone = 0
    for line in rewrite.locked(session, sensor, sources):
        if bounds != EVERYTHING:
            gone += rewrite.change(session, line, lambda beliefs: beliefs.take(slice(0, 0)), bounds)
            continue
        # Nothing of the series stays: its chunks need not be opened, and there is no count to work out.
        driver = Driver(session)
        driver.run("DELETE FROM belief_chunk WHERE series_id = ?", (line.id,))
        rewrite.recount(driver, line)
        gone += line.n_beliefs
    return gone


def count(
    session: Session, sensor: Sensor, *, bounds: EventRange = EVERYTHING, sources: SourceFilter | None = None
) -> int:
    """Return how many beliefs ``everything`` would delete."""
    driver = Driver(session)
    lines = [SeriesRow.seen(driver, sensor.id, origin.source_id) for origin in origins(driver, [sensor.id], sources)]
    if bounds == EVERYTHING:
        return sum(line.n_beliefs for line in lines if line is not None)
    found = (beliefs for line in lines if line for _, beliefs in rewrite.parts(driver, line, bounds))
    return sum(int(np.count_nonzero(rewrite.inside(beliefs.events, bounds))) for beliefs in found)


def measurements(
    session: Session, sensor: Sensor, *, bounds: EventRange = EVERYTHING, sources: SourceFilter | None = None
) -> int:
    """Delete beliefs formed when the value could be known, or later; return how many there were."""
    return _some(session, sensor, partial(_formed, sensor, ahead=True), bounds, sources)


def prognoses(
    session: Session, sensor: Sensor, *, bounds: EventRange = EVERYTHING, sources: SourceFilter | None = None
) -> int:
    """Delete forecasts and plans: beliefs formed before the value could be known; return how many there were."""
    return _some(session, sensor, partial(_formed, sensor, ahead=False), bounds, sources)


def unchanged(
    session: Session, sensor: Sensor, *, bounds: EventRange = EVERYTHING, sources: SourceFilter | None = None
) -> int:
    """Delete beliefs that say what the one before them says; return how many there were."""
    when = partial(knowable, sensor.knowledge_horizon, sensor.resolution)

    def changing(beliefs: Beliefs) -> Beliefs:
        # The rule by which a write drops what says nothing new, applied to the chunk as if all were written anew.
        return merge(Beliefs.none(), Beliefs.none(), beliefs, knowable=when, overwrite=False).beliefs

    return _some(session, sensor, changing, bounds, sources)


def superseded(session: Session, sensor: Sensor, *, before: datetime) -> int:
    """Delete all but the most recent belief about events that start before a moment; return how many there were."""

    def newest(beliefs: Beliefs) -> Beliefs:
        ordered = beliefs.take(np.lexsort((beliefs.times, beliefs.events)))
        # Of no beliefs none is the last: nothing may be appended then.
        is_last = np.append(ordered.events[1:] != ordered.events[:-1], np.ones(min(len(ordered), 1), np.bool_))
        return ordered.take(is_last)

    return _some(session, sensor, newest, within(None, before), None)


def _some(
    session: Session,
    sensor: Sensor,
    staying: Callable[[Beliefs], Beliefs],
    bounds: EventRange,
    sources: SourceFilter | None,
) -> int:
    """Delete the beliefs of which a function returns only those that stay; return how many there were."""
    lines = rewrite.locked(session, sensor, sources)
    return sum(rewrite.change(session, line, staying, bounds) for line in lines)


def _formed(sensor: Sensor, beliefs: Beliefs, *, ahead: bool) -> Beliefs:
    """Return the beliefs formed before the value could be known, or the others."""
    when = knowable(sensor.knowledge_horizon, sensor.resolution, beliefs.events)
    return beliefs.take((beliefs.times < when) == ahead)


def expire(
    session: Session, sensor: Sensor, *, keep: timedelta | None, keep_superseded: timedelta | None, now: datetime
) -> int:
    """Delete what a sensor's rules no longer keep; return how many beliefs there were.

    Args:
        session: A writing session.
        sensor: Its beliefs.
        keep: Age at which beliefs about an event go; None: never.
        keep_superseded: Age at which all but the most recent one go; None: never.
        now: The moment ages are counted from, to the start of the event.
    """
    # What goes entirely goes first, so that its superseded beliefs need not be opened and sorted.
    gone = everything(session, sensor, bounds=within(None, now - keep)) if keep is not None else 0
    if keep_superseded is not None:
        gone += superseded(session, sensor, before=now - keep_superseded)
    return gone
