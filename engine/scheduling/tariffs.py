"""What is paid for: energy, the highest power, and promises that are not kept; each writes its own costs."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from engine.scheduling.linear import Indices, Linear, Values
from engine.scheduling.problem import Problem


@dataclass(frozen=True, slots=True)
class Exchange:
    """What flows through a connection."""

    commodity: str
    bought: Linear
    """Power taken from the grid [kW], 0 or more, shape (n,)."""
    sold: Linear
    """Power given to the grid [kW], 0 or more, shape (n,)."""


class Tariff(Protocol):
    """Anything that puts a price on what flows through a connection."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """Add the costs, under a name of their own."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EnergyTariff:
    """A price per kWh in both directions."""

    consumption_price: Values
    """Price of energy bought [currency/kWh], one number or shape (n,)."""
    production_price: Values
    """What energy sold earns [currency/kWh], one number or shape (n,)."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to."""
        hours = problem.window.hours
        paid = exchange.bought * (np.multiply(self.consumption_price, hours))
        earned = exchange.sold * (np.multiply(self.production_price, hours))
        problem.cost(f"{exchange.commodity} net energy", paid - earned)


@dataclass(frozen=True, kw_only=True, eq=False)
class PeakTariff:
    """A price on the highest power, once per period of equal price, reached peak and billing period."""

    direction: Literal["consumption", "production"]
    """Which way the power flows."""
    price: Values
    """Price of the peak [currency/kW], one number or shape (n,)."""
    reached: Values = 0.0
    """Peak paid for already [kW], one number or shape (n,)."""
    billing: Indices | None = None
    """Billing period (month) of each step, increasing, shape (n,); None is one for the whole window."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Commitment:
    """A promised power and the price of deviating from it."""

    name: str
    """Name of its cost."""
    baseline: Values
    """Power promised, positive when consuming [kW], one number or shape (n,)."""
    up_price: Values | None = None
    """Price of a higher power [currency/kWh, or currency/kW on the peak]; None adds no cost upwards."""
    down_price: Values | None = None
    """Price of a lower power, counted negative: a positive price earns, a negative one costs; None adds no cost."""
    on: Literal["energy", "peak"] = "energy"
    """Whether each step or only the largest deviation is priced."""
    members: tuple[str, ...] | None = None
    """Names of the ports and groups whose sum is promised; None is the whole connection."""
    commodity: str = "electricity"
    """The connection it is about, when it names no members."""
