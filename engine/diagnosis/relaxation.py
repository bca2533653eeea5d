"""The same problem with some limits made elastic: by how much must they give for a plan to exist?"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from engine.model.arrays import Arrays, compressed
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.solve.budget import Budget
from engine.solve.highs import DUAL, Model

ENOUGH = 1e-7
"""Amounts up to this are noise [kW or kWh]."""


@dataclass(frozen=True, slots=True)
class Slack:
    """By how much one limit has to give."""

    limit: Limit
    below: Floats
    """How far below a lower bound each variable must go [unit of the limit], shape (size of the block,)."""
    above: Floats
    """How far above an upper bound each variable must go, likewise."""

    @property
    def amount(self) -> Floats:
        """How far either way, shape (size of the block,)."""
        return np.maximum(self.below, self.above)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of one limit, turned from bounds into rows: ``column + sign · (own slack + common slack)``."""

    limit: int
    sign: float
    """1 for lower bounds, -1 for upper ones."""
    cols: NDArray[np.integer]
    """The columns it bounds, shape (m,)."""
    rows: NDArray[np.integer]
    """The row of each."""
    own: NDArray[np.integer]
    """The slack of each."""
    common: int
    """The slack that all of them share."""

    @property
    def bounds(self) -> NDArray[np.integer]:
        """A number for each bound, the same where another limit sets it too."""
        return 2 * self.cols + (self.sign > 0)


