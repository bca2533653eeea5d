"""Values of sensors in files: how a file is laid out, what is wrong with it, and saving all of it or nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, BinaryIO

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.files import files
from app.assemble.files.files import FileError, Layout
from app.assemble.files.posted import Posted
from app.jobs.handlers import ingest
from app.jobs.handlers.ingest import Preview
from app.usecases.actor import Actor
from app.usecases.data import SensorValues, save_values, writable_sensor
from app.usecases.fields import HYPHENS, Length, Query, Zone
from app.usecases.inputs import Invalid
from app.usecases.sources import known_source, source_of
from db.beliefs.store import Written
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.iso_time import duration, from_us

TRUE = {"true", "1", "on", "yes"}
SHOWN = 20
"""Most rows that cannot be read of which one is told."""


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
        """Layout for ``app.assemble.files``, with unit and belief time of the form."""
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


@dataclass(frozen=True, kw_only=True)
class FileOrigin:
    """Where the values of a file come from."""

    source: str
    """See ``app.usecases.sources.find_source``."""
    known_at: datetime
    """The moment the values were known, where the file does not say it."""


def read_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[Posted]:
    """Return the values of each file, to be saved by ``save_upload``.

    Raises:
        NotFound, NotAllowed: There is no such sensor that the actor may add to.
        Invalid: There is no file, or rows cannot be read; the first of them are listed.
        InputError: A file is none that can be read.
    """
    sensor, layout = _sensor_and_layout(session, actor, sensor_id, upload)
    read = []
    for name, file in upload.files:
        try:
            read.append(files.read(file, layout, default_unit=sensor.unit))
        except FileError as error:
            rows = [f"Row {row.row}: {row.text!r} {row.reason}" for row in error.problems]
            more = [f"… and {len(rows) - SHOWN} more rows"] if len(rows) > SHOWN else []
            raise Invalid("files", {name: rows[:SHOWN] + more}) from None
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    return read


def save_upload(session: Session, actor: Actor, sensor_id: int, posted: Sequence[Posted]) -> Written:
    """Save what was read; the sensor may have become another one meanwhile."""
    written = save_values(session, actor, [SensorValues(sensor_id, values) for values in posted])
    return Written(sum(each.stored for each in written), sum(each.unchanged for each in written))


def save_file(session: Session, actor: Actor, values: SensorValues, source: Source, *, known_at: datetime) -> Written:
    """Save what was read from a file, in the name of a source; see ``app.usecases.sources.find_source``."""
    sensor = writable_sensor(session, actor, values.sensor_id)
    overwrite = actor.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    return ingest.run(session, sensor, source, values.posted, known_at=known_at, overwrite=overwrite)


def preview_file(
    session: Session, actor: Actor, sensor_id: int, file: BinaryIO, layout: Layout, origin: FileOrigin
) -> Preview:
    """Problems of the rows of a file, and the values that ``save_file`` would store; nothing is stored."""
    sensor = writable_sensor(session, actor, sensor_id)
    source = known_source(session, origin.source)
    return ingest.preview_file(session, sensor, source, file, layout, known_at=origin.known_at)


def preview_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[dict[str, Any]]:
    """Problems of the rows of each file, and the values that an upload would store; nothing is stored."""
    sensor, layout = _sensor_and_layout(session, actor, sensor_id, upload)
    origin = source_of(session, actor)
    previews = []
    for name, file in upload.files:
        try:
            preview = ingest.preview_file(session, sensor, origin, file, layout, known_at=actor.now)
        except InputError as error:
            refused = {"refused": str(error), "rows": 0, "problems": [], "values": 0, "stored": 0}
            previews.append({"name": name, **refused})
        else:
            previews.append({"name": name, **_document(preview, sensor)})
    return previews


def _sensor_and_layout(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> tuple[Sensor, Layout]:
    sensor = writable_sensor(session, actor, sensor_id)
    if not upload.files:
        raise Invalid("files", {"uploaded-files": ["There is no file; send one or several under this name."]})
    return sensor, upload.layout.layout(sensor, upload.form, actor)


def _document(preview: Preview, sensor: Sensor) -> dict[str, Any]:
    """Return a preview as plain data."""
    summary, written, problems = preview.beliefs, preview.written, preview.rows.problems[:SHOWN]
    return {
        "refused": preview.refused,
        "rows": len(preview.rows.events),
        "problems": [{"row": row.row, "text": row.text, "reason": row.reason} for row in problems],
        "values": summary.count if summary else 0,
        "first": from_us(summary.first).isoformat() if summary else None,
        "last": from_us(summary.last).isoformat() if summary else None,
        "unit": sensor.unit,
        "sample": [[from_us(event).isoformat(), value] for event, value in summary.sample] if summary else [],
        "gaps": [[from_us(int(at)).isoformat() for at in gap] for gap in preview.gaps[:SHOWN]],
        "stored": written.stored if written else 0,
        "unchanged": written.unchanged if written else 0,
    }
