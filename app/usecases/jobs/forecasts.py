"""Forecasts of sensors: ask for one or several cycles of them."""

from datetime import datetime, timedelta
from typing import Annotated, TypeAlias

from pydantic import Field, StrictInt
from sqlalchemy.orm import Session

from app.jobs.handlers.forecast import USUAL as USUAL_FORECASTER
from app.jobs.handlers.forecast import ForecastRequest, RegressorRequest, cycles, forecaster_class
from app.jobs.submission import Order
from app.usecases.actor import Actor
from app.usecases.fields import HYPHENS, Body, Length, Moment, lasting
from app.usecases.jobs.jobs import ask_once
from db.core import bounds, database
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine.errors import FieldError
from engine.forecasting.forecaster import LEVELS
from engine.series.iso_time import after, zone

USUAL = "PT48H"
"""Length of a forecast where none is asked for."""
MOST_REGRESSORS = 20
"""Regressors of each kind; each adds ten columns to every regression."""
FEWEST_DAYS = timedelta(days=2)
"""The shortest time to learn from."""


class RegressorReference(Body):
    """A sensor that may explain the one to forecast."""

    sensor: StrictInt


Regressors: TypeAlias = Annotated[tuple[StrictInt | RegressorReference, ...], Field(max_length=MOST_REGRESSORS)]


class ForecastConfig(Body):
    """How to forecast."""

    model_config = HYPHENS

    forecaster: Annotated[str, Field(description="Name of the forecaster")] = USUAL_FORECASTER
    regressors: Annotated[Regressors, Field(description="Sensors whose past and forecasts count")] = ()
    past_regressors: Annotated[Regressors, Field(description="Sensors whose past counts")] = ()
    future_regressors: Annotated[Regressors, Field(description="Sensors whose forecasts count")] = ()
    train_start: Annotated[Moment | None, Field(description="Begin of what is learnt from")] = None
    train_period: Annotated[
        Length | None, Field(description="Length of what is learnt from, at least two days; without it up to 3 years")
    ] = None
    max_training_period: Annotated[Length | None, Field(description="The same; the shorter of both counts")] = None
    retrain_frequency: Annotated[
        Length | None, Field(description="Accepted: each forecast is fitted to what is known, which takes a moment")
    ] = None
    missing_threshold: Annotated[
        float, Field(ge=0.0, le=1.0, description="Accepted: gaps are filled from earlier days, whatever their share")
    ] = 1.0
    ensure_positive: Annotated[bool, Field(description="No forecast lies below 0")] = False
    lower: Annotated[float | None, Field(description="No forecast lies below, in the unit of the sensor")] = None
    upper: Annotated[float | None, Field(description="No forecast lies above, in the unit of the sensor")] = None

    def regressor_sensors(self) -> list[tuple[str, int, bool]]:
        """Field, id and whether forecasts count of each regressor, each once."""
        found: dict[int, tuple[str, int, bool]] = {}
        for name, ahead in (("regressors", True), ("future-regressors", True), ("past-regressors", False)):
            for number, given in enumerate(getattr(self, name.replace("-", "_"))):
                key = given if isinstance(given, int) else given.sensor
                found.setdefault(key, (f"config.{name}[{number}]", key, ahead))
        return list(found.values())

    def learnt(self, start: datetime) -> timedelta | None:
        """Length of what is learnt from; None: as much as a forecaster can use.

        Raises:
            FieldError: It is shorter than two days.
        """
        lengths = []
        for name in ("train-period", "max-training-period"):
            text = getattr(self, name.replace("-", "_"))
            if text is not None:
                length = lasting(text, start, field=f"config.{name}")
                if length < FEWEST_DAYS:
                    raise FieldError(f"config.{name}", "two days at least are needed; write it like P30D.")
                lengths.append(length)
        return min(lengths, default=None)


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
            regressors=tuple(
                RegressorRequest(sensor=number, ahead=ahead) for _, number, ahead in self.config.regressor_sensors()
            ),
            since=self.config.train_start,
            learnt=self.config.learnt(start),
            lower=max(self.config.lower or 0.0, 0.0) if self.config.ensure_positive else self.config.lower,
            upper=self.config.upper,
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
    for field, number, _ in trigger.config.regressor_sensors():
        references.sensor(number, field=field)
    forecaster_class(trigger.config.forecaster)
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
