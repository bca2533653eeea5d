"""A whole problem as arrays, ready for any solver: columns with bounds and costs, rows, and a sparse matrix."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.errors import InputError
from engine.model.linear import Floats, Indices

_NOISE = 1e-9
"""Reduced costs up to this, as share of the cost or 1, are rounding noise."""
LARGEST = 1e9
"""Largest price, power, energy or share in a plan [currency/kWh, kW, kWh, 1]; solvers lose digits beyond."""
Blocks: TypeAlias = Mapping[str, tuple[int, int]]
"""First column, or row, and number of columns of each block by name."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """Coefficients column by column (compressed sparse columns)."""

    start: Indices
    """Where each column begins, shape (columns + 1,)."""
    index: Indices
    """Row of each coefficient."""
    value: Floats
    cols: NDArray[np.integer]
    """Column of each coefficient."""


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

    def rows_of(self, x: Floats) -> Floats:
        """Return matrix · x, shape (rows,)."""
        parts = self.matrix.value * x[self.matrix.cols]
        return np.bincount(self.matrix.index, weights=parts, minlength=self.height).astype(float)

    def columns_of(self, y: Floats) -> Floats:
        """Return y · matrix, shape (columns,)."""
        parts = self.matrix.value * y[self.matrix.index]
        return np.bincount(self.matrix.cols, weights=parts, minlength=self.width).astype(float)

    def least_cost(self, y: Floats, upper: Floats) -> float:
        """Cost that no plan lies below, by any weights of the rows [currency]; minus infinity where they prove nothing.

        With the reduced costs d = cost - y · matrix, cost · x = d · x + y · matrix · x, and each term is no less than
        at the bound that makes it small.

        Args:
            y: Weight of each row, such as the duals of a run that was ended, shape (rows,).
            upper: Most that each column can be, where more is known of it than its bound, shape (columns,).
        """
        # A dual on a side that is infinite would make the bound minus infinity and prove nothing.
        y = np.where(np.isfinite(np.where(y > 0, self.row_lower, self.row_upper)), y, 0.0)
        reduced = self.cost - self.columns_of(y)
        # Rounding noise times an infinite bound would cost the whole proof.
        reduced[np.abs(reduced) < _NOISE * np.maximum(1.0, np.abs(self.cost))] = 0.0
        sides = ((reduced, self.lower, np.minimum(self.upper, upper)), (y, self.row_lower, self.row_upper))
        # Zero terms are left out, as 0 times an infinite bound is no number.
        terms = [np.where(each > 0, low, high)[each != 0] * each[each != 0] for each, low, high in sides]
        return self.offset + float(sum(term.sum() for term in terms))

    def breach(self, x: Floats) -> float:
        """Return the most by which values break a bound or are not whole, as share of the bound or 1."""
        rows, whole = self.rows_of(x), x[self.integers > 0]
        most = float(np.abs(whole - np.round(whole)).max(initial=0.0))
        for values, lower, upper in ((x, self.lower, self.upper), (rows, self.row_lower, self.row_upper)):
            for excess, bound in ((lower - values, lower), (values - upper, upper)):
                scale = np.maximum(1.0, np.where(np.isfinite(bound), np.abs(bound), 1.0))
                most = max(most, float((excess / scale).max(initial=0.0)))
        return most


@dataclass(frozen=True, slots=True)
class Pattern:
    """Where each coefficient, given in any order, goes in a matrix."""

    order: NDArray[np.integer]
    """The coefficients column by column."""
    meeting: NDArray[np.integer] | None
    """The first of each run of coefficients, so ordered, that meet in one place; None where none do."""
    start: Indices
    index: Indices
    cols: NDArray[np.integer]

    @classmethod
    def of(cls, rows: NDArray[np.integer], cols: NDArray[np.integer], shape: tuple[int, int]) -> Self:
        """Return the pattern of coefficients at these rows and columns in a matrix of so many rows and columns."""
        height, width = shape
        # One key per place, columns first: sorted by it, coefficients stand in the order of compressed columns.
        key = cols.astype(np.int64) * max(height, 1) + rows
        order = np.argsort(key, kind="stable")
        key, meeting = key[order], None
        new = key[1:] != key[:-1]
        if not new.all():
            meeting = np.flatnonzero(np.concatenate([[True], new]))
            key = key[meeting]
        col, row = np.divmod(key, max(height, 1))
        start = np.searchsorted(col, np.arange(width + 1)).astype(np.int32)
        return cls(order, meeting, start, row.astype(np.int32), col)

    def filled(self, values: Floats) -> Matrix:
        """Return the matrix with these coefficients; those that meet are added."""
        value = values[self.order]
        met = value if self.meeting is None else np.add.reduceat(value, self.meeting)
        return Matrix(self.start, self.index, met, self.cols)


@lru_cache(maxsize=16)
def _known_pattern(rows: bytes, cols: bytes, shape: tuple[int, int]) -> Pattern:
    return Pattern.of(np.frombuffer(rows, np.int32), np.frombuffer(cols, np.int32), shape)


def recurring(rows: Indices, cols: Indices, values: Floats, shape: tuple[int, int]) -> Matrix:
    """Return the same as ``compressed`` for a pattern that comes again: sorting, the slow part, is done once.

    Sites of the same devices, limits and length differ in numbers only; matrices of one pattern share their indices.
    """
    # As bytes, since arrays cannot be keys of a cache.
    return _known_pattern(rows.tobytes(), cols.tobytes(), shape).filled(values)


def compressed(rows: NDArray[np.integer], cols: NDArray[np.integer], values: Floats, shape: tuple[int, int]) -> Matrix:
    """Return a matrix from its coefficients in any order; those that meet are added."""
    return Pattern.of(rows, cols, shape).filled(values)


def same_coefficients(old: Arrays, new: Arrays) -> bool:
    """Return whether all coefficients of two problems are the same."""
    before, after = old.matrix, new.matrix
    # Matrices of one pattern share their indices, so that most comparisons end at the identity.
    placed = before.index is after.index or (
        np.array_equal(before.start, after.start) and np.array_equal(before.index, after.index)
    )
    return placed and np.array_equal(before.value, after.value)


def without_costs(arrays: Arrays) -> Arrays:
    """Return the problem in which every plan is as good as any other, whole numbers left aside."""
    return replace(arrays, cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers))


def settled(arrays: Arrays, x: Floats) -> Arrays:
    """Return the problem in which the whole numbers are those of a plan, nearest to its values."""
    whole = np.flatnonzero(arrays.integers)
    lower, upper = arrays.lower.copy(), arrays.upper.copy()
    lower[whole] = upper[whole] = np.round(x[whole])
    return replace(arrays, lower=lower, upper=upper, integers=np.zeros_like(arrays.integers))


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
    merged = (
        np.concatenate([old.index, cells[0]]),
        np.concatenate([old.cols, cells[1]]),
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


def refuse_extremes(arrays: Arrays, columns: Blocks, rows: Blocks) -> None:
    """Raise InputError if a number of a problem is no number or too large; the part of the site is named."""
    matrix = arrays.matrix
    for kind, values, places, blocks in (
        ("price", arrays.cost, None, columns),
        ("bound", _finite(arrays.lower), None, columns),
        ("bound", _finite(arrays.upper), None, columns),
        ("amount", _finite(arrays.row_lower), None, rows),
        ("amount", _finite(arrays.row_upper), None, rows),
        ("factor", matrix.value, matrix.cols, columns),
    ):
        if len(values) and not (values.max() <= LARGEST and values.min() >= -LARGEST):  # also where any is no number
            at = int(np.argmax(~(np.abs(values) <= LARGEST)))
            place = at if places is None else int(places[at])
            names = (name for name, (first, size) in blocks.items() if first <= place < first + size)
            raise InputError(
                f"{next(names, 'the site')}: a {kind} of {values[at]:g} cannot be planned with; give numbers up to "
                f"{LARGEST:g} (in kW, kWh and currency), and leave out what has no limit."
            )


def describe_spread(arrays: Arrays) -> str:
    """Return how far the numbers of a problem lie apart, for one that a solver could not work with."""
    spreads = []
    for kind, values in (("prices", arrays.cost), ("limits", _finite(arrays.upper)), ("factors", arrays.matrix.value)):
        sizes = np.abs(values[(values != 0) & np.isfinite(values)])
        if len(sizes):
            spreads.append(f"{kind} from {sizes.min():.3g} to {sizes.max():.3g}")
    return (
        f"the solver could not work with its numbers ({', '.join(spreads)}); check them, and leave out limits, prices "
        "and shares that lie far from all others."
    )


def _finite(bounds: Floats) -> Floats:
    """Return bounds with 0 for those that are none."""
    return np.where(np.isinf(bounds), 0.0, bounds)
