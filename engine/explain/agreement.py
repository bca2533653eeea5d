"""In how many of the stored forecasts a choice would be made as well: counted, never called a probability."""

from dataclasses import replace
from typing import Final

import numpy as np

from engine.explain.replanning import EQUALLY_GOOD, Replanning

RUNNING: Final = 1e-3
"""Power from which a part counts as running [kW]."""


def agreement(plan: Replanning, name: str, step: int, power: float) -> tuple[int, int] | None:
    """Return in how many of how many quantiles a part would charge, rest or discharge in a step as it was planned.

    A choice that costs next to nothing more than the best one counts as made: plans of equal cost fall either way.

    Args:
        plan: The best plan, for what is expected.
        name: Port, group or connection.
        step: When.
        power: Its power as planned [kW].

    Returns:
        None where no quantiles of any forecast are stored.
    """
    levels, agreeing = plan.site.levels, 0
    if not levels:
        return None
    least, most = (RUNNING, np.inf) if power >= RUNNING else (-np.inf, -RUNNING)
    if abs(power) < RUNNING:
        least = most = 0.0
    for level in levels:
        site = replace(plan.site, devices=tuple(device.at_level(level) for device in plan.site.devices))
        there = Replanning(site, (name,), plan.budget)
        alike = there.moving.solve(there.hold(name, step, least, most))
        agreeing += alike.has_plan and alike.objective - there.free.objective < EQUALLY_GOOD
    return agreeing, len(levels)
