"""Series that a forecaster should see through."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from engine.forecasting.history import Floats, Location, Regressor, SeriesHistory
from engine.forecasting.physical.irradiance import Sun, clear_sky
from engine.forecasting.physical.pv import plant_power
from engine.series.iso_time import Microseconds, to_us
from engine.series.window import Window

HOUR = timedelta(hours=1)
ORIGIN = datetime(2026, 6, 1, tzinfo=UTC)


def hours(days: int, end: datetime = ORIGIN, step: timedelta = HOUR) -> Microseconds:
    """Starts of the events of some days before a moment."""
    step_us = int(step.total_seconds() * 1e6)
    n = int(timedelta(days=days) / step)
    return to_us(end) - step_us * np.arange(n, 0, -1)


def day_ahead(start: datetime = ORIGIN, step: timedelta = HOUR, length: timedelta = timedelta(days=1)) -> Window:
    """The window of the day that begins at a moment."""
    return Window.of_length(start, length, step)


def noisy_load(
    days: int, *, zone: str = "UTC", seed: int = 0, end: datetime = ORIGIN, noise: float = 0.3
) -> SeriesHistory:
    """A load that is low at night and on Sundays on the clock of its zone, with noise."""
    place = ZoneInfo(zone)
    events = hours(days, end)
    local = [datetime.fromtimestamp(event / 1e6, place) for event in events.tolist()]
    values = np.array([5.0 + 3.0 * (7 <= at.hour < 22) - 2.0 * (at.weekday() == 6) for at in local])
    return history(events, values + noise * np.random.default_rng(0).standard_normal(len(values)), zone=zone)


def history(events: Microseconds, values: Floats, *, zone: str = "UTC", unit: str = "kW") -> SeriesHistory:
    """A history of hours."""
    return SeriesHistory(events=events, values=values, step=HOUR, unit=unit, zone=ZoneInfo(zone))


def driven_load(days: int, influence: Callable[[Floats], Floats]) -> tuple[SeriesHistory, Floats]:
    """A load that follows a regressor known a day ahead, and what it will be."""
    random = np.random.default_rng(1)
    every = hours(days + 1, ORIGIN + timedelta(days=1))
    weather = random.normal(10.0, 4.0, len(every))
    load = influence(weather)
    known = every < to_us(ORIGIN)
    regressor = Regressor(name="weather", events=every, values=weather, unit="°C")
    return replace(history(every[known], load[known]), regressors=(regressor,)), load[~known]


def sunny_plant(
    days: int, cloud: Callable[[Floats], Floats] = np.ones_like, *, end: datetime = ORIGIN
) -> SeriesHistory:
    """A plant in Belgium that faces south-east at 35°, under clear skies times a share for each day."""
    events = hours(days, end)
    sun = Sun.over(np.asarray(events / 1e6 + 1800.0), 51.0, 4.0)
    power = plant_power(clear_sky(sun).on_plane(sun, 35.0, 130.0))
    shares = cloud(np.arange(days, dtype=float))
    known = history(events, 4.0 * power * np.repeat(shares, 24))
    return replace(known, place=Location(latitude=51.0, longitude=4.0))
