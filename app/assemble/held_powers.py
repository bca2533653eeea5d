"""Powers that people hold by hand → a site in which they are held."""

from dataclasses import replace
from datetime import datetime
from math import ceil

import numpy as np

from app.assemble.site.site import Assembled
from app.auth.access.references import References
from db import overrides
from engine.devices.energy.yielding import PHYSICS
from engine.errors import EngineError, Infeasible
from engine.model.linear import Floats
from engine.schedulers.staying import PinnedPowers
from engine.series.window import Window
from engine.site import Schedule


def with_overrides(references: References, assembled: Assembled) -> Assembled:
    """Return a site in which powers are held as people want; itself where none of them are.

    Overrides of a device that is not planned are told as warnings.
    """
    window, site = assembled.site.window, assembled.site
    rows = overrides.overlapping(references.session, assembled.described.asset.id, window.start, window.end)
    if not rows:
        return assembled
    ports = {port.name for device in site.devices if device.load is None for port in device.ports}
    powers: dict[str, Floats] = {}
    warnings: list[str] = []
    for row in rows:
        first, last = held_steps(window, row.start, row.end)
        if row.device not in ports:
            warnings.append(f"The override of {row.device} is left out: no device of this name is planned here.")
        elif first < last:
            powers.setdefault(row.device, np.full(window.n, np.nan))[first:last] = row.power
    if powers:
        site = replace(site, additions=(*site.additions, PinnedPowers(power=powers)))
    return replace(assembled, site=site, warnings=(*assembled.warnings, *warnings))


def held_steps(window: Window, start: datetime, end: datetime) -> tuple[int, int]:
    """Return the first step that begins while a power is held, and the one after the last; a step begun is decided."""
    first, last = (min(max(ceil(window.position(moment)), 0), window.n) for moment in (start, end))
    return first, last


def breaks_physics(outcome: Schedule | EngineError) -> bool:
    """Return whether there is no schedule, or only one in which stored energy gives way."""
    if isinstance(outcome, Schedule):
        return any(breach.limit.rpartition(".")[2] in PHYSICS for breach in outcome.breaches)
    return isinstance(outcome, Infeasible)
