"""Values of one sensor in files; and their deletion."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from app.api.http.errors import ApiError
from app.api.http.multipart import File, MultipartForm
from app.api.http.route import Call, Save, delete, post
from app.api.v3.accounts import audit
from app.api.v3.data.data import outcome, source_of
from app.assemble.files import files
from app.assemble.files.files import FileError, Layout
from app.assemble.files.posted import Posted
from app.assemble.files.sheets import FileBounds
from app.auth.access import access
from app.jobs.handlers import ingest
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

    def layout(self, sensor: Sensor, form: MultipartForm, bounds: FileBounds) -> Layout:
        """Return the same as files are read by, with what the form itself says."""
        at_once = form.fields.get("belief_time_measured_instantly", "").strip().lower() in TRUE
        given = self.model_dump(exclude={"resolution", "missing"})
        texts = frozenset(text.strip() for text in self.missing.split(",") if text.strip())
        told: dict[str, Any] = {
            "bounds": bounds,
            "unit": form.fields.get("unit") or None,
            "horizon": timedelta(0) if at_once else None,
        }
        length = duration(self.resolution, field="resolution") if self.resolution else None
        return Layout(**{**given, "timezone": self.timezone or sensor.timezone}, **told, step=length, missing=texts)


def upload(call: Call, id: int, body: MultipartForm, query: FileLayout) -> Save:
    """Save the values of CSV or Excel files: all of them, or nothing."""
    sensor, layout = _asked(call, id, body, query)
    read = [_posted(file, layout, sensor) for file in body.files]
    return lambda saving: _saved(saving, id, read)


def _saved(call: Call, id: int, read: Sequence[Posted]) -> dict[str, Any]:
    """Save what was read; the sensor may have become another one meanwhile."""
    sensor, overwrite = _writable(call, id), call.running.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    written = [
        ingest.run(call.session, sensor, source_of(call), posted, known_at=call.now, overwrite=overwrite)
        for posted in read
    ]
    total = Written(sum(one.stored for one in written), sum(one.unchanged for one in written))
    return outcome(total) | {"stored": total.stored, "unchanged": total.unchanged}


def preview(call: Call, id: int, body: MultipartForm, query: FileLayout) -> dict[str, Any]:
    """Tell what is wrong with the rows of files, and what an upload would store; nothing is stored."""
    sensor, layout = _asked(call, id, body, query)
    return {"files": [_previewed(call, sensor, file, layout) for file in body.files]}


def _asked(call: Call, id: int, body: MultipartForm, query: FileLayout) -> tuple[Sensor, Layout]:
    sensor = _writable(call, id)
    if not body.files:
        raise Invalid("files", {"uploaded-files": ["There is no file; send one or several under this name."]})
    return sensor, query.layout(sensor, body, call.running.settings.file_bounds)


def _writable(call: Call, id: int) -> Sensor:
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "create-children", sensor)
    return sensor


def _previewed(call: Call, sensor: Sensor, file: File, layout: Layout) -> dict[str, Any]:
    try:
        found = ingest.preview_file(call.session, sensor.id, call.who.username, file.file, layout, known_at=call.now)
    except InputError as error:
        return {"name": file.name, "refused": str(error), "rows": 0, "problems": [], "values": 0, "stored": 0}
    told, written = found.beliefs, found.written
    return {
        "name": file.name,
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


def _posted(file: File, layout: Layout, sensor: Sensor) -> Posted:
    """Return the values of a file; its rows that cannot be read are told."""
    try:
        return files.read(file.file, layout, default_unit=sensor.unit)
    except FileError as error:
        rows = [f"Row {row.row}: {row.text!r} {row.reason}" for row in error.problems]
        more = [f"… and {len(rows) - SHOWN} more rows"] if len(rows) > SHOWN else []
        raise Invalid("files", {file.name: rows[:SHOWN] + more}) from None
    except InputError as error:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"{file.name}: {error}") from None


class Deletion(Body):
    """Which values to delete; without any field all of them."""

    source: Annotated[Identifier | None, Field(description="Only of this data source")] = None
    start: Annotated[Moment | None, Field(description="Only events from then on")] = None
    until: Annotated[Moment | None, Field(description="Only events before then")] = None


def delete_data(call: Call, id: int, body: Deletion) -> None:
    """Delete values of a sensor: all of them, or those of a source or a stretch of time."""
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "delete", sensor)
    only = SourceFilter(ids=[body.source]) if body.source is not None else None
    audit.note(call, f"Deleted data of sensor {sensor.name!r} ({id})", sensor.asset, of=sensor)
    deletion.everything(call.session, sensor, bounds=deletion.within(body.start, body.until), sources=only)


ROUTES = [
    post("/sensors/{id}/data/upload", upload, pool="heavy", scope="data", computes=True),
    post("/sensors/{id}/data/upload/preview", preview, pool="heavy", scope="data", saves=False),
    delete("/sensors/{id}/data", delete_data, pool="heavy"),
]
