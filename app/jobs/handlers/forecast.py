"""Foresee a sensor's values from what is known of it, and save them as beliefs."""

from datetime import datetime, timedelta

import numpy as np
from sqlalchemy.orm import Session

from db import sources
from db.beliefs import store
from db.beliefs.chunks import Values
from db.beliefs.store import Written
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from db.sources import Source
from engine.errors import InputError
from engine.forecasting.naive import SeasonalNaive
from engine.series.window import Window


def run(session: Session, sensor: Sensor, window: Window, *, known_at: datetime, season: timedelta) -> Written:
    """Forecast the events of a window with what was known at one moment, and save the forecast; see ``foresee``."""
    values = foresee(session, sensor, window, known_at=known_at, season=season)
    return save(session, sensor, window, values, known_at=known_at)


def save(session: Session, sensor: Sensor, window: Window, values: Values, *, known_at: datetime) -> Written:
    """Save a forecast of the events of a window; it may have been computed in another session."""
    return store.write(session, sensor, source(session), events=window.starts, values=values, known_at=known_at)


def foresee(session: Session, sensor: Sensor, window: Window, *, known_at: datetime, season: timedelta) -> Values:
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
    past = window.start - (forecaster.reach + 1) * max(season, window.end - window.start)
    known = store.read(session, sensor, BeliefQuery(past, window.start, known_at=known_at))
    foreseen = forecaster.predict(known.events, known.values, window)
    if np.isnan(foreseen).all():
        raise InputError(
            f"Sensor {sensor.id} ({sensor.name}) cannot be forecast: nothing is known of the time before "
            f"{known_at.isoformat()}; add measurements first."
        )
    return foreseen


def source(session: Session) -> Source:
    """Return the source that stands for the forecaster."""
    name = SeasonalNaive.__name__
    return sources.named(session, "Flexscope", type="forecaster", model=name, version=SeasonalNaive.version)
