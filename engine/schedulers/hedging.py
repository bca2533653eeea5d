"""One decision for now that does for every quantile of the forecasts of loads and production."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.port import Device
from engine.model.linear import Floats
from engine.schedulers.two_stage import Scenario, plan_for_all
from engine.site import Schedule, Site
from engine.solve.budget import Budget


def scenarios(site: Site) -> list[Scenario]:
    """Return one scenario per level of the quantiles that are known of loads and production; none without any.

    At each level all of them lie at that level together: nothing is known of how they go together, and what is bad for
    the site is bad at once. Each stands for what lies nearer to its level than to any other.
    """
    levels = sorted({level for each in site.devices if isinstance(each, Inflexible) for level in each.quantiles})
    if len(levels) < 2:
        return []
    bounds = np.array([0.0, *(np.add(levels[1:], levels[:-1]) / 2), 1.0])
    return [
        Scenario(site=_at_level(site, level), probability=float(share))
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


def _at_level(site: Site, level: float) -> Site:
    def there(device: Device) -> Device:
        if not isinstance(device, Inflexible) or not device.quantiles:
            return device
        return replace(device, power=_between(device.quantiles, level), quantiles={})

    return replace(site, devices=tuple(there(device) for device in site.devices), hedged=0)


def _between(quantiles: Mapping[float, Floats], level: float) -> Floats:
    """Return the power at a level [kW], between the two nearest that are known, shape (n,)."""
    known = sorted(quantiles)
    after = min(int(np.searchsorted(known, level)), len(known) - 1)
    before = after if known[after] <= level else max(after - 1, 0)
    if known[after] == known[before]:
        return quantiles[known[after]]
    share = min(max((level - known[before]) / (known[after] - known[before]), 0.0), 1.0)
    return quantiles[known[before]] * (1 - share) + quantiles[known[after]] * share
