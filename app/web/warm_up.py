"""Makes ready what the first visitors of a process would wait a second for, once it serves and before they come."""

from datetime import timedelta
from importlib import import_module

import numpy as np

from app.pages.routes import PAGES
from components.charts.document import chart_document
from components.charts.traces import Chart, Trace
from engine.series.iso_time import MICROSECOND
from engine.units.grammar import registry

STEP = timedelta(minutes=15)


def warm_up() -> None:
    """Import all pages, load the facts about units, and make charts of a measured, a foreseen and a planned power."""
    for page in PAGES.values():
        import_module(page.partition(":")[0])
    registry()
    events = np.arange(2, dtype=np.int64) * (STEP // MICROSECOND)
    lines = [
        Trace(label="power", unit="kW", events=events, values=np.zeros(2), step=STEP, quantity="power",
              source="source", source_type=kind)
        for kind in ("gateway", "forecaster", "scheduler")
    ]  # fmt: skip
    chart_document([Chart(title="power", traces=lines)], zone="UTC")