class ElasticProblem:
    """A problem without a plan in which limits are let loose, one set after the other."""

    def __init__(self, problem: Problem, arrays: Arrays, limits: Sequence[Limit], budget: Budget) -> None:
        """Make limits elastic.

        Args:
            problem: For the names of the columns.
            arrays: The problem; its bounds may cross.
            limits: All those that will ever be let loose, each once for every block it bounds.
            budget: How long all of this may take.
        """
        self.problem, self.arrays, self.limits, self.budget = problem, arrays, limits, budget
        self._sides: list[_Side] = []
        row, slack = arrays.height, arrays.width  # rows and slack columns come after those of the problem
        for at, limit in enumerate(limits):
            first, size = problem.sizes[limit.columns]
            cols = first + (np.arange(size) if limit.at is None else np.flatnonzero(limit.at))
            for side, bound, sign in (("lower", arrays.lower, 1.0), ("upper", arrays.upper, -1.0)):
                bounded = cols[np.isfinite(bound[cols])]
                if limit.side in (side, "both") and len(bounded):
                    count = np.arange(len(bounded))
                    self._sides.append(_Side(at, sign, bounded, row + count, slack + count, slack + len(bounded)))
                    row, slack = row + len(bounded), slack + len(bounded) + 1
        self._slacks = slack - arrays.width
        """Number of slack columns."""

    def least_slack(self, names: Collection[str], *, uniform: bool) -> list[Slack] | None:
        """Return how much limits have to give so that a plan exists, least in sum; None if none is enough in time.

        Args:
            names: The limits that may give; all others hold.
            uniform: Each limit gives the same amount in all its steps instead of just where needed.
        """
        loose = [side for side in self._sides if self.limits[side.limit].name in names]
        room: list[tuple[NDArray[np.integer] | int, Floats | float]] = []
        for side in loose:
            # A bound of energy gives no more than there is: nothing holds less than nothing
            falls = self.limits[side.limit].unit == "kWh" and side.sign > 0
            most = np.maximum(self.arrays.lower[side.cols], 0.0) if falls else np.inf
            room.append((side.common, np.inf) if uniform else (side.own, most))
        x = self._solved(loose, room)
        return None if x is None else self._slacks_of(names, x)

    def lowest_slack(self, names: Collection[str]) -> list[Slack] | None:
        """Return how much limits have to give at most at any time, and no longer than they have to; None as above."""
        loose = [side for side in self._sides if self.limits[side.limit].name in names]
        x = self._solved(loose, [(side.common, np.inf) for side in loose])
        if x is None:
            return None
        # A little more than was found, so that rounding does not leave the second solve without a plan.
        room = [(side.own, float(x[side.common]) * (1 + 1e-9) + ENOUGH / 10) for side in loose]
        spread = self._solved(loose, room)
        return self._slacks_of(names, x if spread is None else spread)

    def _solved(
        self, loose: list[_Side], room: Sequence[tuple[NDArray[np.integer] | int, Floats | float]]
    ) -> Floats | None:
        """Return the values of all columns when some slacks have room, least in sum; None without any in time."""
        if self.budget.is_over or self._model is None:
            return None
        upper = np.zeros(self._slacks)
        for at, most in room:
            upper[at - self.arrays.width] = most
        slacks = np.arange(self.arrays.width, self.arrays.width + self._slacks, dtype=np.int32)
        self._model.change_bounds(slacks, np.zeros(self._slacks), upper)
        if self._sides:
            self._hold_all_but(loose, self._model)
        answer = self._model.run()
        # From one set of limits to the next only bounds change, for which the dual method is the quick one.
        self._model.go_on(DUAL)
        return answer.x if answer.has_plan else None

    @cached_property
    def _model(self) -> Model | None:
        """The solver with all limits turned into rows; None where bounds that are no limits cross."""
        arrays = self._loosened()
        if (arrays.lower > arrays.upper + ENOUGH).any():
            return None
        return Model(replace(arrays, lower=np.minimum(arrays.lower, arrays.upper)), self.budget)

    def _loosened(self) -> Arrays:
        """Return the problem with the bounds turned into rows."""
        arrays, sides, extra = self.arrays, self._sides, self._slacks
        lower, upper = arrays.lower.copy(), arrays.upper.copy()
        entries: list[tuple[NDArray[np.integer], NDArray[np.integer]]]
        entries = [(arrays.matrix.index, arrays.matrix.cols)]
        values, weights = [arrays.matrix.value], np.ones(extra)
        for side in sides:
            common = np.full(len(side.cols), side.common)
            entries += [(side.rows, side.cols), (side.rows, side.own), (side.rows, common)]
            values += [np.ones(len(side.cols)), *[np.full(len(side.cols), side.sign)] * 2]
            (lower if side.sign > 0 else upper)[side.cols] = -np.inf * side.sign
            # Slightly different weights, so that one limit gives and not two a little each.
            weights[side.own[0] - arrays.width : side.common + 1 - arrays.width] += 1e-3 * side.limit
        rows, cols = (np.concatenate(each) for each in zip(*entries, strict=True))
        shape = arrays.height + sum(len(side.rows) for side in sides), arrays.width + extra
        row_lower, row_upper = self._held()
        return Arrays(
            cost=np.concatenate([np.zeros(arrays.width), weights]),
            offset=0.0,
            lower=np.concatenate([lower, np.zeros(extra)]),
            upper=np.concatenate([upper, np.zeros(extra)]),
            row_lower=np.concatenate([arrays.row_lower, row_lower]),
            row_upper=np.concatenate([arrays.row_upper, row_upper]),
            integers=np.concatenate([arrays.integers, np.zeros(extra, np.int32)]),
            matrix=compressed(rows, cols, np.concatenate(values), shape),
        )

    def _held(self) -> tuple[Floats, Floats]:
        """Return the bounds of the new rows while every limit holds."""
        lower, upper = [np.empty(0)], [np.empty(0)]
        for side in self._sides:
            none = np.full(len(side.cols), np.inf)
            lower.append(self.arrays.lower[side.cols] if side.sign > 0 else -none)
            upper.append(none if side.sign > 0 else self.arrays.upper[side.cols])
        return np.concatenate(lower), np.concatenate(upper)

    def _hold_all_but(self, loose: Sequence[_Side], model: Model) -> None:
        """Hold the other limits, except where one is the bound of a loose one too: only the tighter is known."""
        lower, upper = self._held()
        everywhere = np.concatenate([side.bounds for side in self._sides])
        rows = np.concatenate([side.rows for side in self._sides]).astype(np.int32)
        own = np.concatenate([np.empty(0, int), *(side.rows for side in loose)])
        shared = np.isin(everywhere, np.concatenate([np.empty(0, int), *(side.bounds for side in loose)]))
        free = shared & ~np.isin(rows, own)
        lower[free], upper[free] = -np.inf, np.inf
        model.change_rows(rows, lower, upper)

    def _slacks_of(self, names: Collection[str], x: Floats) -> list[Slack]:
        slacks = []
        for at, limit in enumerate(self.limits):
            if limit.name not in names:
                continue
            first, size = self.problem.sizes[limit.columns]
            below, above = np.zeros(size), np.zeros(size)
            for side in self._sides:
                if side.limit == at:
                    amount = x[side.own] + x[side.common]
                    (below if side.sign > 0 else above)[side.cols - first] = np.where(amount > ENOUGH, amount, 0.0)
            slacks.append(Slack(limit, below * np.abs(limit.scale), above * np.abs(limit.scale)))
        return slacks
