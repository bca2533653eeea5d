"""Which input changed the plan: the new plan solved again with one input of the old one, and with all sets of them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import Final

import numpy as np

from engine.errors import Infeasible, InputError, TimedOut
from engine.explain.best_cost.replanning import planned_ports, without_hedge
from engine.explain.changes.earlier_inputs import INPUTS, EarlierInputs, Input
from engine.explain.changes.plan_differences import InputDifference, MovedPower, input_differences, moved_powers
from engine.model.linear import full
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.site import Schedule, Site
from engine.solve.budget import Budget

_SAME: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class InputChange:
    """What one input did to the plan."""

    input: Input
    cost: float
    """What the change of this input adds to the cost of the plan, by Shapley [currency]; all inputs add up."""
    alone: float
    """What the plan would cost less if this input alone were as before [currency]."""
    moved: float
    """Energy that the planned devices would take or give at other times if this input alone were as before [kWh]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanChange:
    """What changed from one plan to the next, over the time of the new one, and which inputs did it."""

    cost: float
    """Cost of the new plan [currency]."""
    cost_before: float
    """Cost of the plan with all inputs as before [currency]."""
    inputs: tuple[InputChange, ...]
    """Those that differ, the one with the largest part first; their costs add up to cost - cost_before."""
    left_out: tuple[Input, ...] = ()
    """Inputs without which no plan is possible, so that their part is not known."""
    moves: tuple[MovedPower, ...] = ()
    """When devices do otherwise than by the plan before, the largest energies first."""
    differences: tuple[InputDifference, ...] = ()
    """The numbers that differ at moments of both plans."""


def changed_inputs(
    old: Site, old_schedule: Schedule, new: Site, budget: Budget | None = None, new_schedule: Schedule | None = None
) -> PlanChange:
    """Return which inputs made a new plan differ from the one before it.

    Where the new plan goes beyond the end of the old one, its own inputs are kept. The stored energy before is what the
    old plan expected to be stored when the new one begins.

    Args:
        old: What the plan before was made from.
        old_schedule: The plan before.
        new: What the new plan is made from; the same devices.
        budget: What all solves may take; None is as long as it takes.
        new_schedule: The new plan, of several that cost the same; None: any of them.

    Raises:
        TimedOut: The time of the question is over.
        InputError: Both have no device, or no time, in common, or steps of different lengths.
    """
    new, old = without_hedge(new), without_hedge(old)
    offset = _offset(old, new)
    earlier = EarlierInputs(old, old_schedule, offset, new.window.n)
    before = {each: earlier.put_back(new, each) for each in INPUTS}
    differing = [each for each in INPUTS if before[each] is not new]
    plans = _Subsets(new, earlier, budget)
    left_out: list[Input] = []
    for each in list(differing):
        if plans.schedule((each,)) is None:
            differing.remove(each)
            left_out.append(each)
    now = plans.schedule(())
    if now is None:
        raise InputError("The new inputs have no plan; see why it is infeasible first.")
    shares = _shapley(differing, lambda names: plans.cost(names))
    parts = []
    for each in differing:
        alone = plans.schedule((each,))
        if alone is not None:
            saved, moved = now.cost - alone.cost, _moved(new, now, alone)
            if abs(shares[each]) > _SAME or moved > 1e-6:
                parts.append(InputChange(input=each, cost=shares[each], alone=saved, moved=moved))
    return PlanChange(
        cost=now.cost,
        cost_before=now.cost - sum(shares.values()),
        inputs=tuple(sorted(parts, key=lambda part: -abs(part.cost))),
        left_out=tuple(left_out),
        moves=tuple(moved_powers(old_schedule, new_schedule or now, planned_ports(new), offset)),
        differences=tuple(input_differences(earlier, new)),
    )


class _Subsets:
    """Plans of the new site with some inputs as before, each solved from the last one."""

    def __init__(self, new: Site, earlier: EarlierInputs, budget: Budget | None) -> None:
        self.new, self.earlier, self._budget = new, earlier, budget or Budget()
        limit = None if budget is None else budget.limit
        # Differences of costs are asked for, which a gap would hide.
        self._live = LiveProblem(scheduler=StorageScheduler(time_limit=limit, gap=0.0))
        self._schedules: dict[frozenset[Input], Schedule | None] = {}

    def schedule(self, inputs: tuple[Input, ...]) -> Schedule | None:
        """Plan with these inputs as before; None where there is none."""
        key = frozenset(inputs)
        if key not in self._schedules:
            if self._budget.is_over:
                raise TimedOut(f"The inputs of two plans took longer than {self._budget.limit:g} s to compare.")
            site = self.new
            for each in INPUTS:
                if each in key:
                    site = self.earlier.put_back(site, each)
            try:
                self._schedules[key] = self._live.solve(site)
            except Infeasible:
                self._schedules[key] = None
        return self._schedules[key]

    def cost(self, inputs: tuple[Input, ...]) -> float | None:
        """Cost with these inputs as before [currency]; None without a plan."""
        schedule = self.schedule(inputs)
        return None if schedule is None else schedule.cost


def _shapley(names: list[Input], cost: Callable[[tuple[Input, ...]], float | None]) -> dict[Input, float]:
    """Return the part of each input in the cost: its mean effect over all orders in which inputs come back.

    Sets without a plan are left out, and the others weigh so much more.

    Source:
        Shapley, in Contributions to the Theory of Games II (1953) 307-317.
    """
    count = len(names)
    costs: dict[int, float | None] = {}
    for code in range(2**count):  # Gray code: one input differs from the set before
        mask = code ^ (code >> 1)
        costs[mask] = cost(tuple(name for at, name in enumerate(names) if mask >> at & 1))
    shares: dict[Input, float] = {}
    for at, name in enumerate(names):
        total = weights = 0.0
        for mask in range(2**count):
            without, put = costs[mask], costs[mask | 1 << at]
            if mask >> at & 1 or without is None or put is None:
                continue
            size = mask.bit_count()
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            total, weights = total + weight * (without - put), weights + weight
        shares[name] = total / weights if weights else 0.0
    return shares


def _moved(site: Site, first: Schedule, second: Schedule) -> float:
    """Return the energy that two plans take or give at different times [kWh], over all planned ports."""
    hours = full(first.window.hours, first.window.n)
    ports = [name for name in planned_ports(site) if name in first.power and name in second.power]
    return float(sum((np.abs(first.power[name] - second.power[name]) * hours).sum() for name in ports))


def _offset(old: Site, new: Site) -> int:
    """Return in which step of the old window the new one begins; either may begin in the midst of a slot."""
    if old.window.step != new.window.step or any(each.window.n != each.window.slots.n for each in (old, new)):
        raise InputError("The two schedules have steps of different lengths, so their inputs cannot be compared.")
    offset = old.window.slots.position(new.window.slots.start)
    if offset != int(offset) or not -new.window.n < offset < old.window.n:
        raise InputError("The two schedules have no time in common; compare with the one just before it.")
    return int(offset)
