"""Three phases behind one connection: how much each may carry, and how far they may lie apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np

from engine.devices.running import OperatingRange, powers_in_bands
from engine.model.linear import Linear, Values
from engine.model.problem import Problem

PHASES = ("L1", "L2", "L3")


@dataclass(frozen=True, kw_only=True, eq=False)
class PhaseLimits:
    """Limits on the power of each phase of a connection, which give way at a price.

    A device on m of the three phases takes 1/m of its power from each of them; what is not told to stand on some phases
    is spread evenly. With the share s_iφ of device i on phase φ, its power p_i and the net power P of the connection:

        P_φ = P / 3 + Σ_i (s_iφ - 1/3) · p_i,   |P_φ| ≤ most,   |P_φ - P_ψ| ≤ unbalance

    One that switches has a share of each way to run: s_iφ · p_i is then the sum of them over its ways.
    """

    price: float
    """Price of each kW beyond a limit for an hour [currency/kWh]."""
    phases: Mapping[str, tuple[str, ...]]
    """Phases of each port or load that does not stand on all three."""
    switching: Mapping[str, tuple[tuple[OperatingRange, tuple[str, ...]], ...]] = field(default_factory=dict)
    """All ways to run of each port whose phases depend on them, with the phases of each."""
    most: Values = np.inf
    """Most power of a phase, in either direction [kW]."""
    unbalance: Values = np.inf
    """Most by which the powers of two phases may differ [kW]."""
    commodity: str = "electricity"
    """What flows through the connection."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """See Addition.add_to."""
        if self.commodity not in power:  # nothing of the site stands behind this connection
            return
        # Net power of each phase: an even share of all, but for devices that stand on some of them
        flows = dict.fromkeys(PHASES, power[self.commodity] * (1.0 / 3.0))
        parts = [(power[name], own) for name, own in self.phases.items() if name in power]
        for name, ways in self.switching.items():
            if f"{name}.modes" in problem.rows:  # with its ways to run left out it stands on any
                ranges, phases = zip(*ways, strict=True)
                parts += zip(powers_in_bands(problem, name, ranges), phases, strict=True)
        for flow, own in parts:
            for phase in PHASES:
                flows[phase] = flows[phase] + flow * ((phase in own) / len(own) - 1.0 / 3.0)
        if np.isfinite(self.most).any():
            for phase, flow in flows.items():
                self._limit(problem, f"{self.commodity}.phase-capacity {phase}", flow, self.most)
        if np.isfinite(self.unbalance).any():
            for one, other in combinations(PHASES, 2):
                name = f"{self.commodity}.phase-unbalance {one} {other}"
                self._limit(problem, name, flows[one] - flows[other], self.unbalance)

    def _limit(self, problem: Problem, name: str, flow: Linear, most: Values) -> None:
        n = problem.window.n
        above = problem.variable(f"{name}.above")
        problem.constrain(f"{name}.upper", flow - above, upper=most)
        problem.constrain(f"{name}.lower", flow + above, lower=-np.asarray(most))
        problem.soft_constraint(name, f"{name}.above", "kW", np.arange(n))
        problem.cost(f"all {name} breaches", above * (self.price * problem.window.hours))
