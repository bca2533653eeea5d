"""Values of sensors as a file to keep: every source, with its name and times in each row."""

from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.api.http.route import Call, Reply, get
from app.api.v3.assets.sensors import readable
from app.api.v3.data.bulk import whole
from app.assemble.data import EVER
from app.assemble.files.export import MEDIA, ExportQuery, write
from app.usecases.fields import HYPHENS, Length, Moment, Query, Texts, lasting
from app.usecases.inputs import Invalid
from engine.series.iso_time import after, zone


class ExportParameters(Query):
    """Which sensors, which stretch of time, and the kind of file."""

    model_config = HYPHENS

    sensors: Annotated[Texts, AfterValidator(whole), Field(description="Ids, joined by commas")]
    start: Moment
    duration: Length
    prior: Annotated[Moment | None, Field(description="Only what was recorded until then")] = None
    format: Literal["csv", "parquet", "xlsx"] = "csv"


def export(call: Call, query: ExportParameters) -> Reply:
    """Return a file with one row per event and source."""
    wanted = [readable(call, int(text)) for text in query.sensors]
    place = zone(wanted[0].timezone) if wanted else None
    end = after(query.start, lasting(query.duration, query.start, place=place), field="duration")
    if end <= query.start:
        raise Invalid("query", {"duration": ["must be longer than zero."]})
    most = call.running.settings.most("EXCEL_VALUES" if query.format == "xlsx" else "EXPORT_VALUES")
    asked = ExportQuery(start=query.start, end=end, known_at=query.prior or EVER, beliefs="per source", most=most)
    name = f"flexscope-{query.start:%Y%m%dT%H%M}.{query.format}"
    # Closed here only where writing fails: else the file is closed once the answer has been sent.
    with ExitStack() as opening:
        file = opening.enter_context(TemporaryFile())
        write(call.session, wanted, asked, query.format, file)
        opening.pop_all()
    return Reply(
        file=file,
        media=MEDIA[query.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


ROUTES = [get("/sensors/data/export", export, pool="heavy", media=tuple(MEDIA.values()))]
