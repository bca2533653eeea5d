"""Values of one sensor in files; and their deletion."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field

from app.api.errors import ApiError, Invalid
from app.api.fields import Body, Identifier, Moment
from app.api.multipart import Form
from app.api.route import Call, delete, post
from app.api.v3 import audit
from app.api.v3.data import outcome, source_of
from app.assemble import files
from app.assemble.files import FileError, Layout
from app.auth import access
from app.jobs import ingest
from db import base, deleting
from db.beliefs import Written
from db.sensors import Sensor
from db.source_filter import SourceFilter
from engine.errors import InputError

TRUE = {"true", "1", "on", "yes"}
SHOWN = 20
"""How many of the rows that cannot be read are told."""


def upload(call: Call, id: int, body: Form) -> dict[str, Any]:
    """Save the values of CSV or Excel files: all of them, or nothing."""
    sensor = base.get(call.work, Sensor, id)
    access.check(call.who, "create-children", sensor)
    if not body.files:
        raise Invalid("files", {"uploaded-files": ["There is no file; send one or several under this name."]})
    at_once = body.fields.get("belief_time_measured_instantly", "").strip().lower() in TRUE
    layout = Layout(
        unit=body.fields.get("unit") or None,
        timezone=sensor.timezone,
        horizon=timedelta(0) if at_once else None,
    )
    written = [_file(call, sensor, file.name, file.content, layout) for file in body.files]
    total = Written(sum(one.stored for one in written), sum(one.unchanged for one in written))
    return outcome(total) | {"stored": total.stored, "unchanged": total.unchanged}


def _file(call: Call, sensor: Sensor, name: str, content: bytes, layout: Layout) -> Written:
    overwrite = call.running.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    try:
        posted = files.read(content, layout, default_unit=sensor.unit)
    except FileError as error:
        rows = [f"Row {row.row}: {row.text!r} {row.reason}" for row in error.problems]
        more = [f"… and {len(rows) - SHOWN} more rows"] if len(rows) > SHOWN else []
        raise Invalid("files", {name: rows[:SHOWN] + more}) from None
    except InputError as error:
        raise ApiError(422, "UNPROCESSABLE_ENTITY", f"{name}: {error}") from None
    return ingest.run(call.work, sensor, source_of(call), posted, known_at=call.now, overwrite=overwrite)


class Gone(Body):
    """Which values to delete; without any field all of them."""

    source: Annotated[Identifier | None, Field(description="Only of this data source")] = None
    start: Annotated[Moment | None, Field(description="Only events from then on")] = None
    until: Annotated[Moment | None, Field(description="Only events before then")] = None


def delete_data(call: Call, id: int, body: Gone) -> None:
    """Delete values of a sensor: all of them, or those of a source or a stretch of time."""
    sensor = base.get(call.work, Sensor, id)
    access.check(call.who, "delete", sensor)
    only = SourceFilter(ids=[body.source]) if body.source is not None else None
    audit.note(call, f"Deleted data of sensor {sensor.name!r} ({id})", sensor.asset)
    deleting.everything(call.work, sensor, bounds=deleting.within(body.start, body.until), sources=only)


ROUTES = [
    post("/sensors/{id}/data/upload", upload, pool="heavy", scope="data"),
    delete("/sensors/{id}/data", delete_data, pool="heavy"),
]
