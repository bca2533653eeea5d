"""Take in data: values of a message or a file, all or nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO

from sqlalchemy.orm import Session

from app.assemble.files import files
from app.assemble.files.files import Layout, Rows
from app.assemble.files.posted import PIECE, Posted, belief_count, beliefs, pieces
from app.jobs.triggers.dependents import wake
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.store import Written
from db.core import bounds
from db.sensors import Sensor
from db.sources import Source
from engine import resample
from engine.errors import InputError
from engine.iso_time import Microseconds

SAMPLE = 5
"""How many values a preview shows as they would be stored."""


def run(
    session: Session,
    sensor: Sensor,
    source: Source,
    posted: Posted,
    *,
    known_at: datetime,
    overwrite: bool = False,
) -> Written:
    """Save what is posted, in the unit and at the resolution of the sensor; see ``posted.beliefs``.

    Args:
        session: A writing session.
        sensor: What the values are of.
        source: Where they come from.
        posted: The values.
        known_at: The moment of arrival, where what is posted says no other.
        overwrite: Whether another value of the same moment of knowledge is replaced; else it is a conflict.

    Raises:
        Conflict: Another value is stored for an event and moment of knowledge.
        InputError: The values do not fit the sensor, or are too many.
    """
    own = bounds.of(session).written
    bounds.check_written(posted.most or own, belief_count(posted, sensor))
    parts = []
    for part in pieces(posted, sensor, min(own.number, PIECE) if own else PIECE):
        found = beliefs(part, sensor, known_at=known_at, most=None)
        parts.append(store.save(session, sensor, source, found, overwrite=overwrite))
    written = _total(parts)
    if written.stored or written.replaced:
        wake(session, "posted", [sensor.id], now=datetime.now(UTC))
    return written


def _total(parts: Sequence[Written]) -> Written:
    stored, unchanged, replaced = (sum(getattr(part, name) for part in parts) for name in Written.__dataclass_fields__)
    return Written(stored, unchanged, replaced)


@dataclass(frozen=True, slots=True)
class Summary:
    """Beliefs in a few numbers."""

    count: int
    first: int
    """Start of the first event [us since 1970 UTC]."""
    last: int
    """Start of the last event [us since 1970 UTC]."""
    lowest: float
    highest: float
    sample: list[tuple[int, float]]
    """Events and values of the first ones."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file says, and what would be stored of it."""

    rows: Rows
    """Each row as it was read, and every problem."""
    beliefs: Summary | None
    """In the unit and at the resolution of the sensor; None if nothing can be stored."""
    written: Written | None
    """What storing them would change; None if they cannot be stored."""
    refused: str
    """Why not, in one sentence; empty if they can."""
    gaps: Microseconds
    """Start and end of each stretch without rows [us since 1970 UTC], shape (m, 2)."""


def preview_file(
    session: Session,
    sensor: Sensor,
    source: Source | None,
    file: bytes | BinaryIO,
    layout: Layout,
    *,
    known_at: datetime,
) -> Preview:
    """Return what ``run`` would store of a file, and everything that is wrong with it; nothing is stored.

    Args:
        session: A session that reads.
        sensor: What the values are of.
        source: Where they come from; None: a new one.
        file: The file.
        layout: How it is laid out.
        known_at: The moment the values were known, where the file does not say it.

    Raises:
        InputError: The file is no table, or lacks a column.
    """
    rows = files.parse(file, layout)
    gaps = resample.gaps(rows.events, layout.step or resample.usual_step(rows.events))
    try:
        posted = files.posted(rows, layout, default_unit=sensor.unit)
        bounds.check_written(posted.most, belief_count(posted, sensor))
        summaries, written = [], []
        for part in pieces(posted, sensor):
            found = beliefs(part, sensor, known_at=known_at, most=None)
            summaries += _summed(found)
            written.append(store.trial(session, sensor, source, found))
    except InputError as error:
        return Preview(rows, None, None, str(error), gaps)
    return Preview(rows, _joined(summaries), _total(written), "", gaps)


def _summed(found: Beliefs) -> list[Summary]:
    """Return some beliefs in a few numbers; nothing of none."""
    there = found.take(~found.missing)
    if not len(there):
        return []
    sample = list(zip(there.events[:SAMPLE].tolist(), there.middle[:SAMPLE].tolist(), strict=True))
    moments = int(there.events.min()), int(there.events.max())
    return [Summary(len(there), *moments, float(there.values.min()), float(there.values.max()), sample)]


def _joined(parts: Sequence[Summary]) -> Summary | None:
    """Return summaries of parts, in order, as one."""
    if not parts:
        return None
    return Summary(
        count=sum(part.count for part in parts),
        first=min(part.first for part in parts),
        last=max(part.last for part in parts),
        lowest=min(part.lowest for part in parts),
        highest=max(part.highest for part in parts),
        sample=parts[0].sample,
    )
