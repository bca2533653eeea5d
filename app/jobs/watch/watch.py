"""Looks for what is wrong: data that stopped or look odd, jobs that failed, forecasts worse than yesterday's values.

Findings in the data of a sensor are kept with the state of its data, so that only those are read again that changed.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.beliefs import statistics, store
from db.beliefs.knowledge import AsOf
from db.beliefs.series import Series
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.core import bounds
from db.jobs.alerts import Finding
from db.jobs.jobs import Job
from db.sensors import Sensor
from db.sources import Source
from engine.series import quality
from engine.series.iso_time import MICROSECOND, Microseconds, from_us
from engine.series.quality import Floats, Oddity

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
AGAIN = timedelta(hours=6)
"""How long what was found counts without new data; by then old events have left the days that are looked at."""
Mark = tuple[tuple[str, int, int], ...]
"""Kind of source, number of its series and of their changes: as long as it is the same, so are the data."""


@dataclass(frozen=True)
class Seen:
    """Findings at one sensor, as of a state of its data."""

    mark: Mark
    at: datetime
    findings: tuple[Finding, ...]


@dataclass
class Memory:
    """Findings of earlier looks; only sensors whose data may have changed since are read again."""

    seen: dict[tuple[str, int], Seen] = field(default_factory=dict)
    """By question and sensor id."""
    read: int = 0
    """How many times data of a sensor were read."""

    def ask(
        self,
        question: str,
        sensors: Sequence[Sensor],
        marks: Mapping[int, Mark],
        now: datetime,
        look: Callable[[Sequence[Sensor]], Mapping[int, list[Finding]]],
    ) -> list[Finding]:
        """Findings at sensors; those with the data of the last look are not read again.

        Args:
            question: What is looked for.
            sensors: Where.
            marks: The state of the data of each sensor; without one it has none.
            now: The moment.
            look: Reads sensors and gives the findings of each, by its id.
        """
        due = []
        for sensor in sensors:
            before = self.seen.get((question, sensor.id))
            if before is None or before.mark != marks.get(sensor.id, ()) or now - before.at >= AGAIN:
                due.append(sensor)
        fresh = look(due) if due else {}
        self.read += len(due)
        for sensor in due:
            found = tuple(fresh.get(sensor.id, ()))
            self.seen[question, sensor.id] = Seen(marks.get(sensor.id, ()), now, found)
        return [each for sensor in sensors for each in self.seen[question, sensor.id].findings]


def findings(session: Session, *, now: datetime, memory: Memory | None = None) -> list[Finding]:
    """Findings of everything that is wrong at a moment, one of each cause.

    Args:
        session: A session of any kind.
        now: The moment.
        memory: What earlier looks found; without one, the data of every sensor are read.
    """
    # It looks at all sensors of all accounts, which no bound of one request is made for
    bounds.lift(session)
    memory, known = memory if memory is not None else Memory(), marks(session)
    sensors = list(session.scalars(select(Sensor).where(Sensor.id.in_(select(Series.sensor_id)))))
    regular = [sensor for sensor in sensors if sensor.resolution]
    # Each question looks at some kinds of sources only; what others write is no reason to read again.
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
        # Instantaneous readings have no step; a quarter of an hour stands for it.
        if age is not None and PATIENCE * (sensor.resolution or QUARTER) < age < ABANDONED:
            silent[sensor.asset_id].append(sensor)
    found = []
    for asset_id, members in silent.items():
        named = ", ".join(f"{sensor.name} ({sensor.id})" for sensor in members)
        message = f"Asset {asset_id} ({members[0].asset.name}) gets no new data of {named}; look at what sends them."
        only = members[0].id if len(members) == 1 else None
        cause = f"stale:asset:{asset_id}"
        found.append(Finding(kind="stale", cause=cause, message=message, asset_id=asset_id, sensor_id=only))
    return found


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
    # What was cancelled says nothing about whether anything is wrong.
    query = select(Job).where(Job.status.in_(("FAILED", "FINISHED")), Job.ended_at >= now - DAY)
    of: dict[tuple[str, int | None], list[Job]] = defaultdict(list)
    for job in session.scalars(query.order_by(Job.ended_at)):
        of[job.kind, job.asset_id].append(job)
    found = []
    for (kind, asset_id), ended in of.items():
        last, count = ended[-1], sum(job.status == "FAILED" for job in ended)
        if last.status != "FAILED":
            continue
        jobs = f"{count} {kind} job{'s' * (count != 1)}"
        message = f"{jobs} of asset {asset_id} failed in a day, at last {last.id}: {last.message}"
        cause = f"failed:{kind}:asset:{asset_id}"
        found.append(Finding(kind="failed-jobs", cause=cause, message=message, asset_id=asset_id))
    return found


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
    # A day more, so that the first day can be compared with the day before it.
    measured = store.read_many(session, judged, BeliefQuery(now - REACH - DAY, now, known_at=now, sources=MEASURED))
    ahead = AsOf(known_at=now, horizon=AHEAD)
    forecasts = store.read_many(session, judged, BeliefQuery(now - REACH, now, known_at=ahead, sources=FORECAST))
    found: dict[int, list[Finding]] = {}
    for sensor in judged:
        actual, forecast = measured[sensor.id], forecasts[sensor.id]
        mean = errors((actual.events, actual.values), (forecast.events, forecast.values))
        if mean.count < FEWEST or mean.forecast <= WORSE * mean.naive:
            continue
        message = (
            f"Forecasts of sensor {sensor.id} ({sensor.name} of {sensor.asset.name}) were off by {mean.forecast:.3g} "
            f"{sensor.unit} in the last 7 days, yesterday's values by {mean.naive:.3g}; look at its data or its "
            "forecaster."
        )
        place = {"asset_id": sensor.asset_id, "sensor_id": sensor.id}
        found[sensor.id] = [
            Finding(kind="poor-forecast", cause=f"poor-forecast:sensor:{sensor.id}", message=message, **place)
        ]
    return found


def marks(session: Session) -> dict[int, Mark]:
    """State of the data of every sensor that has any, by kind of source."""
    query = select(Series.sensor_id, Source.type, func.count(), func.sum(Series.version))
    query = query.join(Source, Source.id == Series.source_id).group_by(Series.sensor_id, Source.type)
    found: dict[int, list[tuple[str, int, int]]] = defaultdict(list)
    for sensor_id, kind, count, changes in session.execute(query):
        found[sensor_id].append((kind, int(count), int(changes)))
    return {sensor_id: tuple(sorted(each)) for sensor_id, each in found.items()}


def of_kinds(every: Mapping[int, Mark], without: Sequence[str]) -> dict[int, Mark]:
    """States of the data of sensors without those from sources of some kinds."""
    return {key: tuple(part for part in mark if part[0] not in without) for key, mark in every.items()}
