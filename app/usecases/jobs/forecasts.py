"""Forecasts of sensors: ask for one or several cycles of them."""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from app.jobs.handlers import forecast
from app.jobs.handlers.forecast import Foreseen, cycles, forecaster_class
from app.jobs.handlers.forecast_request import ForecastRequest
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from app.usecases.jobs.forecast_config import ForecastConfig, check_references
from app.usecases.jobs.jobs import ask_once
from db.core import bounds, database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.forecasting.forecaster import LEVELS
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
    probabilistic: Annotated[
        bool, Field(description="Save the quantiles 10 %, 50 % and 90 %, not the median alone")
    ] = False
    config: Annotated[ForecastConfig, Field(description="How to forecast")] = ForecastConfig()

    def request(self, sensor: Sensor, now: datetime) -> ForecastRequest:
        """Request of the job that forecasts a sensor; without a start, the first cycle begins now."""
        start = (self.start or now).astimezone(zone(sensor.timezone))  # so that days are its days
        length = lasting(self.duration or USUAL, start)
        # A horizon alone asks for one forecast of that length, not for the usual two days.
        if self.max_forecast_horizon and not (self.duration or self.end):
            length = lasting(self.max_forecast_horizon, start)
        end = self.end or after(start, length, field="duration")
        lower, upper = self.config.bounds(sensor.unit)
        far, often = self.max_forecast_horizon, self.forecast_frequency
        return ForecastRequest(
            sensor=sensor.id,
            start=start,
            end=end,
            horizon=lasting(far, start, field="max-forecast-horizon") if far else end - start,
            # Never negative: an end before the start is refused by the cycles, which name the field.
            frequency=lasting(often, start, field="forecast-frequency") if often else max(end - start, timedelta(0)),
            prior=self.prior,
            forecaster=self.config.forecaster,
            levels=LEVELS if self.probabilistic else (0.5,),
            regressors=tuple(regressor for _, regressor in self.config.regressor_requests()),
            annotations=tuple(annotation for _, annotation in self.config.annotation_requests()),
            since=self.config.train_start,
            learnt=self.config.learnt(start),
            most_missing=self.config.missing_threshold,
            lower=lower,
            upper=upper,
            snaps=tuple(self.config.snaps(sensor.unit)),
        )


def _checked(
    session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger
) -> tuple[Sensor, ForecastRequest]:
    """The sensor and the request of its forecast; raises what refuses it."""
    sensor = database.get(session, Sensor, sensor_id)
    actor.check("create-children", sensor)
    check_references(session, actor, trigger.config)
    forecaster_class(trigger.config.forecaster)
    request = trigger.request(sensor, actor.now)
    forecast.named(actor.references(session), request)
    # The first cycle meets every refusal; the others are of the job.
    next(cycles(request, sensor, bounds.of(session).written))
    return sensor, request


def compute_forecast(session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger) -> list[Foreseen]:
    """The forecasts of a sensor, made at once in a session that reads; ``save_forecast`` saves them.

    Raises:
        NotFound, NotAllowed, FieldError: See ``request_forecast``.
        InputError: Too little is known.
    """
    _, request = _checked(session, actor, sensor_id, trigger)
    return list(forecast.foresee(actor.references(session), request, known_at=trigger.prior or actor.now))


def save_forecast(
    session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger, found: list[Foreseen]
) -> int:
    """Number of values saved of forecasts that were computed."""
    sensor, request = _checked(session, actor, sensor_id, trigger)
    done = forecast.save(actor.references(session), request, found)
    actor.record(session, _sentence(sensor), sensor.asset)
    return sum(cycle.stored for cycle in done)


def _sentence(sensor: Sensor) -> str:
    return f"Asked for a forecast of sensor {sensor.name!r} ({sensor.id})"


def request_forecast(session: Session, actor: Actor, sensor_id: int, trigger: ForecastTrigger) -> Job:
    """Return the job that forecasts a sensor; the caller hands it to the queue once that is committed.

    Raises:
        NotFound: There is no such sensor.
        NotAllowed: The actor may not add to it, or read what the configuration names.
        FieldError: The cycles are none, or more than one request may have.
    """
    sensor, request = _checked(session, actor, sensor_id, trigger)
    order = Order(
        kind="forecast",
        asset_id=sensor.asset_id,
        request=request.model_dump(mode="json"),
        prior=trigger.prior,
        user_id=actor.user_id,
    )
    return ask_once(session, actor, order, lambda: actor.record(session, _sentence(sensor), sensor.asset))
