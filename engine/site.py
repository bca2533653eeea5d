"""A site and a schedule for it: what schedulers take and give. Plain arrays, kW and kWh, consumption positive."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Protocol, Self

import numpy as np

from engine.carbon import CarbonIntensity
from engine.devices.device import Device, LimitChange
from engine.errors import InputError
from engine.model.limits import SoftLimit, with_capacity
from engine.model.linear import Floats, Linear, Values, full
from engine.model.problem import Problem
from engine.series.window import Window
from engine.tariffs import Commitment, Tariff


@dataclass(frozen=True, kw_only=True, eq=False)
class Connection:
    """Where the devices of one commodity meet the grid."""

    commodity: str = "electricity"
    """What flows."""
    consumption_limit: Values = np.inf
    """Most power bought, hard [kW]."""
    production_limit: Values = np.inf
    """Most power sold, hard [kW]."""
    soft_consumption: SoftLimit | None = None
    """A limit on what is bought that may be broken at a price."""
    soft_production: SoftLimit | None = None
    """A limit on what is sold that may be broken at a price."""
    tariffs: tuple[Tariff, ...] = ()
    """What flows through is paid for by each of these."""
    carbon: CarbonIntensity | None = None
    """How much CO₂ is emitted for what flows through; its price is a tariff, a cap on it an addition of the site."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """Devices behind a common limit inside the site, such as one fuse; may stand in another group."""

    name: str
    """Name under which its power is reported; unique in the site."""
    commodity: str = "electricity"
    """What flows; the same for all its members."""
    group: str | None = None
    """The group it stands in."""
    consumption_limit: Values = np.inf
    """Most power its members take together, hard [kW]."""
    production_limit: Values = np.inf
    """Most power its members give together, hard [kW]."""
    soft_consumption: SoftLimit | None = None
    """A limit that may be broken at a price."""
    soft_production: SoftLimit | None = None
    """A limit that may be broken at a price."""


class Addition(Protocol):
    """Rows, columns and costs of a plugin's own; they work with every solver."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """Add them.

        Args:
            problem: With everything else in it.
            power: Power of each port, group and connection [kW], shape (n,).
        """


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """Devices behind their connections over one window.

    A commodity without a connection is an internal node: what its devices give, others take in the same step.
    """

    window: Window
    devices: tuple[Device, ...]
    connections: tuple[Connection, ...]
    groups: tuple[Group, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    additions: tuple[Addition, ...] = ()
    hedged: int = 0
    """Number of steps in which one decision has to do for every quantile of loads and production; 0 for none."""

    @property
    def levels(self) -> list[float]:
        """Probabilities for which the power of a load or production is known, increasing."""
        return sorted({level for device in self.devices for level in device.levels})

    def with_devices(self, change: Callable[[Device], Device]) -> Self:
        """Return the site in which each device is what a change makes of it."""
        return replace(self, devices=tuple(change(device) for device in self.devices))

    def with_device(self, old: Device, new: Device) -> Self:
        """Return the site with one device in the place of another."""
        return self.with_devices(lambda device: new if device is old else device)


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is not met at one moment."""

    limit: str
    """Which limit, such as ``battery.soc-minima`` or ``electricity.consumption``."""
    step: float
    """Index of the step; for a stored energy the tick 0 ... n, which ends step - 1, or a moment between two of them."""
    amount: float
    """By how much."""
    unit: str
    """``kW`` or ``kWh``."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Processor time spent [s]."""

    building: float
    solving: float


class Status(StrEnum):
    """How a solve ended; only the first three carry an optimised plan."""

    OPTIMAL = "optimal"
    WITHIN_GAP = "within the accepted gap"
    BEST_IN_TIME = "best found in time"
    """The search was ended; the gap tells how far it may lie above the best one."""
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    TIMED_OUT = "timed out"
    FAILED = "failed"
    FALLBACK = "fallback, not optimised"
    """A plain plan of the fallback scheduler."""


