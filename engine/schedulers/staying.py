"""Staying with the last schedule: a new one takes its place only where it saves more than it takes to change."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from time import thread_time

import numpy as np

from engine.errors import EngineError
from engine.formulation import build_problem
from engine.model.linear import Floats, Linear
from engine.model.problem import Problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import PLANS, Schedule, Site, Timings
from engine.solution import read_schedule
from engine.solve.optimum import Options, solve_problem

TIME_SHARE = 0.3
"""The powers of the last schedule may be tried for such a share of the time that a schedule may take."""
_SAME = 1e-4
"""A schedule that moves less energy than this to other steps is the same [kWh]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldPowers:
    """Rows that hold powers where they were planned before: |p_t - power_t| ≤ slack."""

    power: Mapping[str, Floats]
    """Power by port, positive when consuming; NaN where nothing is held [kW], shape (n,)."""
    slack: float
    """By how much the powers may differ, as they were rounded when they were saved [kW]."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """See Addition.add_to."""
        for name, values in self.power.items():
            hold_powers(problem, f"{name}.held", power[name], values, self.slack)

    def changed(self, schedule: Schedule) -> float:
        """Return the energy that a schedule moves, over all ports and steps held [kWh]."""
        moved = (np.abs(schedule.power[name] - values) * schedule.window.hours for name, values in self.power.items())
        return float(sum(np.nansum(np.where(each > self.slack * schedule.window.hours, each, 0.0)) for each in moved))


@dataclass(frozen=True, kw_only=True, eq=False)
class PinnedPowers:
    """Rows that hold powers where a person has put them: p_t = power_t."""

    power: Mapping[str, Floats]
    """Power by port, positive when consuming; NaN where nothing is held [kW], shape (n,)."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """See Addition.add_to."""
        for name, values in self.power.items():
            hold_powers(problem, f"{name}.pinned", power[name], values, 0.0)


def hold_powers(problem: Problem, name: str, power: Linear, values: Floats, slack: float) -> None:
    """Add rows that hold a power near to some values [kW], shape (n,); NaN holds nothing."""
    free = np.isnan(values)
    lower, upper = np.where(free, -np.inf, values - slack), np.where(free, np.inf, values + slack)
    problem.constrain(name, power, lower=lower, upper=upper)


@dataclass(frozen=True, kw_only=True)
class Margin:
    """What a new schedule must save for the last one to be given up."""

    amount: float
    """[currency], or [currency/kWh] of energy that it moves."""
    per_energy: bool = False

    def of(self, moved: float) -> float:
        """Return the margin of a schedule that moves so much energy [currency]."""
        return self.amount * (moved if self.per_energy else 1.0)


@dataclass(frozen=True, kw_only=True)
class KeptSchedule:
    """The last schedule, carried on."""

    site: Site
    """The site in which its powers are held, which leads to the same schedule again."""
    schedule: Schedule
    margin: float
    """What a new one would have had to save [currency]."""
    dearer: float
    """What the best one would have saved [currency]."""


def keep_schedule(
    scheduler: StorageScheduler, site: Site, best: Schedule, held: HeldPowers, margin: Margin
) -> KeptSchedule | None:
    """Return the schedule with the powers of the last one, steps after it at their best.

    Args:
        scheduler: What found the best schedule.
        site: What is planned.
        best: The best schedule.
        held: The powers of the last schedule.
        margin: What the best one must save.

    Returns:
        None where the last one is the best, where its powers break a limit now, such as a new target, or where it costs
        more than the best one by more than the margin.
    """
    moved = held.changed(best)
    if site.hedged or moved <= _SAME:
        return None
    began, budget = thread_time(), scheduler.budget()
    site = scheduler.with_learned_end_values(site, budget)
    kept = replace(site, additions=(*site.additions, held))
    try:
        built = build_problem(kept)
        options = Options(budget.part(TIME_SHARE * budget.limit), solver=scheduler.solver)
        ready = thread_time()
        solved = solve_problem(built.problem, options)
    except EngineError:  # such as a process without room where it was to run; the best schedule is there in any case
        return None
    if solved.status not in PLANS:
        return None
    schedule = read_schedule(kept, built, solved, Timings(ready - began, thread_time() - ready))
    dearer, allowed = schedule.cost - best.cost, margin.of(moved)
    if dearer > allowed:
        return None
    return KeptSchedule(site=kept, schedule=schedule, margin=allowed, dearer=max(dearer, 0.0))
