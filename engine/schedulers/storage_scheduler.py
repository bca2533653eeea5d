"""Buys when energy is cheap and sells when it is dear, within every constraint: once, or again and again for edits."""

from dataclasses import dataclass, replace
from operator import is_
from time import monotonic, thread_time
from typing import ClassVar

import numpy as np

from engine.devices.energy.yielding import PHYSICS, Extent
from engine.diagnosis.infeasibility import no_plan_error
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.schedulers.closed_form import with_processes_timed
from engine.schedulers.fallback_scheduler import plain_schedule
from engine.schedulers.storage_dp import compiled_kernel, plan_one_store
from engine.schedulers.two_stage import hedged_schedule
from engine.search.advice import SiteAdviser
from engine.site import PLANS, Schedule, Site, Status, Timings
from engine.solution import lazy_schedule, read_schedule
from engine.solve.budget import Budget
from engine.solve.optimum import DIRECT, Options, solve_problem, unsolved_error
from engine.solve.warm_start import LiveModel


@dataclass(frozen=True, kw_only=True)
class StorageScheduler:
    """Plans all devices of a site together at the least cost.

    No clock, no session, no settings: the same site gives the same schedule.
    """

    version: ClassVar[str] = "1"

    time_limit: float | None = None
    """Longest processor time for a plan and all its solves [s], after which the best plan found is given; None is as
    long as it takes. The time of a solver in a process of its own is that on the clock on the wall."""
    gap: float = 0.001
    """Share by which the cost may lie above the best one where whole numbers have been searched for a while; 1e-6 at
    least."""
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
            TimedOut: The time limit passed without a plan, and neither is a plain one.
            SolveError: The cost has no lower end, as a price pays without a limit on power.
        """
        return self._compute(site, self.budget())

    def budget(self) -> Budget:
        """Return what one plan may take, from now on."""
        return Budget(self.time_limit, self.gap, clock=thread_time if self.solver == DIRECT else monotonic)

    def _compute(self, site: Site, budget: Budget) -> Schedule:
        if self.compiled and self.solver == DIRECT and (kernel := compiled_kernel()):
            schedule = plan_one_store(site, kernel)
            if schedule is not None:
                return schedule
        began = thread_time()
        site = self.with_learned_end_values(with_processes_timed(site, only_dearest=True), budget)
        try:
            schedule = hedged_schedule(site, budget) if site.hedged else None
        except Infeasible:
            schedule = hedged_schedule(yielding_site(site, "physics"), budget)
        if schedule is not None:
            return schedule
        try:
            built = build_problem(site)
        # Building finds a process that does not fit before any solver does; the report tells more than its error.
        except Infeasible as without_room:
            raise no_plan_error(site, budget) from without_room
        ready = thread_time()
        adviser = SiteAdviser(site, built, budget)
        solved = solve_problem(built.problem, Options(budget, solver=self.solver, adviser=adviser))
        timings = Timings(ready - began, thread_time() - ready)
        if solved.status in PLANS:
            schedule = self._shared_finer(site, read_schedule(site, built, solved, timings), budget)
            return self._yielded(site, "start", budget) or schedule if pays_for_start(site, schedule) else schedule
        if solved.status is Status.INFEASIBLE:
            # Only now, so that sites which have a plan as they are keep it.
            schedule = self._yielded(site, "physics", budget)
            if schedule is None:
                raise no_plan_error(site, budget)
            return schedule
        schedule = plain_schedule(site, solved.bound, budget) if solved.status is Status.TIMED_OUT else None
        if schedule is None:
            raise unsolved_error(solved.status, budget)
        return schedule

    def _yielded(self, site: Site, extent: Extent, budget: Budget) -> Schedule | None:
        """Return the plan of a site whose physics gives way at a price; None if it does not, or that does not help."""
        eased = yielding_site(site, extent)
        return None if eased is site else self._planned_again(eased, budget, Timings(0.0, 0.0))

    def _shared_finer(self, site: Site, schedule: Schedule, budget: Budget) -> Schedule:
        """Return the schedule in which devices share what cannot be met to a fraction of a kWh; itself otherwise."""
        largest: dict[str, float] = {}
        for breach in schedule.breaches:
            largest[breach.limit] = max(breach.amount, largest.get(breach.limit, 0.0))
        finer = site.with_devices(lambda device: device.with_finer_sharing(largest)) if largest else site
        if schedule.status is not Status.OPTIMAL or all(map(is_, finer.devices, site.devices)) or budget.is_over:
            return schedule
        return self._planned_again(finer, budget, schedule.timings) or schedule

    def _planned_again(self, site: Site, budget: Budget, spent: Timings) -> Schedule | None:
        """Return the plan of a site that was changed after a first look; None if there is none.

        No adviser: its guesses are searches of their own, and what they found was for the site as it was.
        """
        began = thread_time()
        built = build_problem(site)
        ready = thread_time()
        solved = solve_problem(built.problem, Options(budget, solver=self.solver))
        if solved.status not in PLANS:
            return None
        timings = Timings(spent.building + ready - began, spent.solving + thread_time() - ready)
        return read_schedule(site, built, solved, timings)

    def with_learned_end_values(self, site: Site, budget: Budget) -> Site:
        """Return a site in which energy left at the end has the mean storage value of a schedule without end values."""
        learning = [device.name for device in site.devices if device.learns_end_value]
        if not learning:
            return site

        def with_end_values(values: dict[str, float]) -> Site:
            return site.with_devices(
                lambda device: device.with_end_value(values[device.name]) if device.learns_end_value else device
            )

        unhedged = replace(with_end_values(dict.fromkeys(learning, 0.0)), hedged=0)
        alike = replace(self, compiled=False)  # one and the same, also where the value has a kink
        # The schedule itself, which is as large, takes the other half.
        schedule = alike._compute(unhedged, budget.part(budget.left / 2))
        values = schedule.storage_values
        # Where physics gives way a kWh saves its penalty, which is no value of energy.
        given_way = any(breach.limit.rpartition(".")[2] in PHYSICS for breach in schedule.breaches)
        average = np.median if given_way else np.mean
        return with_end_values({name: float(average(values[name])) if name in values else 0.0 for name in learning})


def yielding_site(site: Site, extent: Extent) -> Site:
    """Return the site whose devices give way as far as they may; itself where none does."""
    eased = site.with_devices(lambda device: device.where_physics_yields(extent))
    changed = any(new is not old for new, old in zip(eased.devices, site.devices, strict=True))
    return eased if changed else site


def pays_for_start(site: Site, schedule: Schedule) -> bool:
    """Return whether a schedule breaks a limit on power while a store starts outside its bounds: maybe for that."""
    breaks_power = any(breach.unit == "kW" for breach in schedule.breaches)
    return breaks_power and yielding_site(site, "start") is not site


class LiveProblem:
    """What if this price, limit or forecast were another? An edited site is solved from the last one in milliseconds.

    One live problem per site and user; it is not for several threads at once.
    """

    def __init__(self, *, preferences: bool = True, scheduler: StorageScheduler | None = None) -> None:
        """Begin without a site.

        Args:
            preferences: Whether plans of equal cost are told apart.
            scheduler: Plans what one linear problem does not settle; its time limit and gap count here too.
        """
        self._live, self._scheduler = LiveModel(preferences=preferences), scheduler or StorageScheduler()

    @property
    def warm(self) -> int:
        """Number of solves that went on from the one before."""
        return self._live.warm

    def solve(self, site: Site) -> Schedule:
        """Return the best schedule of a site, whatever differs from the last one: prices, limits, targets, ...

        Parts that are the same objects as in the last site are not read again, so change a part by replacing it. A
        window that lies some steps after the last one's is rolled on: what was decided for a moment stays the first
        guess for it.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: No plan meets every hard constraint.
            TimedOut: The time limit passed without a plan.
        """
        # Hedging and learned end values take several problems, one after the other or side by side.
        if not site.hedged and not any(device.learns_end_value for device in site.devices):
            built, solved = self._live.solve(site, self._scheduler.budget())
            if solved is not None and len(solved.x):
                schedule = lazy_schedule(site, built, solved, self._live.timings)
                if not pays_for_start(site, schedule):
                    return schedule
        return self._scheduler.compute(site)
