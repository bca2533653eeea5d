"""The energy in a store: its start, its bounds, its losses, and which energies its ports can reach."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.devices.bounds import Moments, SoftBound
from engine.devices.port import Port
from engine.devices.reach import fastest, path
from engine.model.linear import Floats, Values, full
from engine.window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredEnergy:
    """What is known of the energy in a store; how a plan fills and empties it is told by ``Storage``."""

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
    soc_minima: Floats | None = None
    """Least energy [kWh] at some ticks, NaN elsewhere, shape (n + 1,); hard."""
    soc_maxima: Floats | None = None
    """Most energy [kWh] at some ticks, likewise."""
    soc_targets: Floats | None = None
    """Exact energy [kWh] at some ticks, likewise."""
    moments: Moments | None = None
    """Hard bounds at moments that are no ticks; they are also the moments of the soft bounds."""
    soft_minima: SoftBound | None = None
    """Lower bounds with a price."""
    soft_maxima: SoftBound | None = None
    """Upper bounds with a price."""
    soft_targets: tuple[SoftBound | None, SoftBound | None] | None = None
    """Exact energies with a price of falling short and one of going beyond."""
    storage_efficiency: Values = 1.0
    """Share of the stored energy left after one step [1]."""
    gain: Values = 0.0
    """Power that flows into the store from elsewhere, negative when it is used up [kW]."""
    end_value: float | Literal["learned"] | None = None
    """Worth of the energy stored at the end [currency/kWh]; None is nothing, ``learned`` the mean worth in the plan."""
    prefer_charging_sooner: bool = True
    """Between plans of equal cost, the one that fills the store sooner."""

    def bounds(self, window: Window) -> tuple[Floats, Floats]:
        """Return the hard bounds at the end of each step [kWh], each shape (n,).

        A start outside soc_min and soc_max is no contradiction: until it can be brought back, the fastest way back is
        the bound.
        """
        lower, upper = full(after_start(self.soc_min), window.n), full(after_start(self.soc_max), window.n)
        if self.soc_at_start < lower[0] or self.soc_at_start > upper[0]:
            down, up = self.reach(window)
            below, above = self.soc_at_start < lower[0], self.soc_at_start > upper[0]
            lower = np.where(_until_met(up >= lower), np.minimum(lower, up), lower) if below else lower
            upper = np.where(_until_met(down <= upper), np.maximum(upper, down), upper) if above else upper
        for least in (self.soc_minima, self.soc_targets):
            lower = lower if least is None else np.fmax(lower, least[1:])
        for most in (self.soc_maxima, self.soc_targets):
            upper = upper if most is None else np.fmin(upper, most[1:])
        return lower, upper

    def reach(self, window: Window) -> tuple[Floats, Floats]:
        """Return the least and most energy that the ports alone allow at the end of each step [kWh], shape (n,)."""
        off, on, kept = self.step_reach(window)
        return path(self.soc_at_start, kept, off), path(self.soc_at_start, kept, on)

    def step_reach(self, window: Window) -> tuple[Floats, Floats, Floats]:
        """Return the least and most that each step can add [kWh], and the share that is left, each shape (n,)."""
        kept = full(self.storage_efficiency, window.n)
        ports = [
            (p.consumption_limit, p.charging_efficiency, p.production_limit, p.discharging_efficiency)
            for p in self.ports
        ]
        off, on = fastest(ports, self.gain, kept, window.hours)
        return off, on, kept

    def binding(self, n: int) -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]]]:
        """Return at which ticks 1 ... n each lower and each upper bound, targets aside, is the one that binds."""
        least, most = full(after_start(self.soc_min), n), full(after_start(self.soc_max), n)
        below, above = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
        lower: dict[str, NDArray[np.bool_]] = {}
        upper: dict[str, NDArray[np.bool_]] = {}
        if self.soc_targets is not None:
            # At a target, a bound that it does not lie within is the other one's.
            below, above = ~(self.soc_targets[1:] >= least), ~(self.soc_targets[1:] <= most)
        if self.soc_minima is not None:
            lower["soc-minima"] = below & (self.soc_minima[1:] > least)
            below = below & ~lower["soc-minima"]
        if self.soc_maxima is not None:
            upper["soc-maxima"] = above & (self.soc_maxima[1:] < most)
            above = above & ~upper["soc-maxima"]
        return {**lower, "soc-min": below}, {**upper, "soc-max": above}


def after_start(values: Values) -> Values:
    """Return values at the ticks without the one at the start, which is given."""
    return values[1:] if isinstance(values, np.ndarray) else values


def _until_met(met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return True for the steps before the first that is met."""
    before: NDArray[np.bool_] = np.cumsum(met) == 0
    return before