PLANS: Final = frozenset({Status.OPTIMAL, Status.WITHIN_GAP, Status.BEST_IN_TIME})
"""What carries an optimised plan."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Schedule:
    """A plan: what every device does, what it costs and why."""

    window: Window
    power: Mapping[str, Floats]
    """Power of each port, connection (by commodity) and group [kW], positive when consuming, shape (n,)."""
    soc: Mapping[str, Floats]
    """Energy in each store [kWh], shape (n + 1,)."""
    costs: Mapping[str, float]
    """Cost by name [currency]; earnings are negative."""
    status: Status
    gap: float = 0.0
    """How far the cost may at most lie above the best one, as share of it."""
    shadow_prices: Mapping[str, Floats] = field(default_factory=dict)
    """Cost of one more kWh consumed, by commodity and group [currency/kWh], shape (n,)."""
    storage_values: Mapping[str, Floats] = field(default_factory=dict)
    """What one more kWh in each store saves [currency/kWh], at ticks 1 ... n, shape (n,)."""
    limit_shadow_prices: Mapping[str, Floats] = field(default_factory=dict)
    """What one more kW or kWh of a limit would save, by limit [currency per unit], shape (n,) or (n + 1,)."""
    carbon_price: float = 0.0
    """What one kg more of a carbon cap would save, the price of CO₂ that it stands for [currency/kg]; 0 without one."""
    breaches: tuple[Breach, ...] = ()
    """Soft limits that are not met."""
    guidance: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict)
    """What is told beside the plan, by the field of the flex-model that receives it, then by device or connection, each
    of shape (n,); see ``engine.operation``."""
    timings: Timings = Timings(0.0, 0.0)

    @property
    def cost(self) -> float:
        """Sum of all costs [currency]."""
        return sum(self.costs.values())


def carbon_emissions(site: Site, power: Mapping[str, Floats]) -> dict[str, float]:
    """Return what is emitted by commodity [kg]; negative where energy sold saves more elsewhere.

    Args:
        site: Connections whose carbon intensity is not known are left out.
        power: Power of each connection [kW], positive when consuming, shape (n,).
    """
    known = [(each.commodity, each.carbon) for each in site.connections if each.carbon is not None]
    return {name: carbon.emissions(power[name], site.window.hours) for name, carbon in known if name in power}


def with_limit(site: Site, limit: str, change: LimitChange) -> Site:
    """Return a site with one limit changed: what applying a repair means.

    Args:
        site: As it is.
        limit: Such as ``battery.soc-max``.
        change: From the old values to the new ones; a stored energy has n + 1 of them, or one for all.

    Raises:
        InputError: The site has no such limit.
    """
    owner, _, field = limit.rpartition(".")
    devices = tuple(device.with_limit(owner, field, change) for device in site.devices)
    connections = tuple(
        with_capacity(each, field, change) if each.commodity == owner else each for each in site.connections
    )
    groups = tuple(with_capacity(each, field, change) if each.name == owner else each for each in site.groups)
    old, new = (*site.devices, *site.connections, *site.groups), (*devices, *connections, *groups)
    if all(before is after for before, after in zip(old, new, strict=True)):
        raise InputError(f"The site has no limit called {limit}.")
    return replace(site, devices=devices, connections=connections, groups=groups)


def limit_values(site: Site, limit: str) -> Values:
    """Return the values of a limit, as they are in the site."""
    seen: list[Values] = []

    def look(values: Values) -> Values:
        seen.append(values)
        return np.asarray(values, dtype=float) + 0.0  # a new object, so that the look is not taken for a miss

    with_limit(site, limit, look)
    return seen[0]


def raised(by: float) -> LimitChange:
    """Return the change that adds one amount to all values."""
    return lambda values: np.asarray(values, dtype=float) + by if isinstance(values, np.ndarray) else values + by


def shifted(by: Floats) -> LimitChange:
    """Return the change that adds an amount to each value."""
    return lambda values: full(values, len(by)) + by
