"""Time series in CSV and Excel files → posted values; a file is read as a whole or refused row by row."""

import io
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain, islice
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from app.assemble.files import safe_cells, sheets
from app.assemble.files.local_times import LocalTimes, Wrong
from app.assemble.files.posted import Posted
from app.assemble.files.sheets import FileBounds, SheetRow
from db.beliefs.chunks import Values
from engine import resample
from engine.errors import FieldError, InputError
from engine.iso_time import Microseconds

if TYPE_CHECKING:  # reading and posting over the API do without pandas, whose import takes 70 MB
    import pandas as pd

MISSING = {"", "nan", "na", "n/a", "#n/a", "null", "none", "-"}
"""Cells without a value, in lower case."""
KINDS = ("at", "value", "known")
"""What is read of each row: the time of the event, the value, and the moment of knowledge."""
LONGEST_CELL = 100
"""How much of a cell that cannot be read is told [characters]."""
BATCH = 50_000
"""Rows that are read at a time."""
ENOUGH = 1000
"""Rows that cannot be read after which no further ones are looked at."""


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
    bounds: FileBounds = field(default_factory=FileBounds)
    """How much the file may hold."""


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

    events: Microseconds
    """[us since 1970 UTC], 0 where unreadable, shape (n,)."""
    values: Values
    """NaN where there is none, shape (n,)."""
    times: Microseconds | None
    """Moments of knowledge [us since 1970 UTC], shape (n,)."""
    problems: list[RowProblem]


def read(file: bytes | BinaryIO, layout: Layout, *, default_unit: str) -> Posted:
    """Return the values of a file.

    Raises:
        FileError: A row cannot be read.
        InputError: The file is no table, lacks a column, or holds too much.
    """
    return posted(parse(file, layout), layout, default_unit=default_unit)


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
        events=rows.events,
        values=rows.values,
        step=step,
        unit=unit,
        times=rows.times,
        horizon=layout.horizon,
        most=layout.bounds.most,
    )


def parse(file: bytes | BinaryIO, layout: Layout) -> Rows:
    """Return the rows of a file, with what is wrong with each; a file that is wrong throughout is not read to its end.

    Raises:
        InputError: The file is no table, lacks a column, or holds too much.
    """
    opened = io.BytesIO(file) if isinstance(file, bytes) else file
    found = sheets.rows(
        opened, delimiter=layout.delimiter, sheet=layout.sheet, skip_rows=layout.skip_rows, bounds=layout.bounds
    )
    first = next(found, None)
    if first is None:
        raise InputError("The file has no rows.")
    with ExitStack() as opening:
        kept = {name: opening.enter_context(TemporaryFile()) for name in ("numbers", *KINDS)}
        reader = _FileReader(layout, first, kept)
        for batch in _batches(reader.rows(found)):
            reader.take(batch)
            if len(reader.problems) >= ENOUGH:
                break
        return reader.result()


def _batches(rows: Iterator[SheetRow]) -> Iterator[list[SheetRow]]:
    while batch := list(islice(rows, BATCH)):
        yield batch


