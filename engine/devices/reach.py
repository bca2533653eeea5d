"""Which energies a store can reach at all, by its own ports alone, and what a device could do beside its plan."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from engine.model.linear import Floats, Values, full


def settled(kept: Values) -> Values:
    """Return the share of a step's inflow that is left at its end when losses are spread over the step.

    s = (k - 1) / ln k with the share k of the stored energy that the step leaves, which tends to 1 as k does.

    Source:
        The linear differential equation ds/dt = ln(kept)·s + inflow with constant inflow, solved over one step.
    """
    if not isinstance(kept, np.ndarray):
        return 1.0 if kept == 1.0 else float(np.asarray(settled(np.array([kept]))).item())
    with np.errstate(divide="ignore", invalid="ignore"):
        share = (kept - 1.0) / np.log(kept)
    # So near to 1 the quotient of two differences has lost its digits; its limit is 1.
    share = np.where(np.abs(kept - 1.0) < 1e-9, 1.0, share)
    return np.where(kept <= 0.0, 0.0, share)


def partly(kept: Floats, share: Floats) -> tuple[Floats, Floats]:
    """Return the weights of the energy before and after a step in the energy within it, after a share of its length.

    After a share x of the step e = (k^x - a · k) · e_before + a · e_after with a = (1 - k^x) / (1 - k).

    Source:
        The same equation as for ``settled``, solved over a part of the step.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        after = (1.0 - kept**share) / (1.0 - kept)
    after = np.where(np.abs(kept - 1.0) < 1e-9, share, after)
    return np.where(np.abs(kept - 1.0) < 1e-9, 1.0 - share, kept**share - after * kept), after


def path(start: float, kept: Floats, added: Floats) -> Floats:
    """Return the energy at the end of each step when each adds so much [kWh], shape (n,): e_t = k_t · e_{t-1} + a_t."""
    if (kept == 1.0).all():
        return start + np.cumsum(added)
    stored, level = np.empty(len(kept)), start
    for step, (share, more) in enumerate(zip(kept.tolist(), added.tolist(), strict=True)):
        level = share * level + more  # a recursion; seldom needed, and a closed form would underflow
        stored[step] = level
    return stored


def fastest(
    ports: Iterable[tuple[Values, Values, Values, Values]], gain: Values, kept: Floats, hours: Values
) -> tuple[Floats, Floats]:
    """Return the most energy that each step can take off (negative) and add [kWh], each shape (n,).

    s · h · (gain - Σ_i given_i / discharging_i) and s · h · (gain + Σ_i taken_i · charging_i); for s see ``settled``.
    A negative charging_i belongs to the former.

    Args:
        ports: Consumption limit, charging efficiency, production limit, discharging efficiency of each port.
        gain: Power that flows in from elsewhere [kW].
        kept: Share of stored energy left after each step.
        hours: Length of each step [h].
    """
    n = len(kept)
    low, high = full(gain, n).copy(), full(gain, n).copy()
    for taken, charging, given, discharging in ports:
        stored = np.multiply(taken, charging)
        high += np.maximum(stored, 0.0)
        low += np.minimum(stored, 0.0) - np.divide(given, discharging)
    factor = hours * settled(kept)
    return low * factor, high * factor


@dataclass(frozen=True, kw_only=True, eq=False)
class Headroom:
    """What is left around a plan, each of shape (n,)."""

    consumption: Floats
    """Power by which consumption could be higher, or production lower, throughout the step [kW]."""
    production: Floats
    """Power by which production could be higher, or consumption lower, throughout the step [kW]."""
    consumption_energy: Floats
    """Energy that could be taken beyond the plan from the step on, without breaking a bound later [kWh]."""
    production_energy: Floats
    """Energy that could be given beyond the plan, likewise [kWh]."""

    @classmethod
    def none(cls, n: int) -> Self:
        """Return that of a device which does as it does."""
        nothing = np.zeros(n)
        return cls(consumption=nothing, production=nothing, consumption_energy=nothing, production_energy=nothing)

    def within(self, more: Floats, less: Floats) -> "Headroom":
        """Return it where no more than some power can be taken and given beyond the plan [kW], shape (n,)."""
        taken = np.minimum(self.consumption, np.maximum(more, 0.0))
        given = np.minimum(self.production, np.maximum(less, 0.0))
        return replace(
            self,
            consumption=taken,
            production=given,
            consumption_energy=np.where(taken > 0, self.consumption_energy, 0.0),
            production_energy=np.where(given > 0, self.production_energy, 0.0),
        )
