"""Inputs of an earlier plan in a later one: the same prices, forecasts, limits and targets at the same moments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, Final, Literal, TypeAlias, TypeVar, cast

import numpy as np

from engine.devices.answers import PlanInput
from engine.devices.device import Device
from engine.model.linear import Values, full
from engine.series.window import Window
from engine.site import Schedule, Site

T = TypeVar("T")
Input: TypeAlias = Literal["prices", "forecasts", "state of charge", "limits", "targets"]
INPUTS: Final[tuple[Input, ...]] = ("prices", "forecasts", "state of charge", "limits", "targets")
_CAPACITIES: Final = ("consumption_limit", "production_limit")
_SOFT: Final = ("soft_consumption", "soft_production")
_SAME_ENERGY: Final = 1e-6
"""Stored energies that differ by less are one [kWh]: a plan was saved and read again in between."""


@dataclass(frozen=True, slots=True)
class EarlierInputs:
    """What an earlier plan was made from, and what it foresaw."""

    site: Site
    schedule: Schedule
    """The earlier plan."""
    offset: int
    """Step of the earlier window at which the later one begins; negative where it begins before."""
    n: int
    """Number of steps of the later window."""

    def put_back(self, site: Site, which: Input) -> Site:
        """Return a later site with one input as it was before; the same object where that changes nothing.

        Moments that the earlier plan did not cover, and parts that it did not have, stay as they are.
        """
        match which:
            case "prices":
                return self._with_connections(site, lambda new, old: self._as_before(new, old, ("tariffs",)))
            case "limits":
                site = self._with_connections(site, lambda new, old: self._as_before(new, old, (*_CAPACITIES, *_SOFT)))
                groups = {each.name: each for each in self.site.groups}
                changed = tuple(
                    self._as_before(each, groups[each.name], (*_CAPACITIES, *_SOFT)) if each.name in groups else each
                    for each in site.groups
                )
                if any(new is not old for new, old in zip(changed, site.groups, strict=True)):
                    site = replace(site, groups=changed)
                return self._with_devices(site, self._own_inputs("limits"))
            case "forecasts" | "targets":
                return self._with_devices(site, self._own_inputs(which))
        return self._with_devices(site, lambda new, _: self._start(new, site.window))

    def _own_inputs(self, kind: PlanInput) -> Callable[[Device, Device], Device]:
        """Return what puts an input of a device back, in the fields that it names, and in its ports if they hold it."""

        def changed(new: Device, old: Device) -> Device:
            names = new.fields_of(kind)
            device = self._as_before(new, old, tuple(name for name in names if name != "ports"))
            return self._with_ports(device, old) if "ports" in names else device

        return changed

    def _start(self, new: Device, later: Window) -> Device:
        """A store with what was expected to be in it when a later plan begins; within a step it changes evenly."""
        soc, ticks = self.schedule.soc.get(new.name), self.site.window.ticks
        # A plan that begins later has foreseen nothing of this moment.
        if not new.energy_bounds or soc is None or later.start < self.site.window.start:
            return new
        foreseen, start = float(np.interp(later.ticks[0], ticks, soc)), float(np.min(new.energy_bounds["soc-at-start"]))
        return new if abs(foreseen - start) < _SAME_ENERGY else new.with_stored_energy(foreseen)

    def _with_ports(self, new: Device, old: Device) -> Device:
        """Return a device whose ports have the capacities they had before."""
        before, device = {port.name: port for port in old.ports}, cast(Any, new)
        ports = tuple(
            self._as_before(port, before[port.name], (*_CAPACITIES, *_SOFT)) if port.name in before else port
            for port in new.ports
        )
        same = all(port is own for port, own in zip(ports, new.ports, strict=True))
        return new if same else cast(Device, replace(device, ports=ports))

    def _with_devices(self, site: Site, change: Callable[[Device, Device], Device]) -> Site:
        before = {device.name: device for device in self.site.devices}
        devices = tuple(
            change(each, before[each.name]) if type(before.get(each.name)) is type(each) else each
            for each in site.devices
        )
        same = all(new is old for new, old in zip(devices, site.devices, strict=True))
        return site if same else replace(site, devices=devices)

    def _with_connections(self, site: Site, change: Callable[[Any, Any], Any]) -> Site:
        before = {each.commodity: each for each in self.site.connections}
        connections = tuple(
            change(each, before[each.commodity]) if each.commodity in before else each for each in site.connections
        )
        same = all(new is old for new, old in zip(connections, site.connections, strict=True))
        return site if same else replace(site, connections=connections)

    def _as_before(self, new: T, old: Any, names: tuple[str, ...]) -> T:
        """Return a part with some fields as before; itself where they are the same."""
        changed = {
            name: aligned
            for name in names
            if hasattr(new, name)
            and hasattr(old, name)
            and (aligned := self._aligned(getattr(new, name), getattr(old, name))) is not getattr(new, name)
        }
        part: Any = new
        result: T = replace(part, **changed) if changed else new
        return result

    def _aligned(self, new: Any, old: Any) -> Any:
        """Return a value as it was at each moment; the new one where both are the same."""
        if isinstance(new, tuple) and isinstance(old, tuple) and len(new) == len(old):
            parts = tuple(self._aligned(one, other) for one, other in zip(new, old, strict=True))
            return new if all(part is own for part, own in zip(parts, new, strict=True)) else parts
        if isinstance(new, Mapping) and isinstance(old, Mapping) and new.keys() == old.keys():
            values = {key: self._aligned(new[key], old[key]) for key in new}
            return new if all(values[key] is new[key] for key in new) else values
        if is_dataclass(new) and type(new) is type(old):
            names = tuple(field.name for field in fields(new) if field.name not in ("billing", "reached", "between"))
            return self._as_before(new, old, names)
        if old is None or (new is None and not isinstance(old, np.ndarray)):
            return old
        numeric = all(isinstance(each, float | int | np.ndarray) for each in (new, old) if each is not None)
        return self._numbers(new, old) if numeric and not isinstance(new, bool) else new

    def _numbers(self, new: Values | None, old: Values) -> Values | None:
        """Return numbers by step or tick as they were at each moment that the earlier plan covered."""
        if not isinstance(new, np.ndarray) and not isinstance(old, np.ndarray):
            return new if new == old else old
        # An array by tick has one value more than one by step.
        own, more = self.site.window.n, 0
        if isinstance(new, np.ndarray):
            more = len(new) - self.n
        elif isinstance(old, np.ndarray):
            more = len(old) - own
        if more not in (0, 1) or (isinstance(old, np.ndarray) and len(old) != own + more):
            return new  # not by step
        later = np.full(self.n + more, np.nan) if new is None else full(new, self.n + more)
        before, at = full(old, own + more), np.arange(self.n + more) + self.offset
        covered = (at >= 0) & (at < own + more)
        aligned = later.copy()
        aligned[covered] = before[at[covered]]
        return new if np.array_equal(aligned, later, equal_nan=True) else aligned
