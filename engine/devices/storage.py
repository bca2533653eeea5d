"""A store of energy, fed and emptied by one port or several."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engine.devices import storage_conflicts
from engine.devices.bounds import Levels, add_between
from engine.devices.device import Cause, Conflict, Device, DevicePlan, LimitChange, Postponement, Premise
from engine.devices.port import PortedDevice
from engine.devices.reach import settled
from engine.devices.running import lagged
from engine.devices.storage_fallback import plan_to_first_target
from engine.devices.stored_energy import StoredEnergy
from engine.errors import FieldError
from engine.model.block import EnergyState, Limit
from engine.model.linear import Floats, Linear, Values, full
from engine.model.problem import Problem
from engine.window import Window

BOUNDS = ("soc-min", "soc-max", "soc-minima", "soc-maxima", "soc-targets")
"""Limits on the energy at ticks; those between ticks are ``between-minima``, ``-maxima`` and ``-targets``."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Storage(StoredEnergy, PortedDevice):
    """A battery, vehicle, boiler, pond: what goes in comes out later.

    With the energy e_t [kWh] at the end of step t, what its ports i take c and give p [kW], the share k that a step
    leaves of the energy, and the share s = (k - 1) / ln k that it leaves of what flows in during the step:

        e_t = k_t · e_{t-1} + s_t · hours · (Σ_i charging_i · c_it - Σ_i p_it / discharging_i + gain_t)
        soc_min_t ≤ e_t ≤ soc_max_t

    Source:
        The linear differential equation de/dt = ln(k) · e + inflow with constant inflow, solved over one step.
    """

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
        problem.energy_state(EnergyState(self.name, f"{self.name}.soc", f"{self.name}.balance", self.soc_at_start))
        problem.basic_at_rest(soc.terms[0].cols, f"{self.name}.balance")
        self._tell_limits(problem)
        self._add_prices(problem, self._levels(problem, soc))
        return {name: flow.power for name, flow in flows.items()}

    def _levels(self, problem: Problem, soc: Linear) -> Levels:
        """Return the energy at ticks and, if any bound asks for it, at moments between them."""
        if self.moments is None:
            return Levels(self.name, soc, Linear(0), np.empty(0))
        between = add_between(problem, self.name, soc, self.moments, self.soc_at_start, self.storage_efficiency)
        return Levels(self.name, soc, between, self.moments.at)

    def _tell_limits(self, problem: Problem) -> None:
        """Tell which bounds are whose: a bound that another one hides, or that a target lies beyond, is not told."""
        ticks = _ticks(problem.window.n)
        below, above = self.binding(problem.window.n)
        if self.soc_targets is not None:
            asked = ~np.isnan(self.soc_targets[1:])
            problem.limit(self._limit("soc-targets", "both", asked, ticks))
        for bound, at in below.items():
            problem.limit(self._limit(bound, "lower", at, ticks))
        for bound, at in above.items():
            problem.limit(self._limit(bound, "upper", at, ticks))

    def _limit(
        self, bound: str, side: Literal["lower", "upper", "both"], at: NDArray[np.bool_], ticks: Floats
    ) -> Limit:
        return Limit(f"{self.name}.{bound}", f"{self.name}.soc", side, "kWh", at, times=ticks, exact=side == "both")

    def _add_prices(self, problem: Problem, levels: Levels) -> None:
        """Add what breaking soft bounds costs, what the rest is worth, and what is liked between equals."""
        short, over = self.soft_targets or (None, None)
        for soft, bound, sign in (
            (self.soft_minima, "minima", 1.0),
            (self.soft_maxima, "maxima", -1.0),
            (short, "targets", 1.0),
            (over, "targets", -1.0),
        ):
            if soft is not None:
                soft.add_to(problem, f"{self.name}.soc-{bound}", levels, sign)
        soc = levels.soc
        if isinstance(self.end_value, float | int) and self.end_value:
            problem.cost(f"{self.name} end value", soc[-1:] * -float(self.end_value))
        if self.prefer_charging_sooner:
            problem.prefer(soc * (-1.0 / soc.size))

    @property
    def learns_end_value(self) -> bool:
        """See Device.learns_end_value."""
        return self.end_value == "learned"

    def with_end_value(self, value: float) -> "Storage":
        """See Device.with_end_value."""
        return replace(self, end_value=value)

    @property
    def energy_bounds(self) -> Mapping[str, Values]:
        """See Device.energy_bounds."""
        return {"soc-min": self.soc_min, "soc-max": self.soc_max, "soc-at-start": self.soc_at_start}

    def start_error(self) -> FieldError | None:
        """See Device.start_error: by soc_min and soc_max alone."""
        low, high = float(np.min(self.soc_min)), float(np.max(self.soc_max))
        if low <= self.soc_at_start <= high:
            return None
        return FieldError(
            f"{self.name}: soc-at-start",
            f"{self.soc_at_start:g} kWh is not within soc-min and soc-max ({low:g} to {high:g} kWh); "
            "give what is stored, or change the bounds.",
        )

    def fallback(self, window: Window) -> DevicePlan:
        """See Device.fallback: it charges or discharges towards its first target, then rests."""
        return plan_to_first_target(self, window)

    def with_limit(self, owner: str, field: str, change: LimitChange) -> Self:
        """See Device.with_limit: the bounds on its energy, and the limits of its ports."""
        store: Any = self  # which field changes is known by name only
        kind, _, bound = field.partition("-")
        if owner == self.name and field in BOUNDS:
            attribute = f"soc_{bound}"
            return self._changed(**{attribute: change(getattr(store, attribute))})
        if owner == self.name and kind == "between" and store.moments is not None:
            return self._changed(moments=replace(store.moments, **{bound: change(getattr(store.moments, bound))}))
        return super().with_limit(owner, field, change)

    def _changed(self, **fields: Any) -> Self:
        changed: Self = replace(self, **fields)
        return changed

    def conflict(self, window: Window) -> Conflict | None:
        """See Device.conflict: bounds that cross, or that its ports cannot keep."""
        return storage_conflicts.crossing(self, window) or storage_conflicts.out_of_reach(self, window)

    def premises(self, window: Window) -> Iterable[Premise]:
        """See Device.premises: what flows in and is used up, and the energy at the start."""
        rows, n, nothing = f"{self.name}.balance", window.n, np.zeros(window.n)
        share, gain = window.hours * full(settled(self.storage_efficiency), n), full(self.gain, n)
        for field, flow in (("soc-usage", np.minimum(gain, 0.0)), ("soc-gain", np.maximum(gain, 0.0))):
            if flow.any():
                name, text, less = f"{self.name}.{field}", f"{field} of {self.name}", -(flow * share)
                yield Premise(name=name, text=text, power=-flow, rows=rows, lower=less, upper=less)
        kept = float(full(self.storage_efficiency, n)[0])
        most = float(np.max(np.where(np.isfinite(self.soc_max), self.soc_max, 1e9)))
        lower, upper = nothing.copy(), nothing.copy()
        lower[0], upper[0] = -(self.soc_at_start * kept), (most - self.soc_at_start) * kept
        text = f"{self.name} starts with {self.soc_at_start:.6g} kWh"
        yield Premise(name=f"{self.name}.soc-at-start", text=text, rows=rows, lower=lower, upper=upper)

    def lossless(self, window: Window) -> Iterable[tuple[Cause, Device]]:
        """See Device.lossless: efficiencies of storing and of charging."""
        kept = full(self.storage_efficiency, window.n)
        if (kept == 0).any():
            cause = _efficiency(self.name, "storage-efficiency", kept)
            yield cause, replace(self, storage_efficiency=np.where(kept == 0, 1.0, kept))
        for port in self.ports:
            share = full(port.charging_efficiency, window.n)
            if (share == 0).any():
                whole = replace(port, charging_efficiency=np.where(share == 0, 1.0, share))
                yield _efficiency(port.name, "charging-efficiency", share), self.with_port(port, whole)

    def postponement(self, window: Window) -> Postponement:
        """See Device.postponement: the only target, due at another tick."""
        lower, upper = replace(self, soc_targets=None, moments=None).bounds(window)

        def due(energy: float, tick: int) -> Device:
            targets = np.full(window.n + 1, np.nan)
            targets[tick] = energy
            free = None if self.moments is None else replace(self.moments, targets=self.moments.targets * np.nan)
            return replace(self, soc_targets=targets, moments=free)

        return Postponement(lower, upper, due)


@lru_cache(maxsize=16)
def _ticks(n: int) -> Floats:
    """Return the ticks at the end of n steps; the same for all stores of a window."""
    return np.arange(1.0, n + 1)


def _efficiency(name: str, field: str, share: Floats) -> Cause:
    return Cause(f"{name}.{field}", f"{field} of {name} is 0 % in {int((share == 0).sum())} of {len(share)} steps")
