"""Forecasts of sensors: ask for one or several cycles of them."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy.orm import Session

from app.jobs.handlers.forecast import ForecastRequest, cycles
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from app.usecases.jobs.jobs import ask_once
from db.core import bounds, database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.series.iso_time import after, zone

USUAL = "PT48H"
"""Length of a forecast where none is asked for."""


class ForecastTrigger(Body):
    """What to foresee."""

    model_config = HYPHENS

    start: Annotated[Moment | None, Field(description="Start of the first cycle; without it now")] = None
    end: Annotated[Moment | None, Field(description="The last cycle begins before then")] = None
    duration: Annotated[Length | None, Field(description="The same counted from the start; without it 48 hours")] = None
    max_forecast_horizon: Annotated[Length | None, Field(description="How far each cycle looks")] = None
    forecast_frequency: Annotated[Length | None, Field(description="Between cycles; without it there is one")] = None
    prior: Annotated[Moment | None, Field(description="Forecast with what was known then")] = None
    probabilistic: Annotated[bool, Field(description="Accepted; this forecaster gives one value per event")] = False
    config: Annotated[
        dict[str, Any], Field(default_factory=dict, description="Of trained forecasters: this one needs no training")
    ]

    def request(self, sensor: Sensor, now: datetime) -> ForecastRequest:
        """Request of the job that forecasts a sensor; without a start, the first cycle begins now."""
        start = (self.start or now).astimezone(zone(sensor.timezone))  # so that days are its days
        length = lasting(self.duration or USUAL, start)
        # A horizon alone asks for one forecast of that length, not for the usual two days.
        if self.max_forecast_horizon and not (self.duration or self.end):
            length = lasting(self.max_forecast_horizon, start)
        end = self.end or after(start, length, field="duration")
        far, often = self.max_forecast_horizon, self.forecast_frequency
        return ForecastRequest(
            sensor=sensor.id,
            start=start,
            end=end,
            horizon=lasting(far, start, field="max-forecast-horizon") if far else end - start,
            # Never negative: an end before the start is refused by the cycles, which name the field.
            frequency=lasting(often, start, field="forecast-frequency") if often else max(end - start, timedelta(0)),
            prior=self.prior,
        )


def request_forecast(session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger) -> Job:
    """Return the job that forecasts a sensor; the caller hands it to the queue once that is committed.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not add to it, or read what the configuration names.
        FieldError: The cycles are none, or more than one request may have.
    """
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor)
    references = actor.references(session)
    # The configuration is for trained forecasters of plugins: what it names must be the actor's to read.
    for key, value in trigger.config.items():
        if "regressors" in key.lower() and value is not None:
            for number, entry in enumerate(value if isinstance(value, list) else [value]):
                named = entry.get("sensor") if isinstance(entry, dict) else entry
                references.sensor(named, field=f"config.{key}[{number}]")
    request = trigger.request(sensor, actor.now)
    # The first cycle meets every refusal; the others are of the job.
    next(cycles(request, sensor, bounds.of(session).written))
    order = Order(
        kind="forecast",
        asset_id=sensor.asset_id,
        request=request.model_dump(mode="json"),
        prior=trigger.prior,
        user_id=actor.user_id,
    )
    sentence = f"Asked for a forecast of sensor {sensor.name!r} ({sensor.id})"
    return ask_once(session, actor, order, lambda: actor.record(session, sentence, sensor.asset))
