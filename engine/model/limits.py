"""Limits in one direction: hard ones are column bounds, soft ones a second, priced column."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.model.linear import Floats, Indices, Linear, Values, full
from engine.model.problem import Problem

CAPACITIES = {
    "consumption-capacity": "consumption_limit",
    "production-capacity": "production_limit",
    "ramp-limit": "ramp",
}
"""The attribute that holds each limit on power, of a port, a group and a connection."""
_NOISE = 1e-12
"""Values of steps that differ by less, as share of them or 1, are equal."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftLimit:
    """A limit that may be exceeded at a price."""

    limit: Values
    """Where the breach begins, 0 or more [kW]; inf where there is none."""
    highest_price: Values = 0.0
    """Price of the highest breach among the steps of equal price [currency/kW]."""
    hourly_price: Values = 0.0
    """Price of the breach in every step [currency/kW per hour]."""


def with_capacity(part: T, field: str, change: Callable[[Values], Values]) -> T:
    """Return a port, group or connection with one limit on its power changed; itself where it has no such limit."""
    attribute = CAPACITIES.get(field)
    if attribute is None or not hasattr(part, attribute):
        return part
    changed: Any = part  # which attribute changes is known by name only
    result: T = replace(changed, **{attribute: change(getattr(part, attribute))})
    return result


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
    contract = np.minimum(hard, soft.limit)
    within = problem.variable(name, upper=contract)
    # What is left above the contract; nothing where neither is limited, as inf - inf is no number.
    if np.ndim(contract) == 0:
        rest: Values = 0.0 if contract == np.inf else hard - contract
    else:
        rest = np.subtract(hard, contract, out=np.zeros(np.shape(contract)), where=contract != np.inf)
    above = problem.variable(f"{name}.above", upper=rest)
    problem.soft_constraint(f"{name}-capacity", f"{name}.above", "kW", np.arange(problem.window.n))
    problem.cost(f"all {name} breaches", above * (soft.hourly_price * problem.window.hours))
    # A new highest breach begins wherever the price changes, as the groups of FlexMeasures end there.
    groups, prices = runs_of_equal(problem.window.n, soft.highest_price)
    if prices.any():
        highest = problem.variable(f"{name}.highest", size=len(prices))
        problem.at_most(f"{name}.highest", above, highest[groups])
        problem.cost(f"any {name} breach", highest * prices)
    return within + above


def exchanged(problem: Problem, name: str) -> Linear:
    """Return a flow that ``segments`` added, with its part above a soft limit [kW], shape (n,); 0 if there is none."""
    parts = [problem.columns(each) for each in (name, f"{name}.above") if each in problem.sizes]
    return sum(parts, Linear(problem.window.n))


def runs_of_equal(n: int, *values: Values) -> tuple[Indices, Floats]:
    """Return the group of each of n steps and the first value of each group: a run of steps in which all are equal."""
    varying = [each for each in values if isinstance(each, np.ndarray)]
    if not varying:
        return np.zeros(n, dtype=np.int32), full(values[0], 1)
    new = np.zeros(n, dtype=bool)
    new[0] = True
    for each in varying:
        new[1:] |= ~_nearly_equal(each[1:], each[:-1])
    return np.cumsum(new, dtype=np.int32) - 1, full(values[0], n)[new]


def groups_of_equal(n: int, *values: Values) -> tuple[Indices, NDArray[np.integer]]:
    """Return the group of each of n steps and the first step of each group: all steps in which all are equal."""
    varying = [each for each in values if isinstance(each, np.ndarray) and (each != each[0]).any()]
    if not varying:
        return np.zeros(n, dtype=np.int32), np.zeros(1, dtype=np.int32)
    levels = np.stack([_levels(each) for each in varying])
    _, first, groups = np.unique(levels, axis=1, return_index=True, return_inverse=True)
    return groups.astype(np.int32), first


def _levels(values: Floats) -> Indices:
    """Return the rank of each value, the same for those that differ by no more than rounding noise."""
    order = np.argsort(values, kind="stable")
    ranks = np.zeros(len(values), dtype=np.int32)
    ranks[order[1:]] = np.cumsum(~_nearly_equal(values[order[1:]], values[order[:-1]]))
    return ranks


def _nearly_equal(first: Floats, second: Floats) -> NDArray[np.bool_]:
    """Return where two arrays differ by no more than the mean of equal values over a part of a step may."""
    equal: NDArray[np.bool_] = first == second
    if not equal.all():
        # Two limits that are none give inf - inf, which is no number; they were found equal above.
        with np.errstate(invalid="ignore"):
            equal |= np.abs(first - second) <= _NOISE * np.maximum(1.0, np.abs(second))
    return equal
