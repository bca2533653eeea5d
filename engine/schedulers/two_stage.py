"""One decision now, another for each way things may turn out: scenarios that share their first steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import methodcaller
from time import thread_time

import numpy as np
from numpy.typing import NDArray

from engine.diagnosis.infeasibility import no_plan_error
from engine.errors import Infeasible, InputError
from engine.formulation import Built, build_problem
from engine.model.arrays import Arrays, compressed
from engine.model.block import ExclusiveFlows
from engine.model.linear import Linear, Term
from engine.site import Schedule, Site, Status, Timings
from engine.solution import read_schedule
from engine.solve import branching
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.highs import Model
from engine.solve.optimum import Solved, settled_bounds, unsolved_error


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

    min Σ_s p_s · cost_s(x_s) with x_s[t] = x_1[t] for every scenario s and common step t: the deterministic equivalent
    of a two-stage program, in which common decisions share their columns, so that no row has to tie them together.

    Args:
        scenarios: At least one; the devices and the window are the same in all.
        common_steps: Steps decided before it is known which scenario comes true.
        budget: How long it may take; None is as long as it takes.

    Raises:
        InputError: Sites differ in more than numbers, or the probabilities do not add up to 1.
        Infeasible: No plan fits all scenarios.
        TimedOut: None was found within the budget.

    Source:
        Birge and Louveaux, Introduction to Stochastic Programming, 2nd ed. (2011), chapter 2.
    """
    began, budget = thread_time(), budget or Budget()
    parts = [build_problem(scenario.site) for scenario in scenarios]
    if abs(sum(scenario.probability for scenario in scenarios) - 1.0) > 1e-9:
        raise InputError("The probabilities of the scenarios must add up to 1.")
    if any(part.problem.sizes != parts[0].problem.sizes for part in parts):
        raise InputError("The scenarios must have the same devices, limits and window; only their numbers may differ.")
    columns = _columns(scenarios[0].site, parts, common_steps)
    arrays = settled_bounds(_stacked(scenarios, parts, columns))
    ready = thread_time()
    answer = None
    if arrays is not None:
        pairs = [_moved(pair, own) for part, own in zip(parts, columns, strict=True) for pair in part.problem.pairs]
        answer = branching.solve(Model(arrays, budget), Cells.of(pairs))
    if answer is None or answer.status is Status.INFEASIBLE:
        raise _refusal(scenarios, common_steps, budget)
    if not answer.has_plan:
        raise unsolved_error(answer.status, budget)
    timings = Timings(ready - began, thread_time() - ready)
    schedules, none = [], np.empty(0)
    for scenario, part, own in zip(scenarios, parts, columns, strict=True):
        x = Cells.of(part.problem.pairs).netted(answer.x[own])
        # Without duals: those of the common problem are weighted, and shared where decisions are.
        solved = Solved(answer.status, answer.gap, x, none, none)
        schedules.append(read_schedule(scenario.site, part, solved, timings))
    mean = sum(each.probability * plan.cost for each, plan in zip(scenarios, schedules, strict=True))
    return StagedPlan(tuple(schedules), mean, common_steps)


def quantile_scenarios(site: Site) -> list[Scenario]:
    """Return one scenario per level of the quantiles that are known of loads and production; none without any.

    At each level all of them lie at that level together: nothing is known of how they go together, and what is bad for
    the site is bad at once. Each stands for what lies nearer to its level than to any other: from the middle between it
    and the level before, (q_{k-1} + q_k) / 2, to that before the next. So 0.1, 0.5 and 0.9 get 30, 40 and 30 %.

    Raises:
        InputError: A level is not between 0 and 1.
    """
    levels = site.levels
    if len(levels) < 2:
        return []
    if levels[0] <= 0 or levels[-1] >= 1:
        raise InputError("Quantiles have levels between 0 and 1, such as 0.1, 0.5 and 0.9.")
    bounds = np.array([0.0, *(np.add(levels[1:], levels[:-1]) / 2), 1.0])
    shares, ways = np.diff(bounds), []
    for level, share in zip(levels, shares, strict=True):
        at_level = site.with_devices(methodcaller("at_level", level))
        ways.append(Scenario(site=replace(at_level, hedged=0), probability=float(share)))
    return ways


