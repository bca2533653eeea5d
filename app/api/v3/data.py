"""Values of one sensor: read, post, delete."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field

from app.api.errors import Invalid
from app.api.fields import HYPHENS, Identifier, Length, Moment, Query, SensorId, lasting
from app.api.route import Call, get
from app.api.v3.sensors import readable
from app.assemble import data
from app.assemble.data import EVER, Asked, Series
from db.knowledge import AsOf
from db.source_filter import SourceFilter
from engine.iso_time import duration, iso_duration


class Sources(Query):
    """Which sources count."""

    source: Annotated[Identifier | None, Field(description="Id of a data source")] = None
    source_account: Annotated[Identifier | None, Field(description="Id of the account of the sources")] = None
    source_type: Annotated[str | None, Field(description="Such as user, scheduler, forecaster, reporter")] = None

    def filter(self) -> SourceFilter | None:
        """Return the same as the store asks for it."""
        if self.source is None and self.source_account is None and self.source_type is None:
            return None
        return SourceFilter(
            ids=None if self.source is None else [self.source],
            types=None if self.source_type is None else [self.source_type],
            account_ids=None if self.source_account is None else [self.source_account],
        )


class DataQuery(Sources):
    """Which values to read, and in which unit."""

    model_config = HYPHENS

    start: Moment
    duration: Length
    unit: Annotated[str | None, Field(max_length=80, description="Without it the sensor's own")] = None
    resolution: Annotated[Length | None, Field(description="A multiple of the sensor's")] = None
    prior: Annotated[Moment | None, Field(description="Only what was recorded until then")] = None
    beliefs_before: Annotated[Moment | None, Field(description="The same as prior")] = None
    horizon: Annotated[
        str | None, Field(description="Recorded at least so long before the event could be known; negative: after")
    ] = None

    def asked(self) -> Asked:
        """Return the same in the words of the reading side."""
        length = lasting(self.duration, self.start)
        if length <= timedelta(0):
            raise Invalid("query", {"duration": ["must be longer than zero."]})
        return Asked(
            start=self.start,
            length=length,
            unit=self.unit or "",
            resolution=None if self.resolution is None else lasting(self.resolution, self.start, field="resolution"),
            as_of=AsOf(known_at=self.prior or self.beliefs_before or EVER, horizon=horizon(self.horizon)),
            sources=self.filter(),
        )


def horizon(text: str | None) -> timedelta | None:
    """Return a belief horizon; unlike a duration it may be negative, such as ``-PT10M``."""
    if text is None:
        return None
    length = duration(text.removeprefix("-"), field="horizon")
    return -length if text.startswith("-") else length


def get_data(call: Call, id: int, query: DataQuery) -> dict[str, Any]:
    """Read values of a sensor: one per step, null where nothing is known."""
    return shown(data.read(call.work, readable(call, id), query.asked()), query.start)


def shown(series: Series, start: datetime) -> dict[str, Any]:
    """Return a series as the API writes it."""
    return {
        "values": series.values,
        "start": start.isoformat(),
        "duration": iso_duration(series.window.end - series.window.start),
        "unit": series.unit,
        "resolution": iso_duration(series.resolution),
        "status": "PROCESSED",
        "message": "Request has been processed.",
    }


class AddressedQuery(DataQuery):
    """The same with the sensor by id or entity address."""

    sensor: SensorId


def get_addressed(call: Call, query: AddressedQuery) -> dict[str, Any]:
    """Read values of a sensor that is named by id or entity address."""
    return get_data(call, query.sensor, query)


ROUTES = [get("/sensors/{id}/data", get_data), get("/sensors/data", get_addressed)]
