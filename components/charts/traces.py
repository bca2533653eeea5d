"""Lines of charts, each of one sensor from one source, with no more points than a screen can show."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from components.charts.points import Floats, InView, Path, Pyramid
from components.local_time import MILLISECOND
from components.theme import line_role
from engine.series.iso_time import MICROSECOND, Microseconds
from engine.units.units import adds_up, convert, same_kind

MOST_POINTS = 1600
"""Points of one line beyond which it is thinned: about one per pixel of a wide screen."""
LADDERS = (("W", "kW", "MW", "GW"), ("Wh", "kWh", "MWh", "GWh"))
"""Units of one kind, each a thousand of the one before."""
HOUR = timedelta(hours=1)
LONGEST_BRIDGE = 3
"""A line through instantaneous values is broken where they stay away this many times longer than usual."""


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
        """Whether this was measured, forecast or scheduled, or is a setting."""
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
        if self._is_present.all():
            return self.events, self.values, known  # not copied: there may be millions
        return self.events[self._is_present], self.values[self._is_present], known[self._is_present]

    @cached_property
    def extremes(self) -> tuple[float, ...]:
        """Lowest and highest value [unit]; nothing without values."""
        values = self.present[1]
        return (float(values.min()), float(values.max())) if len(values) else ()

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

    @cached_property
    def _pyramid(self) -> Pyramid:
        return Pyramid(self.present[1])

    @cached_property
    def _edges(self) -> tuple[Pyramid, Pyramid]:
        low, high = self.spread
        return Pyramid(low), Pyramid(high)

    def summary(self, start_us: int, end_us: int) -> str:
        """Lowest, mean and highest value in a time range [µs], and the total where there is one; "" without values."""
        first, last = np.searchsorted(self.present[0], (start_us - self.pace + 1 if self.stepped else start_us, end_us))
        if last <= first:
            return ""
        runs = self._pyramid.runs(int(first), int(last), MOST_POINTS)
        mean = float(np.average(runs.mean, weights=runs.last - runs.first + 1))
        view = InView(low=float(runs.low.min()), mean=mean, high=float(runs.high.max()), count=int(last - first))
        return self.text_in_view(view, length=self.step)

    def text_in_view(self, view: InView, *, length: timedelta) -> str:
        """What is in view, in words; each value holds for a length of time."""
        if self.adds_up:
            return view.text(total=1.0, unit=self.unit)
        if self.stepped and self.role != "setting" and same_kind(self.unit, "kW"):
            return view.text(energy=length / HOUR, unit=f"{self.unit}h")
        return view.text()

    @property
    def is_long(self) -> bool:
        """Whether there may be more events in view than a screen can show, so that means are drawn in a band."""
        return len(self.present[0]) > MOST_POINTS

    def in_view(self, start_us: int, end_us: int) -> slice:
        """Indices, among the events that have a value, of those in a time range [µs], and one more on either side."""
        events = self.present[0]
        first = max(int(np.searchsorted(events, start_us - self.pace)) - 1, 0)
        return slice(first, min(int(np.searchsorted(events, end_us, side="right")) + 1, len(events)))

    def points(self, start_us: int, end_us: int, most: int) -> dict[str, Floats]:
        """Columns of a line over a time range: x [ms], y [unit], and belief time ``known`` [ms].

        All events of the range, as steps where they are steps, if there are at most ``most``; else the mean of each of
        about as many runs. The line is broken (NaN) where values are missing. A filled line also has its upper edge
        ``top``. One with a band, or with runs, has the edges ``low`` and ``high``: quantiles, or the lowest and highest
        value of each run. Areas are closed where the line is broken.
        """
        events, values, known = self.present
        seen = self.in_view(start_us, end_us)
        is_thinned = seen.stop - seen.start > most
        if is_thinned:
            columns, path, values = self._thinned(seen, most)
        else:
            events, values, known = events[seen], values[seen], known[seen]
            gaps: NDArray[np.bool_] = np.diff(events) > self.pace * (1 if self.stepped else LONGEST_BRIDGE)
            path = Path.along(events, self.pace if self.stepped else None, gaps)
            columns = {"x": path.x, "y": path.line(values), "known": path.held(known)}
            if self.band is not None or self.is_long:
                low, high = (edge[seen] for edge in self.spread)
                columns |= {"low": path.edge(low, values), "high": path.edge(high, values)}
        if self.filled:
            columns["top"] = path.edge(values, np.zeros(len(values)))
        return columns

    def _thinned(self, seen: slice, most: int) -> tuple[dict[str, Floats], Path, Floats]:
        """Columns of the runs of a part of the events, the path through them, and their means."""
        part = (seen.start, seen.stop, most)
        runs = self._pyramid.runs(*part)
        low, high, mean = runs.low, runs.high, runs.mean
        if self.band is not None:
            low, high = self._edges[0].runs(*part).low, self._edges[1].runs(*part).high
        events, _, known = self.present
        before, length = self._holes
        bridged = max(int(runs.last[0] - runs.first[0]) + 1, LONGEST_BRIDGE) + 1
        holes = before[(before >= runs.first[0]) & (before < runs.last[-1]) & (length > self.pace * bridged)]
        gaps = np.zeros(len(runs.first), dtype=bool)
        gaps[np.searchsorted(runs.first, holes, side="right") - 1] = True
        # Each run is drawn from its first event on, the last one to its end as well.
        low, high, mean, begun = (np.append(column, column[-1]) for column in (low, high, mean, known[runs.first]))
        begins = np.append(events[runs.first], events[runs.last[-1]] + self.pace)
        path = Path.along(begins, None, gaps)
        columns = {"x": path.x, "y": path.line(mean), "known": path.held(begun)}
        return columns | {"low": path.edge(low, mean), "high": path.edge(high, mean)}, path, mean

    @cached_property
    def _holes(self) -> tuple[NDArray[np.intp], Microseconds]:
        """Index of the event before each hole that breaks even a thinned line, and its length [µs]."""
        distances = np.diff(self.present[0])
        (before,) = np.nonzero(distances > self.pace * LONGEST_BRIDGE)
        return before, distances[before]


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

    def split(self) -> "list[Chart]":
        """Charts of one unit each, as a power and a price have no axis in common; the same chart where one unit serves.

        Lines whose units can be converted into each other are in that of the first of them.
        """
        by_unit: dict[str, list[Trace]] = {}
        for trace in self.traces:
            unit = next((unit for unit in by_unit if unit == trace.unit or same_kind(unit, trace.unit)), trace.unit)
            by_unit.setdefault(unit, []).append(trace.converted(unit))
        if len(by_unit) < 2:
            return [replace(self, traces=traces) for traces in by_unit.values()] or [self]
        return [
            replace(self, title=f"{self.title} [{unit or '-'}]", traces=traces, unit="", bounds=None, extent=None)
            for unit, traces in by_unit.items()
        ]

    def scaled(self) -> "Chart":
        """The same chart in the unit whose numbers are easiest to read: 25 MW, not 25,000 kW."""
        units = {trace.unit for trace in self.traces}
        ladder = next((each for each in LADDERS if units <= set(each)), None)
        if ladder is None or not units:
            return self
        own = self.traces[0].unit
        ends = [abs(end) for trace in self.traces for end in trace.converted(own).extremes]
        ends += [abs(end) for end in (*(self.bounds or ()), *(self.extent or ())) if np.isfinite(end)]
        most, at = max(ends, default=0.0), ladder.index(own)
        while most >= 10_000 and at < len(ladder) - 1:
            most, at = most / 1000, at + 1
        while 0 < most < 0.1 and at > 0:
            most, at = most * 1000, at - 1
        best = ladder[at]
        scale = float(convert(np.array([1.0]), own, best)[0])
        bounds, extent = (pair and (pair[0] * scale, pair[1] * scale) for pair in (self.bounds, self.extent))
        return replace(self, traces=[each.converted(best) for each in self.traces], bounds=bounds, extent=extent)

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
