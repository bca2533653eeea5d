"""Plans the devices of a site one after the other, each beside what those before it do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.devices.device import Device
from engine.devices.inflexible import Inflexible
from engine.model.linear import Floats
from engine.site import Schedule, Site, Status, Timings

_TAKEN = 1e-6
"""Power from which on a step is taken, so that nothing else of its group may run then [kW]: more than rounding."""


class SiteScheduler(Protocol):
    """Anything that computes a schedule for a site."""

    version: ClassVar[str]

    def compute(self, site: Site) -> Schedule:
        """The best schedule of a site."""


@dataclass(frozen=True, kw_only=True)
class SequentialScheduler:
    """First come, first served: a device takes what is best for it, and those listed after it what is left.

    Together they may cost more than planned at once; what it gives is a rank among devices.
    """

    version: ClassVar[str] = "1"

    scheduler: SiteScheduler
    """Plans each device; those of one coupling are planned as one."""

    def compute(self, site: Site) -> Schedule:
        """The schedule of a site.

        Raises:
            EngineError: As the scheduler does, also where earlier devices leave no room for a later one.
        """
        fixed = [device for device in site.devices if device.load is not None]
        done: list[Inflexible] = []
        plans: list[Schedule] = []
        units, taken = _units([device for device in site.devices if device.load is None]), TakenTimes(site.window.n)
        for unit in units:
            unit = [taken.keep_apart(device) for device in unit]
            names = {port.name for device in (*unit, *fixed, *done) for port in device.ports}
            known = names | {group.name for group in site.groups}
            # A promise about devices that come later cannot be kept or broken yet.
            commitments = tuple(each for each in site.commitments if set(each.members or ()) <= known)
            plan = self.scheduler.compute(replace(site, devices=(*unit, *fixed, *done), commitments=commitments))
            plans.append(plan)
            for device in unit:
                taken.note(device, plan.power)
            # From now on they are loads like any other, which nothing later may change.
            done += [
                Inflexible(name=port.name, power=plan.power[port.name], commodity=port.commodity, group=port.group)
                for device in unit
                for port in device.ports
            ]
        return _joined(site, plans) if plans else self.scheduler.compute(site)


@dataclass
class TakenTimes:
    """When members of each exclusion group run already, so that those planned later do not run beside them."""

    n: int
    _running: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def keep_apart(self, device: Device) -> Device:
        """Return a device that does not run while another one of its exclusion group does."""
        running = self._running.get(getattr(device, "exclusion", None) or "")
        if running is None:
            return device
        process: Any = device  # which fields it has is known by the group
        before = running if process.blocked is None else process.blocked | running
        apart: Device = replace(process, blocked=before)
        return apart

    def note(self, device: Device, power: Mapping[str, Floats]) -> None:
        """Take note of when a device runs, by the powers of all ports [kW]."""
        name = getattr(device, "exclusion", None)
        if name is not None:
            own = np.any([np.abs(power[port.name]) > _TAKEN for port in device.ports], axis=0)
            self._running[name] = self._running.get(name, np.zeros(self.n, dtype=bool)) | own


def _units(devices: Sequence[Device]) -> list[list[Device]]:
    """Devices in order, those that share a coupling together at the place of the first."""
    units: list[tuple[set[str], list[Device]]] = []
    for device in devices:
        couplings = {name for port in device.ports if (name := getattr(port, "coupling", None))}
        same = next((unit for shared, unit in units if shared & couplings), None)
        if same is None:
            units.append((couplings, [device]))
        else:
            same.append(device)
    return [unit for _, unit in units]


def _joined(site: Site, plans: Sequence[Schedule]) -> Schedule:
    """The last schedule, which has all powers and what the connections cost, with what only earlier ones tell."""
    last = plans[-1]
    shared = {each.commodity for each in site.connections} | {each.name for each in site.groups}
    # Breaches at what all share are those of the last plan, which knows every device.
    earlier = [each for plan in plans[:-1] for each in plan.breaches if each.limit.split(".")[0] not in shared]
    worst = next((plan.status for plan in plans if plan.status is not Status.OPTIMAL), Status.OPTIMAL)
    return replace(
        last,
        soc={name: levels for plan in plans for name, levels in plan.soc.items()},
        # Of the connection and commitments the costs of the last plan count, of a device those of its own
        costs={
            name: paid for plan in plans for name, paid in plan.costs.items() if plan is last or name not in last.costs
        },
        status=worst,
        gap=max(plan.gap for plan in plans),
        storage_values={name: values for plan in plans for name, values in plan.storage_values.items()},
        limit_shadow_prices={name: value for plan in plans for name, value in plan.limit_shadow_prices.items()},
        breaches=(*earlier, *last.breaches),
        timings=Timings(sum(p.timings.building for p in plans), sum(p.timings.solving for p in plans)),
    )
