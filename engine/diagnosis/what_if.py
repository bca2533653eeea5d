"""A live problem that is edited and re-solved in milliseconds: what if this price, limit or forecast were another?"""

from engine import solution
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site
from engine.solve.warm_start import LiveModel


class LiveProblem:
    """Keeps the last solved site inside the solver, so that a similar one is solved from there.

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
        """Return the best plan of a site, whatever differs from the last one: prices, limits, targets, efficiencies.

        Parts that are the same objects as in the last site are not read again, so change a part by replacing it. A
        window that lies some steps after the last one's is rolled on: what was decided for a moment stays the first
        guess for it.

        Raises:
            InputError: The site contradicts itself.
            Infeasible: No plan meets every hard constraint.
            TimedOut: The time limit passed without a plan.
        """
        if not _takes_several(site):
            built, solved = self._live.solve(site, self._scheduler.budget())
            if solved is not None and len(solved.x):
                return solution.later(site, built, solved, self._live.timings)
        return self._scheduler.compute(site)


def _takes_several(site: Site) -> bool:
    """Return whether the plan follows from several problems, one after the other or side by side."""
    return site.hedged > 0 or any(device.learns_end_value for device in site.devices)
