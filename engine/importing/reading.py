"""One reader for all files: looks, proposes, reads, and says what it saw, what is odd and what is to be decided."""

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from engine.errors import InputError
from engine.importing.cells.local_clock import winter_zone
from engine.importing.cells.times import DAY_US
from engine.importing.columns import propose_columns
from engine.importing.contents import contents_of
from engine.importing.heads import kinds_of
from engine.importing.layout import (
    Cell,
    Choice,
    Evidence,
    FileQuestion,
    FileReading,
    Layout,
    RowProblem,
    Target,
    TimedValues,
    ask_to_confirm,
)
from engine.importing.notices import OLD_YEAR, notices_of
from engine.importing.rows import ENOUGH, RowReader
from engine.importing.survey import Recipe, decide, series_question
from engine.importing.tables.batches import FIRST_BATCH
from engine.importing.tables.calendar_columns import calendar_columns, with_times
from engine.importing.tables.nem12 import is_nem12, with_intervals
from engine.importing.tables.opening import FileTable, open_table
from engine.importing.tables.serial_dates import serial_column, with_moments
from engine.importing.tables.split_dates import date_columns, hour_and_minute, with_dates
from engine.importing.tables.wide import narrowed, times_across
from engine.importing.value_column import fits
from engine.importing.value_unit import unit_of_values
from engine.series.iso_time import Microseconds, from_us, zone

ALIKE = 20
"""One in so many rows about the same interval as another one is too much for chance."""
TWICE = "is the second value for this time; keep one."


def read_file(file: bytes | BinaryIO, layout: Layout, target: Target) -> FileReading:
    """Return what a file says about a sensor, and everything that is wrong with it or open.

    Args:
        file: CSV, Excel, OpenDocument, or XML of Green Button or ENTSO-E; it is left open.
        layout: What is told of it.
        target: The sensor.

    Raises:
        InputError: The file is no table of times and values, lacks a column, or holds too much.
    """
    table, rows = _open(file, layout, target)
    columns = propose_columns(rows, layout, target)
    recipe, evidence, questions = decide(table, columns, target)
    reader, readings = _read_rows(table, recipe, layout, recipe.layout.timezone or target.timezone)
    unit, unit_evidence, unit_questions, unit_notices = unit_of_values(recipe, rows, readings, target)
    contents = contents_of(readings, recipe, unit, reader.place, target)
    questions += reader.questions + contents.questions
    first = int(contents.readings.starts.min(initial=np.iinfo(np.int64).max))
    if first // DAY_US < (OLD_YEAR - 1970) * 365:
        text = f"The times begin in {from_us(first).year}; is that so? Spreadsheets count from 1900."
        questions = ask_to_confirm(questions, "old-times", text, layout.confirm)
    odd = notices_of(contents.readings, contents.step, unit, target)
    for notice in odd:
        if notice.finding:
            questions = ask_to_confirm(questions, notice.finding, notice.text, layout.confirm)
    if again := _second_values(contents.readings):
        questions += _series_questions(recipe, rows, questions)
    sheets = []
    if len(table.sheets) > 1 and layout.sheet is None:
        choices = [Choice(name, "a visible sheet") for name in table.sheets[:40]]
        sheets = [FileQuestion("sheet", "Several sheets hold tables; which one is meant?", choices)]
    zone_evidence = _zone_evidence(recipe, layout, reader.place)
    return FileReading(
        readings=contents.readings,
        unit=unit,
        step=contents.step,
        evidence=[*table.evidence, *columns.evidence, *unit_evidence, *evidence, *contents.evidence, *zone_evidence],
        questions=[*sheets, *columns.questions, *unit_questions, *questions],
        notices=[
            *table.notices,
            *_left_out(reader, recipe, readings),
            *unit_notices,
            *contents.notices,
            *(notice.text for notice in odd),
        ],
        problems=sorted([*reader.problems, *reader.unsure, *contents.problems, *again]),
        row_count=len(readings.starts),
        are_moments=contents.are_moments,
    )


def _open(file: bytes | BinaryIO, layout: Layout, target: Target) -> tuple[FileTable, list[list[Cell]]]:
    """Return a file as a table with times below each other, and its first rows."""
    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    table = open_table(opened, layout)
    likely = [name for name, rows in table.heads.items() if _may_be_meant(rows, layout, target)]
    if len(likely) == 1 and not layout.skip_rows:
        because = f"of {len(table.sheets)} sheets only this one has times and values that fit {target.unit}"
        if likely[0] != table.sheets[0]:
            # What is opened for one sheet tells nothing of those that are hidden.
            hidden = [notice for notice in table.notices if notice.startswith("Hidden")]
            table = open_table(opened, replace(layout, sheet=likely[0]))
            table = replace(table, notices=(*hidden, *table.notices))
        table = replace(table, sheets=(likely[0],), evidence=[Evidence("sheet", likely[0], because)])
    rows = _first_rows(table)
    if is_nem12(rows):
        table = with_intervals(table, layout.bounds.rows)
        return table, _first_rows(table)
    if layout.time_column is None and (place := serial_column(rows)) is not None:
        table = with_moments(table, place)
        rows = _first_rows(table)
    if (places := date_columns(rows)) is not None:
        table = with_dates(table, places, hour_and_minute(rows))
        rows = _first_rows(table)
    elif layout.date_format is None and (calendar := calendar_columns(rows)) is not None:
        table = with_times(table, calendar)
        rows = _first_rows(table)
    across = times_across(rows)
    if across is None:
        return table, rows
    table = narrowed(table, across, layout.bounds.rows)
    return table, _first_rows(table)


