"""What a forecaster is given of a sensor: its measurements, its regressors and its holidays, as known at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy.orm import Session

from app.auth.access.references import References
from db import annotations
from db.annotations import On
from db.assets import Asset, lineage
from db.beliefs import store
from db.beliefs.knowledge import AsOf
from db.beliefs.latest import Known
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from engine.errors import FieldError
from engine.forecasting.history import Location, Regressor, SeriesHistory
from engine.series.event_series import EventSeries
from engine.series.iso_time import MICROSECOND, from_us, to_us, zone
from engine.series.window import Window
from engine.units import units

LONGEST = timedelta(days=1280)
"""How far back is read: what the default forecaster learns from at most, and what weighs its experts."""
MOST_EVENTS = 150_000
"""Events that are read at most."""
MOST_USUAL = 5
"""Regressors that an attribute may name, as each of them costs as much again as the sensor alone."""
DAY = timedelta(days=1)
NO_OPINION = SourceFilter(not_types=("forecaster", "scheduler"))
"""What was measured or published, not what we computed."""


@dataclass(frozen=True)
class RegressorSensor:
    """A sensor that explains another."""

    sensor: Sensor
    ahead: bool
    """Whether its forecasts are used; else its past alone."""
    sources: SourceFilter | None = None
    """Whose values of it count; None: those of all."""


@dataclass(frozen=True, kw_only=True)
class Annotated:
    """Annotations of one type that explain a sensor: 1 while they last, 0 otherwise."""

    kind: Literal["account", "asset", "sensor"]
    """Of what they are annotations."""
    id: int
    type: str
    name: str


@dataclass(frozen=True)
class Explaining:
    """What may explain a sensor, beside its own past."""

    regressors: Sequence[RegressorSensor] = ()
    """Each sensor once."""
    annotations: Sequence[Annotated] = ()


NOTHING_ELSE = Explaining()


def read_history(
    session: Session,
    sensor: Sensor,
    window: Window,
    *,
    known_at: datetime,
    since: datetime | None = None,
    explaining: Explaining = NOTHING_ELSE,
) -> SeriesHistory:
    """What was known of a sensor and of its regressors at one moment.

    Args:
        session: A session of any kind.
        sensor: To be forecast.
        window: The events to foresee.
        known_at: Nothing that was learned later is used.
        since: Begin of what is learnt from; None: as far back as a forecaster can use.
        explaining: What may explain its values.
    """
    first = max(window.start - LONGEST, window.start - MOST_EVENTS * window.step)
    first = max(first, since) if since is not None else first
    known = read_measured(session, sensor, first, window.start, known_at)
    place = zone(sensor.timezone)
    begin = from_us(int(known.events[0])) if len(known.events) else window.start
    return SeriesHistory(
        events=known.events,
        values=known.values,
        step=window.step,
        unit=sensor.unit,
        zone=place,
        regressors=(
            *(_regressor(session, each, begin, window, known_at=known_at) for each in explaining.regressors),
            *(_annotation(session, each, begin, window, known_at=known_at) for each in explaining.annotations),
        ),
        days_off=_days_off(session, sensor, begin, window.end, place, known_at),
        place=_place(sensor.asset),
    )


def read_measured(session: Session, sensor: Sensor, start: datetime, end: datetime, known_at: datetime) -> Known:
    """What was measured of a sensor or published, as known at a moment; forecasts of others are left out.

    Where nothing was, the data were sent in before their events: of a simulated time, or what others foresaw.
    """
    # Prices are published before their time, and are then what counts.
    late = None if units.currency_in(sensor.unit) else timedelta(0)
    as_of = AsOf(known_at=known_at, at_most=late)
    known = store.read(session, sensor, BeliefQuery(start, end, known_at=as_of, sources=NO_OPINION))
    if not len(known.events):
        known = store.read(session, sensor, BeliefQuery(start, end, known_at=known_at, sources=NO_OPINION))
    return known


def missing_share(history: SeriesHistory) -> float:
    """Share of the events between the first and the last known one that have no value."""
    known = history.events[np.isfinite(history.values)]
    if not len(known):
        return 0.0
    return float(1.0 - len(known) / ((known[-1] - known[0]) // (history.step // MICROSECOND) + 1))


def usual_regressors(references: References, sensor: Sensor) -> list[RegressorSensor]:
    """Regressors that the attribute ``regressors`` of a sensor names by id: of its own account, or public.

    Whoever writes the attribute may not read all that those may who forecast the sensor; of another account's sensors,
    its readers would learn from the forecasts.
    """
    named = sensor.attributes.get("regressors")
    readable = references.readable(named[:MOST_USUAL] if isinstance(named, list) else [])
    owners = (sensor.asset.account_id, None)
    return [
        RegressorSensor(each, ahead=True)
        for each in readable.values()
        if each.id != sensor.id and each.asset.account_id in owners
    ]


def _regressor(
    session: Session, regressor: RegressorSensor, begin: datetime, window: Window, *, known_at: datetime
) -> Regressor:
    """The values of a regressor in the steps of the series and, if it is used ahead, of the window.

    For the past, what was forecast as long ahead as the window reaches, at most a day; what was measured only where
    there is no forecast: a fit to measured weather would trust the forecast weather too much.
    """
    sensor = regressor.sensor
    ticks = np.arange(to_us(begin), to_us(window.end) + 1, window.step // MICROSECOND)
    lead = min(window.end - window.start, DAY)

    def over(as_of: AsOf, end: datetime) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        known: Known = store.read(
            session, sensor, BeliefQuery(begin - DAY, end, known_at=as_of, sources=regressor.sources)
        )
        series = EventSeries(known.events, known.values, sensor.resolution, sensor.unit, zone(sensor.timezone))
        return series.over(ticks)

    values = over(AsOf(known_at=known_at), window.end if regressor.ahead else window.start)
    if regressor.ahead:
        foreseen = over(AsOf(known_at=known_at, horizon=lead), window.start)
        past = ticks[:-1] < to_us(window.start)
        if np.isfinite(foreseen[past]).sum() >= past.sum() / 2:
            values = np.where(past & np.isfinite(foreseen), foreseen, values)
    name = f"{sensor.name} (sensor {sensor.id})"
    return Regressor(name=name, events=ticks[:-1], values=values, unit=sensor.unit, ahead=regressor.ahead)


def _annotation(
    session: Session, annotated: Annotated, begin: datetime, window: Window, *, known_at: datetime
) -> Regressor:
    """Share of each step that annotations cover, as far as they had been made by a moment."""
    ticks = np.arange(to_us(begin), to_us(window.end) + 1, window.step // MICROSECOND)
    covered, step = np.zeros(len(ticks) - 1), window.step // MICROSECOND
    on = On(**{f"{annotated.kind}s": [annotated.id]})
    for each in annotations.overlapping(session, on, begin, window.end):
        if each.type == annotated.type and (each.belief_time is None or each.belief_time <= known_at):
            inside = np.minimum(ticks[1:], to_us(each.end)) - np.maximum(ticks[:-1], to_us(each.start))
            covered = np.maximum(covered, np.clip(inside / step, 0.0, 1.0))
    return Regressor(name=annotated.name, events=ticks[:-1], values=covered)


def _place(asset: Asset) -> Location | None:
    """Where an asset stands, or what it belongs to, and how its modules face the sun as its attributes say."""
    for each in reversed(lineage(asset)):
        if each.latitude is not None and each.longitude is not None:
            tilt, azimuth = (_degrees(asset, name, most) for name, most in (("tilt", 90.0), ("azimuth", 360.0)))
            return Location(latitude=each.latitude, longitude=each.longitude, tilt=tilt, azimuth=azimuth)
    return None


def _degrees(asset: Asset, name: str, most: float) -> float | None:
    """An angle among the attributes of an asset [°].

    Raises:
        FieldError: It is no angle.
    """
    given = asset.attributes.get(name)
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int | float) or not 0.0 <= given <= most:
        raise FieldError(f"attributes.{name}", f"{given!r} is no angle; give degrees from 0 to {most:g}.")
    return float(given)


def _days_off(
    session: Session, sensor: Sensor, start: datetime, end: datetime, place: ZoneInfo, known_at: datetime
) -> frozenset[date]:
    """Days on which a holiday is annotated on the sensor, on what it belongs to, or on the account."""
    line = lineage(sensor.asset)
    accounts = {asset.account_id for asset in line if asset.account_id is not None}
    on = On(accounts=accounts, assets=[asset.id for asset in line], sensors=[sensor.id])
    days: set[date] = set()
    for each in annotations.overlapping(session, on, start, end + DAY):
        if each.type != "holiday" or (each.belief_time is not None and each.belief_time > known_at):
            continue
        first = max(each.start, start).astimezone(place).date()
        last = (min(each.end, end + DAY) - timedelta(microseconds=1)).astimezone(place).date()
        days.update(first + DAY * number for number in range((last - first).days + 1))
    return frozenset(days)
