"""A plain plan where no optimal one exists: each device does what it does by itself, then rests."""

from dataclasses import dataclass, replace
from time import thread_time
from typing import ClassVar

import numpy as np

from engine.devices.answers import DevicePlan
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.model.linear import Floats
from engine.schedulers.sequential_scheduler import TakenTimes
from engine.site import PLANS, Schedule, Site, Status, Timings
from engine.solution import read_schedule
from engine.solve import branching
from engine.solve.backend import share_above
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.first_plan import Guess, holding
from engine.solve.highs import Model
from engine.solve.optimum import finish

PLAINLY = 1.0
"""What a plain schedule may take after the time of a better one has passed [s]."""


@dataclass(frozen=True, kw_only=True)
class StorageFallbackScheduler:
    """Brings each store to its first target as fast as it can, whatever it costs and whatever the site allows.

    Its plans are its own source and its status says that nothing was optimised.
    """

    version: ClassVar[str] = "1"

    def compute(self, site: Site) -> Schedule:
        """Return the plain plan of a site."""
        power: dict[str, Floats] = {}
        soc: dict[str, Floats] = {}
        taken = TakenTimes(site.window.n)
        for device in site.devices:
            apart = taken.keep_apart(device)
            try:
                plan = apart.fallback(site.window)
            except Infeasible:  # beside the others of its exclusion group it finds no time any more
                if apart is device:
                    raise
                plan = DevicePlan({port.name: np.zeros(site.window.n) for port in device.ports}, {})
            taken.note(device, plan.power)
            power |= plan.power
            soc |= plan.soc
        return Schedule(window=site.window, power=power, soc=soc, costs={}, status=Status.FALLBACK)


def plain_schedule(site: Site, bound: float, budget: Budget) -> Schedule | None:
    """Schedule, with its costs, in which each store goes to its first target as fast as it can, or else rests.

    With the power of the stores, hardly anything connects one step with another, and the rest is planned in no time.
    Where both break a hard limit it is any that keeps them, whatever it costs; None if that takes long as well.

    Args:
        site: Planned in vain for as long as it may take.
        bound: What no plan costs less than [currency].
        budget: Of that plan.
    """
    began, budget = thread_time(), budget.at_least(PLAINLY)
    stores = [device for device in site.devices if device.energy_bounds]
    towards = {name: power for store in stores for name, power in store.fallback(site.window).power.items()}
    free: dict[str, Floats] = {}
    for powers in (towards, {name: np.zeros(site.window.n) for name in towards}, free):
        built = build_problem(site)
        for name, power in powers.items():
            if built.power[name].terms:
                built.problem.equal(f"{name}.held", built.power[name], power)
        cells = Cells.of(built.problem.pairs)
        # From nothing: a start at rest, as usual, takes twenty times as long where powers are held.
        orders = [store.room_left(site.window, powers) for store in stores if powers]
        flows = {**powers, **{name: room for order in orders for name, room in order.items()}}
        arrays = holding(built.problem.arrays(), cells, Guess(flows=flows))
        model = Model(arrays if powers else replace(arrays, cost=np.zeros(arrays.width), offset=0.0), budget)
        solved = finish(built.problem, model, branching.solve(model, cells), cells, preferences=False)
        if solved.status in PLANS:
            schedule = read_schedule(site, built, solved, Timings(0.0, thread_time() - began))
            gap = share_above(schedule.cost, bound)
            # Marginal values would tell what holding the powers costs, and not what the site would pay.
            return replace(schedule, status=Status.BEST_IN_TIME, gap=gap, shadow_prices={}, storage_values={})
    return None
