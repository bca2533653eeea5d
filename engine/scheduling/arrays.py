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
    key = np.concatenate(cols) * np.int64(max(height, 1)) + np.concatenate(rows)
    order = np.argsort(key, kind="stable")
    key, value = key[order], np.concatenate(values)[order]
    first_of = np.flatnonzero(np.diff(key, prepend=-1))
    if len(first_of) < len(key):
        key, value = key[first_of], np.add.reduceat(value, first_of)
    col, row = np.divmod(key, max(height, 1))
    start = np.searchsorted(col, np.arange(width + 1)).astype(np.int32)
    return Matrix(start, row.astype(np.int32), value)
