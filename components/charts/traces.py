"""Lines of charts, each of one sensor from one source, with no more points than a screen can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.local_time import MILLISECOND
from components.theme import line_role
from engine.series.iso_time import MICROSECOND, Microseconds
from engine.units.units import adds_up, convert, same_kind

Floats = NDArray[np.float64]
LONGEST_BRIDGE = 3
"""A line through instantaneous values is broken where they stay away this many times longer than usual."""


def lowest_and_highest(values: Floats, run: int) -> NDArray[np.intp]:
    """Indices of the lowest and the highest value of each run of a length, and of both ends, in order."""
    runs = len(values) // run
    block = values[: runs * run].reshape(runs, run)
    base = np.arange(runs) * run
    ends = [0, len(values) - 1]
    return np.unique(np.concatenate([base + block.argmin(axis=1), base + block.argmax(axis=1), ends]))


@dataclass(frozen=True, eq=False)
class Path:
    """Path of a line through its events: one or two corners for each, and a break where the next value is missing."""

    x: Floats
    """Of each point [ms since 1970 UTC], shape (p,)."""
    event: NDArray[np.intp]
    """The event each point belongs to, shape (p,)."""
    broken: NDArray[np.bool_]
    """Whether a point is at one of the two sides of a break, shape (p,)."""

    @classmethod
    def along(cls, events: Microseconds, pace: int | None, gaps: NDArray[np.bool_]) -> "Path":
        """Path through events [µs], shape (n,); steps are ``pace`` long; ``gaps`` has shape (n - 1,)."""
        n = len(events)
        gap = np.append(gaps, False)[:n]
        following = np.append(np.arange(1, n), n - 1)[:n]
        after = events if pace is None else events + pace
        keep = np.column_stack([np.ones(n, dtype=bool), np.full(n, pace is not None), gap, gap]).ravel()
        x = np.column_stack([events, after, after, events[following]]).ravel()[keep] / MILLISECOND
        own = np.arange(n)
        event = np.column_stack([own, own, own, following]).ravel()[keep]
        side = np.column_stack([np.zeros((n, 2), dtype=bool), gap, gap]).ravel()[keep]
        return cls(x, event, side)

    def held(self, values: Floats) -> Floats:
        """Value of the event at each point, shape (p,)."""
        return values[self.event]

    def line(self, values: Floats) -> Floats:
        """Value of the event at each point, NaN at breaks, shape (p,)."""
        return np.where(self.broken, np.nan, values[self.event])

    def edge(self, values: Floats, closed: Floats) -> Floats:
        """Edge of an area, which has no height at breaks: there all its edges are at ``closed``, shape (p,)."""
        return np.where(self.broken, closed[self.event], values[self.event])


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """Two quantiles of a probabilistic forecast."""

    low: Floats
    """Lower quantile, NaN where there is none, in the unit and shape (n,) of the values of the trace."""
    high: Floats
    """Upper quantile, in the same way."""
    name: str = "10 to 90 %"
    """Cumulative probabilities of the two."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """One line: values of one sensor from one source."""

    label: str
    """Name of the sensor, such as ``Battery power``."""
    unit: str
    """Unit of the values."""
    events: Microseconds
    """Start of each event [microseconds since 1970 UTC], increasing, shape (n,)."""
    values: Floats
    """Value of each event [unit], NaN where missing, shape (n,)."""
    step: timedelta
    """Length of each event; zero for instantaneous values."""
    known: Microseconds | None = None
    """When each value became known [microseconds since 1970 UTC], shape (n,)."""
    source: str = ""
    """Name of the source, for people."""
    source_type: str = "user"
    """Type of the source; decides the stroke."""
    quantity: str = "other"
    """One of theme.QUANTITIES; decides the colour."""
    band: Band | None = None
    """Quantiles of a probabilistic forecast around its values."""

    @property
    def role(self) -> str:
        """Whether this was measured, forecast or scheduled."""
        return line_role(self.source_type)

    @property
    def stepped(self) -> bool:
        """Whether a value holds from its event's start to its end."""
        return self.step > timedelta(0)

    @property
    def adds_up(self) -> bool:
        """Whether values are amounts per event, such as kWh or EUR, and not of a stored energy."""
        return self.stepped and adds_up(self.unit) and self.quantity != "state of charge"

    @property
    def filled(self) -> bool:
        """Whether the area below the line is filled: that of schedules is."""
        return self.stepped and self.role == "scheduled"

    @cached_property
    def _is_present(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.values)

    @cached_property
    def present(self) -> tuple[Microseconds, Floats, Floats]:
        """Events that have a value: start [µs], value [unit], belief time [ms]; shapes (m,)."""
        known = np.full(len(self.values), np.nan) if self.known is None else self.known / MILLISECOND
        return self.events[self._is_present], self.values[self._is_present], known[self._is_present]

    @cached_property
    def spread(self) -> tuple[Floats, Floats]:
        """Edges of the band of the events that have a value; where there is no quantile it is as thin as the line."""
        if self.band is None:
            return self.present[1], self.present[1]
        edges = (self.band.low, self.band.high)
        low, high = (np.where(np.isnan(edge), self.values, edge)[self._is_present] for edge in edges)
        return low, high

    @cached_property
    def pace(self) -> int:
        """Usual time from one event to the next [microseconds]."""
        if self.stepped:
            return self.step // MICROSECOND
        distances = np.diff(self.present[0])
        return int(np.median(distances)) if len(distances) else 0

    def converted(self, unit: str) -> "Trace":
        """The same line in another unit; unchanged if the unit is of another kind."""
        if unit == self.unit or not same_kind(unit, self.unit):
            return self
        band = self.band
        if band is not None:
            low, high = (convert(edge, self.unit, unit) for edge in (band.low, band.high))
            band = replace(band, low=low, high=high)
        return replace(self, unit=unit, values=convert(self.values, self.unit, unit), band=band)

    def points(self, start_us: int, end_us: int, most: int) -> dict[str, Floats]:
        """Columns of a line over a time range: x [ms], y [unit], belief time ``known`` [ms], horizon ``ahead`` [h].

        All events of the range, as steps where they are steps, if there are at most ``most``; else the lowest and the
        highest of each of about ``most / 2`` runs. The line is broken (NaN) where values are missing. A filled line
        also has its upper edge ``top``, one with a band the edges ``low`` and ``high``; both are closed where the line
        is broken.
        """
        events, values, known = self.present
        first = max(int(np.searchsorted(events, start_us - self.pace)) - 1, 0)
        last = int(np.searchsorted(events, end_us, side="right")) + 1
        picked = np.arange(first, min(last, len(events)))
        run = -(-2 * len(picked) // most) if len(picked) > most else 1
        if run > 1:
            picked = first + lowest_and_highest(values[first:last], run)
        events, values, known = events[picked], values[picked], known[picked]
        # A gap follows an event where values are missing: in a thinned line at least as many as a run has.
        spare = max(run if run > 1 else 0, 0 if self.stepped else LONGEST_BRIDGE - 1)
        gaps: NDArray[np.bool_] = np.diff(events) - self.pace * np.diff(picked) > self.pace * spare
        path = Path.along(events, self.pace if self.stepped and run == 1 else None, gaps)
        ahead = (events / MILLISECOND - known) / 3_600_000
        columns = {"x": path.x, "y": path.line(values), "known": path.held(known), "ahead": path.held(ahead)}
        if self.filled:
            columns["top"] = path.edge(values, np.zeros(len(values)))
        if self.band is not None:
            low, high = self.spread
            columns |= {"low": path.edge(low[picked], values), "high": path.edge(high[picked], values)}
        return columns


@dataclass(frozen=True, kw_only=True, eq=False)
class Chart:
    """One of several charts that stand above each other: lines that share an axis."""

    title: str
    """What the lines have in common."""
    traces: Sequence[Trace]
    """The lines, in the order of the legend."""
    bounds: tuple[float, float] | None = None
    """Lowest and highest value allowed [unit of the lines], drawn as dashed lines."""
    extent: tuple[float, float] | None = None
    """Lowest and highest value the axis covers at least [unit of the lines]."""
    empty: str = "No data in this time range."
    """What to say, and to do, when there is nothing to draw."""
    unit: str = field(default="")
    """Unit of the axis; empty: that of the lines."""

    @property
    def axis(self) -> str:
        """Quantity and unit, as written at the axis."""
        units = [self.unit] if self.unit else sorted({trace.unit for trace in self.traces})
        names = sorted({trace.quantity for trace in self.traces} - {"other"})
        word = names[0] if len(names) == 1 else "value"
        if names and {"consumption", "production", "power"} >= set(names):
            word = "power"
        return f"{word.capitalize()} [{', '.join(unit or '-' for unit in units)}]"

    @property
    def span(self) -> tuple[int, int] | None:
        """First and last moment with data [microseconds since 1970 UTC]; None without data."""
        filled = [trace for trace in self.traces if len(trace.present[0])]
        if not filled:
            return None
        return (
            min(int(trace.present[0][0]) for trace in filled),
            max(int(trace.present[0][-1]) + trace.step // MICROSECOND for trace in filled),
        )
