"""Numbers behind the views: local days of values, means by time of day, and stretches that look wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from components.charts.heatmap import DAY, HOUR, clock
from components.charts.points import Floats
from components.charts.traces import Trace
from engine.series.iso_time import Microseconds
from engine.series.quality import Oddity, oddities

Days = tuple[int, int]
"""First and last day on the local clock [days since 1970]."""
WEEK = {"Monday to Friday": (0, 1, 2, 3, 4), "Saturday": (5,), "Sunday": (6,)}
"""Kinds of days, each with its days of the week from Monday on."""
THURSDAY = 3
"""Day of the week of 1970-01-01, from Monday on."""
FINEST = 900_000_000
"""Shortest step in the profile of a day [µs]."""
KINDS = {"gap": "Gaps", "flatline": "Constant", "spike": "Jumps", "unit-jump": "Jumps"}
"""Kinds of ``Oddity`` as they are named."""


def local_days(trace: Trace, zone: str) -> Microseconds:
    """Day on the local clock of each event that has a value [days since 1970], shape (m,)."""
    return clock(zone, trace.present[0])[0] // DAY


def of_days(trace: Trace, zone: str, days: Days | None) -> Trace:
    """The line on some days alone; all of it without any."""
    if days is None:
        return trace
    events, values, _ = trace.present
    at = local_days(trace, zone)
    chosen = (at >= days[0]) & (at <= days[1])
    return replace(trace, events=events[chosen], values=values[chosen], known=None, band=None)


@dataclass(frozen=True, eq=False)
class DayProfile:
    """Means by time of day."""

    hours: Floats
    """Start of each step on the clock [h], shape (s,)."""
    means: dict[str, Floats]
    """Mean in each step by the kind of day [unit], NaN without values, shape (s,)."""


def day_profile(trace: Trace, zone: str) -> DayProfile:
    """Mean of each time of day, for each kind of day of ``WEEK`` that there is."""
    events, values, _ = trace.present
    local = clock(zone, events)[0]
    step = min(max(trace.pace or HOUR, FINEST), DAY)
    size = -(-DAY // step)
    at, weekday = local % DAY // step, (local // DAY + THURSDAY) % 7
    means = {}
    for name, days in WEEK.items():
        here = np.isin(weekday, days)
        if not here.any():
            continue
        counts = np.bincount(at[here], minlength=size)
        with np.errstate(invalid="ignore"):
            means[name] = np.bincount(at[here], weights=values[here], minlength=size) / counts
    return DayProfile(np.arange(size) * step / HOUR, means)


def odd_stretches(trace: Trace) -> Sequence[Oddity]:
    """Gaps, values that stand still and jumps of a line; instantaneous values have no gaps."""
    events, values, _ = trace.present
    return oddities(events, values, step=trace.step)
