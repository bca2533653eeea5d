"""Some rows of a file at a time, as rows of cells or as columns; a column of one kind of a sheet is an array."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import islice
from typing import Protocol

import numpy as np

from engine.importing.layout import Cell, Column

BATCH = 50_000
"""Rows that are read at a time."""
BATCH_CELLS = 500_000
"""Cells of a text after which a batch of wide rows ends earlier; more than the first rows of any file have."""
FIRST_BATCH = 300
"""Rows that come first, from which the columns are found out."""


class Batch(Protocol):
    """Rows that are not empty, in the order of the file."""

    @property
    def numbers(self) -> list[int]:
        """In the file, from 1."""

    @property
    def rows(self) -> list[list[Cell]]:
        """Cells of each."""

    @property
    def width(self) -> int:
        """Cells of the longest row."""

    def column(self, place: int) -> Column:
        """Return the cells of a column, empty ones where a row is shorter."""

    def part(self, begin: int, end: int | None) -> "Batch":
        """Return the rows from one position to before another."""

    def take(self, kept: list[int]) -> "Batch":
        """Return the rows at some positions."""


@dataclass(frozen=True)
class RowBatch:
    """Rows of a text; see ``Batch``."""

    numbers: list[int]
    rows: list[list[Cell]]

    @property
    def width(self) -> int:
        """See Batch.width."""
        return max(map(len, self.rows))

    def column(self, place: int) -> Column:
        """See Batch.column."""
        return [row[place] if place < len(row) else "" for row in self.rows]

    def part(self, begin: int, end: int | None) -> Batch:
        """See Batch.part."""
        return RowBatch(self.numbers[begin:end], self.rows[begin:end])

    def take(self, kept: list[int]) -> Batch:
        """See Batch.take."""
        return RowBatch([self.numbers[at] for at in kept], [self.rows[at] for at in kept])


@dataclass(frozen=True)
class ColumnBatch:
    """Rows of a sheet, which has as many cells in each; see ``Batch``."""

    numbers: list[int]
    columns: list[Column]

    @property
    def rows(self) -> list[list[Cell]]:
        """See Batch.rows; made only where rows are asked for, as half a million cells take a second."""
        return [list(row) for row in zip(*map(cells_of, self.columns), strict=True)]

    @property
    def width(self) -> int:
        """See Batch.width."""
        return len(self.columns)

    def column(self, place: int) -> Column:
        """See Batch.column."""
        return self.columns[place] if place < len(self.columns) else [""] * len(self.numbers)

    def part(self, begin: int, end: int | None) -> Batch:
        """See Batch.part."""
        return ColumnBatch(self.numbers[begin:end], [column[begin:end] for column in self.columns])

    def take(self, kept: list[int]) -> Batch:
        """See Batch.take."""
        columns: list[Column] = [
            column[kept] if isinstance(column, np.ndarray) else [column[at] for at in kept] for column in self.columns
        ]
        return ColumnBatch([self.numbers[at] for at in kept], columns)


def cells_of(column: Column) -> Sequence[Cell]:
    """Return a column cell by cell; a moment at midnight is a day, as spreadsheets write days.

    >>> cells_of(np.array(["2026-01-01T00:00", "2026-01-01T00:15"], "datetime64[us]"))
    [datetime.date(2026, 1, 1), datetime.datetime(2026, 1, 1, 0, 15)]
    """
    if not isinstance(column, np.ndarray):
        return column
    cells: list[Cell] = column.tolist()
    if column.dtype.kind != "M":
        return cells
    return [cell.date() if isinstance(cell, datetime) and cell.time() == time() else cell for cell in cells]


def in_batches(rows: Iterator[tuple[int, list[Cell]]]) -> Iterator[Batch]:
    """Give numbered rows as batches."""
    size = FIRST_BATCH
    while part := list(islice(rows, size)):
        size = BATCH
        yield RowBatch([number for number, _ in part], [cells for _, cells in part])
