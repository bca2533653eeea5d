"""A device without a store: production that can be curtailed, a load that can be turned down."""

from dataclasses import dataclass

from engine.devices.port import Port
from engine.model.linear import Linear
from engine.model.problem import Problem


@dataclass(frozen=True, kw_only=True, eq=False)
class Adjustable:
    """Runs at any power its ports allow: curtailable solar, a boiler, and, coupled, a heat pump or CHP."""

    name: str
    """Name of the device."""
    ports: tuple[Port, ...]
    """Where it takes and gives power; ports of one coupling have proportional power."""

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        return {port.name: port.add_to(problem).power for port in self.ports}
