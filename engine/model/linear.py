"""Linear expressions over whole arrays: n of them at once, never one per step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.int32]
Values: TypeAlias = float | Floats
"""One number for every step, or an array with one per step."""
Reach: TypeAlias = Callable[[Floats, Floats], tuple[Floats, Floats]]
"""From lower and upper bounds of all columns to the least and most of something, each shape (n,)."""


@dataclass(frozen=True, slots=True)
class Term:
    """One column with its coefficient in each of several expressions."""

    cols: Indices
    """Columns, shape (m,)."""
    coefs: Values
    """Their coefficients, shape (m,) or one number."""
    rows: Indices | None = None
    """The expression each column belongs to, shape (m,); None when it is 0, 1, ... m - 1."""

    def times(self, factor: Values) -> "Term":
        """Return the term with every expression multiplied by its factor."""
        if self.rows is not None and isinstance(factor, np.ndarray):
            factor = factor[self.rows]
        return Term(self.cols, self.coefs * factor, self.rows)


@dataclass(frozen=True, slots=True)
class Linear:
    """``size`` linear expressions: the sum of terms and a constant."""

    size: int
    terms: tuple[Term, ...] = ()
    constant: Values = 0.0

    __array_ufunc__ = None  # so that array * Linear asks Linear, not numpy

    def __add__(self, other: "Linear | Values") -> "Linear":
        if isinstance(other, Linear):
            return Linear(self.size, self.terms + other.terms, _sum(self.constant, other.constant))
        return Linear(self.size, self.terms, _sum(self.constant, other))

    __radd__ = __add__

    def __mul__(self, factor: Values) -> "Linear":
        # 0 stays one number, where a product with an array would become an array of zeros.
        constant = 0.0 if _is_zero(self.constant) else self.constant * factor
        return Linear(self.size, tuple([term.times(factor) for term in self.terms]), constant)

    __rmul__ = __mul__

    def __neg__(self) -> "Linear":
        return Linear(self.size, tuple(Term(t.cols, -t.coefs, t.rows) for t in self.terms), -self.constant)

    def __sub__(self, other: "Linear | Values") -> "Linear":
        return self + (-other)

    def __rsub__(self, other: Values) -> "Linear":
        return -self + other

    def __getitem__(self, which: slice | NDArray[np.integer]) -> "Linear":
        """Return some of the expressions, in the order asked for; only of plain ones, without sums over groups."""
        if any(term.rows is not None for term in self.terms):
            raise TypeError("Only expressions without sums over groups can be taken apart.")
        terms = tuple(Term(term.cols[which], _some(term.coefs, which)) for term in self.terms)
        # Without terms only numpy knows how many a slice picks.
        size = len(terms[0].cols) if terms else len(np.empty(self.size)[which])
        return Linear(size, terms, _some(self.constant, which))

    def spread(self, size: int) -> "Linear":
        """Return the first expression ``size`` times."""
        return self[np.zeros(size, dtype=np.int32)]

    def total(self, groups: NDArray[np.integer] | None = None, size: int = 1) -> "Linear":
        """Return the sums of the expressions over groups.

        Args:
            groups: The group of each expression, shape (size of self,); None sums all into one.
            size: Number of groups.
        """
        into = np.zeros(self.size, dtype=np.int32) if groups is None else groups.astype(np.int32)
        terms = tuple(
            Term(term.cols, term.coefs, into if term.rows is None else into[term.rows]) for term in self.terms
        )
        constant = full(self.constant, self.size)
        return Linear(size, terms, np.bincount(into, weights=constant, minlength=size).astype(float))

    @property
    def constant_sum(self) -> float:
        """The sum of the constants of all expressions."""
        return float(self.constant.sum()) if isinstance(self.constant, np.ndarray) else self.constant * self.size

    def reach(self, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        """Return the smallest and largest value that bounds of all columns allow each expression, shape (size,)."""
        low = full(self.constant, self.size).copy()
        high = low.copy()
        for term in self.terms:
            coefs = full(term.coefs, len(term.cols))
            at = np.arange(self.size) if term.rows is None else term.rows
            # A negative coefficient turns the two bounds around.
            ends = np.sort([_times(coefs, lower[term.cols]), _times(coefs, upper[term.cols])], axis=0)
            # Several columns may belong to one row, of which += would count only the last.
            np.add.at(low, at, ends[0])
            np.add.at(high, at, ends[1])
        return low, high

    def total_value(self, x: Floats) -> float:
        """Return the sum of what the expressions amount to when the columns have the values x."""
        total = self.constant_sum
        for term in self.terms:
            at = x[term.cols]
            total += float(term.coefs @ at) if isinstance(term.coefs, np.ndarray) else term.coefs * float(at.sum())
        return total

    def value(self, x: Floats) -> Floats:
        """Return what the expressions amount to when the columns have the values x, shape (size,)."""
        values = full(self.constant, self.size).copy()
        for term in self.terms:
            part = x[term.cols] * term.coefs
            if term.rows is None:
                values += part
            else:
                values += np.bincount(term.rows, weights=part, minlength=self.size)
        return values


def reach_of_sum(parts: Sequence[Reach], size: int) -> Reach:
    """Return the reach of a sum of so many expressions each."""

    def reach(lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        ends = [part(lower, upper) for part in parts]
        return sum((low for low, _ in ends), np.zeros(size)), sum((high for _, high in ends), np.zeros(size))

    return reach


def reach_of_both(first: Reach, second: Reach) -> Reach:
    """Return the reach of something that is within two of them."""

    def reach(lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
        (low, high), (other_low, other_high) = first(lower, upper), second(lower, upper)
        return np.maximum(low, other_low), np.minimum(high, other_high)

    return reach


def stacked(first: Linear, second: Linear) -> Linear:
    """Return the expressions of one, then those of the other."""
    parts = []
    for one, before in ((first, 0), (second, first.size)):
        for term in one.terms:
            rows = np.arange(len(term.cols)) if term.rows is None else term.rows
            parts.append(Term(term.cols, term.coefs, (rows + before).astype(np.int32)))
    constants = full(first.constant, first.size), full(second.constant, second.size)
    return Linear(first.size + second.size, tuple(parts), np.concatenate(constants))


def same(first: object, second: object) -> bool:
    """Return whether two expressions, or two named sets of them, are the same for certain; seen without computing."""
    match first, second:
        case dict(), dict():
            return first.keys() == second.keys() and all(same(each, second[name]) for name, each in first.items())
        case Linear(), Linear():
            return (
                first.size == second.size
                and _same_values(first.constant, second.constant)
                and len(first.terms) == len(second.terms)
                and all(map(_same_term, first.terms, second.terms))
            )
    return False


def _is_zero(values: Values) -> bool:
    """Return whether values are the one number 0: most constants are, and need not become an array."""
    return not isinstance(values, np.ndarray) and values == 0.0


def minus(first: Values, second: Values) -> Values:
    """Return the difference."""
    return first if _is_zero(second) else first - second


def _sum(first: Values, second: Values) -> Values:
    if _is_zero(second):
        return first
    return second if _is_zero(first) else first + second


def _same_term(first: Term, second: Term) -> bool:
    return first.cols is second.cols and first.rows is second.rows and _same_values(first.coefs, second.coefs)


def _same_values(first: Values, second: Values) -> bool:
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        # By identity: comparing each number would cost what taking a block over saves.
        return first is second
    return first == second


def _times(coefs: Floats, bounds: Floats) -> Floats:
    """Return products in which 0 times an infinite bound is 0."""
    with np.errstate(invalid="ignore"):
        return np.where(coefs == 0, 0.0, coefs * bounds)


def _some(values: Values, which: slice | NDArray[np.integer]) -> Values:
    return values[which] if isinstance(values, np.ndarray) else values


def any_of(values: Values) -> bool:
    """Return whether any of the values is not 0."""
    return bool(values.any()) if isinstance(values, np.ndarray) else values != 0


def added(cols: Indices, values: Floats, width: int) -> Floats:
    """Return the sum of the values at each column, shape (width,)."""
    return np.bincount(cols, weights=values, minlength=width).astype(float, copy=False)


def full(values: Values, size: int) -> Floats:
    """Return one number for every step as an array, or the array itself."""
    if isinstance(values, np.ndarray):
        return values
    return np.full(size, values, dtype=float)
