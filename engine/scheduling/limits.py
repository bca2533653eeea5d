"""Limits in one direction: hard ones are column bounds, soft ones a second, priced column."""

from dataclasses import dataclass

import numpy as np

from engine.scheduling.linear import Floats, Indices, Linear, Values, full
from engine.scheduling.problem import Problem


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftLimit:
    """A limit that may be exceeded at a price."""

    limit: Values
    """Where the breach begins, 0 or more [kW]; inf where there is none."""
    highest_price: Values = 0.0
    """Price of the highest breach among the steps of equal price [currency/kW]."""
    each_price: Values = 0.0
    """Price of the breach in every step [currency/kW per hour]."""


def segments(problem: Problem, name: str, hard: Values, soft: SoftLimit | None) -> Linear:
    """Add a flow in one direction, from 0 up to a hard limit, dearer above the soft one; return it [kW], shape (n,).

    Args:
        problem: Where the columns go: ``name`` and, with a soft limit, ``name.above``.
        name: Such as ``battery.consumption``.
        hard: The most that can flow [kW].
        soft: The limit whose breach is priced; None if there is none.
    """
    if soft is None:
        return problem.variable(name, upper=hard)
    contract = np.minimum(full(hard, problem.window.n), soft.limit)
    within = problem.variable(name, upper=contract)
    above = problem.variable(f"{name}.above", upper=_rest(full(hard, problem.window.n), contract))
    problem.may_break(f"{name}-capacity", f"{name}.above", "kW", np.arange(problem.window.n))
    problem.cost(f"all {name} breaches", above * (full(soft.each_price, problem.window.n) * problem.window.hours))
    groups, prices = runs_of_equal(full(soft.highest_price, problem.window.n))
    if prices.any():
        highest = problem.variable(f"{name}.highest", size=len(prices))
        problem.at_most(f"{name}.highest", above, highest[groups])
        problem.cost(f"any {name} breach", highest * prices)
    return within + above


def _rest(hard: Floats, contract: Values) -> Floats:
    """Return what is left above the contract; nothing where neither is limited."""
    with np.errstate(invalid="ignore"):
        rest = hard - contract
    return np.nan_to_num(rest, nan=0.0, posinf=np.inf)


def runs_of_equal(*values: Floats) -> tuple[Indices, Floats]:
    """Return the group of each step and the first value of each group; a group is a run of steps of equal values."""
    table = np.stack(values)
    new = np.concatenate([[True], (table[:, 1:] != table[:, :-1]).any(axis=0)])
    return (np.cumsum(new) - 1).astype(np.int32), values[0][new]
