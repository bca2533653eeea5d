"""Time series in CSV and Excel files → posted values; a file is read as a whole or refused row by row."""

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from app.assemble import sheets
from app.assemble.local_times import moments
from app.assemble.posted import Posted
from db.chunks import Values
from engine import resample
from engine.errors import FieldError, InputError
from engine.iso_time import Microseconds

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

MISSING = {"", "nan", "na", "n/a", "#n/a", "null", "none", "-"}
"""Cells without a value, in lower case."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How to read a file; columns are counted from 0 or named by their heads."""

    time_column: str = "0"
    value_column: str = "1"
    belief_column: str | None = None
    """Column of the moments of knowledge."""
    unit: str | None = None
    """Unit of the values; None: that of the sensor."""
    timezone: str | None = None
    """Zone of times without an offset; None refuses such times."""
    step: timedelta | None = None
    """How long each value holds; None: the usual distance between the times."""
    horizon: timedelta | None = None
    """How long before it could be known each value was known."""
    date_format: str | None = None
    """Such as ``%d-%m-%Y %H:%M``; None: ISO 8601."""
    delimiter: str | None = None
    """Between the cells of a CSV file; None: found out from its first lines."""
    decimal: str = "."
    thousands: str = ""
    skip_rows: int = 0
    """Lines before the head or the first row."""
    max_rows: int | None = None
    """Rows to read; None: all."""
    sheet: str | None = None
    """Name of the sheet of an Excel file; None: the first one."""
    filter_column: str | None = None
    filter_value: str | None = None
    """Only rows with this text in the filter column count."""
    missing: frozenset[str] = frozenset()
    """More texts that stand for no value."""


class RowProblem(NamedTuple):
    """Why one row cannot be read."""

    row: int
    """Its number in the file, from 1."""
    text: str
    """The cell."""
    reason: str
    """What is wrong with it and the way out."""


class FileError(InputError):
    """A file has rows that cannot be read; nothing of it is stored.

    Attributes:
        problems: All of them, in order of row.
    """

    def __init__(self, problems: list[RowProblem]) -> None:
        self.problems = problems
        first, more = problems[0], len(problems) - 1
        rest = f" ({more} more {'row' if more == 1 else 'rows'} cannot be read.)" if more else ""
        super().__init__(f"Row {first.row}: {first.text!r} {first.reason}{rest}")


@dataclass(frozen=True, slots=True)
class Rows:
    """What a file says, row by row, with everything that is wrong."""

    numbers: Microseconds
    """Number of each row in the file, from 1, shape (n,)."""
    events: Microseconds
    """[us since 1970 UTC], 0 where unreadable, shape (n,)."""
    values: Values
    """NaN where there is none, shape (n,)."""
    times: Microseconds | None
    """Moments of knowledge [us since 1970 UTC], shape (n,)."""
    problems: list[RowProblem]


def read(content: bytes, layout: Layout, *, default_unit: str) -> Posted:
    """Return the values of a file.

    Raises:
        FileError: A row cannot be read.
        InputError: The file is no table, or lacks a column.
    """
    return posted(parse(content, layout), layout, default_unit=default_unit)


def posted(rows: Rows, layout: Layout, *, default_unit: str) -> Posted:
    """Return rows as posted values.

    Raises:
        FileError: A row has a problem.
        InputError: There are no rows.
    """
    if rows.problems:
        raise FileError(rows.problems)
    if not len(rows.events):
        raise InputError("The file has no rows with values; check the rows to skip and the filter.")
    step = layout.step if layout.step is not None else resample.usual_step(rows.events)
    unit = layout.unit or default_unit
    return Posted(
        events=rows.events, values=rows.values, step=step, unit=unit, times=rows.times, horizon=layout.horizon
    )


def parse(content: bytes, layout: Layout) -> Rows:
    """Return the rows of a file, with what is wrong with each."""
    table = sheets.table(content, delimiter=layout.delimiter, sheet=layout.sheet, skip_rows=layout.skip_rows)
    table = _with_head(table, layout)
    if layout.max_rows is not None:
        table = table.iloc[: layout.max_rows]
    if layout.filter_column is not None:
        table = table[_column(table, layout.filter_column).str.strip() == (layout.filter_value or "")]
    numbers = table.index.to_numpy(np.int64)
    beliefs = None if layout.belief_column is None else _column(table, layout.belief_column)
    at = _column(table, layout.time_column)
    events, wrong = moments(at, layout.date_format, layout.timezone, apart_by=beliefs)
    problems = [RowProblem(int(numbers[i]), at.iloc[i], why) for i, why in wrong]
    times = None
    if beliefs is not None:
        times, wrong = moments(beliefs, layout.date_format, layout.timezone, apart_by=at)
        problems += [RowProblem(int(numbers[i]), beliefs.iloc[i], why) for i, why in wrong]
    values, problems_of_values = _values(_column(table, layout.value_column), layout, numbers)
    problems += problems_of_values + _twice(events, times, values, numbers)
    return Rows(numbers, events, values, times, sorted(problems))


def _with_head(table: "pd.DataFrame", layout: Layout) -> "pd.DataFrame":
    """Return the table with its heads as column names; a first row that can be read as data is no head."""
    import pandas as pd

    if not len(table):
        return table
    heads = [str(head).strip() for head in table.iloc[0]]
    by_number = layout.time_column.isdigit() and layout.value_column.isdigit()
    if by_number and int(layout.time_column) < len(heads):
        first = table.iloc[:1, int(layout.time_column)]
        if not moments(first, layout.date_format, layout.timezone or "UTC", apart_by=None)[1]:
            return table
    table = table.iloc[1:]
    table.columns = pd.Index(heads)
    return table


def _column(table: "pd.DataFrame", name: str) -> "pd.Series":
    heads = [str(head) for head in table.columns]
    if name in heads:
        return table.iloc[:, heads.index(name)]
    if name.isdigit() and int(name) < len(heads):
        return table.iloc[:, int(name)]
    raise FieldError("column", f"{name!r} is not in the file; it has {', '.join(heads)}.")


def _values(cells: "pd.Series", layout: Layout, numbers: Microseconds) -> tuple[Values, list[RowProblem]]:
    import pandas as pd

    text = cells.str.strip()
    absent = text.str.lower().isin(MISSING | {word.lower() for word in layout.missing})
    if layout.thousands:
        text = text.str.replace(layout.thousands, "", regex=False)
    if layout.decimal != ".":
        text = text.str.replace(layout.decimal, ".", regex=False)
    values = pd.to_numeric(text.where(~absent), errors="coerce").to_numpy(np.float64, na_value=np.nan)
    wrong = np.flatnonzero((np.isnan(values) & ~absent.to_numpy()) | np.isinf(values))
    reason = "is not a number; write it like 12.5, or tell the decimal sign or the text for missing values."
    return values, [RowProblem(int(numbers[i]), cells.iloc[i], reason) for i in wrong]


def _twice(events: Microseconds, times: Microseconds | None, values: Values, numbers: Microseconds) -> list[RowProblem]:
    """Return a problem for each row that gives another value than an earlier row about the same event."""
    known = np.zeros_like(events) if times is None else times
    order = np.lexsort((known, events))
    event, time, value = events[order], known[order], values[order]
    same = (event[1:] == event[:-1]) & (time[1:] == time[:-1]) & (event[1:] != 0)
    differ = (value[1:] != value[:-1]) & ~np.isnan(value[1:]) & ~np.isnan(value[:-1])
    again = order[1:][same & differ]
    return [
        RowProblem(int(numbers[i]), f"{values[i]:g}", "is the second value for this time; keep one.") for i in again
    ]
