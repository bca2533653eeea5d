"""Change what a series holds, some chunks at a time: every other operation on stored beliefs is made of this.

Also what changes a sensor that has data together with its data: another unit, another resolution.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from db.beliefs import chunk_rows
from db.beliefs.chunk_rows import by_chunk
from db.beliefs.chunks import Beliefs, together
from db.beliefs.decoding import decode
from db.beliefs.merge import segments
from db.beliefs.series import SLOTS, SeriesRow, span_for, step_of
from db.beliefs.source_filter import SourceFilter, origins
from db.core.driver import Driver
from db.sensors import Sensor
from engine.errors import FieldError, InputError
from engine.series import resample
from engine.series.iso_time import HOUR_US, Microseconds, zone
from engine.units import units

AT_ONCE = 64
"""Chunks in memory at a time."""
TOLERANCE = 8
"""How many times too many or too few events a chunk may have."""


class EventRange(NamedTuple):
    """Events from one moment (included) to another (excluded) [us since 1970 UTC]; None leaves a side open."""

    first_us: int | None = None
    end_us: int | None = None


EVERYTHING = EventRange()


def locked(session: Session, sensor: Sensor, sources: SourceFilter | None = None) -> list[SeriesRow]:
    """Return the series of a sensor, each locked until the transaction ends."""
    driver = Driver(session)
    lines = [SeriesRow.locked(driver, sensor.id, origin.source_id) for origin in origins(driver, [sensor.id], sources)]
    return [line for line in lines if line is not None]


def parts(driver: Driver, line: SeriesRow, bounds: EventRange = EVERYTHING) -> Iterator[tuple[Microseconds, Beliefs]]:
    """Give the starts of some chunks and all beliefs in them, both layers, until the series has been through."""
    # Farther than any event may lie, and still a BIGINT.
    first = -(1 << 62) if bounds.first_us is None else bounds.first_us // line.span_us * line.span_us
    end = 1 << 62 if bounds.end_us is None else bounds.end_us
    found = driver.rows(
        "SELECT start_us FROM belief_chunk WHERE series_id = ? AND layer = 0 AND start_us >= ? AND start_us < ? "
        "ORDER BY start_us",
        (line.id, first, end),
    )
    # The starts are read before any chunk changes: what is put back in the loop would be found again.
    starts = np.array([start for (start,) in found], np.int64)
    for at in range(0, len(starts), AT_ONCE):
        some = starts[at : at + AT_ONCE]
        stretch = chunk_rows.ChunkRange(line.id, int(some[0]), int(some[-1]))
        yield some, decode([blob[2] for blob in chunk_rows.every(driver, [stretch])])[0]


def change(
    session: Session,
    line: SeriesRow,
    how: Callable[[Beliefs], Beliefs],
    bounds: EventRange = EVERYTHING,
) -> int:
    """Replace the beliefs about events within bounds by what a function makes of them; return how many fewer there are.

    Args:
        work: The session that holds the series.
        line: The series; its line is brought up to date as well.
        how: Gets beliefs in no order and returns beliefs about the same or fewer of the events, on the same grid.
        bounds: Other beliefs stay as they are.
    """
    driver, fewer = Driver(session), 0
    for starts, beliefs in parts(driver, line, bounds):
        within = inside(beliefs.events, bounds)
        changed = how(beliefs.take(within))
        chunk_rows.forget(driver, line, 0, starts)
        chunk_rows.forget(driver, line, 1, starts)
        put(driver, line, together([beliefs.take(~within), changed]))
        fewer += int(within.sum()) - len(changed)
    recount(driver, line)
    return fewer


def inside(events: Microseconds, bounds: EventRange) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which events are within bounds."""
    found = np.ones(len(events), np.bool_)
    if bounds.first_us is not None:
        found &= events >= bounds.first_us
    if bounds.end_us is not None:
        found &= events < bounds.end_us
    return found


