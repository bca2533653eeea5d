"""The lines of belief_chunk: fetch those that a write concerns, and put the changed ones back."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from db.beliefs.chunks import Beliefs, encode, together
from db.beliefs.decoding import decode
from db.beliefs.merge import MANY, Merged, segments
from db.beliefs.series import SeriesRow
from db.core.driver import Blob, Driver
from engine.series.iso_time import Microseconds

COLUMNS = "series_id, layer, start_us, seq, n, min_belief_us, max_belief_us, v_min, v_max, v_sum, data"
INSERT = f"INSERT INTO belief_chunk ({COLUMNS})"
FEW = 4
"""Chunks or series for which plain queries cost less than one for all."""
UPDATE = "ON CONFLICT (series_id, layer, start_us, seq) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in COLUMNS.split(", ")[4:]
)


def concerned(driver: Driver, line: SeriesRow, new: Beliefs) -> tuple[Beliefs, Beliefs]:
    """Return the most recent beliefs in the chunks of new ones, and the superseded ones where a new one is older."""
    latest = fetch(driver, line, 0, distinct_starts(new.events, line.span_us))
    late = late_starts(line, latest, new)
    return latest, fetch(driver, line, 1, late)


def distinct_starts(events: Microseconds, span_us: int) -> Microseconds:
    """Return the start of each chunk that events lie in, in order."""
    first, last = events.min() // span_us, events.max() // span_us
    # Mostly all events lie in one chunk; then no sort is needed.
    return np.unique(starts_of(events, span_us)) if first != last else np.array([first * span_us])


def starts_of(events: Microseconds, span_us: int) -> Microseconds:
    """Return the start of the chunk of each event."""
    return events // span_us * span_us


def late_starts(line: SeriesRow, latest: Beliefs, new: Beliefs) -> Microseconds:
    """Return the chunks in which a new belief is older than the most recent one stored."""
    # Behind the last stored event nothing can be late.
    if not len(latest) or new.events.min() > latest.events[-1]:
        return latest.events[:0]
    # An event behind the last stored one has no place; the comparison of events below drops it.
    at = np.minimum(np.searchsorted(latest.events, new.events), len(latest) - 1)
    late = (latest.events[at] == new.events) & (new.times < latest.times[at])
    return distinct_starts(new.events[late], line.span_us) if late.any() else latest.events[:0]


def fetch(driver: Driver, line: SeriesRow, layer: int, starts: Microseconds) -> Beliefs:
    """Return the beliefs of one layer of some chunks, in order of chunk, then of recording."""
    if not len(starts):
        return Beliefs.none()
    query = (
        f"SELECT series_id, start_us, data FROM belief_chunk WHERE series_id = {line.id} AND layer = {layer} "
        f"AND {_among(starts, line.span_us)} ORDER BY start_us, seq"
    )
    found = driver.rows(query) if len(starts) <= FEW else driver.blobs(query)
    return decode([bytes(blob[2]) for blob in found])[0]  # psycopg2 gives views of characters


def _among(starts: Microseconds, span_us: int) -> str:
    """Return the condition for some chunks, in order: a range if they follow each other."""
    if int(starts[-1]) - int(starts[0]) == (len(starts) - 1) * span_us:
        return f"start_us BETWEEN {starts[0]} AND {starts[-1]}"
    return f"start_us IN ({', '.join(map(str, starts.tolist()))})"


def replace(driver: Driver, line: SeriesRow, merged: Merged, *, rewritten: Beliefs) -> None:
    """Store the chunks that merged beliefs changed.

    Args:
        driver: In the transaction that holds the series.
        line: The series.
        merged: Everything known about the chunks; of the superseded beliefs only those of ``rewritten`` chunks.
        rewritten: Superseded beliefs that were fetched, because a new one goes between them.
    """
    # There the superseded beliefs were read with the others, so that all of them are written anew.
    late = set(starts_of(rewritten.events, line.span_us).tolist())
    rows, again, superseded = [], [], []
    for start, place in places(merged.beliefs.events, line.span_us):
        fresh, latest = merged.fresh[place], merged.latest[place]
        if not fresh.any():
            continue
        part = merged.beliefs.take(place)
        if latest.all():
            rows.append(row(line.id, 0, start, 0, part, line.step_us))
            continue
        rows.append(row(line.id, 0, start, 0, part.take(latest), line.step_us))
        # Elsewhere only what was superseded just now is added: the older ones lie in segments that were not opened.
        moved = ~latest if start in late else ~latest & (fresh | merged.was_latest[place])
        superseded += [part.take(moved)] if moved.any() else []
        again += [start] if start in late else []
    driver.put(INSERT, rows, UPDATE)
    # Deleted before the others are stored: append counts the segments that are there.
    if again:
        forget(driver, line, 1, np.array(again))
    if superseded:
        append(driver, line, together(superseded))


def places(events: Microseconds, span_us: int) -> Iterator[tuple[int, slice]]:
    """Give the start of each chunk, and where events that are in order lie in it."""
    if not len(events):
        return
    of_chunk = starts_of(events, span_us)
    edges = [0, len(events)]
    if of_chunk[0] != of_chunk[-1]:
        edges[1:1] = (np.flatnonzero(np.diff(of_chunk)) + 1).tolist()
    for low, high in pairwise(edges):
        yield int(of_chunk[low]), slice(low, high)


def by_chunk(beliefs: Beliefs, line: SeriesRow) -> Iterator[tuple[int, Beliefs]]:
    """Give each chunk's start and its part of beliefs that are in order of event."""
    for start, place in places(beliefs.events, line.span_us):
        yield start, beliefs.take(place)


