"""What looks wrong in a series before it is stored: times in the future or long ago, outliers, stretches that stand."""

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.importing.layout import Floats, Target, TimedValues
from engine.series import quality
from engine.series.iso_time import MICROSECOND, from_us, to_us, zone

AWAY = 10.0
"""How many times the 95th percentile of all sizes a value is that is told."""
OLD_YEAR = 1980
EXAMPLES = 3
ENOUGH = 20
"""Values from which on an outlier can be told."""


class Notice(NamedTuple):
    """What should be looked at before a series is stored."""

    text: str
    finding: str = ""
    """Name by which it is to be confirmed; empty: it is told only, as it may well be so."""


def notices_of(readings: TimedValues, step: timedelta, unit: str, target: Target) -> list[Notice]:
    """Return what should be looked at before a series is stored, in sentences."""
    starts, values, numbers = readings.starts, readings.values, readings.numbers
    if not len(starts):
        return []
    notices = []
    now = to_us(target.now)
    future = starts > now
    if future.any():
        share = "All" if future.all() else f"{int(future.sum())} of {len(starts)}"
        last = from_us(int(starts.max()))
        notices.append(Notice(f"{share} rows lie in the future, the last one on {last:%Y-%m-%d}."))
    usable = np.flatnonzero(~np.isnan(values))
    away = usable[outliers(values[usable])]
    if len(away):
        shown = ", ".join(f"{values[at]:g} {unit} in row {numbers[at]}" for at in away[:EXAMPLES])
        text = f"{len(away)} values are more than ten times as large as almost all others: {shown}."
        notices.append(Notice(text, "outliers"))
    events, ordered = starts, values
    if len(usable) < len(values) or (starts[1:] < starts[:-1]).any():
        order = usable[np.argsort(starts[usable], kind="stable")]
        events, ordered = starts[order], values[order]
    for oddity in (*quality.flatlines(events, ordered, step // MICROSECOND), *quality.unit_jumps(events, ordered)):
        since = f"From {from_us(oddity.start_us).astimezone(zone(target.timezone)):%Y-%m-%d %H:%M} on"
        if oddity.kind == "flatline" and len(notices) < ENOUGH:
            notices.append(Notice(f"{since} {oddity.size:g} values in a row are the same."))
        elif oddity.kind == "unit-jump":
            times = f"{oddity.size:.3g} times as large"
            text = f"{since} values are {times}: another unit?"
            notices.append(Notice(text, "unit-jump"))
    return notices


def outliers(values: Floats) -> NDArray[np.intp]:
    """Positions of the values more than ten times as far from zero as 95 of 100 others.

    Args:
        values: None of them missing, shape (n,).
    """
    size = np.abs(values)
    if len(size) < ENOUGH:
        return np.zeros(0, np.intp)
    usual = float(np.quantile(size, 0.95))
    return np.flatnonzero((size > AWAY * usual) & (usual > 0))


def strangest(readings: TimedValues, count: int) -> list[int]:
    """Positions of the values that are farthest from the middle of all, the strangest first."""
    values = readings.values
    usable = np.flatnonzero(~np.isnan(values))
    if not len(usable):
        return []
    middle = float(np.median(values[usable]))
    far = np.abs(values[usable] - middle)
    positions: list[int] = usable[np.argsort(-far, kind="stable")[:count]].tolist()
    return positions
