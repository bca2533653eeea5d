"""What a chart shows: lines, each of one sensor as told by one source, with no more points than a screen can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.charts.paths import Floats, Path, lowest_and_highest
from components.local_time import MILLISECOND
from components.theme import line_role
from engine.iso_time import MICROSECOND, Microseconds
from engine.units.units import adds_up, convert, same_kind

LONGEST_BRIDGE = 3
"""A line through instantaneous values is broken where they stay away this many times longer than usual."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Band:
    """Two quantiles of a probabilistic forecast."""

    low: Floats
    """NaN where not told, in the unit and shape (n,) of the values of the trace."""
    high: Floats
    """As above."""
    name: str = "10 to 90 %"
    """Cumulative probabilities of the two."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trace:
    """One line: one sensor as told by one source."""

    label: str
    """What is shown, such as ``Battery power``."""
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
    """Who told it, for people."""
    source_type: str = "user"
    """Type of the source; decides the stroke."""
    quantity: str = "other"
    """One of theme.QUANTITIES; decides the colour."""
    band: Band | None = None
    """Where the outcome is expected, beside the one value that stands for it."""

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
        """Whether the ground below is filled: plans are."""
        return self.stepped and self.role == "scheduled"

    @cached_property
    def _there(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.values)

    @cached_property
    def present(self) -> tuple[Microseconds, Floats, Floats]:
        """Events that have a value: start [µs], value, moment of knowledge [ms]; shapes (m,)."""
        known = np.full(len(self.values), np.nan) if self.known is None else self.known / MILLISECOND
        return self.events[self._there], self.values[self._there], known[self._there]

    @cached_property
    def spread(self) -> tuple[Floats, Floats]:
        """The edges of the band of the events that have a value; where none is told it is as thin as the line."""
        if self.band is None:
            return self.present[1], self.present[1]
        edges = (self.band.low, self.band.high)
        low, high = (np.where(np.isnan(edge), self.values, edge)[self._there] for edge in edges)
        return low, high

    @cached_property
    def pace(self) -> int:
        """Usual time from one event to the next [microseconds]."""
        if self.stepped:
            return self.step // MICROSECOND
        distances = np.diff(self.present[0])
        return int(np.median(distances)) if len(distances) else 0

    def converted(self, unit: str) -> "Trace":
        """Return the same line in another unit; one of another kind is left as it is."""
        if unit == self.unit or not same_kind(unit, self.unit):
            return self
        band = self.band
        if band is not None:
            low, high = (convert(edge, self.unit, unit) for edge in (band.low, band.high))
            band = replace(band, low=low, high=high)
        return replace(self, unit=unit, values=convert(self.values, self.unit, unit), band=band)

    def points(self, start_us: int, end_us: int, most: int) -> dict[str, Floats]:
        """Return the columns of a line over a span of time: x [ms], y, known [ms], ahead [h].

        All events of the span, as steps where they are steps, if there are at most ``most``; else the lowest and the
        highest of each of about ``most / 2`` runs. The line is broken (NaN) where values are missing. A line with a
        ground also has its upper edge ``top``, one with a band the edges ``low`` and ``high``; both are closed where
        the line is broken.
        """
        events, values, known = self.present
        first = max(int(np.searchsorted(events, start_us - self.pace)) - 1, 0)
        last = int(np.searchsorted(events, end_us, side="right")) + 1
        picked = np.arange(first, min(last, len(events)))
        run = -(-2 * len(picked) // most) if len(picked) > most else 1
        if run > 1:
            picked = first + lowest_and_highest(values[first:last], run)
        events, values, known = events[picked], values[picked], known[picked]
        path = Path.along(events, self.pace if self.stepped and run == 1 else None, self._gaps(events, picked, run))
        ahead = (events / MILLISECOND - known) / 3_600_000
        found = {"x": path.x, "y": path.line(values), "known": path.held(known), "ahead": path.held(ahead)}
        if self.filled:
            found["top"] = path.edge(values, np.zeros(len(values)))
        if self.band is not None:
            low, high = self.spread
            found |= {"low": path.edge(low[picked], values), "high": path.edge(high[picked], values)}
        return found

    def _gaps(self, events: Microseconds, picked: NDArray[np.intp], run: int) -> NDArray[np.bool_]:
        """Return after which of the picked events (but the last) values are missing: of a thinned line a whole run."""
        spare = run if run > 1 else 0
        missing = np.diff(events) - self.pace * np.diff(picked)
        longer: NDArray[np.bool_] = missing > self.pace * max(spare, 0 if self.stepped else LONGEST_BRIDGE - 1)
        return longer


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