def put(driver: Driver, line: SeriesRow, beliefs: Beliefs) -> None:
    """Store beliefs in chunks of a series that have no lines (any more)."""
    if not len(beliefs):
        return
    ordered = beliefs.take(np.lexsort((beliefs.times, beliefs.events)))
    # In order of event and time, the last belief about an event is the newest.
    latest = np.append(ordered.events[1:] != ordered.events[:-1], True)
    rows = [
        chunk_rows.row(line.id, 0, start, 0, part, line.step_us) for start, part in by_chunk(ordered.take(latest), line)
    ]
    for start, part in by_chunk(ordered.take(~latest), line):
        pieces = enumerate(segments(part), start=1)
        rows += [chunk_rows.row(line.id, 1, start, seq, piece, line.step_us) for seq, piece in pieces]
    driver.put(chunk_rows.INSERT, rows)


def recount(driver: Driver, line: SeriesRow) -> None:
    """Bring the line of a series up to date with its chunks, one version on."""
    ((count, known, first, last),) = driver.rows(
        "SELECT coalesce(sum(n), 0), max(max_belief_us), min(start_us), max(start_us) FROM belief_chunk "
        "WHERE series_id = ?",
        (line.id,),
    )
    # From the columns of the chunks; only the first and the last are opened, for the events in them.
    line = line._replace(n_beliefs=int(count), last_belief_us=known)
    if not count:
        line = line._replace(first_event_us=None, last_event_us=None, last_value=None)
    else:
        begin = chunk_rows.fetch(driver, line, 0, np.array([first]))
        end = begin if first == last else chunk_rows.fetch(driver, line, 0, np.array([last]))
        line = line._replace(
            first_event_us=int(begin.events[0]), last_event_us=int(end.events[-1]), last_value=float(end.middle[-1])
        )
    line.save(driver)


def rebuild(
    session: Session, line: SeriesRow, *, step_us: int, span_us: int, how: Callable[[Beliefs], Beliefs]
) -> None:
    """Replace all beliefs of a series by what a function makes of them, in chunks of another length.

    Args:
        work: The session that holds the series.
        line: The series.
        step_us: Its new grid [us].
        span_us: The new length of a chunk [us].
        how: Gets all beliefs, in no order.
    """
    driver = Driver(session)
    # An empty part in front, as together needs at least one.
    every = how(together([Beliefs.none(), *(beliefs for _, beliefs in parts(driver, line))]))
    driver.run("DELETE FROM belief_chunk WHERE series_id = ?", (line.id,))
    driver.run("UPDATE belief_series SET step_us = ?, span_us = ? WHERE id = ?", (step_us, span_us, line.id))
    line = line._replace(step_us=step_us, span_us=span_us)
    put(driver, line, every)
    recount(driver, line)


def rechunk(session: Session, sensor: Sensor) -> int:
    """Re-chunk each series of an instantaneous sensor that needs it; return how many did."""
    return 0 if sensor.resolution else sum(rechunk_series(session, line) for line in locked(session, sensor))


def rechunk_series(session: Session, line: SeriesRow) -> bool:
    """Give a series chunks of another length if its events are far denser or sparser than its chunks are made for.

    Args:
        session: The session that holds the series.
        line: The series, as it is stored now.
    """
    driver = Driver(session)
    found = driver.rows(
        "SELECT start_us, n FROM belief_chunk WHERE series_id = ? AND layer = 0 ORDER BY start_us", (line.id,)
    )
    if not found:
        return False
    starts, sizes = np.array(found, np.int64).T
    span_us = line.span_us
    if sizes.max() > TOLERANCE * SLOTS:
        # By the densest chunk, as it is the one that costs; the median, as readings may come in bursts.
        densest = chunk_rows.fetch(driver, line, 0, starts[[sizes.argmax()]])
        span_us = span_for(int(np.median(np.diff(densest.events))))
    # With few chunks nothing is known yet: each series begins sparse.
    elif len(starts) > TOLERANCE and sizes.mean() * TOLERANCE * 2 < SLOTS:
        span_us = span_for(int(np.median(np.diff(starts)) / sizes.mean()))
    if span_us == line.span_us:
        return False
    rebuild(session, line, step_us=line.step_us, span_us=span_us, how=lambda beliefs: beliefs)
    return True


