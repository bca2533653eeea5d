"""A device whose power is what it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from engine.model.linear import Floats, Linear
from engine.model.problem import Problem


@dataclass(frozen=True, kw_only=True, eq=False)
class Inflexible:
    """A load or a production that the plan has to live with."""

    name: str
    """Name under which its power is reported; unique in the site."""
    power: Floats
    """Power it takes, negative when it gives [kW], shape (n,)."""
    commodity: str = "electricity"
    """What flows."""
    group: str | None = None
    """The group of devices it belongs to."""
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    """Power [kW] that is not exceeded with each probability, shape (n,), where more than ``power`` is known."""

    @property
    def ports(self) -> tuple[Self, ...]:
        """Itself: it meets the site at one place."""
        return (self,)

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        return {self.name: Linear(problem.window.n, (), self.power)}
