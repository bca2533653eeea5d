"""A saved schedule as a file: what it wrote to sensors, one row for each step."""

from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Literal

from app.api.http.route import Call, Reply, get
from app.assemble.files.export import MEDIA
from app.assemble.files.step_table import write_csv, write_excel
from app.assemble.schedule_lines import output_lines, readable_outputs, schedule_table
from app.auth.access import access
from app.auth.access.references import References
from app.usecases.fields import Query
from db import sensors
from db.assets import Asset
from db.core import database
from db.schedules import StoredSchedule


class ScheduleFileQuery(Query):
    """The kind of file."""

    format: Literal["csv", "xlsx"] = "csv"


def schedule_file(call: Call, id: int, query: ScheduleFileQuery) -> Reply:
    """Return a file with one row for each step; powers are positive when consuming, times those of the site."""
    row = database.get(call.session, StoredSchedule, id)
    access.check(call.user, "read", database.get(call.session, Asset, row.asset_id))
    outputs = readable_outputs(References(call.session, call.user), row)
    lines = [line for output, sensor in outputs for line in output_lines(call.session, sensor, output, row)]
    place = sensors.time_zone(call.session, row.asset_id, "UTC")
    # Closed here only where writing fails: else the file is closed once the answer has been sent.
    with ExitStack() as opening:
        file = opening.enter_context(TemporaryFile())
        write = write_excel if query.format == "xlsx" else write_csv
        write(schedule_table(row, lines), place, file)
        opening.pop_all()
    name = f"schedule-{row.id}.{query.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Reply(file=file, media=MEDIA[query.format], headers=headers)


ROUTES = [get("/schedules/{id}/file", schedule_file, pool="heavy", media=(MEDIA["csv"], MEDIA["xlsx"]))]
