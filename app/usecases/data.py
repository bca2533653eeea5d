"""Values of sensors: save them, at once or by a job, take them over from FlexMeasures, and delete them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field
from sqlalchemy.orm import Session

from app.assemble.files.posted import Posted, belief_count, beliefs
from app.auth.access.access import NotAllowed
from app.jobs.handlers import flexmeasures_import, ingest
from app.jobs.submission import Order, ask
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Identifier, Length, Moment, Numbers, SensorId, Unit, lasting
from app.usecases.inputs import Invalid
from db.beliefs import deletion
from db.beliefs.source_filter import SourceFilter
from db.beliefs.store import Written
from db.core import bounds, database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import FieldError
from engine.series import resample
from engine.series.iso_time import DAY, after, duration, from_us, iso_duration, to_us, zone

Delete = Callable[..., int]
"""One of the functions of ``db.beliefs.deletion``."""


class SensorValues(NamedTuple):
    """Values of one sensor."""

    sensor_id: int
    posted: Posted


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

    @property
    def belief_horizon(self) -> timedelta | None:
        """How long before it could be known each value was known; unlike a duration it may be negative."""
        return None if self.horizon is None else duration(self.horizon, field="horizon")

    def posted(self, sensor: Sensor) -> Posted:
        """Return the values as those of a sensor.

        Raises:
            Invalid: There are none, or they do not fit the resolution of the sensor.
        """
        values = self.values if self.values is not None else self.value
        if values is None:
            raise Invalid("json", {"values": ["This field is needed."]})
        place = zone(sensor.timezone)
        length = lasting(self.duration, self.start, place=place)
        # Of the 24 values of a P1D over a clock change each is an hour; and PT25H may be a day, for a sensor of days.
        others, days = [lasting(self.duration, self.start)], round(length / DAY)
        if days and lasting(f"P{days}D", self.start, place=place) == length:
            others.append(days * DAY)
        fitting = [each for each in (length, *others) if not self._misfit(each, len(values), sensor)]
        length = fitting[0] if fitting else length
        after(self.start, length, field="duration")
        if problem := self._misfit(length, len(values), sensor):
            raise Invalid("json", {"duration": [problem]})
        start = self.start
        # As FlexMeasures does: a start beside the clock means the event that it lies in.
        if sensor.resolution and sensor.attributes.get("floor_datetimes_to_resolution", True):
            (begin,) = resample.floor(np.array([to_us(start)]), sensor.resolution, place)
            start = from_us(int(begin))
        regular = Posted.regular(start, length / len(values), values, self.unit, place)
        return replace(regular, prior=self.prior, horizon=self.belief_horizon)

    @staticmethod
    def _misfit(length: timedelta, count: int, sensor: Sensor) -> str:
        """Return why so many values of a length do not fit a sensor; empty if they do."""
        step, problem, own = length / count, "", sensor.resolution
        if length < timedelta(0) or (own and not length):
            problem = "must be longer than zero."
        elif step * count != length:
            problem = f"cannot be divided into {count} equal steps."
        elif own and max(step, own) % min(step, own):
            problem = f"{count} values make steps of {iso_duration(step)}, which the {iso_duration(own)} "
            problem += f"of sensor {sensor.id} neither divide nor hold."
        return problem


class AddressedData(NewData):
    """Equidistant values of a sensor, named by id or entity address."""

    sensor: SensorId


def post_values(session: Session, actor: Actor, sensor_id: int, new: NewData) -> Written:
    """Save values of a sensor; a missing one is not stored.

    Units are converted. Values of longer steps are repeated and of shorter ones averaged; energies and other amounts
    are shared out and added up.

    Raises:
        NotFound, NotAllowed: There is no such sensor that the actor may add to.
        Invalid, InputError: The values do not fit the sensor, or are too many.
        Conflict: Another value is stored for an event and belief time, and values may not be replaced here.
    """
    posted = new.posted(writable_sensor(session, actor, sensor_id))
    (written,) = save_values(session, actor, [SensorValues(sensor_id, posted)])
    return written


def request_ingestion(session: Session, actor: Actor, sensor_id: int, new: NewData) -> Job:
    """Return the job that saves values of a sensor; the caller hands it to the queue once that is committed.

    Raises:
        NotFound, NotAllowed, Invalid, InputError: See ``post_values``; what does not fit is refused at once.
    """
    sensor = writable_sensor(session, actor, sensor_id)
    posted = new.posted(sensor)
    # Read only to be refused now: the job would find the same fault later, when nobody listens any more.
    beliefs(posted, sensor, known_at=actor.now, most=bounds.of(session).written)
    request = ingest.posted_document(sensor, actor.source(session), posted)
    order = Order(kind="ingest", asset_id=sensor.asset_id, request=request, user_id=actor.user_id, force=True)
    return ask(session, order, now=actor.now, settings=actor.settings)


def check_series_count(actor: Actor, count: int, series: str, *, field: str) -> None:
    """Refuse more series than one request may post: each is looked up and saved by itself.

    Args:
        actor: Who posts them.
        count: How many there are.
        series: What one request calls them, such as messages.
        field: Where they stand in it.
    """
    most = actor.settings.most("MESSAGES")
    if count > most.number:
        sentence = f"{count} {series} are more than the {most.number} of one request ({most.setting}); "
        raise FieldError(field, f"{sentence}send several requests, or the values of one sensor in one series.")


def check_value_count(session: Session, values: Sequence[SensorValues]) -> None:
    """Refuse more values than one request may write, before any is saved."""
    counts = (belief_count(posted, database.get(session, Sensor, key)) for key, posted in values)
    bounds.check_written(bounds.of(session).written, sum(counts))


def save_values(
    session: Session, actor: Actor, values: Sequence[SensorValues], *, may_replace: bool = True
) -> list[Written]:
    """Save values of one or several sensors, all or nothing; return what became of each series.

    Args:
        session: A writing session.
        actor: Who saves them: the source of the values.
        values: The sensors may have become others since they were read.
        may_replace: Whether values of the same belief time give way, where the settings allow it at all.

    Raises:
        NotFound, NotAllowed, InputError, Conflict: See ``post_values``.
    """
    overwrite = may_replace and actor.settings.FLEXMEASURES_ALLOW_DATA_OVERWRITE
    written = []
    for key, posted in values:
        # Asked for again: files are read before this transaction, and the sensor may be somebody else's by now.
        sensor = writable_sensor(session, actor, key)
        source = actor.source(session)
        written.append(ingest.run(session, sensor, source, posted, known_at=actor.now, overwrite=overwrite))
    return written


def import_values(session: Session, actor: Actor, url: str, pairs: Mapping[int, int]) -> dict[int, int]:
    """Take over the values of sensors from a FlexMeasures database; return the number stored, by our sensor.

    Args:
        session: A writing session.
        actor: The operator: the server reads whatever address it is given.
        url: Address of the other database.
        pairs: Id of our sensor by the id of theirs.

    Raises:
        NotAllowed: The actor is no operator.
        InputError, NotFound: See ``app.jobs.handlers.flexmeasures_import.run``.
    """
    # Not even for admins: from where the server stands, an address may reach what no user should.
    if actor.principal is not None:
        raise NotAllowed("create-children", "this server from another database", who="only who runs it, at a terminal,")
    stored = flexmeasures_import.run(session, url, pairs)
    for key, count in stored.items():
        sensor = database.get(session, Sensor, key)
        sentence = f"Took over {count} values of sensor {sensor.name!r} ({key}) from FlexMeasures"
        actor.record(session, sentence, sensor.asset, of=sensor)
    return stored


def writable_sensor(session: Session, actor: Actor, sensor_id: int) -> Sensor:
    """Return a sensor that the actor may add values to.

    Raises:
        NotFound, NotAllowed: There is none.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor)
    return sensor


