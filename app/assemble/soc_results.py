"""Which limits a plan keeps and which not, per device: what clients of FlexMeasures find in the result of a job."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from app.assemble.outputs import SensorOutput
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
    limits: tuple[Literal["soc-minima", "soc-maxima"], ...] = ("soc-minima", "soc-maxima")
    for device in site.devices:
        for limit in limits if device.name in plan.soc else ():
            margins = device.bound_margins(limit, plan.soc[device.name])
            if margins and f"{device.name}.{limit}" not in broken:
                found[device.name][limit] = [
                    {"datetime": plan.window.moment(at).isoformat(), "margin": _amount(margin, "kWh")}
                    for at, margin in margins
                ]
    return _entries(found, outputs)


def _entries(found: Mapping[str, Mapping[str, Any]], outputs: Sequence[SensorOutput]) -> Items:
    assets = {output.name: output.sensor.asset_id for output in outputs}
    return [
        {"device": name} | ({"asset": assets[name]} if name in assets else {}) | dict(limits)
        for name, limits in found.items()
    ]


def _amount(value: float, unit: str) -> str:
    """Return an amount with its unit, ``4.0 kWh``; what is less than a millionth is rounding noise."""
    return f"{round(value, 6) + 0.0} {unit}"
