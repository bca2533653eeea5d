"""Charts as Bokeh JSON items, drawn by the same component as the pages'."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from sqlalchemy import select
from sqlalchemy.orm import Session

from components.figures import Drawn
from components.theme import quantity
from components.traces import Chart, Trace
from components.view import View
from db import beliefs
from db.sensors import Sensor
from db.sources import Source
from engine.iso_time import to_us


def item(
    work: Session,
    plan: Sequence[tuple[str, Sequence[Sensor]]],
    span: tuple[datetime, datetime],
    *,
    known_at: datetime,
) -> dict[str, Any]:
    """Return charts from top to bottom as what ``Bokeh.embed.embed_item`` takes."""
    zone = plan[0][1][0].timezone if plan else "UTC"
    view = View.of(to_us(span[0]), to_us(span[1]), zone=zone, dark=False)
    sources = {row.id: row for row in work.scalars(select(Source))}
    figures = []
    for title, sensors in plan:
        traces = [trace for sensor in sensors for trace in _traces(work, sensor, span, known_at, sources)]
        figures.append(Drawn(Chart(title=title, traces=traces, unit=sensors[0].unit), view).figure)
    found: dict[str, Any] = json_item(column(*figures, sizing_mode="stretch_width"))
    return found


def _traces(
    work: Session, sensor: Sensor, span: tuple[datetime, datetime], known_at: datetime, sources: dict[int, Source]
) -> list[Trace]:
    known = beliefs.read_per_source(work, sensor, *span, known_at=known_at)
    return [
        Trace(
            label=f"{sensor.asset.name}: {sensor.name}",
            unit=sensor.unit,
            events=found.events,
            values=found.middle,
            known=found.times,
            step=sensor.resolution,
            quantity=quantity(unit=sensor.unit, name=sensor.name, asset_type=sensor.asset.asset_type.name),
            source=sources[key].description,
            source_type=sources[key].type,
        )
        for key, found in known.items()
    ]
