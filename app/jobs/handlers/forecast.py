"""Forecasts of one sensor, made once or anew at regular moments, and saved as beliefs.

Each is made with what was known at its own moment.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from pydantic import AwareDatetime, BaseModel, ConfigDict
from sqlalchemy.orm import Session

from app.auth.access.references import References
from db import sources
from db.beliefs import statistics, store
from db.beliefs.chunks import Values
from db.beliefs.store import Written
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from db.sources import Source
from engine.errors import FieldError, InputError
from engine.forecasting.naive import SeasonalNaive
from engine.series.iso_time import EPOCH
from engine.series.window import Window

SEASON = timedelta(days=1)
MOST = 1000
"""Most cycles of one job."""


def forecast_window(
    session: Session, sensor: Sensor, window: Window, *, known_at: datetime, season: timedelta
) -> Written:
    """Forecast the events of a window with what was known at one moment, and save the forecast."""
    values = foresee_window(session, sensor, window, known_at=known_at, season=season)
    return save_window(session, sensor, window, values, known_at=known_at)


def save_window(session: Session, sensor: Sensor, window: Window, values: Values, *, known_at: datetime) -> Written:
    """Save a forecast of the events of a window; it may have been computed in another session."""
    return store.write(
        session, sensor, forecaster_source(session), events=window.starts, values=values, known_at=known_at
    )


def foresee_window(
    session: Session, sensor: Sensor, window: Window, *, known_at: datetime, season: timedelta
) -> Values:
    """Return a forecast of the events of a window with what was known at one moment; nothing is saved.

    Args:
        session: A session of any kind.
        sensor: What to foresee; the steps of the window are its events.
        window: The events to foresee.
        known_at: Moment of knowledge; what was learned later is not used, and the forecast carries it.
        season: Length after which the series resembles itself.

    Raises:
        InputError: Nothing is known of the seasons before the window.
    """
    forecaster = SeasonalNaive(season=season)
    # One season more than it looks back: the newest values may be missing
    past = window.start - (forecaster.reach + 1) * max(season, window.end - window.start)
    known = store.read(session, sensor, BeliefQuery(past, window.start, known_at=known_at))
    foreseen = forecaster.predict(known.events, known.values, window)
    if np.isnan(foreseen).all():
        raise InputError(
            f"Sensor {sensor.id} ({sensor.name}) cannot be forecast: nothing is known of the time before "
            f"{known_at.isoformat()}; add measurements first."
        )
    return foreseen


def forecaster_source(session: Session) -> Source:
    """Return the source that stands for the forecaster."""
    name = SeasonalNaive.__name__
    return sources.named(session, "Flexscope", type="forecaster", model=name, version=SeasonalNaive.version)


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
    values: Values
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
        values = foresee_window(session, sensor, window, known_at=moment, season=SEASON)
        yield Foreseen(window, values, moment)


def save(references: References, request: ForecastRequest, found: Iterable[Foreseen]) -> list[Cycle]:
    """Save the forecasts of all cycles."""
    sensor, done = references.output(request.sensor, field="sensor"), []
    for window, values, moment in found:
        written = save_window(references.session, sensor, window, values, known_at=moment)
        done.append(Cycle(window.start, window.end, moment, written.stored))
    return done
