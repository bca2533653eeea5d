"""A site without control: each store charges at once until it has what is asked of it, each process begins at once."""

from dataclasses import replace
from typing import Final

import numpy as np

from engine.errors import Infeasible
from engine.model.linear import Floats
from engine.schedulers.staying import PinnedPowers
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site

WORDS: Final = "stores charged at once to what is asked of them, else at rest; processes begun at once"


def uncontrolled_schedule(site: Site, scheduler: StorageScheduler) -> Schedule | None:
    """Return what would happen, and what it would cost, if nobody planned; None where that breaks a hard limit.

    What follows from these powers, such as how much production is used at the site, is the best there is.

    Args:
        site: As it is planned.
        scheduler: Plans what remains free.
    """
    powers: dict[str, Floats] = {}
    for device in site.devices:
        try:
            powers |= device.uncontrolled(site.window)
        except Infeasible:
            return None
    pinned = PinnedPowers(power={name: np.asarray(power, dtype=float) for name, power in powers.items()})
    try:
        return scheduler.compute(replace(site, additions=(*site.additions, pinned)))
    except Infeasible:
        return None
