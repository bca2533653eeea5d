"""One decision for now that does for every quantile of the forecasts of loads and production."""

from dataclasses import replace
from functools import partial

import numpy as np

from engine.devices.device import Device
from engine.errors import InputError
from engine.schedulers.two_stage import Scenario, plan_for_all
from engine.site import Schedule, Site
from engine.solve.budget import Budget


def scenarios(site: Site) -> list[Scenario]:
    """Return one scenario per level of the quantiles that are known of loads and production; none without any.

    At each level all of them lie at that level together: nothing is known of how they go together, and what is bad for
    the site is bad at once. Each stands for what lies nearer to its level than to any other: 0.1, 0.5 and 0.9 get
    30, 40 and 30 %.

    Raises:
        InputError: A level is not between 0 and 1.
    """
    levels = site.levels
    if len(levels) < 2:
        return []
    if levels[0] <= 0 or levels[-1] >= 1:
        raise InputError("Quantiles have levels between 0 and 1, such as 0.1, 0.5 and 0.9.")
    bounds = np.array([0.0, *(np.add(levels[1:], levels[:-1]) / 2), 1.0])
    return [
        Scenario(site=replace(site.with_devices(partial(_at_level, level)), hedged=0), probability=float(share))
        for level, share in zip(levels, np.diff(bounds), strict=True)
    ]


def hedged(site: Site, budget: Budget | None = None) -> Schedule | None:
    """Return the plan whose first steps do for every quantile at the least mean cost; None if no quantiles are known.

    Its later steps are those for the middle quantile, and its costs the means over all of them.

    Args:
        site: What to plan.
        budget: How long it may take; None is as long as it takes.

    Raises:
        Infeasible: No decision for the first steps fits all quantiles.
    """
    ways = scenarios(site)
    if not ways or not site.hedged:
        return None
    staged = plan_for_all(ways, common_steps=min(site.hedged, site.window.n), budget=budget)
    so_far = np.cumsum([way.probability for way in ways])
    middle = staged.schedules[int(np.searchsorted(so_far, 0.5))]
    names = dict.fromkeys(name for plan in staged.schedules for name in plan.costs)
    means = {
        name: sum(way.probability * plan.costs.get(name, 0.0) for way, plan in zip(ways, staged.schedules, strict=True))
        for name in names
    }
    return replace(middle, costs=means)


def _at_level(level: float, device: Device) -> Device:
    return device.at_level(level)
