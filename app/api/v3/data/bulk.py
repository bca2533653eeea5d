"""Values of several sensors in one request: JSON, CSV, Arrow or Parquet."""

import csv
import io
from collections.abc import Mapping
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Annotated, Any

import numpy as np
import orjson
from pydantic import AfterValidator, Field

from app.api.http.errors import ApiError
from app.api.http.multipart import Raw
from app.api.http.route import JSON, Call, Reply, Save, get, post
from app.api.v3.assets.sensors import readable
from app.api.v3.data.data import DataQuery, outcome
from app.assemble import data
from app.assemble.data import EquidistantSeries
from app.assemble.files.posted import Posted
from app.usecases import data as usecases
from app.usecases.data import AddressedData, SensorValues
from app.usecases.fields import HYPHENS, Texts
from app.usecases.inputs import Invalid, read_input
from db.core import bounds
from engine.errors import FieldError
from engine.series import resample
from engine.series.iso_time import from_us, instant, iso_duration, to_us

ARROW, PARQUET, CSV = "application/vnd.apache.arrow.stream", "application/vnd.apache.parquet", "text/csv"
LINES = 10_000
"""Lines of a CSV answer that are written at a time."""
MOST = 1000
"""Most sensors of one request."""


def whole(texts: list[str]) -> list[str]:
    """Return ids of sensors, each once; for use as a validator."""
    if not texts or len(texts) > MOST or not all(text.isdecimal() and len(text) < 10 for text in texts):
        raise ValueError(f"Give 1 to {MOST} ids of sensors, such as 1,2,3.")
    return list(dict.fromkeys(texts))


class BulkQuery(DataQuery):
    """Which sensors, and which of their values; Accept chooses JSON, text/csv, Arrow or Parquet."""

    model_config = HYPHENS

    sensors: Annotated[Texts, AfterValidator(whole), Field(description="Ids, joined by commas")]


def read(call: Call, query: BulkQuery) -> Any:
    """Read values of several sensors at once, on the same steps."""
    wanted = [readable(call, int(text)) for text in query.sensors]
    asked = query.asked(wanted[0])  # days are those of the first one, as in exports
    if asked.resolution is None:
        steps = {sensor.resolution for sensor in wanted if sensor.resolution}
        if len(steps) > 1:
            told = ", ".join(sorted(map(iso_duration, steps)))
            raise FieldError("resolution", f"these sensors have different ones ({told}); choose one of them.")
    found = data.all_of(call.session, wanted, asked)
    accept = call.headers.get("Accept", "")
    if ARROW in accept or PARQUET in accept:
        return _columnar(found, PARQUET if PARQUET in accept else ARROW)
    if CSV in accept:
        return _csv(found)
    first = next(iter(found.values()))
    return {
        "start": query.start.isoformat(),
        "duration": iso_duration(first.window.end - first.window.start),
        "resolution": iso_duration(first.window.step),
        "sensors": {str(key): {"unit": one.unit, "values": one.values} for key, one in found.items()},
    }


def _columnar(found: Mapping[int, EquidistantSeries], media: str) -> Reply:
    # The library is large; only those who ask for columns wait for it.
    import pyarrow as pa
    from pyarrow import parquet

    starts = next(iter(found.values())).starts
    columns = {"event_start": pa.array(starts.view("datetime64[us]"), pa.timestamp("us", tz="UTC"))}
    columns |= {str(key): pa.array(one.values, from_pandas=True) for key, one in found.items()}
    units = {f"unit of {key}": one.unit for key, one in found.items()}
    table = pa.table(columns).replace_schema_metadata(units)
    sink = io.BytesIO()
    if media == PARQUET:
        parquet.write_table(table, sink)
    else:
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
    return Reply(content=sink.getvalue(), media=media)


def _csv(found: Mapping[int, EquidistantSeries]) -> Reply:
    """Return the values as CSV, in a file: as texts they take many times the memory of the numbers."""
    starts = next(iter(found.values())).starts
    with ExitStack() as opening:
        file = opening.enter_context(TemporaryFile())
        file.write((",".join(["event_start", *map(str, found)]) + "\r\n").encode())
        for begin in range(0, len(starts), LINES):
            part = slice(begin, begin + LINES)
            columns = [
                ["" if value != value else repr(value) for value in one.values[part].tolist()] for one in found.values()
            ]
            moments = [from_us(at).isoformat() for at in starts[part].tolist()]
            lines = zip(moments, *columns, strict=True)
            file.write("".join(",".join(line) + "\r\n" for line in lines).encode())
        # Whoever sends the answer closes the file; an error before closes it here
        opening.pop_all()
    return Reply(file=file, media=CSV)


