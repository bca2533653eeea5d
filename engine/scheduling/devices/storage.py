"""A store of energy, fed and emptied by one port or several."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from engine.scheduling.devices.port import Port
from engine.scheduling.linear import Floats, Values


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftBound:
    """A bound on the stored energy at some moments, which may be broken at a price."""

    at: Floats
    """The bound at each tick [kWh], NaN where there is none, shape (n + 1,)."""
    highest_price: float = 0.0
    """Price of the largest breach [currency/kWh]."""
    each_price: float = 0.0
    """Price of the breach at every tick [currency/kWh per hour]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Storage:
    """A battery, vehicle, boiler, pond: what goes in comes out later."""

    name: str
    """Name under which its state of charge is reported; unique in the site."""
    ports: tuple[Port, ...]
    """Where it is charged and discharged; several may share the store."""
    soc_at_start: float
    """Energy stored when the window begins [kWh]; may lie outside the bounds, and is then brought back at once."""
    soc_min: Values = 0.0
    """Hard lower bound [kWh], one number or shape (n + 1,); entry 0 is the start and is not used."""
    soc_max: Values = np.inf
    """Hard upper bound [kWh], as soc_min."""
    soc_targets: Floats | None = None
    """Exact energy [kWh] at some ticks, NaN elsewhere, shape (n + 1,); hard."""
    soft_minima: SoftBound | None = None
    """Lower bounds with a price."""
    soft_maxima: SoftBound | None = None
    """Upper bounds with a price."""
    storage_efficiency: Values = 1.0
    """Share of the stored energy left after one step [1]."""
    gain: Values = 0.0
    """Power that flows into the store from elsewhere, negative when it is used up [kW]."""
    end_value: float | Literal["learned"] | None = None
    """Worth of the energy stored at the end [currency/kWh]; None is nothing, ``learned`` the mean worth in the plan."""
    prefer_charging_sooner: bool = True
    """Between plans of equal cost, the one that fills the store sooner."""
