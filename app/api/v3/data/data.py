"""Values of one sensor: read, post, delete."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.route import Call, Reply, get, post
from app.api.v3 import documents
from app.api.v3.assets.sensors import readable
from app.api.v3.jobs import jobs as jobs_api
from app.assemble import data
from app.assemble.data import EVER, SeriesQuery
from app.usecases import data as usecases
from app.usecases.data import AddressedData, NewData
from app.usecases.fields import HYPHENS, Identifier, Length, Moment, Query, SensorId, Unit, lasting
from app.usecases.inputs import Invalid
from db.beliefs.knowledge import AsOf
from db.beliefs.series import Series
from db.beliefs.source_filter import SourceFilter
from db.beliefs.store import Written
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import duration, zone


class Sources(Query):
    """Which sources count."""

    source: Annotated[Identifier | None, Field(description="Id of a data source")] = None
    source_account: Annotated[Identifier | None, Field(description="Id of the account of the sources")] = None
    source_type: Annotated[str | None, Field(description="Such as user, scheduler, forecaster, reporter")] = None

    def filter(self) -> SourceFilter | None:
        """Filter of sources for the store; None: all of them."""
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
    unit: Annotated[Unit | None, Field(description="Without it the sensor's own")] = None
    resolution: Annotated[
        Length | None, Field(description="Of the answer: means over such steps, or sums of amounts such as kWh")
    ] = None
    prior: Annotated[Moment | None, Field(description="Only what was recorded until then")] = None
    beliefs_before: Annotated[Moment | None, Field(description="The same as prior")] = None
    horizon: Annotated[
        Length | None, Field(description="Recorded at least so long before the event could be known; negative: after")
    ] = None

    def asked(self, sensor: Sensor | None = None) -> SeriesQuery:
        """Query of ``app.assemble.data`` for these values; days are those of the sensor, if one is given.

        Raises:
            Invalid: The duration is not longer than zero.
        """
        length = lasting(self.duration, self.start, place=zone(sensor.timezone) if sensor else None)
        step = None if self.resolution is None else lasting(self.resolution, self.start, field="resolution")
        usual = lasting(self.duration, self.start)
        # What fits a day of 24 hours is not refused on the two days a year that are none.
        if step and step > timedelta(0) and length % step and not usual % step:
            length = usual
        horizon = None if self.horizon is None else duration(self.horizon, field="horizon")  # may be negative
        if length <= timedelta(0):
            raise Invalid("query", {"duration": ["must be longer than zero."]})
        return SeriesQuery(
            start=self.start,
            length=length,
            unit=self.unit or "",
            resolution=step,
            as_of=AsOf(known_at=self.prior or self.beliefs_before or EVER, horizon=horizon),
            sources=self.filter(),
        )


def get_data(call: Call, id: int, query: DataQuery) -> dict[str, Any]:
    """Read values of a sensor: one per step, null where nothing is known."""
    sensor = readable(call, id)
    if query.source_type is not None:
        # An empty answer would hide that a type is misspelt.
        wrote = select(Series.id).join(Source, Source.id == Series.source_id).where(Source.type == query.source_type)
        if call.session.scalar(wrote.where(Series.sensor_id == sensor.id).limit(1)) is None:
            problem = f"no source of the type {query.source_type!r} has recorded values of sensor {sensor.id}."
            raise Invalid("query", {"source-type": [problem]})
    return documents.series(data.read(call.session, sensor, query.asked(sensor)), query.start)


class AddressedQuery(DataQuery):
    """Which values to read of which sensor, by id or entity address."""

    sensor: SensorId


def get_addressed(call: Call, query: AddressedQuery) -> dict[str, Any]:
    """Read values of a sensor that is named by id or entity address."""
    return get_data(call, query.sensor, query)


def post_data(call: Call, id: int, body: NewData) -> dict[str, Any] | Reply:
    """Save values of a sensor; null is not stored.

    Units are converted. Values of longer steps are repeated and of shorter ones averaged; energies and other amounts
    are shared out and added up.
    """
    if call.running.settings.FLEXSCOPE_INGEST_LATER:
        job = usecases.request_ingestion(call.session, call.actor, id, body)
        jobs_api.hand_over(call, job)
        return jobs_api.accepted(call, job, results=f"/sensors/{id}/data")
    return outcome(usecases.post_values(call.session, call.actor, id, body))


def outcome(written: Written) -> dict[str, Any]:
    """Status and message of posted values: saved, or known already."""
    if written.stored or written.replaced or not written.unchanged:
        return {"status": "PROCESSED", "message": "Request has been processed."}
    message = "Request has been processed; all of it was known already."
    return {"status": "ALREADY_RECEIVED_AND_SUCCESSFULLY_PROCESSED", "results": "PROCESSED", "message": message}


def post_addressed(call: Call, body: AddressedData) -> dict[str, Any] | Reply:
    """Save values of a sensor that is named by id or entity address."""
    return post_data(call, body.sensor, body)


ROUTES = [
    get("/sensors/{id}/data", get_data),
    post("/sensors/{id}/data", post_data, scope="data"),
    get("/sensors/data", get_addressed),
    post("/sensors/data", post_addressed, scope="data"),
]
