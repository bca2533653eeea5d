"""Documents of charts that live in a browser alone: made once for each kind, and filled with the values in view.

What a document is made for is all that stays the same while people move in time: titles, lines, units and axes. The
points of a time range travel beside it, as arrays, see ``ChartValues``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from threading import Lock
from typing import Any

import numpy as np
from bokeh.document import Document
from bokeh.events import SelectionGeometry
from bokeh.models import CustomJS, Range1d

from components.charts.annotations import band_columns
from components.charts.figures import HEIGHT, DrawnChart, value_range
from components.charts.summed import SummedTrace
from components.charts.time_series import TimeSeries
from components.charts.traces import Chart, Trace
from components.scripts import Script

CHOSEN = Script(__file__).call("tellChosen", "cb_obj")
MOST_KINDS = 200
"""Documents that a process keeps, some hundred kB each."""
MAKING = Lock()
"""Bokeh models are made by one thread at a time: documents of one kind that many people ask for are made once."""


@dataclass(frozen=True)
class ChartDocument:
    """Charts above each other without values."""

    digest: str
    """Changes with the text."""
    text: str
    """JSON of the document, as Bokeh reads it."""


@dataclass(frozen=True, eq=False)
class Kind:
    """Charts, equal to others that have the same document."""

    charts: Sequence[Chart]
    zone: str
    height: int

    @property
    def facts(self) -> tuple[object, ...]:
        """What a document depends on."""
        charts = [
            (
                chart.title, chart.axis, chart.bounds, isinstance(value_range(chart), Range1d),
                *((trace.label, trace.unit, trace.source, trace.source_type, trace.quantity, trace.step,
                   trace.band and trace.band.name, trace.is_long) for trace in chart.traces),
            )
            for chart in self.charts
        ]  # fmt: skip
        return (self.zone, self.height, *charts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Kind) and self.facts == other.facts

    def __hash__(self) -> int:
        return hash(self.facts)


def chart_document(charts: Sequence[Chart], *, zone: str, height: int = HEIGHT) -> ChartDocument:
    """Document of charts from top to bottom.

    Args:
        charts: Each has lines of one unit, see ``Chart.split``.
        zone: IANA name of the zone times are written in.
        height: Of one chart [px].
    """
    with MAKING:
        return make_document(Kind(list(charts), zone, height))


@lru_cache(maxsize=MOST_KINDS)
def make_document(kind: Kind) -> ChartDocument:
    """Document of a kind of charts."""
    series = TimeSeries(
        charts=list(kind.charts), zone=kind.zone, height=kind.height, span=(0, 1), now=0, steady=True, choosing=True
    )  # fmt: skip
    series.view.time.name, series.view.now.name, series.view.future.name = "time", "now", "future"
    series.view.changes.update(name="changes", data={"at": [], "word": []})
    series.view.annotations.update(name="annotations", data=band_columns([], dark=False))
    series.stack.name = "stack"
    for at, drawn in enumerate(series.drawn):
        empty_chart(drawn, at)
    document = Document()
    document.add_root(series.stack)
    told: dict[str, Any] = dict(document.to_json(deferred=False))
    told.pop("defs", None)  # of every kind of model that the process knows: none of them is used here
    text = json.dumps(told, separators=(",", ":"))
    return ChartDocument(sha256(text.encode()).hexdigest()[:24], text)


def empty_chart(drawn: DrawnChart, at: int) -> None:
    """Take the values out of a chart, and name what will be filled; it is the one at an index."""
    drawn.annotate()
    drawn.figure.name, drawn.heading.name = f"figure {at}", f"heading {at}"
    drawn.figure.js_on_event(SelectionGeometry, CustomJS(code=CHOSEN))
    drawn.heading.text = drawn.bare_legend()
    if isinstance(drawn.figure.y_range, Range1d):
        drawn.figure.y_range.update(start=0, end=1, reset_start=0, reset_end=1)
    for number, line in enumerate(drawn.lines):
        line.source.update(name=f"line {at} {number}", data={name: [] for name in line.source.data}, tags=[])


@dataclass(frozen=True, kw_only=True)
class ChartValues:
    """What fills the document of some charts over one time range."""

    charts: Sequence[Chart]
    start_us: int
    end_us: int
    most: int
    """Points of one line, about, see ``Trace.points``."""
    margin: float = 0.25
    """How much is sent beyond each end, as a share of the time range: it is there at once when a person pans."""

    def columns(self, trace: Trace) -> tuple[dict[str, Any], bool]:
        """Columns of a line, and whether it is thinned: x [ms], y, low and high [unit], and lead [s].

        The lead is how long before an event its value was known. Columns that repeat others are left out.
        """
        margin = int((self.end_us - self.start_us) * self.margin)
        span = self.start_us - margin, self.end_us + margin
        seen = trace.in_view(*span)
        is_thinned = seen.stop - seen.start > self.most or isinstance(trace, SummedTrace)
        points = trace.points(*span, self.most)
        columns: dict[str, Any] = {"x": points["x"], "y": points["y"].astype(np.float32)}
        if is_thinned or trace.band is not None:
            columns |= {name: points[name].astype(np.float32) for name in ("low", "high")}
        if not is_thinned:
            columns["lead"] = ((points["x"] - points["known"]) / 1000).astype(np.float32)
        return columns, is_thinned

    def head(self) -> list[dict[str, Any]]:
        """What is told of each chart beside its points: the value axis, and the figures of each line in view."""
        return [
            {
                "axis": [axis.start, axis.end] if isinstance(axis := value_range(chart), Range1d) else None,
                "figures": [trace.summary(self.start_us, self.end_us) for trace in chart.traces],
                "empty": chart.empty,
            }
            for chart in self.charts
        ]
