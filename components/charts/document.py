"""Documents of charts that live in a browser alone: made once for each kind, and filled with the values in view.

What a document is made for is all that stays the same while people move in time: titles, lines, units and axes. The
points of a time range travel beside it, as arrays, see ``ChartValues``. Charts that differ in their names alone, as
those of many sites do, share a template.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from hashlib import sha256
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
from bokeh.document import Document
from bokeh.events import SelectionGeometry
from bokeh.models import CustomJS, Range1d

from components.charts import legend
from components.charts.annotations import band_columns
from components.charts.figures import HEIGHT, DrawnChart, axis_limits, colours_of
from components.charts.summed import SummedTrace
from components.charts.time_series import TimeSeries
from components.charts.traces import Chart, Trace
from components.scripts import Script

CHOSEN = Script(__file__).call("tellChosen", "cb_obj")
MOST_KINDS = 200
"""Documents that a process keeps, and templates, some hundred kB each."""
MARK = re.compile(r"\\ue000(\w+)\\ue000")
"""Place of a name in the JSON of a template, between characters that Unicode leaves to private use."""
MAKING = Lock()
"""Bokeh models are made by one thread at a time: documents of one kind that many people ask for are made once."""


Product = TypeVar("Product")


class Kept(Generic[Product]):
    """What was made for the latest keys, and none of what it was made from: values of charts are large."""

    def __init__(self, most: int) -> None:
        self._most, self._known = most, OrderedDict[object, Product]()

    def recall(self, key: object, make: Callable[[], Product]) -> Product:
        """What was made for a key, else what is made now."""
        if key not in self._known:
            self._known[key] = make()
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]


@dataclass(frozen=True)
class ChartDocument:
    """Charts above each other without values."""

    digest: str
    """Changes with the text."""
    text: str
    """JSON of the document, as Bokeh reads it."""


DOCUMENTS, TEMPLATES = Kept[ChartDocument](MOST_KINDS), Kept[str](MOST_KINDS)


@dataclass(frozen=True, eq=False)
class Kind:
    """Charts in a zone, each of a height [px]."""

    charts: Sequence[Chart]
    zone: str
    height: int

    @cached_property
    def facts(self) -> tuple[object, ...]:
        """What a document depends on: equal for charts that have the same one."""
        charts = [
            (
                chart.title, chart.axis, chart.bounds, axis_limits(chart) is None,
                *((trace.label, trace.unit, trace.source, trace.source_type, trace.quantity, trace.step,
                   trace.band and trace.band.name, trace.is_long) for trace in chart.traces),
            )
            for chart in self.charts
        ]  # fmt: skip
        return (self.zone, self.height, *charts)

    def unnamed(self) -> "tuple[Kind, dict[str, str]]":
        """Charts alike but for their names, which are marks, and the names by the words of their marks."""
        names: dict[str, str] = {}

        def mark(name: str) -> str:
            # A name that stands in two places has one mark: lines of one sensor have one colour
            return place_of(names.setdefault(name, str(len(names)))) if name else ""

        charts = [
            replace(chart, title=mark(chart.title), traces=[
                replace(trace, label=mark(trace.label), source=mark(trace.source)) for trace in chart.traces
            ])
            for chart in self.charts
        ]  # fmt: skip
        return replace(self, charts=charts), {word: name for name, word in names.items()}


def chart_document(charts: Sequence[Chart], *, zone: str, height: int = HEIGHT) -> ChartDocument:
    """Document of charts from top to bottom.

    Args:
        charts: Each has lines of one unit, see ``Chart.split``.
        zone: IANA name of the zone times are written in.
        height: Of one chart [px].
    """
    with MAKING:
        kind = Kind(list(charts), zone, height)
        return DOCUMENTS.recall(kind.facts, partial(make_document, kind))


def make_document(kind: Kind) -> ChartDocument:
    """Document of a kind of charts, from the template of those that are alike: its models take long to make."""
    alike, names = kind.unnamed()
    names |= {f"heading{at}": bare_legend(chart) for at, chart in enumerate(kind.charts)}
    template = TEMPLATES.recall(alike.facts, partial(make_template, alike))
    # In one pass: a name may look like a mark
    text = MARK.sub(lambda mark: json.dumps(names[mark[1]])[1:-1], template)
    return ChartDocument(sha256(text.encode()).hexdigest()[:24], text)


def make_template(kind: Kind) -> str:
    """JSON of the document of charts that have marks in place of names; their headings are marks as well."""
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
    return json.dumps(told, separators=(",", ":"))


def place_of(word: str) -> str:
    """Mark of a name, or of a heading, in a template."""
    return f"\ue000{word}\ue000"


def bare_legend(chart: Chart) -> str:
    """Heading of a chart without the values in view, which follows the colours of the page, as HTML."""
    return legend.html(chart, colours_of(chart), span=None, dark=None)


def empty_chart(drawn: DrawnChart, at: int) -> None:
    """Take the values out of a chart, and name what will be filled; it is the one at an index."""
    drawn.annotate()
    drawn.figure.name, drawn.heading.name = f"figure {at}", f"heading {at}"
    drawn.figure.js_on_event(SelectionGeometry, CustomJS(code=CHOSEN))
    drawn.heading.text = place_of(f"heading{at}")
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
                "axis": axis_limits(chart),
                "figures": [trace.summary(self.start_us, self.end_us) for trace in chart.traces],
                "empty": chart.empty,
            }
            for chart in self.charts
        ]
