"""Values as someone gave them → beliefs in the unit and at the resolution of a sensor."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from db.beliefs.chunks import Beliefs, Values
from db.beliefs.knowledge import knowable
from db.core import bounds
from db.core.bounds import Most
from db.sensors import Sensor
from engine.errors import QuantityError, UnitError
from engine.series import resample
from engine.series.iso_time import DAY, HOUR_US, MICROSECOND, Microseconds, to_us, zone
from engine.units import units

CAPACITIES = {"capacity_in_mw": "MW", "max_soc_in_mwh": "MWh"}
"""Attributes that tell a capacity, and its unit."""


PIECE = 200_000
"""Beliefs of a sensor that are made and stored at a time, about."""


@dataclass(frozen=True, kw_only=True)
class Posted:
    """What a message or a file says about one sensor."""

    events: Microseconds
    """Starts of what the values are about [us since 1970 UTC], shape (n,), in any order."""
    values: Values
    """NaN is spacing, shape (n,)."""
    step: timedelta
    """How long each value holds; zero if that is unknown or the values are instantaneous."""
    unit: str
    """Unit of the values."""
    times: Microseconds | None = None
    """When each value was known [us since 1970 UTC], shape (n,), if each has a time of its own."""
    prior: datetime | None = None
    """When all values were known at the latest."""
    horizon: timedelta | None = None
    """How long before it could be known each value was known; negative: after."""
    most: Most | None = None
    """How many beliefs may be made of it; None: as many as the session may write."""

    @classmethod
    def regular(
        cls, start: datetime, step: timedelta, values: Values, unit: str, place: ZoneInfo | None = None
    ) -> "Posted":
        """Return values that follow each other, each for a step; days from a midnight on are days of a place."""
        first, into = np.array([to_us(start)]), np.arange(len(values), dtype=np.int64) * (step // MICROSECOND)
        events = first + into
        if place is not None and not step % DAY and (resample.floor(first, DAY, place) == first).all():
            events = resample.later(first, into, place)  # as they are read: see app.assemble.data
        return cls(events=events, values=np.asarray(values, np.float64), step=step, unit=unit)


def beliefs(posted: Posted, sensor: Sensor, *, known_at: datetime, most: Most | None) -> Beliefs:
    """Return what is posted as beliefs of a sensor.

    Energy becomes power through the length of what is posted, and power energy. Values of longer steps are repeated, of
    shorter ones averaged; amounts, such as energies, are shared out and added up instead. Events start at the full
    steps of the sensor. Of a moment of knowledge and a horizon the earlier
    counts; where neither is given it is ``known_at``. More than ``most`` of them are not even made.

    Raises:
        FieldError: They would be more than ``most``.
        UnitError: The unit does not fit that of the sensor.
        TimeError: The step neither is a multiple of the sensor's resolution nor divides it.
    """
    hours = resample.lengths(posted.events, posted.step, zone(sensor.timezone)) / HOUR_US if posted.step else None
    try:
        values = units.convert(posted.values, posted.unit, sensor.unit, hours=hours, whole=whole(sensor))
    except UnitError as error:
        raise QuantityError("unit", str(error)) from None
    if np.isinf(values).any():
        raise UnitError("Values that are infinite, or are so in the unit of the sensor, cannot be stored.")
    events, values, times = _fitted(posted, values, sensor, most)
    if times is None:
        when = knowable(sensor.knowledge_horizon, sensor.resolution, events)
        formed = [np.full(len(events), to_us(posted.prior))] if posted.prior else []
        formed += [when - posted.horizon // MICROSECOND] if posted.horizon is not None else []
        times = np.minimum.reduce(formed) if formed else np.full(len(events), to_us(known_at))
    return Beliefs.certain(events, times, values)


def belief_count(posted: Posted, sensor: Sensor) -> int:
    """Return how many beliefs a sensor gets of what is posted, at most."""
    return len(posted.events) * max(posted.step // sensor.resolution if sensor.resolution else 1, 1)


def pieces(posted: Posted, sensor: Sensor, size: int = PIECE) -> Iterator[Posted]:
    """Give what is posted in parts that make about so many beliefs each; no event of the sensor is in two of them."""
    count = len(posted.events)
    most = max(size * count // max(belief_count(posted, sensor), 1), 1)
    if count <= most:
        yield posted
        return
    # In order, as they mostly are, parts are views and no copies.
    events, order = posted.events, None
    if not (events[1:] >= events[:-1]).all():
        order = np.argsort(events, kind="stable")
        events = events[order]
    begin = 0
    while begin < count:
        end = _next_event(events, begin + most, sensor)
        which = slice(begin, end) if order is None else order[begin:end]
        times = None if posted.times is None else posted.times[which]
        yield replace(posted, events=posted.events[which], values=posted.values[which], times=times)
        begin = end


def _next_event(events: Microseconds, at: int, sensor: Sensor) -> int:
    """Return the first position from one on at which another event of the sensor begins."""
    if at >= len(events):
        return len(events)
    if not sensor.resolution:
        return int(np.searchsorted(events, events[at - 1], side="right"))
    place = zone(sensor.timezone)
    (last,) = resample.floor(events[at - 1 : at], sensor.resolution, place)
    width = PIECE
    while at < len(events):
        others = np.flatnonzero(resample.floor(events[at : at + width], sensor.resolution, place) != last)
        if len(others):
            return at + int(others[0])
        at += width
    return len(events)


def whole(sensor: Sensor) -> str | None:
    """Return what 100 % of a sensor's quantity is: the capacity its attributes or those of its asset tell."""
    for attributes in (sensor.attributes, sensor.asset.attributes):
        for name, unit in CAPACITIES.items():
            if name in attributes and units.same_kind(unit, sensor.unit if sensor.unit != "%" else unit):
                return f"{attributes[name]} {unit}"
    return None


def _fitted(
    posted: Posted, values: Values, sensor: Sensor, most: Most | None
) -> tuple[Microseconds, Values, Microseconds | None]:
    """Return events, values and times at the resolution of a sensor."""
    events, times, to = posted.events, posted.times, sensor.resolution
    if not to:
        return events, values, times
    step, place = posted.step or to, zone(sensor.timezone)
    if step > to:
        # Before they are spread: four values of a thousand years are millions of steps.
        bounds.check_written(most, len(events) * (step // to))
        shorter, at = resample.spread(resample.floor(events, to, place), step, to, place)
        shared = values / np.bincount(at, minlength=len(values)) if sensor.adds_up else values
        return shorter, shared[at], None if times is None else times[at]
    slots = resample.floor(events, to, place)
    if step == to:
        return slots, values, times
    if not ((events - events[:1]) % (step // MICROSECOND)).any():  # readings at odd moments fit any step
        resample.check_multiple(to, step)
    if times is None:
        return *resample.gathered(slots, values, add=sensor.adds_up), None
    # A missing value is spacing only, and takes the place of none.
    there = ~np.isnan(values)
    starts, known, found = resample.gathered_as_known(
        slots[there], events[there], times[there], values[there], add=sensor.adds_up
    )
    return starts, found, known
