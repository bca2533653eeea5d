"""A whole problem as arrays, ready for any solver: columns with bounds and costs, rows, and a sparse matrix."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.scheduling.linear import Floats, Indices, Linear, full


@dataclass(frozen=True, slots=True)
class Matrix:
    """Coefficients column by column (compressed sparse columns)."""

    start: Indices
    """Where each column begins, shape (columns + 1,)."""
    index: Indices
    """Row of each coefficient."""
    value: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrays:
    """Minimise cost · x + offset with lower ≤ x ≤ upper and row_lower ≤ matrix · x ≤ row_upper."""

    cost: Floats
    offset: float
    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    integers: Indices
    """1 where a column must be whole, else 0."""
    matrix: Matrix

    @property
    def width(self) -> int:
        """Number of columns."""
        return len(self.cost)

    @property
    def height(self) -> int:
        """Number of rows."""
        return len(self.row_lower)

    def with_(self, **changes: Floats | Indices | float) -> Self:
        """Return the same problem with some arrays changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # the names are those of the fields above

    def rows_of(self, x: Floats) -> Floats:
        """Return matrix · x, shape (rows,)."""
        cols = np.repeat(np.arange(self.width), np.diff(self.matrix.start))
        parts = self.matrix.value * x[cols]
        return np.bincount(self.matrix.index, weights=parts, minlength=self.height).astype(float)


def assemble(parts: Sequence[tuple[int, Linear]], width: int, height: int) -> Matrix:
    """Return the matrix of blocks of rows, each with its first row; coefficients that meet are added."""
    rows: list[NDArray[np.integer]] = [np.empty(0, np.int64)]
    cols: list[NDArray[np.integer]] = [np.empty(0, np.int64)]
    values = [np.empty(0)]
    for first, left in parts:
        for term in left.terms:
            rows.append(first + (np.arange(len(term.cols)) if term.rows is None else term.rows.astype(np.int64)))
            cols.append(term.cols)
            values.append(full(term.coefs, len(term.cols)))
    return compressed(np.concatenate(rows), np.concatenate(cols), np.concatenate(values), (height, width))


def compressed(rows: NDArray[np.integer], cols: NDArray[np.integer], values: Floats, shape: tuple[int, int]) -> Matrix:
    """Return a matrix from its coefficients in any order; those that meet are added."""
    height, width = shape
    key = cols.astype(np.int64) * max(height, 1) + rows
    order = np.argsort(key, kind="stable")
    key, value = key[order], values[order]
    new = key[1:] != key[:-1]
    if not new.all():
        first_of = np.flatnonzero(np.concatenate([[True], new]))
        key, value = key[first_of], np.add.reduceat(value, first_of)
    col, row = np.divmod(key, max(height, 1))
    start = np.searchsorted(col, np.arange(width + 1)).astype(np.int32)
    return Matrix(start, row.astype(np.int32), value)


def extended(
    arrays: Arrays, choices: int, row_upper: Floats, cells: tuple[NDArray[np.integer], NDArray[np.integer], Floats]
) -> Arrays:
    """Return the problem with more columns that are 0 or 1 and more rows with an upper bound.

    Args:
        arrays: The problem.
        choices: Number of new columns; they come last and cost nothing.
        row_upper: Upper bounds of the new rows.
        cells: Row, column and coefficient of each new entry of the matrix.
    """
    old, width, height = arrays.matrix, arrays.width + choices, arrays.height + len(row_upper)
    cols = np.repeat(np.arange(arrays.width), np.diff(old.start))
    merged = (
        np.concatenate([old.index, cells[0]]),
        np.concatenate([cols, cells[1]]),
        np.concatenate([old.value, cells[2]]),
    )
    return Arrays(
        cost=np.concatenate([arrays.cost, np.zeros(choices)]),
        offset=arrays.offset,
        lower=np.concatenate([arrays.lower, np.zeros(choices)]),
        upper=np.concatenate([arrays.upper, np.ones(choices)]),
        row_lower=np.concatenate([arrays.row_lower, np.full(len(row_upper), -np.inf)]),
        row_upper=np.concatenate([arrays.row_upper, row_upper]),
        integers=np.concatenate([arrays.integers, np.ones(choices, np.int32)]),
        matrix=compressed(*merged, (height, width)),
    )
