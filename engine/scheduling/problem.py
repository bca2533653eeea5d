"""Named variables, rows and costs as numpy blocks; what a solver needs, in one pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.scheduling.arrays import Arrays, assemble
from engine.scheduling.linear import Floats, Indices, Linear, Term, Values, full
from engine.window import Window


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit a user has set, and the columns it bounds: what can clash, and what a repair changes."""

    name: str
    """Such as ``battery.soc-max``: who, and which field."""
    columns: str
    """Name of the block of variables it bounds."""
    side: Literal["lower", "upper", "both"]
    unit: str
    """Unit of the block."""
    at: NDArray[np.bool_] | None = None
    """Where it applies, shape (size of the block,); None is everywhere."""
    scale: Values = 1.0
    """Units of the limit per unit of the block; not 1 where ports share the level of a coupling."""


@dataclass(frozen=True, slots=True)
class Soft:
    """A block of variables that tells by how much a soft limit is broken."""

    name: str
    columns: str
    unit: str
    at: NDArray[np.integer] | Floats
    """Step, or tick of a stored energy, of each variable; between two ticks a fraction."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two flows of which at most one may run at a time, at each of several steps."""

    name: str
    first: Linear
    second: Linear
    most: Callable[[], tuple[Values, Values]]
    """Tells the largest value each can take, shape (n,); asked for only when it matters."""
    lossless: bool = False
    """Running both at once changes nothing else, so that the common part can be taken off afterwards."""


