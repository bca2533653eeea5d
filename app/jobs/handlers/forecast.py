"""Forecasts of one sensor, made once or anew at regular moments, and saved as beliefs.

Each is made with what was known at its own moment.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.assemble.forecasting.history import RegressorSensor, read_history
from app.auth.access.references import References
from db import sources
from db.beliefs import statistics, store
from db.beliefs.chunks import Beliefs
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from db.sources import Source
from engine import plugins
from engine.errors import FieldError, InputError
from engine.forecasting.forecaster import Forecast, Forecaster
from engine.series.iso_time import EPOCH, to_us
from engine.series.window import Window

MOST = 1000
"""Most cycles of one job."""
USUAL = "AdaptiveForecaster"
"""The forecaster where none is named."""
ALIASES = {"TrainPredictPipeline": USUAL}
"""Names by which clients of FlexMeasures ask for a default forecaster."""


def forecaster_class(name: str) -> type[Forecaster]:
    """The forecaster with a name.

    Raises:
        UnknownPlugin: There is none; the nearest name is told.
    """
    found: type[Forecaster] = plugins.find("forecasters", ALIASES.get(name, name))
    return found


def forecaster_source(session: Session, name: str) -> Source:
    """The source that stands for a forecaster."""
    kind = forecaster_class(name)
    return sources.named(session, "Flexscope", type="forecaster", model=kind.__name__, version=kind.version)


class RegressorRequest(BaseModel):
    """A sensor that may explain the one to forecast."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: int
    ahead: bool
    """Whether its forecasts count, not its past alone."""


class ForecastRequest(BaseModel):
    """What to foresee, from when on, how far, how often."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sensor: int
    start: AwareDatetime
    end: AwareDatetime
    """The last cycle begins before then."""
    horizon: timedelta
    """How far each cycle looks."""
    frequency: timedelta
    """How long after a cycle the next one begins."""
    prior: AwareDatetime | None = None
    """What was known then counts for every cycle; None: what is known when the cycle begins, or now."""
    forecaster: str = USUAL
    levels: tuple[float, ...] = (0.5,)
    """Cumulative probabilities of the quantiles that are saved."""
    regressors: tuple[RegressorRequest, ...] = ()
    since: AwareDatetime | None = None
    """Begin of what is learnt from."""
    learnt: timedelta | None = None
    """Length of what is learnt from, before each cycle; the later of both begins counts."""
    lower: float | None = None
    """No forecast lies below [unit of the sensor]."""
    upper: float | None = None
    """No forecast lies above [unit of the sensor]."""


class Cycle(NamedTuple):
    """One forecast that was saved."""

    start: datetime
    end: datetime
    known_at: datetime
    stored: int


def cycles(request: ForecastRequest, sensor: Sensor, most: Most | None) -> Iterator[Window]:
    """Give the window of each cycle.

    Raises:
        FieldError: There would be none, too many, or more than so many values in all.
    """
    if not sensor.resolution:
        raise FieldError("sensor", f"sensor {sensor.id} is instantaneous; forecasts need events that last some time.")
    if request.frequency <= timedelta(0) or request.end <= request.start:
        raise FieldError("duration", "a forecast looks ahead some time; give its length, such as PT24H.")
    if (request.end - request.start) / request.frequency > MOST:
        raise FieldError("forecast-frequency", f"makes more than {MOST} cycles; ask for fewer.")
    bounds.check_written(most, count(request) * (request.horizon // sensor.resolution))
    # Events of a sensor lie on multiples of its resolution, whatever the request says
    at = request.start - (request.start - EPOCH) % sensor.resolution
    while at < request.end:
        # A horizon shorter than an event still makes one event.
        length = max(request.horizon - request.horizon % sensor.resolution, sensor.resolution)
        yield Window.of_length(at, length, sensor.resolution)
        # At least one event on, or the loop would not end.
        at += max(request.frequency - request.frequency % sensor.resolution, sensor.resolution)


class Foreseen(NamedTuple):
    """One forecast that is not saved yet."""

    window: Window
    forecast: Forecast
    known_at: datetime


def count(request: ForecastRequest) -> int:
    """Return how many cycles there are, about."""
    # Rounded up: // rounds down, and the length stands there with its sign turned.
    return max(1, -((request.start - request.end) // request.frequency))


def foresee(references: References, request: ForecastRequest, *, known_at: datetime) -> Iterator[Foreseen]:
    """Forecast every cycle; nothing is saved.

    Args:
        references: Of the one who asks.
        request: What to foresee.
        known_at: When the request was made. A cycle that lies ahead is made with what is known now, unless nothing
            is known by now: then data and request are of a simulated time, and the cycle's start counts.

    Raises:
        InputError: Nothing is known to forecast from.
    """
    session, sensor = references.session, references.output(request.sensor, field="sensor")
    lines = statistics.per_source(session, sensor.id).values()
    if not lines:
        raise InputError(f"Sensor {sensor.id} ({sensor.name}) has no data to forecast from; post measurements first.")
    simulated = min(line.first_event for line in lines) > known_at
    for window in cycles(request, sensor, bounds.of(session).written):
        moment = request.prior or (window.start if simulated else min(window.start, known_at))
        yield Foreseen(window, foresee_window(references, request, window, known_at=moment), moment)


def foresee_window(references: References, request: ForecastRequest, window: Window, *, known_at: datetime) -> Forecast:
    """The forecast of one window with what was known at one moment; nothing is saved.

    Raises:
        InputError: Nothing is known of the time before the window.
    """
    sensor = references.output(request.sensor, field="sensor")
    regressors = [
        RegressorSensor(references.sensor(each.sensor, field="config.regressors"), each.ahead)
        for each in request.regressors
    ]
    begins = [request.since] if request.since else []
    begins += [window.start - request.learnt] if request.learnt else []
    history = read_history(
        references.session, sensor, window, known_at=known_at, since=max(begins, default=None), regressors=regressors
    )
    try:
        forecast = forecaster_class(request.forecaster)().forecast(history, window, request.levels)
    except InputError as error:
        subject = f"Sensor {sensor.id} ({sensor.name}) cannot be forecast from what was known at {known_at.isoformat()}"
        raise InputError(f"{subject}: {error}") from error
    return replace(
        forecast,
        mean=np.clip(forecast.mean, request.lower, request.upper),
        quantiles=np.clip(forecast.quantiles, request.lower, request.upper),
    )


def save(references: References, request: ForecastRequest, found: Iterable[Foreseen]) -> list[Cycle]:
    """Save the forecasts of all cycles."""
    session, done = references.session, []
    sensor, source = references.output(request.sensor, field="sensor"), forecaster_source(session, request.forecaster)
    for window, forecast, moment in found:
        times = np.full(window.n, to_us(moment))
        # Steps without a forecast are missing values, which are not stored.
        beliefs = Beliefs(window.starts, times, forecast.quantiles, np.array(forecast.levels))
        written = store.save(session, sensor, source, beliefs)
        done.append(Cycle(window.start, window.end, moment, written.stored))
    return done


def facts(found: Sequence[Foreseen]) -> dict[str, Any]:
    """What there is to say of the forecasts of some cycles: how good the newest one is, and what could not be used."""
    newest = found[-1].forecast
    notes = dict.fromkeys(note for each in found for note in each.forecast.notes)
    measured = {"relative-mae": newest.skill, "coverage": newest.coverage}
    return {
        "weights": {name: round(weight, 3) for name, weight in newest.weights.items()},
        **{name: round(value, 4) for name, value in measured.items() if value is not None},
        **({"warnings": list(notes)} if notes else {}),
    }
