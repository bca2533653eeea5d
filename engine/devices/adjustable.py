"""A device without a store: production that can be curtailed, a load that can be turned down."""

from dataclasses import dataclass

from engine.devices.port import Port, PortedDevice
from engine.model.linear import Linear
from engine.model.problem import Problem


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
