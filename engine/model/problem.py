"""Named variables, rows and costs as numpy blocks; what a solver needs, in one pass."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from typing import Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from engine.model.arrays import Arrays, recurring, refuse_extremes
from engine.model.block import (
    Block,
    BlockArrays,
    Counts,
    EnergyState,
    ExclusiveFlows,
    Limit,
    SoftConstraint,
    fill_bounds,
    fill_sum,
)
from engine.model.linear import Floats, Indices, Linear, Reach, Term, Values, added, minus, same
from engine.series.window import Window

T = TypeVar("T")


class Problem:
    """A growing list of blocks: devices, connections and tariffs each write their own block of it."""

    def __init__(self, window: Window, before: Self | None = None) -> None:
        self.window = window
        self.blocks: list[Block] = []
        self.sizes: dict[str, tuple[int, int]] = {}
        """First column and number of columns of each block of variables."""
        self.rows: dict[str, tuple[int, int]] = {}
        """First row and number of rows of each block of constraints."""
        self.width = 0
        self.height = 0
        self.counted_alone: set[str] = set()
        """Pairs of which a rule counts one flow by itself, so that running both at once changes something."""
        self._open: Block | None = None
        # The window is not among the inputs that a block is compared by, so blocks of another one are not kept.
        self._before = before.blocks if before is not None and before.window == window else []

    def write(self, by: object, write: Callable[[], T], *inputs: object) -> T:
        """Let a part of the site write a block; return what it returns.

        What the part wrote into the problem before is taken over as it is when it would write the same again; the
        contract is at the top of ``engine.model.block``.

        Args:
            by: The part; it does not change.
            write: Does the writing.
            inputs: All else that the writing depends on.
        """
        at = len(self.blocks)
        old = self._before[at] if at < len(self._before) else None
        if old is not None and old.would_be(by, inputs, (self.width, self.height)):
            self.blocks.append(old)
            self.sizes.update(old.sizes)
            self.rows.update(old.rows)
            width, height, *_ = old.counts()
            self.width, self.height = self.width + width, self.height + height
            return cast(T, old.result)
        block = self._open = self._begin(by, inputs)
        result = write()
        self._open = None
        if old is not None and same(old.result, result):  # so that what depends on it can be taken over
            result = cast(T, old.result)
        block.result = result
        return result

    def _begin(self, by: object, inputs: tuple[object, ...]) -> Block:
        block = Block(by, inputs, (self.width, self.height))
        self.blocks.append(block)
        return block

    @property
    def _open_block(self) -> Block:
        """The block being written; one of its own for what no part of the site writes."""
        if self._open is None:
            self._open = self._begin(None, ())
            # No part stands for it that could be recognised next time.
            self._open.alone = False
        return self._open

    def variable(
        self, name: str, *, lower: Values = 0.0, upper: Values = np.inf, size: int | None = None, integer: bool = False
    ) -> Linear:
        """Add a block of variables; return it as expressions, shape (size,) or (n,).

        Limits on single variables belong own and not into rows: a bound costs a solver nothing.
        """
        own, size = self._open_block, self.window.n if size is None else size
        first, self.width = self.width, self.width + size
        self.sizes[name] = own.sizes[name] = (first, size)
        own.bounds.append((size, lower, upper))
        variables = _plain(first, size)
        if integer:
            own.whole.append(variables.terms[0].cols)
        return variables

    def tighten(self, name: str, upper: Floats) -> None:
        """Lower the upper bounds of a block of variables to these at most."""
        owner = next(block for block in self.blocks if block.sizes.get(name) == self.sizes[name])
        owner.tighten(name, upper)
        if owner is not self._open_block:
            # One was changed from outside and the other depends on what lies outside: neither can be taken over.
            owner.alone = self._open_block.alone = False

    def columns(self, name: str) -> Linear:
        """Return the variables of a name, which have been added before."""
        return _plain(*self.sizes[name])

    def constrain(self, name: str, left: Linear, *, lower: Values = -np.inf, upper: Values = np.inf) -> None:
        """Add one row for each expression, which must lie between lower and upper."""
        own = self._open_block
        self.rows[name] = own.rows[name] = (self.height, left.size)
        low = minus(lower, left.constant)
        own.constraints.append((left, low, low if upper is lower else minus(upper, left.constant)))
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
        self._open_block.costs.append((name, amount))

    def add_preference(self, amount: Linear) -> None:
        """Add a preference between plans of equal cost: a smaller sum of the expressions."""
        self._open_block.preferences.append(amount)

    def limit(self, limit: Limit) -> None:
        """Tell which limit of the user a bound stands for: what can clash, give way and have a shadow price."""
        self._open_block.limits.append(limit)

    def soft_constraint(
        self, name: str, columns: str, unit: str, at: NDArray[np.integer] | Floats, *, scale: float = 1.0
    ) -> None:
        """Tell which block of variables is the slack of a soft limit, when, and its units per unit of the block."""
        self._open_block.soft.append(SoftConstraint(name, columns, unit, at, scale))

    def energy_state(self, state: EnergyState) -> None:
        """Tell which block of variables is a stored energy, to be reported with its value."""
        self._open_block.energies.append(state)

    def node(self, name: str, left: Linear) -> None:
        """Add the balance of a node, ``name.balance``: left = 0, in which what its devices take counts as -1.

        The dual value of the balance is the shadow price of one more kW taken there.
        """
        self.equal(f"{name}.balance", left)
        self._open_block.nodes.append(name)

    def keep_apart(self, group: str, running: Linear) -> None:
        """Tell in which steps something of a set runs (1, else 0), of which no two run at the same time."""
        self._open_block.apart.append((group, running))

    def exclude_simultaneous(
        self,
        name: str,
        first: Linear,
        second: Linear,
        *,
        lossless: bool = False,
        most: Callable[[Floats, Floats], tuple[Values, Values]],
    ) -> None:
        """Forbid two flows to run together; checked after the solve, as it seldom matters (see ``branching``)."""
        self._open_block.pairs.append(ExclusiveFlows(name, first, second, most, lossless))

    def basic_at_rest(self, cols: Indices, rows: str) -> None:
        """Tell which column each row of a block settles when every device rests: it is basic then."""
        self._open_block.basic.append((cols, rows))

    @property
    def pairs(self) -> list[ExclusiveFlows]:
        """What must not run together."""
        pairs, counted = [pair for block in self.blocks for pair in block.pairs], self.counted_alone
        # Both ways at once, a lossless pair would feign what a rule counts, such as local use of what is sold.
        return [replace(pair, lossless=False) if pair.name in counted else pair for pair in pairs]

    @property
    def limits(self) -> list[Limit]:
        """The limits a user has set."""
        return [limit for block in self.blocks for limit in block.limits]

    @property
    def soft(self) -> list[SoftConstraint]:
        """The blocks that measure breaches of soft limits."""
        return [soft for block in self.blocks for soft in block.soft]

    @property
    def energies(self) -> list[EnergyState]:
        """The stored energies."""
        return [state for block in self.blocks for state in block.energies]

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes with a balance of their own."""
        return [name for block in self.blocks for name in block.nodes]

    @property
    def apart(self) -> dict[str, list[Linear]]:
        """By the name of each set of which no two run at the same time: when each of them runs, shape (n,)."""
        sets: dict[str, list[Linear]] = {}
        for name, running in (each for block in self.blocks for each in block.apart):
            sets.setdefault(name, []).append(running)
        return sets

    @property
    def preferences(self) -> list[Linear]:
        """What decides between plans of equal cost; smaller is better."""
        return [amount for block in self.blocks for amount in block.preferences]

    def initial_basis(self) -> tuple[Indices, Indices]:
        """Return the columns that are basic when every device rests, and the rows that settle them."""
        none = np.empty(0, np.int32)
        basic = [settled for block in self.blocks for settled in block.basic]
        rows = [np.arange(self.rows[name][0], sum(self.rows[name]), dtype=np.int32) for _, name in basic]
        return np.concatenate([none, *(cols for cols, _ in basic)]), np.concatenate([none, *rows])

    def reach(self, amount: Reach) -> tuple[Floats, Floats]:
        """Return the smallest and largest value that the bounds alone allow something, each shape (size,)."""
        self._open_block.alone = False  # bounds change while expressions stay the same
        lower, upper = np.empty(self.width), np.empty(self.width)
        fill_bounds((bounds for block in self.blocks for bounds in block.bounds), lower, upper)
        return amount(lower, upper)

    def arrays(self) -> Arrays:
        """Return the whole problem as arrays.

        Raises:
            InputError: A number is none, or too large for a solver.
        """
        ends = list(accumulate((block.counts() for block in self.blocks), _plus, initial=(0, 0, 0, 0)))
        numbers = BlockArrays.empty(ends[-1])
        for block, first, last in zip(self.blocks, ends, ends[1:], strict=False):
            if first != last:
                block.fill(numbers.part(first, last))
        integers = np.zeros(self.width, dtype=np.int32)
        for block in self.blocks:
            for whole in block.whole:
                integers[whole] = 1
        arrays = Arrays(
            cost=added(numbers.priced, numbers.prices, self.width),
            offset=sum([amount.constant_sum for block in self.blocks for _, amount in block.costs]),
            lower=numbers.lower,
            upper=numbers.upper,
            row_lower=numbers.row_lower,
            row_upper=numbers.row_upper,
            integers=integers,
            matrix=recurring(numbers.rows, numbers.cols, numbers.values, (self.height, self.width)),
        )
        refuse_extremes(arrays, self.sizes, self.rows)
        return arrays

    def weights(self) -> Floats:
        """Return how much each column counts in the preferences, shape (columns,)."""
        liked = self.preferences
        size = sum(len(term.cols) for amount in liked for term in amount.terms)
        cols, weights = np.empty(size, dtype=np.int32), np.empty(size)
        fill_sum(liked, cols, weights)
        return added(cols, weights, self.width)

    def paid(self, x: Floats) -> dict[str, float]:
        """Return what is paid under each name when the columns have the values x [currency]."""
        paid: dict[str, float] = {}
        for block in self.blocks:
            for name, amount in block.costs:
                paid[name] = paid.get(name, 0.0) + amount.total_value(x)
        return paid


def _plain(first: int, size: int) -> Linear:
    return Linear(size, (Term(_columns(first, size), 1.0),))


# The same indices as the same object, which is how equal expressions are recognised without computing.
@lru_cache(maxsize=1024)
def _columns(first: int, size: int) -> Indices:
    return np.arange(first, first + size, dtype=np.int32)


def _plus(first: Counts, second: Counts) -> Counts:
    return first[0] + second[0], first[1] + second[1], first[2] + second[2], first[3] + second[3]
