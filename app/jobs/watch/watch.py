"""Looks for what is wrong: data that stopped or look odd, jobs that failed, forecasts worse than yesterday's values."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.jobs.watch.watch_cache import Memory, marks, of_kinds
from db.beliefs import statistics, store
from db.beliefs.knowledge import AsOf
from db.beliefs.series import Series
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.jobs.alerts import Finding
from db.jobs.jobs import Job
from db.sensors import Sensor
from engine import quality
from engine.iso_time import MICROSECOND, Microseconds, from_us
from engine.quality import Floats, Oddity

COMPUTED = ("forecaster", "scheduler", "reporter")
MEASURED = SourceFilter(not_types=COMPUTED)
FORECAST = SourceFilter(types=("forecaster",))
KINDS = {"stale", "gap", "flatline", "spike", "unit-jump", "failed-jobs", "poor-forecast"}
PATIENCE = 3
"""Measurements are stale once so many steps passed without one."""
QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
ABANDONED = timedelta(days=14)
"""A sensor that said nothing for so long is out of use."""
REACH = timedelta(days=7)
"""How far back data are looked at."""
AHEAD = timedelta(hours=1)
"""Forecasts made later than so long before the event are not judged."""
FEWEST = 48
"""Values that a judgement of forecasts needs."""
WORSE = 1.05
"""How many times the error of yesterday's values a forecast's error may be."""


def findings(session: Session, *, now: datetime, memory: Memory | None = None) -> list[Finding]:
    """Return everything that is wrong at a moment; of each cause one finding.

    Args:
        session: A session of any kind.
        now: The moment.
        memory: What earlier looks found; without one, the data of every sensor are read.
    """
    bounds.lift(session)
    memory, known = memory if memory is not None else Memory(), marks(session)
    sensors = list(session.scalars(select(Sensor).where(Sensor.id.in_(select(Series.sensor_id)))))
    regular = [sensor for sensor in sensors if sensor.resolution]
    measured, foreseen = of_kinds(known, COMPUTED), of_kinds(known, ("scheduler", "reporter"))
    oddities = memory.ask("odd", regular, measured, now, lambda due: odd(session, due, now))
    doubts = memory.ask("poor", regular, foreseen, now, lambda due: poor(session, due, now))
    return [*stale(session, sensors, now), *oddities, *failed(session, now), *doubts]


def stale(session: Session, sensors: Sequence[Sensor], now: datetime) -> list[Finding]:
    """Return one finding per asset with sensors whose measurements stopped."""
    newest = statistics.latest(session, [sensor.id for sensor in sensors], MEASURED)
    silent: dict[int, list[Sensor]] = defaultdict(list)
    for sensor in sensors:
        last = newest.get(sensor.id)
        age = last.age(now, sensor.resolution) if last else None
        if age is not None and PATIENCE * (sensor.resolution or QUARTER) < age < ABANDONED:
            silent[sensor.asset_id].append(sensor)
    return [_stale(asset_id, found) for asset_id, found in silent.items()]


def _stale(asset_id: int, found: Sequence[Sensor]) -> Finding:
    named = ", ".join(f"{sensor.name} ({sensor.id})" for sensor in found)
    message = f"Asset {asset_id} ({found[0].asset.name}) gets no new data of {named}; look at what sends them."
    only = found[0].id if len(found) == 1 else None
    return Finding(kind="stale", cause=f"stale:asset:{asset_id}", message=message, asset_id=asset_id, sensor_id=only)


def odd(session: Session, sensors: Sequence[Sensor], now: datetime) -> dict[int, list[Finding]]:
    """Return, by sensor id, a finding per kind of oddity in the measurements of the last days."""
    known = store.read_many(session, sensors, BeliefQuery(now - REACH, now, known_at=now, sources=MEASURED))
    found: dict[int, list[Finding]] = {}
    for sensor in sensors:
        events, values = known[sensor.id].events, known[sensor.id].values
        there = ~np.isnan(values)
        by_kind: dict[str, list[Oddity]] = defaultdict(list)
        for each in quality.oddities(events[there], values[there], step=sensor.resolution):
            by_kind[each.kind].append(each)
        found[sensor.id] = [_odd(sensor, kind, each) for kind, each in by_kind.items()]
    return found


def _odd(sensor: Sensor, kind: str, found: Sequence[Oddity]) -> Finding:
    worst, name = max(found, key=lambda each: each.size), f"Sensor {sensor.id} ({sensor.name} of {sensor.asset.name})"
    at = f"{from_us(worst.start_us):%Y-%m-%d %H:%M} UTC"
    said = {
        "gap": f"lacks {sum(each.size for each in found):.0f} values, most from {at} on; post them if you have them.",
        "flatline": f"stands still at one value for {worst.size:.0f} steps from {at} on; look at the meter.",
        "spike": f"has {len(found)} single values out of line, the highest at {at} by {worst.size:g} {sensor.unit}.",
        "unit-jump": f"changes by a factor of {worst.size:.4g} at {at}, as if sent in another unit; check the sender.",
    }[kind]
    cause = f"{kind}:sensor:{sensor.id}"
    return Finding(kind=kind, cause=cause, message=f"{name} {said}", asset_id=sensor.asset_id, sensor_id=sensor.id)


def failed(session: Session, now: datetime) -> list[Finding]:
    """Return one finding per asset and kind of job of which the newest failed."""
    query = select(Job).where(Job.status.in_(("FAILED", "FINISHED")), Job.ended_at >= now - DAY)
    of: dict[tuple[str, int | None], list[Job]] = defaultdict(list)
    for job in session.scalars(query.order_by(Job.ended_at)):
        of[job.kind, job.asset_id].append(job)
    return [_failed(kind, asset, found) for (kind, asset), found in of.items() if found[-1].status == "FAILED"]


def _failed(kind: str, asset_id: int | None, found: Sequence[Job]) -> Finding:
    count, last = sum(job.status == "FAILED" for job in found), found[-1]
    told = (
        f"{count} {kind} job{'s' * (count != 1)} of asset {asset_id} failed in a day, at last {last.id}: {last.message}"
    )
    return Finding(kind="failed-jobs", cause=f"failed:{kind}:asset:{asset_id}", message=told, asset_id=asset_id)


@dataclass(frozen=True)
class Errors:
    """Mean absolute errors over the same events, in the unit of the values."""

    forecast: float
    naive: float
    count: int


def errors(actual: tuple[Microseconds, Floats], foreseen: tuple[Microseconds, Floats]) -> Errors:
    """Return the errors of a forecast and of taking yesterday's values, where all three are known.

    Args:
        actual: Events, increasing [us since 1970 UTC], and what was measured.
        foreseen: The same as it was forecast, in the same unit.
    """
    events, measured = actual
    day = DAY // MICROSECOND
    common, here, there = np.intersect1d(events, foreseen[0], assume_unique=True, return_indices=True)
    _, kept, before = np.intersect1d(common - day, events, assume_unique=True, return_indices=True)
    truth, told = measured[here[kept]], foreseen[1][there[kept]]
    off, naive = np.abs(truth - told), np.abs(truth - measured[before])
    good = ~np.isnan(off + naive)
    count = int(good.sum())
    return Errors(float(off[good].mean()), float(naive[good].mean()), count) if count else Errors(np.nan, np.nan, 0)


def poor(session: Session, sensors: Sequence[Sensor], now: datetime) -> dict[int, list[Finding]]:
    """Return, by sensor id, a finding where forecasts were worse than yesterday's values over the last days."""
    foreseen = statistics.latest(session, [sensor.id for sensor in sensors], FORECAST)
    judged = [sensor for sensor in sensors if sensor.id in foreseen]
    measured = store.read_many(session, judged, BeliefQuery(now - REACH - DAY, now, known_at=now, sources=MEASURED))
    ahead = AsOf(known_at=now, horizon=AHEAD)
    told = store.read_many(session, judged, BeliefQuery(now - REACH, now, known_at=ahead, sources=FORECAST))
    found: dict[int, list[Finding]] = {}
    for sensor in judged:
        actual, forecast = measured[sensor.id], told[sensor.id]
        made = errors((actual.events, actual.values), (forecast.events, forecast.values))
        if made.count >= FEWEST and made.forecast > WORSE * made.naive:
            found[sensor.id] = [_poor(sensor, made)]
    return found


def _poor(sensor: Sensor, made: Errors) -> Finding:
    message = (
        f"Forecasts of sensor {sensor.id} ({sensor.name} of {sensor.asset.name}) were off by {made.forecast:.3g} "
        f"{sensor.unit} in the last 7 days, yesterday's values by {made.naive:.3g}; look at its data or its forecaster."
    )
    cause = f"poor-forecast:sensor:{sensor.id}"
    return Finding(kind="poor-forecast", cause=cause, message=message, asset_id=sensor.asset_id, sensor_id=sensor.id)
