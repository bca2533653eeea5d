"""What a schedule wrote to sensors, as lines and as a table; also where a later schedule has written other values."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

import numpy as np
from sqlalchemy.orm import Session

from app.assemble.files.step_table import StepTable
from app.assemble.lines import lines_of
from app.auth.access.references import References
from components.charts.points import Floats
from components.charts.traces import Trace
from db import listing
from db.beliefs import store
from db.beliefs.source_filter import SourceFilter
from db.beliefs.time_range import BeliefQuery
from db.schedules import GUIDANCE, SOC, ScheduleOutput, StoredSchedule
from db.sensors import Sensor
from engine.series.iso_time import MICROSECOND, from_us
from engine.series.window import Window


def readable_outputs(references: References, row: StoredSchedule) -> list[tuple[ScheduleOutput, Sensor]]:
    """Return the outputs that are part of the plan and may be read, with their sensors."""
    known = references.readable(output.sensor_id for output in row.outputs)
    outputs = [output for output in row.outputs if output.sensor_id in known and output.role != GUIDANCE]
    return [(each, known[each.sensor_id]) for each in outputs]


def output_lines(
    session: Session,
    sensor: Sensor,
    output: ScheduleOutput,
    row: StoredSchedule,
    span: tuple[datetime, datetime] | None = None,
) -> list[Trace]:
    """Return values of a schedule for a sensor, named as the schedule does; powers are positive when consuming.

    Args:
        session: A session that reads.
        sensor: Where they were written to.
        output: What they are.
        row: The schedule.
        span: Time to read instead of that of the schedule.
    """
    if row.source_id is None:
        return []
    start, end = span or (row.start, row.end)
    only = SourceFilter(ids=[row.source_id])
    known = store.read_per_source(
        session, sensor, BeliefQuery(start, end + MICROSECOND, known_at=row.belief_time, sources=only)
    )
    label = f"{output.device}, stored" if output.role == SOC else output.device
    sign = 1.0 if output.role == SOC else output.sign
    return [
        replace(line, label=label, values=line.values * sign, source="")
        for line in lines_of(sensor, known, listing.sources(session, known))
    ]


def schedule_table(row: StoredSchedule, lines: Collection[Trace]) -> StepTable:
    """Return lines as a table by the steps of a schedule."""
    # Values stand at slots, of which a schedule may begin in the midst of the first one.
    slots = Window.between(row.start, row.end, row.step).slots.starts
    columns = [values_at(line, slots) for line in lines]
    return StepTable(
        columns=[f"{line.label} [{line.unit}]" for line in lines],
        starts=[max(from_us(int(start)), row.start) for start in slots],
        values=np.stack(columns, axis=1) if columns else np.zeros((len(slots), 0)),
    )


def values_at(line: Trace, moments: np.ndarray) -> Floats:
    """Return what a line has at moments [µs since 1970 UTC], NaN where nothing, shape (n,)."""
    if not len(line.events):
        return np.full(len(moments), np.nan)
    at = np.searchsorted(line.events, moments, side="right") - 1
    distance = moments - line.events[np.maximum(at, 0)]
    # An instant holds for itself alone; a step until its end.
    known = (at >= 0) & (distance < line.pace if line.stepped else distance == 0)
    return np.where(known, line.values[np.maximum(at, 0)], np.nan)
