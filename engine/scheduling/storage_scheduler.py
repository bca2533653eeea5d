"""Buys when energy is cheap and sells when it is dear, within every constraint."""

from dataclasses import dataclass, replace
from time import process_time
from typing import ClassVar

from engine.errors import Infeasible, SolveError, TimedOut
from engine.scheduling import one_store, read
from engine.scheduling.build import build
from engine.scheduling.closed_form import placed
from engine.scheduling.devices.storage import Storage
from engine.scheduling.diagnose import refuse
from engine.scheduling.hedging import hedged
from engine.scheduling.site import Schedule, Site, Timings
from engine.scheduling.solve import DIRECT, Options, solve
from engine.scheduling.status import Status


@dataclass(frozen=True, kw_only=True)
class StorageScheduler:
    """Plans all devices of a site together at the least cost.

    No clock, no session, no settings: the same site gives the same schedule.
    """

    version: ClassVar[str] = "1"

    time_limit: float | None = None
    """Longest time for the search [s]; None is as long as it takes."""
    gap: float = 0.0
    """Share by which the cost may lie above the best one when whole numbers are involved."""
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
            TimedOut: The time limit passed without a plan of the accepted gap.
            SolveError: The cost has no lower end, as a price pays without a limit on power.
        """
        if self.compiled and self.solver == DIRECT and (kernel := one_store.compiled()):
            plan = one_store.planned(site, kernel)
            if plan is not None:
                return plan
        began = process_time()
        site = self._with_learned_worth(placed(site, only_dearest=True))
        if site.hedged and (plan := hedged(site)) is not None:
            return plan
        try:
            built = build(site)
        except Infeasible as without_room:
            raise refuse(site) from without_room
        ready = process_time()
        solved = solve(built.problem, self._options)
        timings = Timings(ready - began, process_time() - ready)
        match solved.status:
            case Status.OPTIMAL | Status.WITHIN_GAP:
                return read.schedule(site, built, solved, timings)
            case Status.INFEASIBLE:
                raise refuse(site)
            case Status.UNBOUNDED:
                raise SolveError(
                    "The plan could earn money without end; limit the power of the devices or of the site, "
                    "or check the prices."
                )
        raise TimedOut(f"No plan was found within {self.time_limit:g} s; allow more time or a larger gap.")

    @property
    def _options(self) -> Options:
        return Options(time_limit=self.time_limit, gap=self.gap, solver=self.solver)

    def _with_learned_worth(self, site: Site) -> Site:
        """Return a site in which energy left at the end is worth what it is worth on average in a plan without that."""
        learning = [each.name for each in site.devices if isinstance(each, Storage) and each.end_value == "learned"]
        if not learning:
            return site
        unhedged = replace(_with_end_values(site, dict.fromkeys(learning, 0.0)), hedged=0)
        worth = replace(self, compiled=False).compute(unhedged).worth  # one and the same, also where it has a kink
        return _with_end_values(site, {name: float(worth[name].mean()) for name in learning})


def _with_end_values(site: Site, values: dict[str, float]) -> Site:
    devices = (
        replace(each, end_value=values[each.name]) if isinstance(each, Storage) and each.name in values else each
        for each in site.devices
    )
    return replace(site, devices=tuple(devices))