def refuse_if_filled(session: Session, sensor: Sensor, field: str) -> None:
    """Refuse to change a field of a sensor that its stored values depend on.

    Raises:
        FieldError: The sensor has data.
    """
    # Locked, so that nobody stores a first value between this question and the change.
    count = sum(line.n_beliefs for line in locked(session, sensor))
    if count:
        way = {
            "unit": "convert them along with 'flexscope edit convert-data'",
            "event_resolution": "resample them along with 'flexscope edit resample-data'",
        }
        raise FieldError(
            field,
            f"sensor {sensor.id} has {count} values that depend on it; {way.get(field, 'delete them first')} "
            "or make another sensor.",
        )


def convert(session: Session, sensor: Sensor, unit: str) -> None:
    """Give a sensor another unit and write all its values in it, superseded ones too.

    Raises:
        UnitError: Its values cannot be written in that unit.
    """
    convert_beliefs = partial(_converted, sensor=sensor, source=sensor.unit, target=unit)
    # Tried on nothing first: without data, too, a unit that does not fit is refused.
    convert_beliefs(Beliefs.none())
    for line in locked(session, sensor):
        change(session, line, convert_beliefs)
    sensor.unit = unit


def _converted(beliefs: Beliefs, *, sensor: Sensor, source: str, target: str) -> Beliefs:
    lasts = resample.lengths(beliefs.events, sensor.resolution, zone(sensor.timezone))
    # With the length of each event, an energy becomes a power; a day over a clock change has 23 or 25 h.
    hours = lasts[:, None] / HOUR_US if sensor.resolution else None
    values = units.convert(beliefs.values, source, target, hours=hours)
    return Beliefs(beliefs.events, beliefs.times, values, beliefs.levels)


def resample_data(session: Session, sensor: Sensor, resolution: timedelta) -> None:
    """Give a sensor another resolution and its data with it, superseded beliefs too.

    Values of longer events are repeated; of shorter ones the mean is known once all of them are. Amounts, such as
    energies, are shared out and added up instead.

    Raises:
        InputError: The sensor is or would be instantaneous, or has probabilistic data that would have to be averaged.
        TimeError: Neither resolution is a multiple of the other.
    """
    if not resolution or not sensor.resolution:
        raise InputError("An instantaneous sensor has no resolution to resample from or to; make another sensor.")
    longer, shorter = max(resolution, sensor.resolution), min(resolution, sensor.resolution)
    resample.check_multiple(longer, shorter)
    as_resampled = _spread if resolution < sensor.resolution else _gathered
    resampled = partial(as_resampled, sensor=sensor, resolution=resolution)
    step_us = step_of(resolution)
    for line in locked(session, sensor):
        rebuild(session, line, step_us=step_us, span_us=span_for(step_us), how=resampled)
    sensor.resolution = resolution


def _spread(beliefs: Beliefs, *, sensor: Sensor, resolution: timedelta) -> Beliefs:
    events, at = resample.spread(beliefs.events, sensor.resolution, resolution, zone(sensor.timezone))
    part = beliefs.take(at)
    values = part.values / np.bincount(at)[at, None] if sensor.adds_up else part.values
    return Beliefs(events, part.times, values, part.levels)


def _gathered(beliefs: Beliefs, *, sensor: Sensor, resolution: timedelta) -> Beliefs:
    if beliefs.values.shape[1] > 1:
        raise InputError(f"Sensor {sensor.id} has probabilistic data; means and sums of quantiles would be wrong.")
    slots = resample.floor(beliefs.events, resolution, zone(sensor.timezone))
    values = beliefs.values[:, 0]
    return Beliefs.certain(
        *resample.gathered_as_known(slots, beliefs.events, beliefs.times, values, add=sensor.adds_up)
    )