def hedged_schedule(site: Site, budget: Budget | None = None) -> Schedule | None:
    """Return the plan whose first steps do for every quantile at the least mean cost; None if no quantiles are known.

    Its later steps are those for the middle quantile, and its costs the means over all of them.

    Args:
        site: What to plan.
        budget: How long it may take; None is as long as it takes.

    Raises:
        Infeasible: No decision for the first steps fits all quantiles.
    """
    ways = quantile_scenarios(site)
    if not ways or not site.hedged:
        return None
    # Of the plans only the common steps are carried out; what is shown after them is what will most likely be planned.
    staged = plan_for_all(ways, common_steps=min(site.hedged, site.window.n), budget=budget)
    so_far = np.cumsum([way.probability for way in ways])
    middle = staged.schedules[int(np.searchsorted(so_far, 0.5))]
    names = dict.fromkeys(name for plan in staged.schedules for name in plan.costs)
    means = {
        name: sum(way.probability * plan.costs.get(name, 0.0) for way, plan in zip(ways, staged.schedules, strict=True))
        for name in names
    }
    return replace(middle, costs=means)


def _refusal(scenarios: Sequence[Scenario], common_steps: int, budget: Budget) -> Infeasible:
    """Return why no plan fits: that of the first scenario without one, or that the common steps are at fault."""
    for scenario in scenarios:
        arrays = settled_bounds(build_problem(scenario.site).problem.arrays())
        if arrays is None or Model(arrays, budget).run().status is Status.INFEASIBLE:
            return no_plan_error(scenario.site, budget)
    return Infeasible(
        f"No decision for the first {common_steps} steps fits all scenarios, though each has a plan by itself; "
        "make fewer steps common, or let something in the site give way."
    )


def _columns(site: Site, parts: list[Built], common_steps: int) -> list[NDArray[np.int32]]:
    """Return the column that each scenario's columns become: one for all where a decision is common.

    Common is what each device does in the first steps: the columns of its power, and its whole numbers (on, mode). What
    follows from them, such as an energy or a breach, may differ, as the scenarios do.
    """
    first, width = parts[0], parts[0].problem.width
    common = np.zeros(width, dtype=bool)
    for term in [term for device in site.devices for port in device.ports for term in first.power[port.name].terms]:
        step = np.arange(len(term.cols)) if term.rows is None else term.rows
        common[term.cols[step < common_steps]] = True
    for block in first.problem.blocks:
        if any(block.by is device for device in site.devices):
            for whole in block.whole:
                common[whole[:common_steps]] = True
    shared = int(common.sum())
    columns, free = [], shared
    for _ in parts:
        own = np.empty(width, dtype=np.int32)
        own[common] = np.arange(shared)
        own[~common] = free + np.arange(width - shared)
        free += width - shared
        columns.append(own)
    return columns


def _stacked(scenarios: Sequence[Scenario], parts: list[Built], columns: list[NDArray[np.int32]]) -> Arrays:
    """Return all scenarios as one problem of mean cost."""
    each = [part.problem.arrays() for part in parts]
    width = 1 + max(int(own.max()) for own in columns)
    height = sum(arrays.height for arrays in each)
    cost, lower, upper = np.zeros(width), np.full(width, -np.inf), np.full(width, np.inf)
    integers, offset, entries, first = np.zeros(width, np.int32), 0.0, [], 0
    for scenario, arrays, own in zip(scenarios, each, columns, strict=True):
        cost[own] += scenario.probability * arrays.cost
        offset += scenario.probability * arrays.offset
        # A common decision keeps the limits of every scenario.
        lower[own], upper[own] = np.maximum(lower[own], arrays.lower), np.minimum(upper[own], arrays.upper)
        integers[own] = arrays.integers
        cols = np.repeat(own, np.diff(arrays.matrix.start))
        entries.append((first + arrays.matrix.index, cols, arrays.matrix.value))
        first += arrays.height
    rows, cols, values = (np.concatenate(column) for column in zip(*entries, strict=True))
    return Arrays(
        cost=cost, offset=offset, lower=lower, upper=upper, integers=integers,
        row_lower=np.concatenate([arrays.row_lower for arrays in each]),
        row_upper=np.concatenate([arrays.row_upper for arrays in each]),
        matrix=compressed(rows, cols, values, (height, width)),
    )  # fmt: skip


def _moved(pair: ExclusiveFlows, own: NDArray[np.int32]) -> ExclusiveFlows:
    """Return a pair with the columns it has in the problem of all scenarios."""
    first, second = (
        Linear(side.size, tuple(Term(own[term.cols], term.coefs, term.rows) for term in side.terms), side.constant)
        for side in (pair.first, pair.second)
    )
    return replace(pair, first=first, second=second, most=lambda lower, upper: pair.most(lower[own], upper[own]))
