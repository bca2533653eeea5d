"""Values of sensors as a file to keep: every source, with its name and times in each row."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.api.errors import Invalid
from app.api.fields import HYPHENS, Length, Moment, Query, Texts, lasting
from app.api.route import Call, Reply, get
from app.api.v3.bulk import whole
from app.api.v3.sensors import readable
from app.assemble.data import EVER
from app.assemble.export import Wanted, table, written

MEDIA = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportQuery(Query):
    """Which sensors, which stretch of time, and the kind of file."""

    model_config = HYPHENS

    sensors: Annotated[Texts, AfterValidator(whole), Field(description="Ids, joined by commas")]
    start: Moment
    duration: Length
    prior: Annotated[Moment | None, Field(description="Only what was recorded until then")] = None
    format: Literal["csv", "parquet", "xlsx"] = "csv"


def export(call: Call, query: ExportQuery) -> Reply:
    """Return a file with one row per event and source."""
    wanted = [readable(call, int(text)) for text in query.sensors]
    end = query.start + lasting(query.duration, query.start)
    if end <= query.start:
        raise Invalid("query", {"duration": ["must be longer than zero."]})
    asked = Wanted(start=query.start, end=end, known_at=query.prior or EVER, beliefs="per source")
    name = f"flexscope-{query.start:%Y%m%dT%H%M}.{query.format}"
    return Reply(
        content=written(table(call.work, wanted, asked), query.format),
        media=MEDIA[query.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


ROUTES = [get("/sensors/data/export", export, pool="heavy")]
