"""Forecasts of one sensor, made once or anew at regular moments, and saved as beliefs.

Each is made with what was known at its own moment.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.forecasting.history import (
    Annotated,
    Explaining,
    RegressorSensor,
    missing_share,
    read_history,
    usual_regressors,
)
from app.auth.access.references import References
from app.jobs.handlers.forecast_request import USUAL, ForecastRequest
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
from engine.forecasting.history import Floats
from engine.series.iso_time import EPOCH, to_us
from engine.series.window import Window

MOST = 1000
"""Most cycles of one job."""
MANY_MISSING = 0.02
"""Share of missing values from which on it is worth a word."""
ALIASES = {"TrainPredictPipeline": USUAL}
"""Names by which clients of FlexMeasures ask for a default forecaster."""


def forecaster_class(name: str) -> type[Forecaster]:
    """The forecaster with a name.

    Raises:
        UnknownPlugin: There is none; the nearest name is told.
    """
    found: type[Forecaster] = plugins.find("forecasters", ALIASES.get(name, name), field="config.forecaster")
    return found


def forecaster_source(session: Session, name: str) -> Source:
    """The source that stands for a forecaster."""
    kind = forecaster_class(name)
    return sources.named(session, "Flexscope", type="forecaster", model=kind.__name__, version=kind.version)


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
        known_at: When the request was made. A cycle that begins in the present event or later is made with what is
            known now, unless nothing is known by now: then data and request are of a simulated time. For that and for
            cycles that began earlier, what was known at their start counts.

    Raises:
        InputError: Nothing is known to forecast from.
    """
    session, sensor = references.session, references.output(request.sensor, field="sensor")
    lines = statistics.per_source(session, sensor.id).values()
    if not lines:
        raise InputError(f"Sensor {sensor.id} ({sensor.name}) has no data to forecast from; post measurements first.")
    simulated = min(line.first_event for line in lines) > known_at
    for window in cycles(request, sensor, bounds.of(session).written):
        is_past = simulated or window.start <= known_at - sensor.resolution
        moment = request.prior or (window.start if is_past else known_at)
        yield Foreseen(window, foresee_window(references, request, window, known_at=moment), moment)


def foresee_window(references: References, request: ForecastRequest, window: Window, *, known_at: datetime) -> Forecast:
    """The forecast of one window with what was known at one moment; nothing is saved.

    Raises:
        InputError: Nothing is known of the time before the window.
    """
    sensor = references.output(request.sensor, field="sensor")
    begins = [request.since] if request.since else []
    begins += [window.start - request.learnt] if request.learnt else []
    explaining = Explaining(_regressors(references, request, sensor), _annotations(references, request))
    history = read_history(
        references.session, sensor, window, known_at=known_at, since=max(begins, default=None), explaining=explaining
    )
    missing = missing_share(history)
    if missing > request.most_missing:
        raise InputError(
            f"Sensor {sensor.id} ({sensor.name}) lacks {missing:.0%} of the values to learn from, more than the "
            f"{request.most_missing:.0%} of missing-threshold; raise it, or add data."
        )
    try:
        forecast = forecaster_class(request.forecaster)().forecast(history, window, request.levels)
    except InputError as error:
        subject = f"Sensor {sensor.id} ({sensor.name}) cannot be forecast from what was known at {known_at.isoformat()}"
        raise InputError(f"{subject}: {error}") from error
    notes = forecast.notes
    if missing >= MANY_MISSING:
        notes += (f"{missing:.0%} of the values to learn from are missing; earlier days stand in for them.",)
    mean, quantiles = _bounded(request, forecast.mean), _bounded(request, forecast.quantiles)
    # Quantiles of one step may snap to different values; they still rise.
    return replace(forecast, mean=mean, quantiles=np.maximum.accumulate(quantiles, axis=1), notes=notes)


def named(references: References, request: ForecastRequest) -> None:
    """Refuse a request that names what who asks may not use; the field is named."""
    sensor = references.output(request.sensor, field="sensors")
    forecaster_class(request.forecaster)
    _regressors(references, request, sensor)
    _annotations(references, request)


def _regressors(references: References, request: ForecastRequest, sensor: Sensor) -> list[RegressorSensor]:
    if not request.regressors:
        return usual_regressors(references, sensor)
    found = []
    for each in request.regressors:
        other = references.sensor(each.sensor, field="config.regressors")
        if other.id == sensor.id:
            raise FieldError("config.regressors", f"sensor {other.id} cannot explain itself; leave it out.")
        if each.sources:
            references.sources(each.sources, field="config.regressors.sources", sensor=other)
        found.append(RegressorSensor(other, each.ahead, each.chosen))
    return found


def _annotations(references: References, request: ForecastRequest) -> list[Annotated]:
    return [
        Annotated(
            kind=each.kind,
            id=references.annotated(each.kind, each.id, field="config.annotation-regressors"),
            type=each.type,
            name=each.name or f"{each.type} of {each.kind} {each.id}",
        )
        for each in request.annotations
    ]


def _bounded(request: ForecastRequest, values: Floats) -> Floats:
    """Values within the bounds, after those of ranges have become one value."""
    for snap in request.snaps:
        values = snap.over(values)
    return np.clip(values, request.lower, request.upper)


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
