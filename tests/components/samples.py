"""Lines and charts for the tests of the components."""

from datetime import UTC, datetime, timedelta

import numpy as np

from components.charts.traces import Chart, Trace
from engine.series.iso_time import to_us

START = datetime(2026, 10, 24, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
QUARTER_US = 900_000_000


def trace(values: list[float] | np.ndarray, *, step: timedelta = QUARTER, start: datetime = START, **facts) -> Trace:
    """Return a line of consecutive quarters."""
    events = to_us(start) + np.arange(len(values), dtype=np.int64) * QUARTER_US
    given = {"label": "Load", "unit": "kW", "quantity": "consumption"} | facts
    return Trace(events=events, values=np.asarray(values, dtype=float), step=step, **given)


def chart(*traces: Trace, title: str = "Load", **facts) -> Chart:
    """Return a chart of lines."""
    return Chart(title=title, traces=list(traces), **facts)
