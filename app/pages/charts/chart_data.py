"""Values of charts over one time range, as one answer that browsers read: a head in JSON, then arrays of numbers."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from time import monotonic
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.chart_cache import KnownCharts
from app.assemble.showing import SensorChart
from app.auth.access.identity import SignedIn
from app.fragments import time_range
from app.fragments.visit import Visit
from app.pages.charts.annotations import AnnotationTarget, annotation_list, read_annotations
from app.pages.charts.graphs import ChartSpan, VisibleCharts, read_charts, visible_charts
from app.running import current
from components.charts.annotations import band_columns
from components.charts.document import ChartValues, chart_document
from components.charts.figures import HEIGHT
from components.charts.traces import Chart
from components.charts.view import clock_changes
from components.local_time import MILLISECOND
from db import listing
from db.beliefs.summaries import long_series
from engine.errors import EngineError, FieldError, InputError
from engine.series.iso_time import from_us, zone

MOST_POINTS = 1600
"""Points of one line in one answer, about one for each pixel of a wide window."""
MANY_CHUNKS = 800
"""Chunks of a series in view, of up to 480 values, from which they are not opened."""
ALIGNED = 8
"""Arrays begin at multiples of this many bytes, as browsers ask."""


@dataclass(frozen=True, kw_only=True)
class ChartSubject:
    """What the charts of a page show."""

    plan: list[SensorChart]
    target: AnnotationTarget
    height: int = HEIGHT
    """Of one chart [px]."""


Read = Callable[[Visit, Session, SignedIn], bytes]


def refusable(read: Read) -> Read:
    """The same reading; what is wrong is told to the script, which shows it in the place of the charts."""

    @wraps(read)
    def read_or_refuse(visit: Visit, session: Session, principal: SignedIn) -> bytes:
        try:
            return read(visit, session, principal)
        except EngineError as error:
            return packed({"problem": str(error)}, [])

    return read_or_refuse


def read_values(subject: ChartSubject, visit: Visit, session: Session, principal: SignedIn) -> bytes:
    """Charts over the time range from ``first`` to ``last`` [ms] of the request.

    The document of the charts comes along, unless the request says by ``have`` that the browser has it.
    """
    if not subject.plan:
        raise InputError("No sensor is chosen yet.")
    span = asked_span(visit)
    charts = charts_in_view(session, visible_charts(session, principal, subject.plan), span)
    document = chart_document(charts, zone=principal.timezone, height=subject.height)
    values = ChartValues(charts=charts, start_us=span[0], end_us=span[1], most=MOST_POINTS)
    arrays: list[np.ndarray] = []
    lines = [[written_columns(*values.columns(trace), arrays) for trace in chart.traces] for chart in charts]
    local = zone(principal.timezone)
    content = read_annotations(subject.target, span, local, session, principal)
    bands = [annotation.band for annotation in content.annotations]
    head = {
        "digest": document.digest,
        "charts": [told | {"lines": parts} for told, parts in zip(values.head(), lines, strict=True)],
        "changes": clock_changes(principal.timezone, *span),
        "annotations": [band_columns(bands, dark=dark) for dark in (False, True)],
        "list": annotation_list(content, local),
    }
    if visit.query.get("have") != document.digest:
        head["document"] = document.text
    return packed(head, arrays)


def asked_span(visit: Visit) -> time_range.Span:
    """Time range of a request [µs since 1970 UTC].

    Raises:
        InputError: It is none.
    """
    try:
        first, last = (int(float(visit.query[name]) * MILLISECOND) for name in ("first", "last"))
    except (KeyError, ValueError, OverflowError):
        raise InputError("Ask for a time range by first and last, in milliseconds since 1970 UTC.") from None
    first, last = time_range.within((first, last))
    if first >= last:
        raise FieldError("last", "must be after first.")
    return first, last


def charts_in_view(session: Session, visible: VisibleCharts, span: time_range.Span) -> list[Chart]:
    """Charts over a time range: those read before if nothing was written since, else read with half as much around it.

    Raises:
        FieldError: They would show more values than one answer may have.
    """
    (first, last), cache, keys = span, current().charts, list(visible.sensors)
    facts = [(sensor.id, sensor.name, sensor.unit, sensor.asset.name) for sensor in visible.sensors.values()]
    summed = long_series(session, keys, from_us(first), from_us(last), chunks=MANY_CHUNKS)
    key = repr((visible.plan, visible.sensor_ids, facts, listing.versions(session, keys), sorted(summed)))
    # Fields of flex-configs may change without a value that is written.
    known = None if visible.fields else cache.find(key, first, last)
    if known is not None:
        return known
    margin, data = (last - first) // 2, listing.data_span(session, keys) or span
    # Further out there is nothing to read.
    wide = min(first, max(first - margin, data[0])), max(last, min(last + margin, data[1] + 1))
    for read in (wide, span):
        try:
            charts = read_between(session, visible, read, summed)
        except InputError:
            if read == span:
                raise
            continue
        whole = min(read[0], data[0]) if read[0] <= data[0] else read[0], 1 << 62 if read[1] > data[1] else read[1]
        cache.keep(key, KnownCharts(charts, *whole, monotonic()))
        return charts
    raise InputError("These charts cannot be read.")


def read_between(
    session: Session, visible: VisibleCharts, span: time_range.Span, summed: Collection[int]
) -> list[Chart]:
    """Charts over exactly one time range."""
    start, end = time_range.from_microseconds((span[0], span[1] + 60_000_000), zone("UTC"))
    return read_charts(session, visible, ChartSpan(start, end, known_at=datetime.now(UTC)), summed=summed)


def written_columns(columns: dict[str, np.ndarray], is_thinned: bool, arrays: list[np.ndarray]) -> dict[str, Any]:
    """Where the columns of a line stand among the arrays, to which they are added: index of each by its name."""
    places = {name: len(arrays) + at for at, name in enumerate(columns)}
    arrays += columns.values()
    return {"columns": places, "thinned": is_thinned}


def packed(head: dict[str, Any], arrays: Sequence[np.ndarray]) -> bytes:
    """Answer: length of the head [4 bytes], head, then the arrays, each of float64 or float32 at a multiple of 8 bytes.

    The head says of each array where it begins, behind the head, how many numbers it has, and how many bytes each.
    """
    places, at = [], 0
    for array in arrays:
        places.append([at, len(array), array.itemsize])
        at += -(-array.nbytes // ALIGNED) * ALIGNED
    text = json.dumps({**head, "arrays": places}).encode()
    room = -(4 + len(text)) % ALIGNED
    parts = [(len(text) + room).to_bytes(4, "little"), text, b" " * room]
    for array in arrays:
        little = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<"))
        parts += [little.tobytes(), bytes(-little.nbytes % ALIGNED)]
    return b"".join(parts)
