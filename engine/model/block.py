"""What one part of a site writes into a problem: columns, rows and costs that lie next to each other.

The contract of reuse, which makes an edit of a large site cheap: a part that is **the same object** as last time, was
given **the same objects** and begins at **the same column and row** is not asked again, and its block is taken over
(``Block.would_be``). So

* parts of a site (devices, groups, tariffs, their arrays) never change: another value is another object;
* a part writes from itself, the window and the expressions it was given, and from nothing else: what it read elsewhere
  could be another value next time;
* who must look at the rest of the problem (``Problem.reach``) or change what another part wrote (``Problem.tighten``)
  is written anew every time: ``Block.alone`` is False from then on;
* expressions come back as the same objects where they are equal, so that what depends on them is taken over as well.

``engine.testing.check_device`` and ``tests/engine/scheduling/test_block_reuse.py`` hold parts to it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.model.linear import Floats, Indices, Linear, Values


class Limit(NamedTuple):
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
    """Units of the limit per unit of the block, such as the coefficient of a port whose coupling has the level; below 0
    where the block is bounded by the limit with its sign turned."""
    times: Floats | None = None
    """Tick, or moment between two, of each variable of the block [steps since the start]; None is the step itself."""
    exact: bool = False
    """Whether the value itself is asked for, so that a repair aims for another one instead of giving way."""
    field: str = ""
    """Name under which the limit is changed, if not ``name``: several fields can hold one limit at different times."""

    @property
    def path(self) -> str:
        """Name under which the limit is changed."""
        return self.field or self.name

    @property
    def is_symmetric(self) -> bool:
        """Whether one positive number bounds both directions."""
        return self.side == "both" and not self.exact

    def when(self, at: int) -> float:
        """Return the step, tick or moment [steps since the start] of one variable of the block."""
        return at if self.times is None else float(self.times[at])


class SoftConstraint(NamedTuple):
    """A block of variables that measures by how much a soft limit is broken: its slack."""

    name: str
    columns: str
    unit: str
    at: NDArray[np.integer] | Floats
    """Step, or tick of a stored energy, of each variable; between two ticks a fraction."""
    scale: float = 1.0
    """Units of the limit per unit of the block."""


class EnergyState(NamedTuple):
    """A stored energy: what a plan reports of it, and the rows whose dual value is the storage value."""

    name: str
    columns: str
    """Name of the block of variables of the energy at the end of each step [kWh]."""
    rows: str
    """Name of its balance, one row per step."""
    start: float
    """Energy when the window begins [kWh]."""


@dataclass(frozen=True, slots=True)
class ExclusiveFlows:
    """Two flows of which at most one may run at a time, at each of several steps."""

    name: str
    first: Linear
    second: Linear
    most: Callable[[Floats, Floats], tuple[Values, Values]]
    """Tells the largest value each can take, shape (n,), from the bounds of all columns; asked for only if needed."""
    lossless: bool = False
    """Running both at once changes nothing else, so that the common part can be taken off afterwards."""


class BlockArrays(NamedTuple):
    """Blocks in numbers, one after the other: bounds of columns and rows, coefficients, costs."""

    lower: Floats
    upper: Floats
    row_lower: Floats
    row_upper: Floats
    rows: Indices
    """Row, column and value of each coefficient, in any order; those that meet are added."""
    cols: Indices
    values: Floats
    priced: Indices
    """Column and amount of each cost; those that meet are added."""
    prices: Floats

    @classmethod
    def empty(cls, counts: "Counts") -> Self:
        """Return room for so many numbers."""
        columns, rows, coefficients, costs = counts
        return cls(
            np.empty(columns), np.empty(columns), np.empty(rows), np.empty(rows),
            np.empty(coefficients, np.int32), np.empty(coefficients, np.int32), np.empty(coefficients),
            np.empty(costs, np.int32), np.empty(costs),
        )  # fmt: skip

    def part(self, first: "Counts", last: "Counts") -> "BlockArrays":
        """Return the room between, as views."""
        columns, rows, coefficients, costs = map(slice, first, last)
        return BlockArrays(
            self.lower[columns], self.upper[columns], self.row_lower[rows], self.row_upper[rows],
            self.rows[coefficients], self.cols[coefficients], self.values[coefficients],
            self.priced[costs], self.prices[costs],
        )  # fmt: skip

    def copy(self, old: "BlockArrays") -> None:
        """Take over all numbers of another part of the same size."""
        rooms: Iterable[tuple[NDArray[Any], NDArray[Any]]] = zip(self, old, strict=True)
        for room, kept in rooms:
            room[:] = kept


Counts: TypeAlias = tuple[int, int, int, int]
"""Number of columns, rows, coefficients and costs."""


@dataclass(slots=True)
class Block:
    """Columns, rows and costs of one part; a part that has not changed need not write them again."""

    by: object = None
    """The part that wrote it."""
    inputs: tuple[object, ...] = ()
    """What else it depends on: expressions of other blocks."""
    place: tuple[int, int] = (0, 0)
    """First column and first row."""
    result: object = None
    """What the part returned."""
    numbers: BlockArrays | None = None
    """All of it in numbers, once asked for."""
    alone: bool = True
    """It depends on nothing but its inputs: no other block has changed it, and it has changed or read none."""
    sizes: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First column and number of columns of each block."""
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    """First row and number of rows of each block."""
    bounds: list[tuple[int, Values, Values]] = field(default_factory=list)
    """Size of each block and the bounds of its columns."""
    constraints: list[tuple[Linear, Values, Values]] = field(default_factory=list)
    """Left sides of each block of rows and their bounds."""
    whole: list[Indices] = field(default_factory=list)
    """Columns that must be whole."""
    costs: list[tuple[str, Linear]] = field(default_factory=list)
    preferences: list[Linear] = field(default_factory=list)
    pairs: list[ExclusiveFlows] = field(default_factory=list)
    limits: list[Limit] = field(default_factory=list)
    soft: list[SoftConstraint] = field(default_factory=list)
    energies: list[EnergyState] = field(default_factory=list)
    nodes: list[str] = field(default_factory=list)
    """Names of the nodes whose balances it holds."""
    apart: list[tuple[str, Linear]] = field(default_factory=list)
    """Name of a set of processes, and 1 in the steps in which one of them runs, shape (n,)."""
    basic: list[tuple[Indices, str]] = field(default_factory=list)
    """Columns that are basic when every device rests, and the block of rows that settles them."""

    def would_be(self, by: object, inputs: tuple[object, ...], place: tuple[int, int]) -> bool:
        """Return whether a part would write the same block again; see the contract at the top of this module."""
        # By identity: comparing the numbers of large parts would take as long as writing them again.
        return (
            self.alone
            and self.by is by
            and self.place == place
            and len(self.inputs) == len(inputs)
            and all(old is new for old, new in zip(self.inputs, inputs, strict=True))
        )

    def tighten(self, name: str, upper: Floats) -> None:
        """Lower the upper bounds of a block to these at most."""
        at = list(self.sizes).index(name)
        size, low, high = self.bounds[at]
        self.bounds[at] = (size, low, np.minimum(high, upper))
        # The numbers kept so far hold the old bounds.
        self.numbers = None

    def counts(self) -> Counts:
        """Return how many numbers it takes."""
        if self.numbers is not None:
            numbers = self.numbers
            return len(numbers.lower), len(numbers.row_lower), len(numbers.values), len(numbers.prices)
        return (
            sum([size for size, _, _ in self.bounds]),
            sum([left.size for left, _, _ in self.constraints]),
            sum([len(term.cols) for left, _, _ in self.constraints for term in left.terms]),
            sum([len(term.cols) for _, amount in self.costs for term in amount.terms]),
        )

    def fill(self, room: BlockArrays) -> None:
        """Write the numbers into a room of its size, and keep them: only a block that is written anew needs more."""
        if self.numbers is not None:
            room.copy(self.numbers)
        else:
            fill_bounds(self.bounds, room.lower, room.upper)
            rows = [(left.size, low, high) for left, low, high in self.constraints]
            fill_bounds(rows, room.row_lower, room.row_upper)
            at, row = 0, self.place[1]
            for left, _, _ in self.constraints:
                for term in left.terms:
                    end = at + len(term.cols)
                    room.rows[at:end] = np.arange(row, row + end - at) if term.rows is None else term.rows + row
                    room.cols[at:end] = term.cols
                    room.values[at:end] = term.coefs
                    at = end
                row += left.size
            fill_sum((amount for _, amount in self.costs), room.priced, room.prices)
        self.numbers = room


def fill_bounds(blocks: Iterable[tuple[int, Values, Values]], lower: Floats, upper: Floats) -> None:
    """Write the bounds of one block after the other; one number stands for a whole block."""
    at = 0
    for size, low, high in blocks:
        lower[at : at + size] = low
        upper[at : at + size] = high
        at += size


def fill_sum(amounts: Iterable[Linear], cols: Indices, coefs: Floats) -> None:
    """Write the columns and coefficients of the sum of all expressions of some amounts."""
    at = 0
    for amount in amounts:
        for term in amount.terms:
            end = at + len(term.cols)
            cols[at:end] = term.cols
            coefs[at:end] = term.coefs
            at = end
