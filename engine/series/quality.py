"""What looks wrong in a series: gaps, values that stand still, single spikes, levels a factor of a unit apart."""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from engine.series import resample
from engine.series.iso_time import MICROSECOND, Microseconds

Floats = NDArray[np.float64]
STILL = 24
"""Equal values in a row, other than zero, that count as standing still in a series that usually moves."""
SPIKE = 8.0
"""How many times larger than 99 of 100 changes a jump to and fro is."""
BLOCK = 24
"""Values whose middle is taken as the level of a stretch."""
UNIT = 1000.0
"""A factor that tells of another unit, such as W for kW."""
NEAR = 2.5
"""How far from that factor the ratio of two levels may be."""


@dataclass(frozen=True)
class Oddity:
    """A stretch that looks wrong."""

    kind: str
    """gap, flatline, spike or unit-jump."""
    start_us: int
    """First moment it concerns [us since 1970 UTC]."""
    end_us: int
    """Moment it ends [us since 1970 UTC]."""
    size: float
    """Number of missing or equal values; height of the spike in the unit of the values; factor of the levels."""


def oddities(events: Microseconds, values: Floats, *, step: timedelta) -> list[Oddity]:
    """Return what looks wrong, in the order of time.

    Args:
        events: Increasing [us since 1970 UTC], shape (n,).
        values: None of them missing, shape (n,).
        step: The usual distance of two events.
    """
    step_us = step // MICROSECOND
    found = [*gaps(events, step), *flatlines(events, values, step_us)]
    found += [*spikes(events, values, step_us), *unit_jumps(events, values)]
    return sorted(found, key=lambda each: each.start_us)


def gaps(events: Microseconds, step: timedelta) -> list[Oddity]:
    """Return the stretches between events in which events lack."""
    step_us = step // MICROSECOND
    missing = resample.gaps(events, step) if len(events) > 1 and step_us else np.empty((0, 2), np.int64)
    return [Oddity("gap", int(start), int(end), (int(end) - int(start)) / step_us) for start, end in missing]


def flatlines(events: Microseconds, values: Floats, step_us: int) -> list[Oddity]:
    """Return runs of equal values, other than zero, in a series that moves at most steps outside them.

    Zero is what a device that is off measures, and a tariff or a set-point stands still by its nature.
    """
    if len(values) < 2 * STILL:
        return []
    moves = np.flatnonzero(np.diff(values)) + 1
    starts, ends = np.concatenate([[0], moves]), np.concatenate([moves, [len(values)]])
    lengths = ends - starts
    long = (lengths >= STILL) & (values[starts] != 0)
    outside = len(values) - int(lengths[long].sum())
    if not long.any() or int((~long).sum()) < outside / 2 or not outside:
        return []
    runs = zip(starts[long], ends[long], lengths[long], strict=True)
    return [Oddity("flatline", int(events[a]), int(events[b - 1]) + step_us, float(n)) for a, b, n in runs]


def spikes(events: Microseconds, values: Floats, step_us: int) -> list[Oddity]:
    """Return single values far from both neighbours, measured by how much the series usually changes.

    v_t is one if it turns back, sign(v_t - v_{t-1}) ≠ sign(v_{t+1} - v_t), and the smaller of the two jumps is above
    SPIKE times the 99 % quantile of all |v_t - v_{t-1}|: a step from one level to another turns back nowhere.
    """
    if len(values) < 2 * STILL:
        return []
    change = np.diff(values)
    # The lower neighbour, so that a spike among few changes does not lift what it is measured by.
    usual = float(np.quantile(np.abs(change), 0.99, method="lower"))
    turns = np.sign(change[:-1]) != np.sign(change[1:])
    height = np.minimum(np.abs(change[:-1]), np.abs(change[1:]))
    high = np.flatnonzero(turns & (height > SPIKE * usual) & (usual > 0)) + 1
    return [Oddity("spike", int(events[at]), int(events[at]) + step_us, float(height[at - 1])) for at in high]


def unit_jumps(events: Microseconds, values: Floats) -> list[Oddity]:
    """Return where the level of a series changes by about a thousand, and stays there.

    The logarithms of the medians of blocks are split in two where that explains most of their variance, which is where
    k · (n - k) · (mean after - mean before)² is greatest.

    Source:
        Hawkins, Journal of the American Statistical Association 72 (1977) 180-186: one shift of the mean.
    """
    count = len(values) // BLOCK
    if count < 4:
        return []
    # Medians of blocks, so that a spike, or nights without sun, are no change of level.
    levels = np.median(np.abs(values[: count * BLOCK]).reshape(count, BLOCK), axis=1)
    if (levels > 0).sum() < 4:
        return []
    at = np.flatnonzero(levels > 0)
    size = np.log(levels[at])
    split = np.arange(1, len(size))
    sums = np.cumsum(size)
    apart = (sums[-1] - sums[:-1]) / (len(size) - split) - sums[:-1] / split  # of the mean after and before each split
    best = int(np.argmax(split * (len(size) - split) * apart**2)) + 1
    factor = float(np.median(size[best:]) - np.median(size[:best]))
    # One block at either end is not yet a level that stays.
    if abs(abs(factor) - np.log(UNIT)) > np.log(NEAR) or min(best, len(size) - best) < 2:
        return []
    return [Oddity("unit-jump", int(events[at[best] * BLOCK]), int(events[-1]), float(np.exp(factor)))]