class _FileReader:
    """Reads the rows of one file batch by batch, and keeps numbers only: in files, until all of them are known."""

    def __init__(self, layout: Layout, first: SheetRow, kept: Mapping[str, IO[bytes]]) -> None:
        self._layout, self._first = layout, first
        self._has_head = self._is_head(first.cells)
        self._heads = [
            safe_cells.original(cell).strip() if self._has_head else str(at) for at, cell in enumerate(first.cells)
        ]
        named = {"at": layout.time_column, "value": layout.value_column}
        named |= {"known": layout.belief_column} if layout.belief_column is not None else {}
        named |= {"filter": layout.filter_column} if layout.filter_column is not None else {}
        self._columns = {kind: self._column(name) for kind, name in named.items()}
        self._events, self._known = (LocalTimes(layout.date_format, layout.timezone) for _ in range(2))
        self._kept, self._count = kept, 0
        self.problems: list[RowProblem] = []

    def _is_head(self, cells: list[str]) -> bool:
        """Return whether a first row holds heads: where columns are told by number, one that can be read does not."""
        import pandas as pd

        at = self._layout.time_column
        if not (at.isdecimal() and len(at) < 10 and self._layout.value_column.isdecimal() and int(at) < len(cells)):
            return True
        times = LocalTimes(self._layout.date_format, self._layout.timezone or "UTC")
        return bool(times.read(pd.Series([cells[int(at)]], dtype=str))[1])

    def _column(self, name: str) -> int:
        if name in self._heads:
            return self._heads.index(name)
        if name.isdecimal() and len(name) < 10 and int(name) < len(self._heads):
            return int(name)
        known = ", ".join(self._heads)
        raise FieldError("column", f"{name!r} is not in the file; it has {known[:1000]}.")

    def rows(self, rest: Iterator[SheetRow]) -> Iterator[SheetRow]:
        """Give the rows with data, none wider than the first one."""
        wide, most = len(self._heads), self._layout.max_rows
        every = rest if self._has_head else chain([self._first], rest)
        for row in islice(every, most):
            if len(row.cells) > wide:
                raise InputError(
                    f"Row {row.number} has {len(row.cells)} cells, but row {self._first.number} has {wide}; tell the "
                    "delimiter and the decimal sign, or skip the rows above the head."
                )
            if "filter" not in self._columns or self._is_wanted(self._cell(row, "filter")):
                yield row

    def _is_wanted(self, cell: str) -> bool:
        """Return whether a row is one of those asked for, as its cell says, or as it said before it was exported."""
        return (self._layout.filter_value or "") in (cell.strip(), safe_cells.original(cell).strip())

    def _cell(self, row: SheetRow, kind: str) -> str:
        at = self._columns.get(kind, len(row.cells))
        return row.cells[at] if at < len(row.cells) else ""

    def take(self, batch: list[SheetRow]) -> None:
        """Read a batch of rows."""
        import pandas as pd

        numbers = np.array([row.number for row in batch], np.int64)
        at, value, known = (pd.Series([self._cell(row, kind) for row in batch], dtype=str) for kind in KINDS)
        has_known = "known" in self._columns
        events, wrong = self._events.read(at, start=self._count, apart_by=known if has_known else None)
        self._note(numbers, at, wrong)
        times = events[:0]
        if has_known:
            times, wrong = self._known.read(known, start=self._count, apart_by=at)
            self._note(numbers, known, wrong)
        values, wrong = _values(value, self._layout)
        self._note(numbers, value, wrong)
        for file, part in zip(self._kept.values(), (numbers, events, values, times), strict=True):
            file.write(part.tobytes())
        self._count += len(batch)

    def _note(self, numbers: Microseconds, cells: "pd.Series", wrong: Wrong) -> None:
        self.problems += [RowProblem(int(numbers[at]), cells.iloc[at][:LONGEST_CELL], why) for at, why in wrong]

    def result(self) -> Rows:
        """Return all that was read."""
        for file in self._kept.values():
            file.seek(0)
        events, times = (np.fromfile(self._kept[kind], np.int64) for kind in ("at", "known"))
        values = np.fromfile(self._kept["value"], np.float64)
        late = self._events.settle(events) + self._known.settle(times)
        known = times if "known" in self._columns else None
        late += _twice(events, known, values)
        if late:
            numbers = np.fromfile(self._kept["numbers"], np.int64)
            self.problems += [RowProblem(int(numbers[at]), text, why) for at, text, why in late]
        return Rows(events, values, known, sorted(self.problems))


def _values(cells: "pd.Series", layout: Layout) -> tuple[Values, Wrong]:
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
    return values, [(int(at), reason) for at in wrong]


def _twice(events: Microseconds, times: Microseconds | None, values: Values) -> list[tuple[int, str, str]]:
    """Return position, value and what is wrong of each row that gives another value than an earlier one."""
    if (events[1:] > events[:-1]).all():
        return []
    order = np.lexsort((events,) if times is None else (times, events))
    found: list[tuple[int, str, str]] = []
    for begin in range(0, len(order), BATCH):  # in parts: the rows of a large file are many
        part = order[begin : begin + BATCH + 1]
        event, value = events[part], values[part]
        same = (event[1:] == event[:-1]) & (event[1:] != 0)
        if times is not None:
            same &= times[part[1:]] == times[part[:-1]]
        differ = (value[1:] != value[:-1]) & ~np.isnan(value[1:]) & ~np.isnan(value[:-1])
        again = part[1:][same & differ]
        why = "is the second value for this time; keep one."
        found += [(int(at), f"{values[at]:g}", why) for at in again[: ENOUGH - len(found)]]
    return found
