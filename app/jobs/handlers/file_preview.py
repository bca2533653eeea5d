"""What a file would make of a sensor, before it is stored: problems and questions, and rows as they become."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.files import files
from app.assemble.files.files import FileOptions
from app.assemble.files.posted import Posted, belief_count, beliefs, pieces
from app.jobs.handlers.ingest import total
from db.beliefs import store
from db.beliefs.chunks import Beliefs
from db.beliefs.store import Written
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.importing.layout import FileReading, Undecided, ask_to_confirm
from engine.importing.notices import strangest
from engine.series import resample
from engine.series.iso_time import Microseconds, from_us, zone

SAMPLE = 5
"""How many values a preview shows as they would be stored."""
PREVIEW_ROWS = 3
"""How many rows from the begin, from the end and of the strangest a preview shows beside what becomes of them."""


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


LOOKED_BACK = timedelta(days=31)
"""Stored values from so long before the first value of a file on are compared with those of the file."""
COMPARED = 8
"""At least so many of each, other than zero."""
OTHER_LEVEL = "other-level"
"""Name by which another level than that of the stored values is confirmed."""
APART = 8.0
"""How many times larger or smaller the usual value of a file is when that is told: more than a season makes it."""


@dataclass(frozen=True, slots=True)
class RowPreview:
    """One row of a file and the value of the sensor that it makes, or takes part in."""

    number: int
    """In the file, from 1."""
    kind: str
    """Why it is shown: first, last or strangest."""
    start: int
    """When its value begins [us since 1970 UTC]."""
    value: float
    """In the unit of the file."""
    event: int
    """Of the sensor, that its start lies in [us since 1970 UTC]."""
    stored: float | None = None
    """Value of that event in the unit of the sensor; None if there is none."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file says, and what would be stored of it."""

    reading: FileReading
    """Each row as it was read, why so, and every problem and question."""
    rows: list[RowPreview]
    """The first, last and strangest ones beside what becomes of them."""
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
    options: FileOptions,
    *,
    known_at: datetime,
) -> Preview:
    """Return what ``run`` would store of a file, and everything that is wrong with it; nothing is stored.

    Args:
        session: A session that reads.
        sensor: What the values are of.
        source: Where they come from; None: a new one.
        file: The file.
        options: How it is to be read.
        known_at: The moment the values were known, where the file does not say it.

    Raises:
        InputError: The file is no table, or lacks a column.
    """
    reading = files.parse_file(file, options, sensor, now=known_at)
    rows = preview_rows(reading, sensor)
    gaps = resample.gaps(reading.readings.starts, reading.step or resample.usual_step(reading.readings.starts))
    refused = ""
    try:
        reading.check()
    except Undecided as error:  # what is assumed until it is answered is shown all the same
        refused = str(error)
    except InputError as error:
        return Preview(reading, rows, None, None, str(error), gaps)
    try:
        posted = files.posted_values(reading, options, sensor)
        bounds.check_written(posted.most, belief_count(posted, sensor))
        summaries, written = [], []
        for number, part in enumerate(pieces(posted, sensor)):
            found = beliefs(part, sensor, known_at=known_at, most=None)
            # By the first piece alone, as check_level does when the file is stored.
            if number == 0 and (warning := level_warning(session, sensor, found)):
                asked = ask_to_confirm(reading.questions, OTHER_LEVEL, warning, options.layout.confirm)
                reading = replace(reading, notices=[*reading.notices, warning], questions=asked)
                refused = str(Undecided(asked)) if asked else ""
            summaries += _summed(found)
            at = np.flatnonzero(np.isin(found.events, [row.event for row in rows]) & ~found.missing)
            values = dict(zip(found.events[at].tolist(), found.middle[at].tolist(), strict=True))
            rows = [replace(row, stored=values.get(row.event, row.stored)) for row in rows]
            written.append(store.trial(session, sensor, source, found))
    except InputError as error:
        return Preview(reading, rows, None, None, refused or str(error), gaps)
    changes = None if refused else total(written)
    return Preview(reading, rows, _joined(summaries), changes, refused, gaps)


def check_level(session: Session, sensor: Sensor, posted: Posted, confirmed: frozenset[str], known_at: datetime) -> str:
    """Return the warning that values are at another level than those stored, if it was confirmed; empty: they are not.

    Raises:
        Undecided: They are, and nobody has said yet that it is so.
    """
    first = next(pieces(posted, sensor))
    warning = level_warning(session, sensor, beliefs(first, sensor, known_at=known_at, most=None))
    if warning and (asked := ask_to_confirm([], OTHER_LEVEL, warning, confirmed)):
        raise Undecided(asked)
    return warning


def level_warning(session: Session, sensor: Sensor, found: Beliefs) -> str:
    """Warning that values are about ten or more times as large or small as those stored before; empty: none.

    A factor of 1000 is another unit, 12 an energy of five minutes read as a power; once stored, nobody sees it.
    """
    there = found.take(~found.missing)
    if not len(there):
        return ""
    first, last = from_us(int(there.events.min())), from_us(int(there.events.max()))
    # Known whenever: it is compared with what is stored by now. A long file is compared by its first month only.
    span = BeliefQuery(first - LOOKED_BACK, min(last, first + LOOKED_BACK), known_at=datetime.max.replace(tzinfo=UTC))
    # Zeros, such as the nights of solar panels, say nothing of a unit.
    levels = [np.abs(values[values != 0]) for values in (there.middle, store.read(session, sensor, span).values)]
    if min(map(len, levels)) < COMPARED:
        return ""
    own, stored = (float(np.median(level)) for level in levels)
    if stored / APART < own < stored * APART:
        return ""
    ways = f"{own / stored:,.0f} times as large as" if own > stored else f"{stored / own:,.0f} times smaller than"
    return (
        f"The values are about {ways} those stored so far (usually {own:.3g} and {stored:.3g} {sensor.unit}); "
        "look at the unit of the file."
    )


def preview_rows(reading: FileReading, sensor: Sensor) -> list[RowPreview]:
    """Return the first, last and strangest rows of a file, without what becomes of them."""
    readings = reading.readings
    count = len(readings.starts)
    # The later names win: a row that is first and strangest is told as the first.
    places = dict.fromkeys(strangest(readings, PREVIEW_ROWS), "strangest")
    places |= dict.fromkeys(range(max(count - PREVIEW_ROWS, 0), count), "last")
    places |= dict.fromkeys(range(min(PREVIEW_ROWS, count)), "first")
    chosen = sorted(places)
    starts = readings.starts[chosen]
    events = resample.floor(starts, sensor.resolution, zone(sensor.timezone)) if sensor.resolution else starts
    columns = zip(readings.numbers[chosen].tolist(), starts.tolist(), readings.values[chosen].tolist(), strict=True)
    return [
        RowPreview(number, places[place], start, value, event)
        for place, event, (number, start, value) in zip(chosen, events.tolist(), columns, strict=True)
    ]


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