class DataDeletion(Body):
    """Which values to delete; without any field all of them."""

    source: Annotated[Identifier | None, Field(description="Only of this data source")] = None
    start: Annotated[Moment | None, Field(description="Only events from then on")] = None
    until: Annotated[Moment | None, Field(description="Only events before then")] = None


def delete_data(session: Session, actor: Actor, sensor_id: int, chosen: DataDeletion) -> int:
    """Delete values of a sensor: all of them, or those of a source or a stretch of time; return their number."""
    if chosen.start is not None and chosen.until is not None:
        sensor = database.get(session, Sensor, sensor_id)
        if chosen.start < chosen.until < chosen.start + sensor.resolution:
            raise FieldError("until", "no event lies between start and until; give a later until.")
    sources = SourceFilter(ids=[chosen.source]) if chosen.source is not None else None
    span = chosen.start, chosen.until
    return delete_values(session, actor, sensor_id, deletion.everything, span=span, sources=sources)


def delete_values(
    session: Session,
    actor: Actor,
    sensor_id: int,
    delete: Delete,
    *,
    span: tuple[datetime | None, datetime | None] = (None, None),
    sources: SourceFilter | None = None,
) -> int:
    """Delete values of one kind of a sensor; return their number.

    Args:
        session: A writing session.
        actor: Who deletes.
        sensor_id: Whose values.
        delete: Which kind.
        span: Only events from the first moment on and before the second; None leaves that side open.
        sources: Only values of these.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not delete its values.
        FieldError: The time range ends before it begins.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("delete", sensor)
    start, until = span
    if start is not None and until is not None and until <= start:
        raise FieldError("until", "must be after start.")
    # Recorded first: where deleting fails, the transaction takes the entry back as well.
    actor.record(session, f"Deleted data of sensor {sensor.name!r} ({sensor_id})", sensor.asset, of=sensor)
    return delete(session, sensor, bounds=deletion.within(*span), sources=sources)
