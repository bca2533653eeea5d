"""Where a device meets a commodity: the power it may take and give there, and what running it costs."""

from dataclasses import dataclass
from typing import Protocol

from engine.scheduling.limits import SoftLimit
from engine.scheduling.linear import Linear, Values
from engine.scheduling.problem import Problem


class Member(Protocol):
    """Anything with a power of its own at one place of the site."""

    @property
    def name(self) -> str:
        """Name under which its power is reported; unique in the site."""

    @property
    def commodity(self) -> str:
        """What flows, such as ``electricity`` or ``heat``."""

    @property
    def group(self) -> str | None:
        """The group of devices it belongs to, if any."""


class Device(Protocol):
    """Anything that writes its own physics into a problem."""

    @property
    def ports(self) -> tuple[Member, ...]:
        """The places where it takes or gives power."""

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """Add the device; return the power each port takes [kW], shape (n,), by name of the port."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One way to run: the power lies between two values."""

    low: float
    """Least power [kW], positive when consuming."""
    high: float
    """Most power [kW], positive when consuming."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Port:
    """The power a device may take from a commodity and give to it."""

    name: str
    """Name under which its power is reported; unique in the site."""
    consumption_limit: Values
    """Most power it takes, 0 or more [kW]."""
    production_limit: Values
    """Most power it gives, 0 or more [kW]."""
    commodity: str = "electricity"
    """What flows."""
    group: str | None = None
    """The group of devices it belongs to."""
    soft_consumption: SoftLimit | None = None
    """A lower limit on what it takes, which may be broken at a price."""
    soft_production: SoftLimit | None = None
    """A lower limit on what it gives, which may be broken at a price."""
    charging_efficiency: Values = 1.0
    """Share of what it takes that reaches the store; above 1 for a heat pump [1]."""
    discharging_efficiency: Values = 1.0
    """Share of what leaves the store that it gives [1]."""
    wear_price: Values = 0.0
    """Price of each kWh taken or given [currency/kWh]."""
    bands: tuple[Band, ...] = ()
    """Ways to run, exactly one per step; none means anything within the limits."""
    start_cost: float = 0.0
    """Price of each switching on [currency]."""
    min_on: float = 0.0
    """Once on, it stays on this long [h]."""
    min_off: float = 0.0
    """Once off, it stays off this long [h]."""
    on_at_start: bool = False
    """Whether it runs just before the window, long enough to be switched off at once."""
    ramp: float | None = None
    """Largest change of power from step to step [kW per hour]; None is any."""
    coupling: str | None = None
    """Name of the coupling whose ports have proportional power."""
    coefficient: Values = 1.0
    """Power of this port per unit of the coupling, above 0 [1]."""
    share: str | None = None
    """Name of a set of equal devices among which energy is shared fairly."""
    prefer_sooner: bool = False
    """Between plans of equal cost, run sooner (give sooner: curtail later)."""