def row(series_id: int, layer: int, start_us: int, seq: int, part: Beliefs, step_us: int) -> tuple[Any, ...]:
    """Return the line that stores one part of one chunk."""
    value = part.middle
    return (
        *(series_id, layer, start_us, seq, len(part)),
        *(int(part.times.min()), int(part.times.max())),
        *(float(value.min()), float(value.max()), float(value.sum())),
        encode(part, step_us),
    )


def forget(driver: Driver, line: SeriesRow, layer: int, starts: Microseconds) -> None:
    """Delete the lines of one layer of some chunks."""
    where = f"series_id = {line.id} AND layer = {layer} AND {_among(starts, line.span_us)}"
    driver.run(f"DELETE FROM belief_chunk WHERE {where}")


def append(driver: Driver, line: SeriesRow, superseded: Beliefs) -> None:
    """Store beliefs that were just superseded after the earlier ones; merge a chunk's segments when they are many."""
    starts = np.unique(starts_of(superseded.events, line.span_us))
    query = (
        f"SELECT start_us, max(seq), count(*) FROM belief_chunk WHERE series_id = {line.id} AND layer = 1 "
        f"AND {_among(starts, line.span_us)} GROUP BY start_us"
    )
    there = {start: (seq, count) for start, seq, count in driver.rows(query)}
    rows = []
    for start, part in by_chunk(superseded, line):
        seq, count = there.get(start, (0, 0))
        parts = segments(part)
        # Each late value adds a segment, and a read as of a moment opens them all.
        if count + len(parts) >= MANY and count > 1:
            parts = [_one_segment(together([fetch(driver, line, 1, np.array([start])), *parts]))]
            forget(driver, line, 1, np.array([start]))
        # Numbers go on behind the highest, also after a merge: what is known later must be painted later.
        rows += [row(line.id, 1, start, seq + 1 + i, part, line.step_us) for i, part in enumerate(parts)]
    driver.put(INSERT, rows)


def merge_segments(driver: Driver, line: SeriesRow, start: int) -> None:
    """Make one segment of all superseded beliefs of a chunk."""
    at = np.array([start])
    ((last,),) = driver.rows(
        "SELECT max(seq) FROM belief_chunk WHERE series_id = ? AND layer = 1 AND start_us = ?", (line.id, start)
    )
    part = _one_segment(fetch(driver, line, 1, at))
    forget(driver, line, 1, at)
    driver.put(INSERT, [row(line.id, 1, start, last + 1, part, line.step_us)])


def _one_segment(beliefs: Beliefs) -> Beliefs:
    """Return beliefs in order of time, in which a segment with several per event is painted."""
    return beliefs.take(np.lexsort((beliefs.events, beliefs.times)))


CURRENT, EVERY = "c.layer = 0", "c.layer IN (0, 1)"
"""Conditions for the chunks of the most recent beliefs, and for all."""


class ChunkRange(NamedTuple):
    """A part of one series: the chunks that start between two moments, both included."""

    series_id: int
    first_us: int
    last_us: int


def current(driver: Driver, stretches: list[ChunkRange]) -> list[Blob]:
    """Return the chunks of the current layer of some stretches, in order of series and start."""
    if driver.is_sqlite and len(stretches) <= FEW:
        query = "SELECT series_id, start_us, data FROM belief_chunk WHERE series_id = ? AND layer = 0"
        query += " AND start_us BETWEEN ? AND ? ORDER BY start_us"
        return [row for stretch in sorted(stretches) for row in driver.rows(query, stretch)]
    found = driver.blobs(finding(stretches, CURRENT)) if stretches else []
    found.sort()  # they nearly are; the database would carry the bytes along
    return found


def superseded(driver: Driver, stretches: list[ChunkRange], *, known_us: int) -> list[Blob]:
    """Return the chunks of the superseded layer of some stretches in no order, but those all known later."""
    return driver.blobs(finding(stretches, superseded_until(known_us))) if stretches else []


def every(driver: Driver, stretches: list[ChunkRange]) -> list[Blob]:
    """Return the chunks of both layers of some stretches in no order, as one snapshot whatever the transaction."""
    return driver.blobs(finding(stretches, EVERY)) if stretches else []


def superseded_until(known_us: int) -> str:
    """Return the condition for chunks of superseded beliefs, of which some were known at a moment [us since 1970]."""
    return f"c.layer = 1 AND c.min_belief_us <= {known_us}"


def finding(stretches: list[ChunkRange], which: str, columns: str = "c.series_id, c.start_us, c.data") -> str:
    """Return the query for columns of the chunks ``c`` of some stretches (at least one) that meet a condition."""
    wanted = ", ".join(f"({part.series_id}, {part.first_us}, {part.last_us})" for part in stretches)
    # CROSS JOIN keeps SQLite to this order: few stretches first, then their chunks by key.
    return (
        f"WITH wanted (series_id, first_us, last_us) AS (VALUES {wanted}) "
        f"SELECT {columns} FROM wanted w CROSS JOIN belief_chunk c "
        f"WHERE c.series_id = w.series_id AND {which} AND c.start_us BETWEEN w.first_us AND w.last_us"
    )
