"""Stored data as a CSV, Excel or Parquet file."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import beliefs, frames
from db.knowledge import AsOf
from db.sensors import Sensor
from db.source_filter import SourceFilter
from db.sources import Source
from engine.errors import FieldError, nearest

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

EXCEL_ROWS = 1_048_575
"""Rows of a sheet below its head."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What goes into a file."""

    start: datetime
    end: datetime
    """Events that start from one moment (included) to the other (excluded)."""
    known_at: datetime | AsOf
    sources: SourceFilter | None = None
    beliefs: str = "one per event"
    """Which beliefs count, one of QUESTIONS: one of each event, the newest of each source, or superseded ones too."""


QUESTIONS = {"one per event": beliefs.read_quantiles, "per source": beliefs.read_newest, "all": beliefs.read_all}


def table(work: Session, sensors: Sequence[Sensor], wanted: Wanted) -> "pd.DataFrame":
    """Return the data of sensors in long form, with sensor, unit, source and times in every row.

    Times are in the zone of the sensors, or in UTC if they differ in it.
    """
    import pandas as pd

    names = {source.id: source.description for source in work.scalars(select(Source))}
    zones = {sensor.timezone for sensor in sensors}
    timezone = zones.pop() if len(zones) == 1 else "UTC"
    parts = []
    for sensor in sensors:
        question = QUESTIONS[wanted.beliefs]
        found = question(work, sensor, wanted.start, wanted.end, known_at=wanted.known_at, sources=wanted.sources)
        part = frames.table(found, names, timezone)
        part.insert(0, "sensor", sensor.name)
        part.insert(0, "sensor_id", sensor.id)
        part["unit"] = sensor.unit
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def csv(frame: "pd.DataFrame") -> bytes:
    """Return a table as CSV, times in ISO 8601 with their offset."""
    return _told(frame).to_csv(index=False, lineterminator="\n").encode()


def excel(frame: "pd.DataFrame") -> bytes:
    """Return a table as an Excel file, times as texts with their offset: Excel has no zones.

    Raises:
        FieldError: There are more rows than a sheet holds.
    """
    if len(frame) > EXCEL_ROWS:
        raise FieldError("format", f"{len(frame)} rows do not fit on an Excel sheet; write CSV or Parquet.")
    content = io.BytesIO()
    _told(frame).to_excel(content, index=False, sheet_name="beliefs")
    return content.getvalue()


def parquet(frame: "pd.DataFrame") -> bytes:
    """Return a table as Parquet, times with their zone."""
    content = io.BytesIO()
    frame.to_parquet(content, index=False)
    return content.getvalue()


def _told(frame: "pd.DataFrame") -> "pd.DataFrame":
    times = {name: [moment.isoformat() for moment in frame[name]] for name in ("event_start", "belief_time")}
    return frame.assign(**times)


FORMATS = {"csv": csv, "xlsx": excel, "parquet": parquet}


def written(frame: "pd.DataFrame", kind: str) -> bytes:
    """Return a table as a file of a kind: ``csv``, ``xlsx`` or ``parquet``.

    Raises:
        FieldError: There is no such kind.
    """
    if kind not in FORMATS:
        raise FieldError("format", f"{kind!r} is not a kind of file; {nearest(kind, list(FORMATS))}")
    return FORMATS[kind](frame)
