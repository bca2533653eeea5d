"""Heat in a building or a tank, which leaks to its surroundings: from temperatures to stored energy, and back."""

from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias

import numpy as np

from engine.devices.energy.bounds import Measure
from engine.model.linear import Floats, Values

Mode: TypeAlias = Literal["heating", "cooling"]
_FASTEST = 700.0
"""Most time constants within a step: beyond, nothing is left that a number could tell."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ThermalMass:
    """A mass of one temperature T [°C] that gains heat q [kW] and loses some to surroundings of temperature T_out:

        capacity · dT/dt = q - heat_loss · (T - T_out)

    With both constant within step t of h hours, the solution is exact, not an approximation by differences:

        T_t = k_t · T_{t-1} + (1 - k_t) · (T_out,t + q_t / heat_loss),    k_t = exp(-heat_loss · h_t / capacity)

    In terms of the energy e = ± capacity · (T - reference), + where it is heated and - where it is cooled, this is the
    balance of ``Storage`` with the share k_t left by each step, and with heat_loss · (T_out - reference) as gain:

        e_t = k_t · e_{t-1} + s_t · h_t · (± q_t ± heat_loss · (T_out,t - reference)),    s_t = (k_t - 1) / ln k_t

    Source:
        The first-order RC model of a zone, ISO 52016-1 in its simplest form, solved over one step.
    """

    capacity: float
    """Heat that warms it by one kelvin [kWh/K]."""
    heat_loss: float
    """Heat that it loses for each kelvin above its surroundings [kW/K]."""
    outdoor: Values
    """Temperature of the surroundings in each step [°C], one number or shape (n,)."""
    reference: float = 0.0
    """Temperature at which nothing is stored [°C]."""
    mode: Mode = "heating"
    """What is stored: heat, or the lack of it where nothing heats."""

    @property
    def sign(self) -> float:
        """Energy stored per heat gained: 1 where it is heated, -1 where it is cooled."""
        return 1.0 if self.mode == "heating" else -1.0

    def retention(self, hours: Values) -> Values:
        """Share of the stored energy left after a step of some length [h]."""
        kept: Values = np.exp(-np.minimum(self.heat_loss * np.asarray(hours) / self.capacity, _FASTEST))
        return kept

    @property
    def ambient_gain(self) -> Values:
        """Power that flows in from the surroundings while nothing is stored [kW]."""
        return self.sign * self.heat_loss * (self.outdoor - self.reference)

    def energy(self, temperature: Values) -> Values:
        """Energy stored at a temperature [kWh]."""
        return self.sign * self.capacity * (temperature - self.reference)

    def temperature(self, energy: Floats) -> Floats:
        """Temperature with so much energy stored [°C], of any shape."""
        return self.reference + self.sign * energy / self.capacity

    def limit(self, bound: str) -> str:
        """Name of a bound on the stored energy in terms of temperature: ``minima`` and ``maxima``."""
        return "temperature-min" if (bound == "minima") == (self.mode == "heating") else "temperature-max"

    def measure(self, store: str, bound: str) -> Measure:
        """What a bound on the stored energy of a store is called, in kelvin."""
        return Measure(f"{store}.{self.limit(bound)}", "K", 1.0 / self.capacity)

    def above(self, energy: float) -> Self:
        """Return the mass that stores nothing where this one stores some energy [kWh], fit to be the least there is."""
        return replace(self, reference=float(self.temperature(np.array(energy))))
