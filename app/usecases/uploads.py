"""Values of sensors in files: how a file is laid out, what is wrong with it, and saving all of it or nothing."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, BinaryIO, Literal

from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.files import files
from app.assemble.files.files import FileOptions
from app.assemble.files.posted import Posted
from app.jobs.handlers import file_preview, ingest
from app.jobs.handlers.file_preview import Preview
from app.usecases.actor import Actor
from app.usecases.data import SensorValues, save_values, writable_sensor
from app.usecases.fields import HYPHENS, Length, Query, Unit, Zone
from app.usecases.inputs import Invalid
from app.usecases.sources import known_source, source_of
from db.beliefs.store import Written
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.importing.layout import Evidence, FileError, Layout, Undecided, ValueKind
from engine.series.iso_time import duration, from_us

TRUE = {"true", "1", "on", "yes"}
MOST_LINES = 20
"""Most rows that cannot be read of which one is told."""


class FileLayout(Query):
    """How the files are laid out; what is left out is found out, or as in the first two columns."""

    model_config = HYPHENS

    time_column: Annotated[str | None, Field(description="Column of the times or dates, by number from 0 or head")] = (
        None
    )
    clock_column: Annotated[str | None, Field(description="Column of the times of day, if apart from dates")] = None
    end_column: Annotated[str | None, Field(description="Column of the times at which values end")] = None
    value_column: Annotated[str | None, Field(description="Column of the values")] = None
    belief_column: Annotated[str | None, Field(description="Column of the moments of knowledge")] = None
    unit: Annotated[Unit | None, Field(description="Of the values; else as in the file, or that of the sensor")] = None
    timezone: Annotated[Zone | None, Field(description="Of times without offset; else that of the sensor")] = None
    resolution: Annotated[Length | None, Field(description="How long each value holds; else found out")] = None
    date_format: Annotated[str | None, Field(description="Such as %d-%m-%Y %H:%M; else found out")] = None
    date_order: Annotated[Literal["day", "month"] | None, Field(description="What comes first in 05/11/2026")] = None
    stamps: Annotated[Literal["start", "end"] | None, Field(description="Which end of its step a time names")] = None
    value_kind: Annotated[ValueKind | None, Field(description="What a value represents; detected by default")] = None
    delimiter: Annotated[str | None, Field(max_length=1, description="Between cells; else found out")] = None
    decimal: Annotated[str | None, Field(min_length=1, max_length=1, description="Sign before decimals")] = None
    thousands: Annotated[str | None, Field(max_length=1, description="Sign between thousands")] = None
    brackets: Annotated[Literal["minus", "plain"] | None, Field(description="What (5) means: minus 5, or 5")] = None
    skip_rows: Annotated[int, Field(ge=0, le=10**6, description="Lines to leave out at the top")] = 0
    max_rows: Annotated[int | None, Field(ge=1, description="Rows to read")] = None
    sheet: Annotated[str | None, Field(description="Sheet of an Excel file; else the first visible")] = None
    filter_column: Annotated[str | None, Field(description="Use only rows with the filter value in this column")] = None
    filter_value: Annotated[str | None, Field(description="See filter-column")] = None
    missing: Annotated[str, Field(description="Texts that mean a missing value, separated by commas")] = ""
    confirm: Annotated[str, Field(description="Findings that were seen and accepted, with commas between")] = ""

    def options(self, form: Mapping[str, str], actor: Actor) -> FileOptions:
        """Options for ``app.assemble.files``, with unit and belief time of the form."""
        at_once = form.get("belief_time_measured_instantly", "").strip().lower() in TRUE
        layout = Layout(
            **self.model_dump(exclude={"resolution", "missing", "confirm", "unit"}),
            bounds=actor.settings.file_bounds,
            unit=form.get("unit") or self.unit or None,
            step=duration(self.resolution, field="resolution") if self.resolution else None,
            missing=frozenset(_parts(self.missing)),
            confirm=frozenset(_parts(self.confirm)),
        )
        horizon = timedelta(0) if at_once else None
        return FileOptions(layout=layout, horizon=horizon, most=actor.settings.most("FILE_VALUES"))


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


@dataclass(frozen=True, kw_only=True)
class FileUpload:
    """Files for one sensor, and how they are to be read."""

    files: Sequence[tuple[str, BinaryIO]]
    """Name and content of each."""
    layout: FileLayout
    form: Mapping[str, str]
    """What came beside the files; see ``FileLayout.options``."""


@dataclass(frozen=True, kw_only=True)
class ReadFile:
    """The values of one file, to be saved, and how they were read."""

    name: str
    posted: Posted
    evidence: Sequence[Evidence]
    notices: Sequence[str]

    def document(self) -> dict[str, Any]:
        """How it was read, as plain data."""
        evidence = [entry._asdict() for entry in self.evidence]
        return {"name": self.name, "evidence": evidence, "notices": list(self.notices)}


@dataclass(frozen=True, kw_only=True)
class FileOrigin:
    """Where the values of a file come from."""

    source: str
    """See ``app.usecases.sources.find_source``."""
    known_at: datetime
    """The moment the values were known, where the file does not say it."""


def read_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[ReadFile]:
    """Return the values of each file, to be saved by ``save_upload``.

    Raises:
        NotFound, NotAllowed: There is no such sensor that the actor may add to.
        Invalid: There is no file, or rows cannot be read; the first of them are listed.
        Undecided: A file can be read in several ways; the choices are listed.
        InputError: A file is none that can be read.
    """
    sensor, options = _sensor_and_options(session, actor, sensor_id, upload)
    read = []
    for name, file in upload.files:
        try:
            reading = files.parse_file(file, options, sensor, now=actor.now)
            reading.check()
            posted = files.posted_values(reading, options, sensor)
            warning = file_preview.check_level(session, sensor, posted, options.layout.confirm, actor.now)
            notices = [*reading.notices, warning] if warning else reading.notices
            read.append(ReadFile(name=name, posted=posted, evidence=reading.evidence, notices=notices))
        except FileError as error:
            # Before the more general error below: its rows are listed one by one.
            rows = [f"Row {row.row}: {row.text!r} {row.reason}" for row in error.problems]
            more = [f"… and {len(rows) - MOST_LINES} more rows"] if len(rows) > MOST_LINES else []
            raise Invalid("files", {name: rows[:MOST_LINES] + more}) from None
        except Undecided as error:
            # With the name of the file, as only one of several may have to be answered for.
            raise Undecided(error.questions, name) from None
        except InputError as error:
            raise InputError(f"{name}: {error}") from None
    return read


def check_level(
    session: Session, actor: Actor, values: SensorValues, options: FileOptions, *, known_at: datetime
) -> str:
    """Warning that the values of a file are at another level than those stored, as for ``read_upload``.

    Raises:
        Undecided: They are, and nobody has said yet that it is so.
    """
    sensor = writable_sensor(session, actor, values.sensor_id)
    return file_preview.check_level(session, sensor, values.posted, options.layout.confirm, known_at)


def save_upload(session: Session, actor: Actor, sensor_id: int, read: Sequence[ReadFile]) -> Written:
    """Save what was read; the sensor may have become another one meanwhile."""
    written = save_values(session, actor, [SensorValues(sensor_id, file.posted) for file in read])
    return Written(sum(each.stored for each in written), sum(each.unchanged for each in written))


def save_file(session: Session, actor: Actor, values: SensorValues, source: Source, *, known_at: datetime) -> Written:
    """Save what was read from a file, in the name of a source; see ``app.usecases.sources.find_source``."""
    sensor = writable_sensor(session, actor, values.sensor_id)
    overwrite = actor.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    return ingest.run(session, sensor, source, values.posted, known_at=known_at, overwrite=overwrite)


def preview_file(
    session: Session, actor: Actor, sensor_id: int, file: BinaryIO, options: FileOptions, origin: FileOrigin
) -> Preview:
    """Problems of the rows of a file, and the values that ``save_file`` would store; nothing is stored."""
    sensor = writable_sensor(session, actor, sensor_id)
    source = known_source(session, origin.source)
    return file_preview.preview_file(session, sensor, source, file, options, known_at=origin.known_at)


def preview_upload(session: Session, actor: Actor, sensor_id: int, upload: FileUpload) -> list[dict[str, Any]]:
    """How each file is read, its problems and questions, and what an upload would store; nothing is stored."""
    sensor, options = _sensor_and_options(session, actor, sensor_id, upload)
    origin = source_of(session, actor)
    previews = []
    for name, file in upload.files:
        try:
            preview = file_preview.preview_file(session, sensor, origin, file, options, known_at=actor.now)
        except InputError as error:
            # The same lists as of a file that was read, so that whoever shows them need not ask which are there.
            nothing: dict[str, Any] = {key: [] for key in ("problems", "questions", "evidence", "notices")}
            previews.append({"name": name, "refused": str(error), "rows": 0, "values": 0, "stored": 0, **nothing})
        else:
            previews.append({"name": name, **_document(preview, sensor)})
    return previews


def _sensor_and_options(
    session: Session, actor: Actor, sensor_id: int, upload: FileUpload
) -> tuple[Sensor, FileOptions]:
    sensor = writable_sensor(session, actor, sensor_id)
    if not upload.files:
        raise Invalid("files", {"uploaded-files": ["There is no file; send one or several under this name."]})
    return sensor, upload.layout.options(upload.form, actor)


def _document(preview: Preview, sensor: Sensor) -> dict[str, Any]:
    """Return a preview as plain data."""
    summary, written, reading = preview.beliefs, preview.written, preview.reading
    return {
        "refused": preview.refused,
        "rows": reading.row_count,
        "problems": [problem._asdict() for problem in reading.problems[:MOST_LINES]],
        "questions": [question.document() for question in reading.questions],
        "evidence": [entry._asdict() for entry in reading.evidence],
        "notices": reading.notices,
        "file_unit": reading.unit,
        "shown_rows": [
            {
                "row": row.number,
                "kind": row.kind,
                "time": from_us(row.start).isoformat(),
                "value": None if math.isnan(row.value) else row.value,  # JSON has no NaN
                "event": from_us(row.event).isoformat(),
                "stored": row.stored,
            }
            for row in preview.rows
        ],
        "values": summary.count if summary else 0,
        "first": from_us(summary.first).isoformat() if summary else None,
        "last": from_us(summary.last).isoformat() if summary else None,
        "unit": sensor.unit,
        "sample": [[from_us(event).isoformat(), value] for event, value in summary.sample] if summary else [],
        "gaps": [[from_us(int(at)).isoformat() for at in gap] for gap in preview.gaps[:MOST_LINES]],
        "stored": written.stored if written else 0,
        "unchanged": written.unchanged if written else 0,
    }
