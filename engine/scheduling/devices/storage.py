"""A store of energy, fed and emptied by one port or several."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.scheduling.devices.port import Port
from engine.scheduling.devices.running import lagged
from engine.scheduling.linear import Floats, Linear, Values, full
from engine.scheduling.problem import Problem
from engine.scheduling.reach import fastest, path, settled
from engine.window import Window


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftBound:
    """A bound on the stored energy at some moments, which may be broken at a price."""

    at: Floats
    """The bound at each tick [kWh], NaN where there is none, shape (n + 1,)."""
    highest_price: float = 0.0
    """Price of the largest breach [currency/kWh]."""
    each_price: float = 0.0
    """Price of the breach at every tick [currency/kWh per hour]."""

    def add_to(self, problem: Problem, name: str, soc: Linear, sign: float) -> None:
        """Add the breach at each bound and its price.

        Args:
            problem: Where it goes.
            name: Such as ``battery.soc-minima``.
            soc: Energy at the end of each step [kWh], shape (n,).
            sign: 1 for a lower bound, -1 for an upper one.
        """
        at = np.flatnonzero(~np.isnan(self.at[1:]))
        if not len(at):
            return
        breach = problem.variable(f"{name}.breach", size=len(at))
        problem.constrain(f"{name}.breach", soc[at] * sign + breach, lower=self.at[1:][at] * sign)
        problem.may_break(name, f"{name}.breach", "kWh", at + 1)
        problem.cost(f"all {name} breaches", breach * (self.each_price * problem.window.hours))
        if self.highest_price:
            highest = problem.variable(f"{name}.highest", size=1)
            problem.at_most(f"{name}.highest", breach, highest.spread(len(at)))
            problem.cost(f"any {name} breach", highest * self.highest_price)


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

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        n, hours = problem.window.n, problem.window.hours
        flows = {port.name: port.add_to(problem) for port in self.ports}
        lower, upper = self.bounds(problem.window)
        soc = problem.variable(f"{self.name}.soc", lower=lower, upper=upper)
        kept, share = self.storage_efficiency, hours * settled(self.storage_efficiency)
        added = full(self.gain * share, n).copy()
        added[0] += self.soc_at_start * (kept[0] if isinstance(kept, np.ndarray) else kept)
        level = soc + lagged(soc) * -kept
        for port in self.ports:
            flow = flows[port.name]
            level = level + flow.taken * (-share * port.charging_efficiency)
            level = level + flow.given * (share / port.discharging_efficiency)
        problem.equal(f"{self.name}.balance", level, added)
        problem.follows(soc.terms[0].cols, f"{self.name}.balance")
        self._name_limits(problem)
        self._add_prices(problem, soc)
        return {name: flow.power for name, flow in flows.items()}

    def bounds(self, window: Window) -> tuple[Floats, Floats]:
        """Return the hard bounds at the end of each step [kWh], each shape (n,).

        A start outside of them is no contradiction: until it can be brought back, the fastest way back is the bound.
        """
        lower, upper = full(after_start(self.soc_min), window.n), full(after_start(self.soc_max), window.n)
        if self.soc_at_start < lower[0] or self.soc_at_start > upper[0]:
            down, up = self.reach(window)
            below, above = self.soc_at_start < lower[0], self.soc_at_start > upper[0]
            lower = np.where(_until_met(up >= lower), np.minimum(lower, up), lower) if below else lower
            upper = np.where(_until_met(down <= upper), np.maximum(upper, down), upper) if above else upper
        if self.soc_targets is None:
            return lower, upper
        target = self.soc_targets[1:]
        return np.fmax(lower, target), np.fmin(upper, target)

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

    def _name_limits(self, problem: Problem) -> None:
        """Tell which bounds are whose; at a target, a bound it does not lie within is the other one's."""
        n, block = problem.window.n, f"{self.name}.soc"
        below, above = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
        if self.soc_targets is not None:
            target = self.soc_targets[1:]
            wanted = ~np.isnan(target)
            problem.limit(f"{self.name}.soc-targets", block, "both", "kWh", at=wanted)
            below, above = ~(target >= after_start(self.soc_min)), ~(target <= after_start(self.soc_max))
        problem.limit(f"{self.name}.soc-min", block, "lower", "kWh", at=below)
        problem.limit(f"{self.name}.soc-max", block, "upper", "kWh", at=above)

    def _add_prices(self, problem: Problem, soc: Linear) -> None:
        """Add what breaking soft bounds costs, what the rest is worth, and what is liked between equals."""
        for soft, side, sign in ((self.soft_minima, "minima", 1.0), (self.soft_maxima, "maxima", -1.0)):
            if soft is not None:
                soft.add_to(problem, f"{self.name}.soc-{side}", soc, sign)
        if isinstance(self.end_value, float | int) and self.end_value:
            problem.cost(f"{self.name} end value", soc[-1:] * -float(self.end_value))
        if self.prefer_charging_sooner:
            problem.prefer(soc * (-1.0 / soc.size))


def after_start(values: Values) -> Values:
    """Return values at the ticks without the one at the start, which is given."""
    return values[1:] if isinstance(values, np.ndarray) else values


def _until_met(met: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return True for the steps before the first that is met."""
    before: NDArray[np.bool_] = np.cumsum(met) == 0
    return before
