"""Devices that are their ports and no more, or ports and what else a device adds to them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from engine.devices.answers import Alternative, PlanInput
from engine.devices.device import Device, LimitChange
from engine.devices.headroom import port_headroom
from engine.devices.port import Port
from engine.devices.reach import Headroom
from engine.model.limits import CAPACITIES, with_capacity
from engine.model.linear import Floats, Linear
from engine.model.problem import Problem
from engine.series.window import Window


class PortedDevice(Device):
    """A device whose limits and rules are those of its ports; what it has beyond them, it adds."""

    if TYPE_CHECKING:

        @property
        def ports(self) -> tuple[Port, ...]:
            """The places where it takes or gives power."""

    def weight(self, window: Window) -> float:
        """See Device.weight."""
        return sum(port.weight(window) for port in self.ports)

    def with_limit(self, owner: str, field: str, change: LimitChange) -> Self:
        """See Device.with_limit: a limit on the power of one of its ports."""
        for port in self.ports:
            if port.name == owner and field in CAPACITIES:
                return self.with_port(port, with_capacity(port, field, change))
        return self

    def alternatives(self, window: Window) -> Iterable[Alternative[Device]]:
        """See Device.alternatives: those of its ports."""
        for port in self.ports:
            for own in port.alternatives(window):
                changed = partial(_with_changed_port, self, port, own)
                yield Alternative(own.rule, own.most, changed, own.text)

    def with_port(self, old: Port, new: Port) -> Self:
        """Return the device with one port in the place of another."""
        device: Any = self  # a dataclass, as all devices with ports are
        changed: Self = replace(device, ports=tuple(new if port is old else port for port in self.ports))
        return changed


def _with_changed_port(device: PortedDevice, port: Port, own: Alternative[Port], less: int) -> Device:
    """Return a device in which a rule of one port gives way."""
    return device.with_port(port, own.changed(less))


@dataclass(frozen=True, kw_only=True, eq=False)
class Adjustable(PortedDevice):
    """Runs at any power its ports allow: curtailable solar, a boiler, and, coupled, a heat pump or CHP.

    Ports of one coupling share a level x_t ≥ 0: the power of port i is coefficient_i · x_t, so that a heat pump with
    the coefficients 1 (electricity) and 3 (heat) has a coefficient of performance of 3.
    """

    name: str
    """Name of the device."""
    ports: tuple[Port, ...]
    """Where it takes and gives power; ports of one coupling have proportional power."""

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        return {port.name: port.add_to(problem).power for port in self.ports}

    def headroom(self, window: Window, power: Mapping[str, Floats], soc: Mapping[str, Floats]) -> dict[str, Headroom]:
        """See Device.headroom."""
        return {port.name: port_headroom(port, power[port.name], window) for port in self.ports}

    def fields_of(self, kind: PlanInput) -> tuple[str, ...]:
        """See Device.fields_of: what it may take or give is foreseen, as of the sun."""
        return ("ports",) if kind == "forecasts" else ()
