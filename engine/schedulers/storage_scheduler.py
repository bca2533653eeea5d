"""Buys when energy is cheap and sells when it is dear, within every constraint."""

from dataclasses import dataclass, replace
from time import monotonic, thread_time
from typing import ClassVar

from engine import solution
from engine.diagnosis.infeasibility import refuse
from engine.errors import Infeasible
from engine.formulation import build
from engine.schedulers import storage_dp
from engine.schedulers.closed_form import placed
from engine.schedulers.hedging import hedged
from engine.site import Schedule, Site, Timings
from engine.solve.budget import Budget
from engine.solve.optimum import DIRECT, Options, solve, without_plan
from engine.solve.status import PLANS, Status


@dataclass(frozen=True, kw_only=True)
class StorageScheduler:
    """Plans all devices of a site together at the least cost.

    No clock, no session, no settings: the same site gives the same schedule.
    """

    version: ClassVar[str] = "1"

    time_limit: float | None = None
    """Longest processor time for a plan and all its solves [s], after which the best plan found is given; None is as
    long as it takes. The time of a solver in a process of its own is that on the clock on the wall."""
    gap: float = 0.0
    """Share by which the cost may lie above the best one where whole numbers have been searched for a while."""
    solver: str = DIRECT
    """``highspy`` for arrays straight into HiGHS, else one that Pyomo knows: ``appsi_highs``, ``glpk``, ``cbc``."""
    compiled: bool = False
    """Whether sites of one store are planned without a solver where numba is installed: the same plans and costs, many
    times faster after a first second; a marginal price at a kink may be another of those that are right there."""

    def compute(self, site: Site) -> Schedule:
        """Return the best plan of a site.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: No plan meets every hard constraint; the error tells which, when and the cheapest repairs.
            TimedOut: The time limit passed without a plan.
            SolveError: The cost has no lower end, as a price pays without a limit on power.
        """
        return self._compute(site, self.budget())

    def budget(self) -> Budget:
        """Return what one plan may take, from now on."""
        return Budget(self.time_limit, self.gap, clock=thread_time if self.solver == DIRECT else monotonic)

    def _compute(self, site: Site, budget: Budget) -> Schedule:
        if self.compiled and self.solver == DIRECT and (kernel := storage_dp.compiled()):
            plan = storage_dp.planned(site, kernel)
            if plan is not None:
                return plan
        began = thread_time()
        site = self._with_learned_worth(placed(site, only_dearest=True), budget)
        if site.hedged and (plan := hedged(site, budget)) is not None:
            return plan
        try:
            built = build(site)
        except Infeasible as without_room:
            raise refuse(site, budget) from without_room
        ready = thread_time()
        solved = solve(built.problem, Options(budget, solver=self.solver))
        timings = Timings(ready - began, thread_time() - ready)
        if solved.status in PLANS:
            return solution.schedule(site, built, solved, timings)
        raise refuse(site, budget) if solved.status is Status.INFEASIBLE else without_plan(solved.status, budget)

    def _with_learned_worth(self, site: Site, budget: Budget) -> Site:
        """Return a site in which energy left at the end is worth what it is worth on average in a plan without that."""
        learning = {each.name for each in site.devices if each.learns_end_value}
        if not learning:
            return site
        unhedged = replace(_with_end_values(site, dict.fromkeys(learning, 0.0)), hedged=0)
        alike = replace(self, compiled=False)  # one and the same, also where it has a kink
        worth = alike._compute(unhedged, budget.part(budget.left / 2)).worth
        return _with_end_values(site, {name: float(worth[name].mean()) if name in worth else 0.0 for name in learning})


def _with_end_values(site: Site, values: dict[str, float]) -> Site:
    return site.with_devices(
        lambda device: device.with_end_value(values[device.name]) if device.learns_end_value else device
    )