@dataclass(slots=True)
class Problem:
    """A growing list of blocks; devices, connections and tariffs each write their own."""

    window: Window
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First column and number of columns of each block of variables."""
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First row and number of rows of each block of constraints."""
    costs: dict[str, list[Linear]] = field(default_factory=dict)
    """What is to be paid under each name: the sum of all these expressions [currency]."""
    preferences: list[Linear] = field(default_factory=list)
    """What decides between plans of equal cost; smaller is better."""
    pairs: list[Pair] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    soft: list[Soft] = field(default_factory=list)
    idle: list[tuple[Indices, str]] = field(default_factory=list)
    """Columns that follow from a block of rows when every device rests: where a search may begin."""
    width: int = 0
    height: int = 0
    _lower: list[Floats] = field(default_factory=list)
    _upper: list[Floats] = field(default_factory=list)
    _integers: list[Indices] = field(default_factory=list)
    _row_parts: list[tuple[int, Linear]] = field(default_factory=list)
    _row_lower: list[Floats] = field(default_factory=list)
    _row_upper: list[Floats] = field(default_factory=list)

    def variable(
        self, name: str, *, lower: Values = 0.0, upper: Values = np.inf, size: int | None = None, integer: bool = False
    ) -> Linear:
        """Add a block of variables; return it as expressions, shape (size,) or (n,).

        Limits on single variables belong here and not into rows: a bound costs a solver nothing.
        """
        size = self.window.n if size is None else size
        first, self.width = self.width, self.width + size
        self.sizes[name] = (first, size)
        self._lower.append(full(lower, size))
        self._upper.append(full(upper, size))
        cols = np.arange(first, first + size, dtype=np.int32)
        if integer:
            self._integers.append(cols)
        return Linear(size, (Term(cols, 1.0),))

    def tighten(self, name: str, upper: Floats) -> None:
        """Lower the upper bounds of a block of variables to these at most."""
        at = list(self.sizes).index(name)
        self._upper[at] = np.minimum(self._upper[at], upper)

    def block(self, name: str) -> Linear:
        """Return a block of variables that has been added."""
        first, size = self.sizes[name]
        return Linear(size, (Term(np.arange(first, first + size, dtype=np.int32), 1.0),))

    def constrain(self, name: str, left: Linear, *, lower: Values = -np.inf, upper: Values = np.inf) -> None:
        """Add one row for each expression, which must lie between lower and upper."""
        self.rows[name] = (self.height, left.size)
        self._row_parts.append((self.height, left))
        low = full(lower - left.constant, left.size)
        self._row_lower.append(low)
        self._row_upper.append(low if upper is lower else full(upper - left.constant, left.size))
        self.height += left.size

    def equal(self, name: str, left: Linear, right: Linear | Values = 0.0) -> None:
        """Add one row for each expression: left = right."""
        if isinstance(right, Linear):
            left, right = left - right, 0.0
        self.constrain(name, left, lower=right, upper=right)

    def at_most(self, name: str, left: Linear, right: Linear | Values) -> None:
        """Add one row for each expression: left ≤ right."""
        self.constrain(name, left - right, upper=0.0)

    def cost(self, name: str, amount: Linear) -> None:
        """Add what is to be paid under a name: the sum of the expressions [currency]."""
        self.costs.setdefault(name, []).append(amount)

    def prefer(self, amount: Linear) -> None:
        """Add a preference between plans of equal cost: a smaller sum of the expressions."""
        self.preferences.append(amount)

    def limit(
        self,
        name: str,
        columns: str,
        side: Literal["lower", "upper", "both"],
        unit: str,
        *,
        at: NDArray[np.bool_] | None = None,
        scale: Values = 1.0,
    ) -> None:
        """Tell which limit of the user a bound stands for."""
        self.limits.append(Limit(name, columns, side, unit, at, scale))

    def may_break(self, name: str, columns: str, unit: str, at: NDArray[np.integer] | Floats) -> None:
        """Tell which block of variables measures the breach of a soft limit, and when."""
        self.soft.append(Soft(name, columns, unit, at))

    def one_at_a_time(
        self,
        name: str,
        first: Linear,
        second: Linear,
        *,
        lossless: bool = False,
        most: Callable[[], tuple[Values, Values]],
    ) -> None:
        """Forbid two flows to run together; checked after the solve, as it seldom matters (see ``branching``)."""
        self.pairs.append(Pair(name, first, second, most, lossless))

    def follows(self, cols: Indices, rows: str) -> None:
        """Tell which column each row of a block settles when every device rests."""
        self.idle.append((cols, rows))

    def resting(self) -> tuple[Indices, Indices]:
        """Return the columns that are settled by rows when every device rests, and those rows."""
        none = np.empty(0, np.int32)
        rows = [np.arange(self.rows[name][0], sum(self.rows[name]), dtype=np.int32) for _, name in self.idle]
        return np.concatenate([none, *(cols for cols, _ in self.idle)]), np.concatenate([none, *rows])

    def bounds(self) -> tuple[Floats, Floats]:
        """Return lower and upper bound of every column so far."""
        return np.concatenate([np.empty(0), *self._lower]), np.concatenate([np.empty(0), *self._upper])

    def reach(self, amount: Linear) -> tuple[Floats, Floats]:
        """Return the smallest and largest value that the bounds alone allow each expression, shape (size,)."""
        lower, upper = self.bounds()
        low = full(amount.constant, amount.size).copy()
        high = low.copy()
        for term in amount.terms:
            coefs = full(term.coefs, len(term.cols))
            at = np.arange(amount.size) if term.rows is None else term.rows
            ends = np.sort([_times(coefs, lower[term.cols]), _times(coefs, upper[term.cols])], axis=0)
            np.add.at(low, at, ends[0])
            np.add.at(high, at, ends[1])
        return low, high

    def arrays(self) -> Arrays:
        """Return the whole problem as arrays."""
        lower, upper = self.bounds()
        integers = np.zeros(self.width, dtype=np.int32)
        for cols in self._integers:
            integers[cols] = 1
        cost, offset = self.objective(chain.from_iterable(self.costs.values()))
        return Arrays(
            cost=cost,
            offset=offset,
            lower=lower,
            upper=upper,
            row_lower=np.concatenate([np.empty(0), *self._row_lower]),
            row_upper=np.concatenate([np.empty(0), *self._row_upper]),
            integers=integers,
            matrix=assemble(self._row_parts, self.width, self.height),
        )

    def objective(self, amounts: Iterable[Linear]) -> tuple[Floats, float]:
        """Return the cost per column and the constant of a sum of amounts."""
        cost, offset = np.zeros(self.width), 0.0
        for amount in amounts:
            offset += _sum(amount.constant, amount.size)
            for term in amount.terms:
                cost += np.bincount(term.cols, weights=full(term.coefs, len(term.cols)), minlength=self.width)
        return cost, offset

    def paid(self, x: Floats) -> dict[str, float]:
        """Return what is paid under each name when the columns have the values x [currency]."""
        return {name: sum(_worth(amount, x) for amount in amounts) for name, amounts in self.costs.items()}


def _sum(values: Values, size: int) -> float:
    return float(values.sum()) if isinstance(values, np.ndarray) else values * size


def _worth(amount: Linear, x: Floats) -> float:
    """Return the sum of the expressions."""
    terms = (float(np.dot(full(term.coefs, len(term.cols)), x[term.cols])) for term in amount.terms)
    return sum(terms, _sum(amount.constant, amount.size))


def _times(coefs: Floats, bounds: Floats) -> Floats:
    with np.errstate(invalid="ignore"):
        return np.where(coefs == 0, 0.0, coefs * bounds)
