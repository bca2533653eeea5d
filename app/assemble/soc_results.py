"""Which limits a plan keeps and which not, per device: what clients of FlexMeasures find in the result of a job."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from app.assemble.outputs import SensorOutput
from engine.devices.reach import partly
from engine.devices.storage import Storage
from engine.model.linear import Floats, full
from engine.site import Schedule, Site

Items = list[dict[str, Any]]


def unresolved(plan: Schedule, outputs: Sequence[SensorOutput]) -> Items:
    """Return the soft limits that are not met: an entry per device, with the moments and amounts of each limit."""
    found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for breach in plan.breaches:
        device, _, limit = breach.limit.rpartition(".")
        at = plan.window.moment(breach.step).isoformat()
        found[device][limit].append({"datetime": at, "violation": _amount(breach.amount, breach.unit)})
    return _entries(found, outputs)


def resolved(plan: Schedule, site: Site, outputs: Sequence[SensorOutput]) -> Items:
    """Return the soc-minima and soc-maxima that hold at every moment they were asked for, and by how much."""
    broken = {breach.limit for breach in plan.breaches}
    found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(dict)
    for store in site.devices:
        if not isinstance(store, Storage) or store.name not in plan.soc:
            continue
        for limit, sign in (("soc-minima", 1.0), ("soc-maxima", -1.0)):
            margins = [(at, sign * (level - bound)) for at, level, bound in _asked(store, limit, plan)]
            if margins and f"{store.name}.{limit}" not in broken:
                found[store.name][limit] = [
                    {"datetime": plan.window.moment(at).isoformat(), "margin": _amount(margin, "kWh")}
                    for at, margin in sorted(margins)
                ]
    return _entries(found, outputs)


def _asked(store: Storage, limit: str, plan: Schedule) -> Iterator[tuple[float, float, float]]:
    """Give each moment of a bound [steps since the start], the energy planned for it and the bound [kWh]."""
    field = limit.replace("-", "_")
    soft, hard = getattr(store, field.replace("soc", "soft")), getattr(store, field)
    levels = plan.soc[store.name]
    for ticks in (hard, soft.at if soft is not None else None):
        if ticks is not None:
            asked = np.flatnonzero(~np.isnan(ticks[1:])) + 1
            yield from ((float(at), float(levels[at]), float(ticks[at])) for at in asked)
    if store.moments is None:
        return
    planned = _between(levels, store.moments.at, full(store.storage_efficiency, plan.window.n))
    for bounds in (getattr(store.moments, field.removeprefix("soc_")), soft.between if soft is not None else ()):
        for at, level, bound in zip(store.moments.at, planned, bounds, strict=False):  # soft ones may have none there
            if not np.isnan(bound):
                yield float(at), float(level), float(bound)


def _between(levels: Floats, at: Floats, kept: Floats) -> Floats:
    """Return the energy at moments between ticks [kWh], where each step leaves a share of it."""
    step = np.floor(at).astype(int)
    before, after = partly(kept[step], at - step)
    found: Floats = before * levels[step] + after * levels[step + 1]
    return found


def _entries(found: Mapping[str, Mapping[str, Any]], outputs: Sequence[SensorOutput]) -> Items:
    assets = {output.name: output.sensor.asset_id for output in outputs}
    return [
        {"device": name} | ({"asset": assets[name]} if name in assets else {}) | dict(limits)
        for name, limits in found.items()
    ]


def _amount(value: float, unit: str) -> str:
    """Return an amount with its unit, ``4.0 kWh``; what is less than a millionth is rounding noise."""
    return f"{round(value, 6) + 0.0} {unit}"
