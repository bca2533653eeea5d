"""What is paid for: energy, the highest power, and promises that are not kept; each writes its own costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import numpy as np

from engine.errors import InputError
from engine.model.limits import exchanged, groups_of_equal, runs_of_equal
from engine.model.linear import Floats, Indices, Linear, Reach, Values, full
from engine.model.problem import Problem

WIDER: Final = 1.01
"""Limits of a choice are so much wider than what can be reached."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What flows through a connection."""

    commodity: str
    bought: Linear
    """Power taken from the grid [kW], 0 or more, shape (n,)."""
    sold: Linear
    """Power given to the grid [kW], 0 or more, shape (n,)."""
    net: Linear
    """Power taken less power given [kW], shape (n,)."""


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
    name: str = "net energy"
    """What is paid for: its cost stands under the commodity and this name."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to."""
        hours = problem.window.hours
        paid = exchange.bought * (self.consumption_price * hours)
        problem.cost(f"{exchange.commodity} {self.name}", paid + exchange.sold * (self.production_price * -hours))


@dataclass(frozen=True, kw_only=True, eq=False)
class CarbonIntensity:
    """How much CO₂ is emitted for the energy that flows through a connection."""

    consumption: Values
    """Emitted for energy bought [kg/kWh], one number or shape (n,)."""
    production: Values = 0.0
    """What energy sold saves elsewhere [kg/kWh], one number or shape (n,)."""

    def tariff(self, price: Values) -> EnergyTariff:
        """Return what it costs at a price of CO₂ [currency/kg]."""
        return EnergyTariff(
            consumption_price=self.consumption * price, production_price=self.production * price, name="carbon"
        )

    def emissions(self, power: Floats, hours: Values) -> float:
        """Return what is emitted for a power of the connection, positive when consuming [kg]."""
        bought, sold = np.maximum(power, 0.0), np.maximum(-power, 0.0)
        return float(((bought * self.consumption - sold * self.production) * hours).sum())


