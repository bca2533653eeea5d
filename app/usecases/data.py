"""Values of sensors: take in files, and delete."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, BinaryIO

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.files import files
from app.assemble.files.files import FileError, Layout
from app.assemble.files.posted import Posted
from app.jobs.handlers import ingest
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Identifier, Length, Moment, Query, Zone
from app.usecases.inputs import Invalid
from db.beliefs import deletion
from db.beliefs.source_filter import SourceFilter
from db.beliefs.store import Written
from db.core import database
from db.sensors import Sensor
from engine.errors import InputError
from engine.iso_time import duration, from_us

TRUE = {"true", "1", "on", "yes"}
SHOWN = 20
"""How many of the rows that cannot be read are told."""
Delete = Callable[..., int]
"""One of the functions of ``db.beliefs.deletion``."""


class FileLayout(Query):
    """How the files are laid out; what is left out is found out, or as in the first two columns."""

    model_config = HYPHENS

    time_column: Annotated[str, Field(description="Column of the times, by number from 0 or by head")] = "0"
    value_column: Annotated[str, Field(description="Column of the values")] = "1"
    belief_column: Annotated[str | None, Field(description="Column of the moments of knowledge")] = None
    timezone: Annotated[Zone | None, Field(description="Of times without offset; else that of the sensor")] = None
    resolution: Annotated[Length | None, Field(description="How long each value holds; else found out")] = None
    date_format: Annotated[str | None, Field(description="Such as %d-%m-%Y %H:%M; else ISO 8601")] = None
    delimiter: Annotated[str | None, Field(max_length=1, description="Between cells; else found out")] = None
    decimal: Annotated[str, Field(min_length=1, max_length=1, description="Sign before decimals")] = "."
    thousands: Annotated[str, Field(max_length=1, description="Sign between thousands")] = ""
    skip_rows: Annotated[int, Field(ge=0, le=10**6, description="Lines to leave out at the top")] = 0
    max_rows: Annotated[int | None, Field(ge=1, description="Rows to read")] = None
    sheet: Annotated[str | None, Field(description="Sheet of an Excel file; else the first")] = None
    filter_column: Annotated[str | None, Field(description="Use only rows with the filter value in this column")] = None
    filter_value: Annotated[str | None, Field(description="See filter-column")] = None
    missing: Annotated[str, Field(description="Texts that stand for no value, with commas between")] = ""

    def layout(self, sensor: Sensor, form: Mapping[str, str], actor: Actor) -> Layout:
        """Return the same as files are read by, with what the form says: unit, and whether measured at once."""
        at_once = form.get("belief_time_measured_instantly", "").strip().lower() in TRUE
        own = self.model_dump(exclude={"resolution", "missing", "timezone"})
        return Layout(
            **own,
            timezone=self.timezone or sensor.timezone,
            bounds=actor.settings.file_bounds,
            unit=form.get("unit") or None,
            horizon=timedelta(0) if at_once else None,
            step=duration(self.resolution, field="resolution") if self.resolution else None,
            missing=frozenset(text.strip() for text in self.missing.split(",") if text.strip()),
        )


@dataclass(frozen=True, kw_only=True)
class FileUpload:
    """Files for one sensor, and how they are to be read."""

    files: Sequence[tuple[str, BinaryIO]]
    """Name and content of each."""
    layout: FileLayout
    form: Mapping[str, str]
    """What came beside the files; see ``FileLayout.layout``."""


def read_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[Posted]:
    """Return the values of each file, to be saved by ``save_upload``.

    Raises:
        NotFound, NotAllowed: There is no such sensor that the actor may add to.
        Invalid: There is no file, or rows cannot be read; they are told.
        InputError: A file is none that can be read.
    """
    sensor, layout = _open(session, actor, sensor_id, upload)
    return [_posted(name, file, layout, sensor) for name, file in upload.files]


def save_upload(session: Session, actor: Actor, sensor_id: int, posted: Sequence[Posted]) -> Written:
    """Save what was read; the sensor may have become another one meanwhile."""
    sensor, overwrite = _writable(session, actor, sensor_id), actor.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    source = actor.source(session)
    written = [
        ingest.run(session, sensor, source, values, known_at=actor.now, overwrite=overwrite) for values in posted
    ]
    return Written(sum(each.stored for each in written), sum(each.unchanged for each in written))


def preview_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[dict[str, Any]]:
    """Return what is wrong with the rows of files, and what an upload would store; nothing is stored."""
    sensor, layout = _open(session, actor, sensor_id, upload)
    return [_preview(session, actor, sensor, name, file, layout) for name, file in upload.files]


def _open(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> tuple[Sensor, Layout]:
    sensor = _writable(session, actor, sensor_id)
    if not upload.files:
        raise Invalid("files", {"uploaded-files": ["There is no file; send one or several under this name."]})
    return sensor, upload.layout.layout(sensor, upload.form, actor)


def _writable(session: Session, actor: Actor, sensor_id: int) -> Sensor:
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor)
    return sensor


def _preview(
    session: Session, actor: Actor, sensor: Sensor, name: str, file: BinaryIO, layout: Layout
) -> dict[str, Any]:
    try:
        found = ingest.preview_file(session, sensor.id, actor.by[1], file, layout, known_at=actor.now)
    except InputError as error:
        return {"name": name, "refused": str(error), "rows": 0, "problems": [], "values": 0, "stored": 0}
    told, written = found.beliefs, found.written
    return {
        "name": name,
        "refused": found.refused,
        "rows": len(found.rows.events),
        "problems": [{"row": row.row, "text": row.text, "reason": row.reason} for row in found.rows.problems[:SHOWN]],
        "values": told.count if told else 0,
        "first": from_us(told.first).isoformat() if told else None,
        "last": from_us(told.last).isoformat() if told else None,
        "unit": sensor.unit,
        "sample": [[from_us(event).isoformat(), value] for event, value in told.sample] if told else [],
        "gaps": [[from_us(int(start)).isoformat(), from_us(int(end)).isoformat()] for start, end in found.gaps[:SHOWN]],
        "stored": written.stored if written else 0,
        "unchanged": written.unchanged if written else 0,
    }


def _posted(name: str, file: BinaryIO, layout: Layout, sensor: Sensor) -> Posted:
    """Return the values of a file; its rows that cannot be read are told."""
    try:
        return files.read(file, layout, default_unit=sensor.unit)
    except FileError as error:
        rows = [f"Row {row.row}: {row.text!r} {row.reason}" for row in error.problems]
        more = [f"… and {len(rows) - SHOWN} more rows"] if len(rows) > SHOWN else []
        raise Invalid("files", {name: rows[:SHOWN] + more}) from None
    except InputError as error:
        raise InputError(f"{name}: {error}") from None


class DataDeletion(Body):
    """Which values to delete; without any field all of them."""

    source: Annotated[Identifier | None, Field(description="Only of this data source")] = None
    start: Annotated[Moment | None, Field(description="Only events from then on")] = None
    until: Annotated[Moment | None, Field(description="Only events before then")] = None


def delete_data(session: Session, actor: Actor, sensor_id: int, chosen: DataDeletion) -> int:
    """Delete values of a sensor: all of them, or those of a source or a stretch of time; return their number."""
    sources = SourceFilter(ids=[chosen.source]) if chosen.source is not None else None
    span = chosen.start, chosen.until
    return delete_values(session, actor, sensor_id, deletion.everything, span=span, sources=sources)


def delete_values(
    session: Session,
    actor: Actor,
    sensor_id: int,
    delete: Delete,
    *,
    span: tuple[datetime | None, datetime | None] = (None, None),
    sources: SourceFilter | None = None,
) -> int:
    """Delete values of one kind of a sensor; return their number.

    Args:
        session: A writing session.
        actor: Who deletes.
        sensor_id: Whose values.
        delete: Which kind.
        span: Only events from the first moment on and before the second; None leaves that side open.
        sources: Only values of these.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not delete its values.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("delete", sensor)
    actor.record(session, f"Deleted data of sensor {sensor.name!r} ({sensor_id})", sensor.asset, of=sensor)
    return delete(session, sensor, bounds=deletion.within(*span), sources=sources)