def write(call: Call, body: Raw) -> Save:
    """Save values of several sensors, all or nothing.

    JSON: ``{"data": [{"sensor": 1, "start": …, "duration": …, "values": […], "unit": …}, …]}``. CSV: a column
    ``event_start`` and one column per sensor with its id as head, in the sensors' own units.
    """
    is_csv = body.media == CSV
    values = _read_csv(call, body.content.decode("utf-8-sig", "replace")) if is_csv else _read_messages(call, body)
    # All series count together: many short ones may be as much as a long one.
    usecases.check_value_count(call.session, values)

    def save(saving: Call) -> dict[str, Any]:
        written = usecases.save_values(saving.session, saving.actor, values, may_replace=not is_csv)
        new = sum(outcome(each)["status"] == "PROCESSED" for each in written)
        message = f"Request has been processed; {new} of {len(written)} series had something new."
        return {"status": "PROCESSED", "message": message}

    return save


def _read_messages(call: Call, body: Raw) -> list[SensorValues]:
    """Sensor and values of each message of a JSON body."""
    try:
        content = orjson.loads(body.content)
    except orjson.JSONDecodeError as error:
        raise ApiError(400, "INVALID_REQUEST", f"The body is not JSON: {error}.") from None
    messages = content.get("data") if isinstance(content, dict) else None
    if not isinstance(messages, list) or not all(isinstance(entry, dict) for entry in messages) or not messages:
        raise Invalid("json", {"data": ["Give a list of messages, one per sensor."]})
    usecases.check_series_count(call.actor, len(messages), "messages", field="data")
    read = []
    for number, fields in enumerate(messages):
        try:
            message = read_input(AddressedData, fields, call.running.settings)
            sensor = usecases.writable_sensor(call.session, call.actor, message.sensor)
            read.append(SensorValues(sensor.id, message.posted(sensor)))
        except (Invalid, FieldError) as error:
            raise error.inside(f"data[{number}]") from None
    return read


def _read_csv(call: Call, text: str) -> list[SensorValues]:
    """Sensor and values of each column of a CSV body."""
    try:
        rows = list(csv.reader(io.StringIO(text)))
    except csv.Error as error:
        raise Invalid("csv", {"event_start": [f"The text is not CSV: {error}."]}) from None
    if len(rows) < 2 or rows[0][:1] != ["event_start"] or len(rows[0]) < 2:
        raise Invalid("csv", {"event_start": ["Head the first column with event_start, others with ids of sensors."]})
    # Before any number is read: the text may hold more than may be written.
    bounds.check_written(bounds.of(call.session).written, (len(rows) - 1) * (len(rows[0]) - 1))
    usecases.check_series_count(call.actor, len(rows[0]) - 1, "columns", field="event_start")
    moments = (instant(row[0] if row else "", field=f"row {at}, event_start") for at, row in enumerate(rows[1:], 2))
    events = np.array([to_us(moment) for moment in moments], np.int64)
    step = resample.usual_step(events)
    read = []
    for column, head in enumerate(rows[0][1:], 1):
        if not (head.strip().isdecimal() and len(head) < 10):
            raise FieldError(head, "is no id of a sensor; head each column of values with one.")
        sensor = usecases.writable_sensor(call.session, call.actor, int(head))
        values = np.array([_number(row, column, number) for number, row in enumerate(rows[1:], 2)])
        posted = Posted(events=events, values=values, step=step or sensor.resolution, unit=sensor.unit)
        read.append(SensorValues(sensor.id, posted))
    return read


def _number(row: list[str], column: int, number: int) -> float:
    cell = row[column].strip() if column < len(row) else ""
    try:
        return float(cell) if cell else float("nan")
    except ValueError:
        raise FieldError(f"row {number}, column {column + 1}", f"{cell!r} is not a number.") from None


ROUTES = [
    get("/sensors/data/bulk", read, media=(JSON, CSV, ARROW, PARQUET)),
    post("/sensors/data/bulk", write, scope="data", computes=True),
]
