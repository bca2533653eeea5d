"""One decision now, another for each way things may turn out: scenarios that share their first steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import thread_time

import numpy as np
from numpy.typing import NDArray

from engine import solution
from engine.diagnosis.infeasibility import refuse
from engine.errors import Infeasible, InputError
from engine.formulation import Built, build
from engine.model.arrays import Arrays, compressed
from engine.model.block import ExclusiveFlows
from engine.model.linear import Floats, Linear, Term
from engine.site import Schedule, Site, Timings
from engine.solve import branching
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.highs import Model
from engine.solve.optimum import Solved, settled_bounds, without_plan
from engine.solve.status import Status


@dataclass(frozen=True, kw_only=True, eq=False)
class Scenario:
    """One way things may turn out."""

    site: Site
    """The same devices, with the loads and prices of this case."""
    probability: float
    """How likely it is; all of them add up to 1."""


@dataclass(frozen=True, slots=True)
class StagedPlan:
    """A plan for each scenario; in the first steps all of them are one."""

    schedules: tuple[Schedule, ...]
    cost: float
    """Mean of the costs, weighted by probability [currency]."""
    common_steps: int
    """Number of steps in which every device does the same in all scenarios."""


def plan_for_all(scenarios: Sequence[Scenario], *, common_steps: int = 1, budget: Budget | None = None) -> StagedPlan:
    """Return the plans of least mean cost whose first steps are the same for every device.

    Args:
        scenarios: At least one; the devices and the window are the same in all.
        common_steps: Steps decided before it is known which scenario comes true.
        budget: How long it may take; None is as long as it takes.

    Raises:
        InputError: Sites differ in more than numbers, or the probabilities do not add up to 1.
        Infeasible: No plan fits all scenarios.
        TimedOut: None was found within the budget.
    """
    began, budget = thread_time(), budget or Budget()
    parts = [build(scenario.site) for scenario in scenarios]
    _check(scenarios, parts)
    numbers = _numbers(scenarios[0].site, parts, common_steps)
    arrays = settled_bounds(_stacked(scenarios, parts, numbers))
    ready = thread_time()
    answer = None
    if arrays is not None:
        answer = branching.solve(
            Model(arrays, budget),
            Cells.of(
                [_moved(pair, own) for part, own in zip(parts, numbers, strict=True) for pair in part.problem.pairs]
            ),
        )
    if answer is None or answer.status is Status.INFEASIBLE:
        raise _refusal(scenarios, common_steps, budget)
    if not answer.has_plan:
        raise without_plan(answer.status, budget)
    timings = Timings(ready - began, thread_time() - ready)
    none = np.empty(0)
    schedules = tuple(
        solution.schedule(
            scenario.site, part, Solved(answer.status, answer.gap, _netted(part, answer.x[own]), none, none), timings
        )
        for scenario, part, own in zip(scenarios, parts, numbers, strict=True)
    )
    mean = sum(each.probability * plan.cost for each, plan in zip(scenarios, schedules, strict=True))
    return StagedPlan(schedules, mean, common_steps)


def _refusal(scenarios: Sequence[Scenario], common_steps: int, budget: Budget) -> Infeasible:
    for scenario in scenarios:
        if not _has_plan(scenario.site, budget):
            return refuse(scenario.site, budget)
    return Infeasible(
        f"No decision for the first {common_steps} steps fits all scenarios, though each has a plan by itself; "
        "make fewer steps common, or let something in the site give way."
    )


def _has_plan(site: Site, budget: Budget) -> bool:
    arrays = settled_bounds(build(site).problem.arrays())
    return arrays is not None and Model(arrays, budget).run().status is not Status.INFEASIBLE


def _netted(part: Built, x: Floats) -> Floats:
    return Cells.of(part.problem.pairs).netted(x)


def _check(scenarios: Sequence[Scenario], parts: list[Built]) -> None:
    if abs(sum(scenario.probability for scenario in scenarios) - 1.0) > 1e-9:
        raise InputError("The probabilities of the scenarios must add up to 1.")
    if any(part.problem.sizes != parts[0].problem.sizes for part in parts):
        raise InputError("The scenarios must have the same devices, limits and window; only their numbers may differ.")


def _numbers(site: Site, parts: list[Built], common_steps: int) -> list[NDArray[np.int32]]:
    """Return the column that each scenario's columns become: one for all where a decision is common."""
    common = _common(site, parts[0], common_steps)
    width = len(common)
    numbers, free = [], int(common.sum())
    for _ in parts:
        own = np.empty(width, dtype=np.int32)
        own[common] = np.arange(int(common.sum()))
        own[~common] = free + np.arange(int((~common).sum()))
        free += int((~common).sum())
        numbers.append(own)
    return numbers


def _common(site: Site, part: Built, steps: int) -> NDArray[np.bool_]:
    """Return which columns are decided before it is known which scenario comes true, shape (columns,).

    They are what each device does in the first steps: the columns of its power, and its whole numbers (on, mode). What
    follows from them, such as an energy or a breach, may differ, as the scenarios do.
    """
    common = np.zeros(part.problem.width, dtype=bool)
    for term in [term for device in site.devices for port in device.ports for term in part.power[port.name].terms]:
        step = np.arange(len(term.cols)) if term.rows is None else term.rows
        common[term.cols[step < steps]] = True
    for block in part.problem.blocks:
        if any(block.by is device for device in site.devices):
            for whole in block.whole:
                common[whole[:steps]] = True
    return common


def _stacked(scenarios: Sequence[Scenario], parts: list[Built], numbers: list[NDArray[np.int32]]) -> Arrays:
    """Return all scenarios as one problem of mean cost."""
    each = [part.problem.arrays() for part in parts]
    width = 1 + max(int(own.max()) for own in numbers)
    height = sum(arrays.height for arrays in each)
    cost, lower, upper = np.zeros(width), np.full(width, -np.inf), np.full(width, np.inf)
    integers, offset, entries, first = np.zeros(width, np.int32), 0.0, [], 0
    for scenario, arrays, own in zip(scenarios, each, numbers, strict=True):
        cost[own] += scenario.probability * arrays.cost
        offset += scenario.probability * arrays.offset
        lower[own], upper[own] = np.maximum(lower[own], arrays.lower), np.minimum(upper[own], arrays.upper)
        integers[own] = arrays.integers
        cols = np.repeat(own, np.diff(arrays.matrix.start))
        entries.append((first + arrays.matrix.index, cols, arrays.matrix.value))
        first += arrays.height
    rows, columns, values = (np.concatenate(column) for column in zip(*entries, strict=True))
    return Arrays(
        cost=cost, offset=offset, lower=lower, upper=upper, integers=integers,
        row_lower=np.concatenate([arrays.row_lower for arrays in each]),
        row_upper=np.concatenate([arrays.row_upper for arrays in each]),
        matrix=compressed(rows, columns, values, (height, width)),
    )  # fmt: skip


def _moved(pair: ExclusiveFlows, own: NDArray[np.int32]) -> ExclusiveFlows:
    """Return a pair with the columns it has in the problem of all scenarios."""
    first, second = (
        Linear(side.size, tuple(Term(own[term.cols], term.coefs, term.rows) for term in side.terms), side.constant)
        for side in (pair.first, pair.second)
    )
    return replace(pair, first=first, second=second, most=lambda lower, upper: pair.most(lower[own], upper[own]))
