"""Stored data as a CSV, Excel or Parquet file, written piece by piece: a file may be larger than the memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.beliefs import store as beliefs
from db.beliefs import time_range
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery, EventSpan
from db.core.bounds import Most
from db.exchange import frames
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError, nearest
from engine.importing.cells.texts import csv_text, is_risky, writable

MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Media type by kind of file."""

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

EXCEL_ROWS = 1_048_575
"""Rows of a sheet below its head."""
PIECE = 50_000
"""Stored values that are read and written at a time, about."""
MOMENTS = ("event_start", "belief_time")
CHOSEN = ("sensor", "source", "unit")
"""Columns of texts that people chose."""
Texts: TypeAlias = NDArray[np.object_]
Pieces: TypeAlias = Iterator["pd.DataFrame"]


@dataclass(frozen=True, kw_only=True)
class ExportQuery:
    """What goes into a file."""

    start: datetime
    end: datetime
    """Events that start from one moment (included) to the other (excluded)."""
    known_at: datetime | AsOf
    sources: SourceFilter | None = None
    beliefs: str = "one per event"
    """Which beliefs count, one of QUESTIONS: one of each event, the newest of each source, or superseded ones too."""
    most: Most | None = None
    """How many stored values may lie in this time; None: any number."""


QUESTIONS = {"one per event": beliefs.read_quantiles, "per source": beliefs.read_newest, "all": beliefs.read_all}


def pieces(session: Session, sensors: Sequence[Sensor], wanted: ExportQuery) -> Pieces:
    """Give the data of sensors in long form, with sensor, unit, source and times in every row; at least one piece.

    Times are in the zone of the sensors, or in UTC if they differ in it.

    Raises:
        FieldError: More values lie in this time than wanted at most.
    """
    every = wanted.beliefs == "all"
    time_range.check(session, sensors, EventSpan(wanted.start, wanted.end), most=wanted.most, every=every)
    names = {source.id: source.description for source in session.scalars(select(Source))}
    zones = {sensor.timezone for sensor in sensors}
    timezone = zones.pop() if len(zones) == 1 else "UTC"
    for sensor in sensors:
        for span in time_range.parts(session, sensor, EventSpan(wanted.start, wanted.end), size=PIECE, every=every):
            query = BeliefQuery(span.start, span.end, known_at=wanted.known_at, sources=wanted.sources)
            found = QUESTIONS[wanted.beliefs](session, sensor, query)
            part = frames.table(found, names, timezone)
            part.insert(0, "sensor", sensor.name)
            part.insert(0, "sensor_id", sensor.id)
            part["unit"] = sensor.unit
            yield part


def _csv(found: Pieces, file: BinaryIO) -> int:
    """Write CSV, times in ISO 8601 with their offset; return the number of rows."""
    count = 0
    for number, piece in enumerate(found):
        text = _with(_with_iso(piece), csv_text).to_csv(index=False, lineterminator="\n", header=number == 0)
        file.write(text.encode())
        count += len(piece)
    return count


def _excel(found: Pieces, file: BinaryIO) -> int:
    """Write an Excel file, times as texts with their offset: Excel has no zones; return the number of rows.

    Raises:
        FieldError: There are more rows than a sheet holds.
    """
    from openpyxl import Workbook

    book, count = Workbook(write_only=True), 0
    sheet = book.create_sheet("beliefs")
    for number, piece in enumerate(found):
        count += len(piece)
        if count > EXCEL_ROWS:
            told = f"more than {EXCEL_ROWS} rows do not fit on an Excel sheet; write CSV or Parquet."
            raise FieldError("format", told)
        if number == 0:
            sheet.append(list(piece.columns))
        safe = _with(_with_iso(piece), partial(_as_text, sheet))
        for row in safe.astype(object).itertuples(index=False, name=None):
            sheet.append(row)
    book.save(file)
    return count


def _as_text(sheet: Any, text: str) -> Any:
    """Return a text as a cell that no spreadsheet takes for a formula, not even once somebody has been in it."""
    text = writable(text)
    if not is_risky(text):
        return text
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, text)
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def _parquet(found: Pieces, file: BinaryIO) -> int:
    """Write Parquet, times with their zone; return the number of rows."""
    import pyarrow as pa
    from pyarrow import parquet

    first = next(found)
    zone = pa.timestamp("us", tz=str(first["event_start"].dt.tz))
    kinds = {"sensor_id": pa.int64(), "sensor": pa.string(), "event_start": zone, "belief_time": zone}
    kinds |= {"source": pa.string(), "cumulative_probability": pa.float64(), "event_value": pa.float64()}
    # A file has one schema, which all of its pieces keep.
    schema, count = pa.schema(list((kinds | {"unit": pa.string()}).items())), 0
    with parquet.ParquetWriter(file, schema) as writer:
        for piece in chain([first], found):
            writer.write_table(pa.Table.from_pandas(piece, schema=schema, preserve_index=False))
            count += len(piece)
    return count


def _with_iso(frame: "pd.DataFrame") -> "pd.DataFrame":
    return frame.assign(**{name: _iso(frame[name]) for name in MOMENTS})


def _iso(moments: "pd.Series") -> Texts:
    """Return moments in ISO 8601 with their offset, as ``isoformat`` writes them but all at once, shape (n,)."""
    utc = moments.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy("datetime64[us]")
    local = moments.dt.tz_localize(None).to_numpy("datetime64[us]")
    offsets, which = np.unique((local - utc).astype(np.int64) // 1_000_000, return_inverse=True)
    written = [datetime.fromtimestamp(0, timezone(timedelta(seconds=int(offset)))) for offset in offsets]
    ends = np.array([moment.isoformat()[19:] for moment in written], dtype=object)
    whole = np.datetime_as_string(local, unit="s").astype(object)
    part = local.astype(np.int64) % 1_000_000
    if part.any():
        whole = np.where(part != 0, np.datetime_as_string(local, unit="us").astype(object), whole)
    texts: Texts = whole + ends[which] if len(local) else whole
    return texts


def _with(frame: "pd.DataFrame", change: Callable[[str], Any]) -> "pd.DataFrame":
    """Return a table whose texts that people chose are changed; each of them once, as they are in every row."""
    made = {name: {text: change(text) for text in frame[name].unique()} for name in CHOSEN}
    changed = [name for name, texts in made.items() if any(new != text for text, new in texts.items())]
    return frame.assign(**{name: frame[name].map(made[name]) for name in changed})


FORMATS: Mapping[str, Callable[[Pieces, BinaryIO], int]] = {"csv": _csv, "xlsx": _excel, "parquet": _parquet}


def write(session: Session, sensors: Sequence[Sensor], wanted: ExportQuery, kind: str, file: BinaryIO) -> int:
    """Write the data of sensors to a file of a kind: ``csv``, ``xlsx`` or ``parquet``; return the number of rows.

    Raises:
        FieldError: There is no such kind, or there is too much for it.
    """
    if kind not in FORMATS:
        raise FieldError("format", f"{kind!r} is not a kind of file; {nearest(kind, list(FORMATS))}")
    if kind == "xlsx":  # writing so many rows takes minutes, and would be for nothing
        most = Most(EXCEL_ROWS, "rows of an Excel sheet; CSV and Parquet hold more")
        every = wanted.beliefs == "all"
        time_range.check(session, sensors, EventSpan(wanted.start, wanted.end), most=most, every=every)
    return FORMATS[kind](pieces(session, sensors, wanted), file)
