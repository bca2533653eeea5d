"""What takes part in a conflict: limits, by the proof that no plan exists, and what is given and not chosen."""

from dataclasses import replace

import numpy as np

from engine.devices.answers import Cause, Conflict, moment
from engine.formulation import build_problem
from engine.model.arrays import Arrays, without_costs
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Site, Status
from engine.solve.budget import Budget
from engine.solve.highs import Model

_LITTLE = 1e-9
"""Weights up to this share of the largest one count for nothing in a proof."""


def limits_in_conflict(problem: Problem, arrays: Arrays, budget: Budget) -> list[Limit]:
    """Return the limits that take part in one smallest conflict; all of them when none can be singled out.

    A change of one limit gives a plan only if that limit takes part in every conflict, so in this one.
    """
    # Bounds that cross are a conflict by themselves and leave nothing to prove.
    crossed = np.flatnonzero(arrays.lower > arrays.upper)
    sides = {int(crossed[0]): "both"} if len(crossed) else _bounds_in_the_way(arrays, budget)

    def is_in_the_way(limit: Limit) -> bool:
        first, size = problem.sizes[limit.columns]
        return any(
            side == limit.side or "both" in (side, limit.side)
            for col, side in sides.items()
            if first <= col < first + size and (limit.at is None or limit.at[col - first])
        )

    limits = [limit for limit in problem.limits if is_in_the_way(limit)]
    # Bounds that cross without being limits are at fault alone; nothing that is a limit would help.
    return limits if limits or len(crossed) else list(problem.limits)


def _bounds_in_the_way(arrays: Arrays, budget: Budget) -> dict[int, str]:
    """Return the columns, and which bound of each, that prove by themselves that no plan exists.

    When HiGHS gives up it leaves a weighted sum of the rows that no values within the bounds can meet. Each bound with
    a weight is needed: without it, the sum could be met.

    Source:
        Gleeson and Ryan, ORSA Journal on Computing 2 (1990) 61-63: such sums and smallest conflicts are the same.
    """
    model = Model(without_costs(arrays), budget)
    rows = model.proof() if model.run().status is Status.INFEASIBLE else None
    if rows is None:  # only whole numbers are in the way, or time is up
        return {}
    columns, little = arrays.columns_of(rows), _LITTLE * np.abs(rows).max()
    columns[np.abs(columns) <= little] = 0.0
    rows[np.abs(rows) <= little] = 0.0
    # A proof comes with either sign, so both are tried.
    for sign in (1.0, -1.0):
        most = _largest(columns * sign, arrays.lower, arrays.upper)
        least = -_largest(rows * -sign, arrays.row_lower, arrays.row_upper)
        if most < least:
            return {int(col): "upper" if columns[col] * sign > 0 else "lower" for col in np.flatnonzero(columns)}
    return {}


def _largest(weights: Floats, lower: Floats, upper: Floats) -> float:
    """Return the largest weighted sum of values within bounds."""
    return float(weights[weights > 0] @ upper[weights > 0] + weights[weights < 0] @ lower[weights < 0])


def find_causes(site: Site, problem: Problem, arrays: Arrays, conflict: Conflict | None, budget: Budget) -> list[Cause]:
    """Return what is given and makes the difference: loads, uses, energy at the start, lost energy.

    Each is taken away in turn from one live problem without costs, in which nothing else changes; nothing is returned
    where several things would have to be otherwise.

    Args:
        site: Without a plan.
        problem: What it poses.
        arrays: The same.
        conflict: When it shows; tells which value of a series is told.
        budget: How long it may take; what is not tried in time is not told.
    """
    model = Model(without_costs(arrays), budget)
    if model.run().status is not Status.INFEASIBLE:  # only whole numbers are in the way, or time is up
        return []
    causes: list[Cause] = []
    loads_first = sorted(site.devices, key=lambda device: device.load is None)
    for premise in [premise for device in loads_first for premise in device.premises(site.window)]:
        if budget.is_over:
            break
        first, size = problem.rows[premise.rows]
        rows = np.arange(first, first + size, dtype=np.int32)
        model.change_rows(rows, arrays.row_lower[rows] + premise.lower, arrays.row_upper[rows] + premise.upper)
        if model.run().has_plan:
            text = premise.text if premise.power is None else f"{premise.text} {_power(site, premise.power, conflict)}"
            causes.append(Cause(premise.name, text))
        model.change_rows(rows, arrays.row_lower[rows], arrays.row_upper[rows])
    # An efficiency changes coefficients and not bounds, so each takes a problem of its own.
    for device in site.devices:
        for cause, lossless in device.lossless(site.window):
            if budget.is_over:
                return causes
            without = build_problem(site.with_device(device, lossless)).problem.arrays()
            if (without.lower > without.upper).any():
                continue
            if Model(replace(without, cost=np.zeros(without.width)), budget).run().has_plan:
                causes.append(cause)
    return causes


def _power(site: Site, power: Floats, conflict: Conflict | None) -> str:
    """Return what a power is at the time of a conflict; of stored energy, what it amounts to until then."""
    last = int(np.ceil(conflict.step)) if conflict is not None else site.window.n
    if conflict is not None and conflict.unit != "kWh":
        now = float(power[min(last, site.window.n - 1)])
        return f"{'takes' if now >= 0 else 'gives'} {abs(now):.6g} kW at {moment(site.window, last)}"
    energy = float((power * site.window.hours)[:last].sum())
    return f"{'takes' if energy >= 0 else 'gives'} {abs(energy):.6g} kWh until {moment(site.window, last)}"
