"""How much data a sensor has, how fresh they are, and where they come from."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import select

from app.api.http.route import Call, get
from app.api.v3.assets.sensors import readable
from app.assemble import data
from app.auth.access import access
from app.usecases.fields import HYPHENS, Moment, Query
from db.beliefs import statistics, store
from db.beliefs.source_filter import SourceFilter
from db.beliefs.statistics import Latest
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import FIRST, LAST, from_us, iso_duration

PATIENCE = 3
"""Measurements are stale once so many steps passed without one; an instantaneous sensor is taken to have 15 minutes."""
QUARTER = timedelta(minutes=15)
MOMENTS = ("First event start", "Last event end", "Last recorded")
NUMBERS = ("Min value", "Max value", "Mean value", "Sum over values", "Number of values")


class StatsQuery(Query):
    """Which values to sum up."""

    event_start_time: Annotated[Moment | None, Field(description="Only events from then on")] = None
    event_end_time: Annotated[Moment | None, Field(description="Only events before then")] = None
    sort: Annotated[bool, Field(description="Sources by name")] = True
    fresh: Annotated[bool, Field(description="Accepted; numbers are always fresh")] = False


def stats(call: Call, id: int, query: StatsQuery) -> dict[str, Any]:
    """Sum up the most recent values of a sensor, per source."""
    sensor = readable(call, id)
    names = {row.id: f"{row.description} (ID: {row.id})" for row in call.session.scalars(select(Source))}
    if query.event_start_time is None and query.event_end_time is None:
        found = {names[key]: _line(sensor, each) for key, each in statistics.per_source(call.session, id).items()}
    else:
        start, end = query.event_start_time or FIRST, query.event_end_time or LAST
        beliefs, found = BeliefQuery(start, end, known_at=data.EVER), {}
        for key, known in store.read_per_source(call.session, sensor, beliefs).items():
            values = known.middle
            summed = statistics.Statistics(
                first_event=from_us(int(known.events[0])),
                last_event=from_us(int(known.events[-1])),
                last_belief=from_us(int(known.times.max())),
                count=len(values),
                minimum=float(values.min()),
                maximum=float(values.max()),
                total=float(values.sum()),
            )
            found[names[key]] = _line(sensor, summed)
    return dict(sorted(found.items())) if query.sort else found


def _line(sensor: Sensor, found: statistics.Statistics) -> dict[str, Any]:
    moments = found.first_event, found.last_event + sensor.resolution, found.last_belief
    values = [found.minimum, found.maximum, found.mean, found.total, found.count]
    return dict(zip((*MOMENTS, *NUMBERS), [*(moment.isoformat() for moment in moments), *values], strict=True))


def status(call: Call, id: int) -> dict[str, Any]:
    """Tell how old the newest measurement, forecast and plan of a sensor are."""
    sensor = readable(call, id)
    kinds = {"user": ("user", "script", "demo script", "gateway", "market"), "forecaster": ("forecaster",)}
    kinds |= {"scheduler": ("scheduler",), "reporter": ("reporter",)}
    lines = []
    for kind, types in kinds.items():
        newest = statistics.latest(call.session, [id], SourceFilter(types=types)).get(id)
        # A sensor without any data says so once, in the line of its measurements
        if newest is not None or kind == "user":
            lines.append(_freshness(call, sensor, kind, newest))
    return {"sensors_data": lines}


def _freshness(call: Call, sensor: Sensor, kind: str, newest: Latest | None) -> dict[str, Any]:
    # Forecasts and schedules are of what is to come, so that none of them may lie behind.
    allowed = PATIENCE * (sensor.resolution or QUARTER) if kind in ("user", "reporter") else timedelta(0)
    age = None if newest is None else newest.age(call.now, sensor.resolution)
    stale = age is None or age > allowed
    since = None if newest is None or not stale else (call.now - (age or timedelta(0)) + allowed).isoformat()
    if age is None:
        reason = "no data recorded"
    elif age <= timedelta(0):
        reason = f"reaches {iso_duration(-age)} ahead"
    else:
        reason = f"the last value ended {iso_duration(age)} ago; up to {iso_duration(allowed)} is usual"
    return {
        "id": sensor.id,
        "name": sensor.name,
        "resolution": iso_duration(sensor.resolution),
        "asset_name": sensor.asset.name,
        "relation": "sensor belongs to this asset",
        "source_type": kind,
        "staleness": None if age is None else age.total_seconds(),
        "stale": stale,
        "staleness_since": since,
        "reason": reason,
    }


class SourcesQuery(Query):
    """Which sources to list."""

    model_config = HYPHENS

    only_latest: Annotated[bool, Field(description="Of each program only the newest version")] = False


def list_sources(call: Call, query: SourcesQuery) -> dict[str, Any]:
    """List where data come from: your users, and programs."""
    accounts = access.readable_accounts(call.user)
    rows = select(Source).order_by(Source.id)
    if accounts is not None:
        rows = rows.where(Source.account_id.in_(accounts) | Source.account_id.is_(None))
    found = list(call.session.scalars(rows))
    if query.only_latest:
        # Rows come by their ids, so that the last of each key stays: the newest one.
        newest = {(row.name, row.type, row.model, row.user_id): row.id for row in found}
        found = [row for row in found if row.id in newest.values()]
    fields = ("id", "name", "type", "user_id", "account_id", "model", "version", "description")
    documents = [{name: getattr(row, name) for name in fields} for row in found]
    return {"types": sorted({row.type for row in found}), "sources": documents}


ROUTES = [
    get("/sensors/{id}/stats", stats),
    get("/sensors/{id}/status", status),
    get("/sources", list_sources),
]
