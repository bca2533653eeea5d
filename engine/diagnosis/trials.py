"""Changed sites tried out one after the other, each from the plan of the one before."""

from engine.errors import EngineError
from engine.formulation import Built
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.optimum import Options, solve
from engine.solve.warm_start import LiveModel


class Trials:
    """Tells of sites much like each other what their best plans cost."""

    def __init__(self, budget: Budget, built: Built | None = None) -> None:
        """Begin with what a similar site was built into, if that is known; nothing is tried beyond the budget."""
        self.budget, self._live = budget, LiveModel(preferences=False, built=built)

    def cost(self, site: Site) -> float | None:
        """Return what the best plan of a site costs [currency]; None without a plan, or without time to find one."""
        if self.budget.is_over:
            return None
        try:
            built, solved = self._live.solve(site, self.budget)
            if solved is None:
                solved = solve(built.problem, Options(self.budget, preferences=False))
        except EngineError:
            return None
        return sum(built.problem.paid(solved.x).values()) if len(solved.x) else None
