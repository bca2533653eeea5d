"""Charts as Bokeh JSON items, drawn by the same component as the pages'."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.assemble.lines import lines_of
from components.charts.figures import DrawnChart
from components.charts.traces import Chart, Trace
from components.charts.view import View
from db.beliefs import store
from db.beliefs.time_range import BeliefQuery
from db.sensors import Sensor
from db.sources import Source
from engine.series.iso_time import to_us


def item(
    session: Session,
    plan: Sequence[tuple[str, Sequence[Sensor], Sequence[Trace]]],
    span: tuple[datetime, datetime],
    *,
    known_at: datetime,
) -> dict[str, Any]:
    """Return charts from top to bottom as what ``Bokeh.embed.embed_item`` takes.

    Args:
        session: A session that reads.
        plan: Title of each chart, its sensors, and lines that are drawn beside theirs.
        span: Which events.
        known_at: As it was known then.
    """
    zone = next((row.timezone for _, sensors, _ in plan for row in sensors), "UTC")
    view = View.of(to_us(span[0]), to_us(span[1]), zone=zone, dark=False)
    sources = {row.id: row for row in session.scalars(select(Source))}
    figures = []
    for title, sensors, beside in plan:
        told = {row.id: store.read_per_source(session, row, BeliefQuery(*span, known_at=known_at)) for row in sensors}
        traces = [line for row in sensors for line in lines_of(row, told[row.id], sources)]
        charts = Chart(title=title, traces=[*traces, *beside], unit=sensors[0].unit if sensors else "").split()
        figures += [DrawnChart(part, view).figure for part in charts]
    found: dict[str, Any] = json_item(column(*figures, sizing_mode="stretch_width"))
    return found