def _may_be_meant(rows: Sequence[Sequence[Cell]], layout: Layout, target: Target) -> bool:
    """Return whether a sheet that begins with some rows may hold the series of a sensor."""
    if times_across(rows) is not None:
        return True
    try:
        columns = propose_columns(rows, layout, target)
    except InputError:
        return False
    below = [row[columns.value] for row in rows[columns.head.rows :] if columns.value < len(row)]
    kinds = kinds_of(below).strip()
    return kinds.count("N") * 2 > len(kinds) and (columns.unit is None or fits(columns.unit, target.unit))


def _read_rows(table: FileTable, recipe: Recipe, layout: Layout, place: str) -> tuple[RowReader, TimedValues]:
    """Return the rows; where the clock of the place cannot have shown their times, as one without summer time."""
    reader = RowReader(recipe, place)
    readings = reader.read(table)
    if not reader.unsure or layout.timezone is not None:
        return reader, readings
    winter = RowReader(recipe, winter_zone(zone(place)))
    first = reader.unsure[0]
    text = f"Row {first.row}: {first.text!r} {first.reason} Does the clock of the file know no summer time?"
    choices = {winter.place: "winter time all year", "UTC": "UTC", place: f"{place}; the row cannot be read then"}
    winter.questions.append(FileQuestion("timezone", text, [Choice(*choice) for choice in choices.items()]))
    return winter, winter.read(table)


def _first_rows(table: FileTable) -> list[list[Cell]]:
    """Return the rows from which the columns are found out.

    Raises:
        InputError: There is none.
    """
    for batch in table.batches():
        return batch.rows[:FIRST_BATCH]
    raise InputError("The file has no rows.")


def _zone_evidence(recipe: Recipe, layout: Layout, place: str) -> list[Evidence]:
    """Return where the zone of the times is from."""
    if recipe.layout.date_format is None and not recipe.survey.times.is_naive:
        return [Evidence("timezone", "offsets", "each time has its own")]
    if layout.timezone is not None or any(entry.field == "timezone" for entry in recipe.columns.evidence):
        return []
    because = "files of this kind are in it" if recipe.layout.timezone else "times have no zone: that of the sensor"
    return [Evidence("timezone", place, because)]


def _second_values(readings: TimedValues) -> list[RowProblem]:
    """Return each row that gives another value than an earlier one for the same time."""
    starts, values, known = readings.starts, readings.values, readings.known
    if readings.ends is not None:
        return _same_intervals(readings, readings.ends)
    if (starts[1:] > starts[:-1]).all():
        return []
    usable = np.flatnonzero(~np.isnan(values))
    keys = (starts[usable],) if known is None else (known[usable], starts[usable])
    order = usable[np.lexsort(keys)]
    same = starts[order][1:] == starts[order][:-1]
    if known is not None:
        same &= known[order][1:] == known[order][:-1]
    again = order[1:][same & (values[order][1:] != values[order][:-1])][: ENOUGH + 1].tolist()
    return [RowProblem(int(readings.numbers[at]), f"{values[at]:g}", TWICE) for at in again]


def _same_intervals(readings: TimedValues, ends: Microseconds) -> list[RowProblem]:
    """Return the rows about an interval that an earlier row is about, if they are many: two sessions may be alike."""
    usable = np.flatnonzero(~np.isnan(readings.values))
    order = usable[np.lexsort((ends[usable], readings.starts[usable]))]
    same = (np.diff(readings.starts[order]) == 0) & (np.diff(ends[order]) == 0)
    if same.sum() * ALIKE < len(order):
        return []
    again = order[1:][same][: ENOUGH + 1].tolist()
    return [RowProblem(int(readings.numbers[at]), f"{readings.values[at]:g}", TWICE) for at in again]


def _series_questions(
    recipe: Recipe, rows: Sequence[Sequence[Cell]], asked: Sequence[FileQuestion]
) -> list[FileQuestion]:
    """Return the question which series of a file is meant, if a column of texts tells several apart.

    The column with the fewest texts counts that leaves no two of the first rows with a value alike.
    """
    columns, survey = recipe.columns, recipe.survey
    if columns.filter is not None or any(question.field == "filter-value" for question in asked):
        return []
    # From behind, so that of columns with equally many texts the first one stays.
    several = {len(texts): place for place, texts in reversed(survey.labels.items()) if len(texts) > 1}
    labels = [several[count] for count in sorted(several)]
    below = rows[columns.head.rows :]
    valued = [row for row in below if columns.value < len(row) and row[columns.value] != ""]
    for place in labels:
        named = [column for column in (columns.start, columns.clock, place) if column is not None]
        keys = [tuple(str(row[column]) for column in named if column < len(row)) for row in valued]
        if len(set(keys)) == len(keys):
            return [series_question(columns, survey, place)]
    return [series_question(columns, survey, labels[-1])] if labels else []


def _left_out(reader: RowReader, recipe: Recipe, readings: TimedValues) -> list[str]:
    """Return which rows were left out, and why."""
    notices = []
    for reason, rows in reader.left_out.items():
        shown = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
        notices.append(f"Rows left out, {reason}: {shown} ({len(rows)} in all).")
    bad = [problem.row for problem in reader.problems]
    empty = int((np.isnan(readings.values) & ~np.isin(readings.numbers, bad)).sum())
    if empty:
        absent = recipe.survey.numbers.absent
        texts = ", ".join(f"{text!r} {count} times" for text, count in absent.most_common(5))
        notices.append(f"{empty} rows have no value{f': {texts}' if texts else ''}.")
    return notices
