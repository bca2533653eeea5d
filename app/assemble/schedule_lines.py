"""What a schedule wrote to sensors, as lines and as a table; also where a later schedule has written other values."""

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from io import StringIO
from typing import BinaryIO

import numpy as np
from sqlalchemy.orm import Session

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
from engine.importing.cells.texts import csv_text, writable
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


@dataclass(frozen=True, kw_only=True)
class ScheduleTable:
    """Values of a schedule by step."""

    columns: Sequence[str]
    """Names with their units."""
    starts: Sequence[datetime]
    """Start of each step [UTC]."""
    values: Floats
    """NaN where there is none, shape (steps, columns)."""

    def rows(self, place: tzinfo) -> Iterator[tuple[str, list[float | None]]]:
        """Give the start of each step at a place in ISO 8601, and its values."""
        for start, values in zip(self.starts, self.values.tolist(), strict=True):
            told = [None if np.isnan(value) else float(f"{value:.6g}") for value in values]
            yield start.astimezone(place).isoformat(), told


def schedule_table(row: StoredSchedule, lines: Collection[Trace]) -> ScheduleTable:
    """Return lines as a table by the steps of a schedule."""
    # Values stand at slots, of which a schedule may begin in the midst of the first one.
    slots = Window.between(row.start, row.end, row.step).slots.starts
    columns = [values_at(line, slots) for line in lines]
    return ScheduleTable(
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


def write_csv(table: ScheduleTable, place: tzinfo, file: BinaryIO) -> None:
    """Write a table as CSV, times in ISO 8601 with their offset."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["start", *(csv_text(name) for name in table.columns)])
    writer.writerows([start, *values] for start, values in table.rows(place))
    file.write(text.getvalue().encode())


def write_excel(table: ScheduleTable, place: tzinfo, file: BinaryIO) -> None:
    """Write a table as an Excel file, times as texts with their offset: Excel has no zones."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("schedule")
    sheet.append(["start", *(writable(csv_text(name)) for name in table.columns)])
    for start, values in table.rows(place):
        sheet.append([start, *values])
    book.save(file)