@dataclass(frozen=True, kw_only=True, eq=False)
class CarbonCap:
    """A limit on what all connections emit over the whole window, which gives way at a price."""

    most: float
    """The limit [kg]."""
    price: float
    """Price of emitting more [currency/kg]."""
    intensities: Mapping[str, CarbonIntensity]
    """By commodity of the connection."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """See Addition.add_to: Σ_t (bought_t · c_t - sold_t · s_t) · h ≤ most + above."""
        emitted, hours = Linear(1), problem.window.hours
        for commodity, intensity in self.intensities.items():
            bought, sold = (exchanged(problem, f"{commodity}.{way}") for way in ("consumption", "production"))
            emitted = emitted + (bought * (intensity.consumption * hours)).total()
            emitted = emitted - (sold * (intensity.production * hours)).total()
        above = problem.variable("carbon-cap.above", size=1)
        problem.at_most("carbon-cap", emitted - above, self.most)
        problem.soft_constraint("site.carbon-cap", "carbon-cap.above", "kg", np.zeros(1))
        problem.cost("carbon-cap breach", above * self.price)


@dataclass(frozen=True, kw_only=True, eq=False)
class PeakTariff:
    """A price on the highest power among the steps of equal price and reached peak in each billing period."""

    direction: Literal["consumption", "production"]
    """Which way the power flows."""
    price: Values
    """Price of the peak [currency/kW], one number or shape (n,)."""
    reached: Values = 0.0
    """Peak paid for already [kW], one number or shape (n,)."""
    billing: Indices | None = None
    """Billing period (month) of each step, increasing, shape (n,); None is one for the whole window."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to: one variable per group at or above every flow; its cost presses it onto the highest."""
        n = problem.window.n
        flow = exchange.bought if self.direction == "consumption" else exchange.sold
        billing = 0.0 if self.billing is None else self.billing.astype(float)
        groups, first = groups_of_equal(n, billing, self.price, self.reached)
        name = f"{exchange.commodity} {self.direction} peak"
        more = problem.variable(name, size=len(first))
        problem.at_most(name, flow - self.reached, more[groups])
        problem.cost(name, more * full(self.price, n)[first])


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanPeakTariff:
    """A price on the highest mean power over intervals of the clock, as grid operators meter it.

    With the mean m_i of the flow over what the window covers of interval i, the excess e over the reached peak r costs
    price · e, where e ≥ m_i - r for every interval of a billing period.
    """

    direction: Literal["consumption", "production"]
    """Which way the power flows."""
    price: Values
    """Price of the peak [currency/kW], one number or shape (n,)."""
    interval: Indices
    """Interval of each step, increasing, shape (n,)."""
    reached: Values = 0.0
    """Peak paid for already [kW], one number or shape (n,)."""
    billing: Indices | None = None
    """Billing period (month) of each step, increasing, shape (n,); None is one for the whole window."""

    def add_to(self, problem: Problem, exchange: Exchange) -> None:
        """See Tariff.add_to; price, reached peak and billing period of an interval are those of its first step."""
        n, hours = problem.window.n, full(problem.window.hours, problem.window.n)
        _, begin, of_step = np.unique(self.interval, return_index=True, return_inverse=True)
        length, count = np.bincount(of_step, weights=hours), len(begin)
        flow = exchange.bought if self.direction == "consumption" else exchange.sold
        mean = (flow * (hours / length[of_step])).total(of_step, count)
        price, reached = full(self.price, n)[begin], full(self.reached, n)[begin]
        billing = np.zeros(count) if self.billing is None else self.billing[begin].astype(float)
        groups, first = groups_of_equal(count, billing, price, reached)
        name = f"{exchange.commodity} {self.direction} peak"
        more = problem.variable(name, size=len(first))
        problem.at_most(name, mean - reached, more[groups])
        problem.cost(name, more * price[first])


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

    def add_to(self, problem: Problem, power: Linear, behind: Reach | None = None) -> None:
        """Add the deviation from the promise and its price.

        Args:
            problem: Where they go.
            power: The power promised [kW], shape (n,).
            behind: Reach of that power by what stands behind it; without it, by its own bounds.
        """
        n, hours = problem.window.n, problem.window.hours
        up_price, down_price = _price(self.up_price, n), _price(self.down_price, n)
        low, high = (end - self.baseline for end in problem.reach(power.reach))
        # Where deviating both ways at once would pay, only bounds keep it finite; elsewhere limits may be tried wider.
        pays = up_price < down_price
        up = problem.variable(f"{self.name}.up", upper=np.where(pays, np.maximum(high, 0.0), np.inf))
        down = problem.variable(f"{self.name}.down", upper=np.where(pays, np.maximum(-low, 0.0), np.inf))
        # What stands behind limits the choice only, and not tightly: a bound of the flows would have a price.
        low, high = (end - self.baseline for end in problem.reach(behind or power.reach))
        most = np.maximum(high * WIDER, 0.0), np.maximum(-low * WIDER, 0.0)
        problem.equal(f"{self.name}.deviation", power - up + down, self.baseline)
        if self.on == "energy":
            problem.cost(self.name, up * (up_price * hours) - down * (down_price * hours))
            problem.exclude_simultaneous(self.name, up, down, lossless=True, most=lambda _, __: most)
            return
        if (up_price < 0).any() or (down_price > 0).any():
            raise InputError(
                f"{self.name}: a price on the peak must make deviating cost: up-price 0 or more, down-price 0 or less."
            )
        self._add_peak(problem, "up", up, up_price)
        self._add_peak(problem, "down", down, -down_price)

    def _add_peak(self, problem: Problem, side: str, deviation: Linear, price: Floats) -> None:
        """Add the largest deviation of each run of steps of equal price and baseline."""
        groups, prices = runs_of_equal(problem.window.n, price, self.baseline)
        if prices.any():
            peak = problem.variable(f"{self.name}.{side}-peak", size=len(prices))
            problem.at_most(f"{self.name}.{side}-peak", deviation, peak[groups])
            problem.cost(self.name, peak * prices)


def _price(price: Values | None, n: int) -> Floats:
    return np.zeros(n) if price is None else full(price, n)
