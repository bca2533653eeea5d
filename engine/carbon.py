"""CO₂ beside money: what is emitted for the energy of a connection, and a limit on it over the whole window."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.model.limits import exchanged
from engine.model.linear import Floats, Linear, Values
from engine.model.problem import Problem
from engine.tariffs import EnergyTariff


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
        """Return what is emitted for a power of the connection, positive when consuming [kg].

        Σ_t (bought_t · c_t - sold_t · s_t) · h_t: activity times emission factor, by the hour.

        Source:
            GHG Protocol Scope 2 Guidance, World Resources Institute (2015).
        """
        bought, sold = np.maximum(power, 0.0), np.maximum(-power, 0.0)
        return float(((bought * self.consumption - sold * self.production) * hours).sum())


CAP = "site.carbon-cap"
"""Name of a cap as a limit."""
CAP_ROW = "carbon-cap"
"""Name of the row of a cap, whose dual value is the price of CO₂ that it stands for."""


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
        # One row for all connections: saved gas may make up for electricity that is emitted for.
        emitted, hours = Linear(1), problem.window.hours
        for commodity, intensity in self.intensities.items():
            bought, sold = (exchanged(problem, f"{commodity}.{way}") for way in ("consumption", "production"))
            emitted = emitted + (bought * (intensity.consumption * hours)).total()
            emitted = emitted - (sold * (intensity.production * hours)).total()
        above = problem.variable("carbon-cap.above", size=1)
        problem.at_most(CAP_ROW, emitted - above, self.most)
        problem.soft_constraint(CAP, "carbon-cap.above", "kg", np.zeros(1))
        problem.cost("carbon-cap breach", above * self.price)
