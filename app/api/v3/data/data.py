"""Values of one sensor: read, post, delete."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.http.route import Call, Reply, get, post
from app.api.v3.assets.sensors import readable
from app.api.v3.jobs import jobs as jobs_api
from app.assemble import data
from app.assemble.data import EVER, EquidistantSeries, SeriesQuery
from app.assemble.files.posted import Posted, beliefs
from app.auth.access import access
from app.jobs.handlers import ingest, ingest_later
from app.usecases.fields import HYPHENS, Body, Identifier, Length, Moment, Numbers, Query, SensorId, Unit, lasting
from app.usecases.inputs import Invalid
from db import sources
from db.beliefs.knowledge import AsOf
from db.beliefs.source_filter import SourceFilter
from db.beliefs.store import Written
from db.core import bounds, database
from db.sensors import Sensor
from db.sources import Source
from engine.iso_time import after, duration, iso_duration, zone


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
    unit: Annotated[Unit | None, Field(description="Without it the sensor's own")] = None
    resolution: Annotated[
        Length | None, Field(description="Of the answer: means over such steps, or sums of amounts such as kWh")
    ] = None
    prior: Annotated[Moment | None, Field(description="Only what was recorded until then")] = None
    beliefs_before: Annotated[Moment | None, Field(description="The same as prior")] = None
    horizon: Annotated[
        Length | None, Field(description="Recorded at least so long before the event could be known; negative: after")
    ] = None

    def asked(self) -> SeriesQuery:
        """Return the same in the words of the reading side."""
        length = lasting(self.duration, self.start)
        if length <= timedelta(0):
            raise Invalid("query", {"duration": ["must be longer than zero."]})
        return SeriesQuery(
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
    return duration(text, field="horizon")


def get_data(call: Call, id: int, query: DataQuery) -> dict[str, Any]:
    """Read values of a sensor: one per step, null where nothing is known."""
    return series_document(data.read(call.session, readable(call, id), query.asked()), query.start)


def series_document(series: EquidistantSeries, start: datetime) -> dict[str, Any]:
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


class NewData(Body):
    """Equidistant values, to save."""

    model_config = HYPHENS

    values: Annotated[Numbers | None, Field(description="One value, or a list; null is spacing")] = None
    value: Annotated[Numbers | None, Field(description="The same as values")] = None
    start: Moment
    duration: Annotated[Length, Field(description="Of all values together")]
    unit: Unit
    prior: Annotated[Moment | None, Field(description="When the values were known at the latest")] = None
    horizon: Annotated[Length | None, Field(description="How long before it could be known each was known")] = None
    type: Annotated[
        Literal["PostSensorDataRequest", "PostMeterDataRequest", "PostPrognosisRequest"] | None,
        Field(description="Of old clients; not needed"),
    ] = None

    def posted(self, sensor: Sensor) -> Posted:
        """Return the same in the words of the taking side."""
        values = self.values if self.values is not None else self.value
        if values is None:
            raise Invalid("json", {"values": ["This field is needed."]})
        length = lasting(self.duration, self.start)
        after(self.start, length, field="duration")
        step = length / len(values)
        _check_step(step, length, len(values), sensor)
        regular = Posted.regular(self.start, step, values, self.unit, zone(sensor.timezone))
        return replace(regular, prior=self.prior, horizon=horizon(self.horizon))


def _check_step(step: timedelta, length: timedelta, count: int, sensor: Sensor) -> None:
    if length < timedelta(0) or (sensor.resolution and not length):
        raise Invalid("json", {"duration": ["must be longer than zero."]})
    if step * count != length:
        raise Invalid("json", {"duration": [f"cannot be divided into {count} equal steps."]})
    if sensor.resolution and max(step, sensor.resolution) % min(step, sensor.resolution):
        own, told = iso_duration(sensor.resolution), iso_duration(step)
        problem = f"{count} values make steps of {told}, which the {own} of sensor {sensor.id} neither divide nor hold."
        raise Invalid("json", {"duration": [problem]})


def post_data(call: Call, id: int, body: NewData) -> dict[str, Any] | Reply:
    """Save values of a sensor; null is not stored.

    Units are converted. Values of longer steps are repeated and of shorter ones averaged; energies and other amounts
    are shared out and added up.
    """
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "create-children", sensor)
    if call.running.settings.FLEXSCOPE_INGEST_LATER:
        return _later(call, sensor, body.posted(sensor))
    return saved(call, id, body)


def saved(call: Call, id: int, body: NewData) -> dict[str, Any]:
    """Save values of a sensor at once."""
    sensor = database.get(call.session, Sensor, id)
    access.check(call.who, "create-children", sensor)
    overwrite = call.running.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    written = ingest.run(
        call.session, sensor, source_of(call), body.posted(sensor), known_at=call.now, overwrite=overwrite
    )
    return outcome(written)


def _later(call: Call, sensor: Sensor, posted: Posted) -> Reply:
    """Leave values that fit the sensor to an ingestion worker."""
    beliefs(posted, sensor, known_at=call.now, most=bounds.of(call.session).written)
    request = ingest_later.plain(sensor, source_of(call), posted)
    asked = jobs_api.JobRequest(kind="ingest", asset=sensor.asset, request=request, prior=None, force=True)
    return jobs_api.accepted(call, jobs_api.enqueue(call, asked), results=f"/sensors/{sensor.id}/data")


def source_of(call: Call) -> Source:
    """Return the source that stands for the asker."""
    who = call.who
    return sources.of_user(call.session, who.id, name=who.username, account_id=who.account_id)


def outcome(written: Written) -> dict[str, Any]:
    """Return what became of values, as the API tells it."""
    if written.stored or written.replaced or not written.unchanged:
        return {"status": "PROCESSED", "message": "Request has been processed."}
    message = "Request has been processed; all of it was known already."
    return {"status": "ALREADY_RECEIVED_AND_SUCCESSFULLY_PROCESSED", "message": message}


class AddressedData(NewData):
    """The same with the sensor by id or entity address."""

    sensor: SensorId


def post_addressed(call: Call, body: AddressedData) -> dict[str, Any] | Reply:
    """Save values of a sensor that is named by id or entity address."""
    return post_data(call, body.sensor, body)


ROUTES = [
    get("/sensors/{id}/data", get_data),
    post("/sensors/{id}/data", post_data, scope="data"),
    get("/sensors/data", get_addressed),
    post("/sensors/data", post_addressed, scope="data"),
]
