"""A store of energy, fed and emptied by one port or several."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.devices.answers import Cause, Conflict, DevicePlan, Postponement, Premise
from engine.devices.curves import Filling
from engine.devices.device import Device, LimitChange
from engine.devices.energy.asked_energy import AskedEnergy
from engine.devices.energy.bounds import Levels, Measure, Side, add_between, sides_of_targets
from engine.devices.energy.stored_energy import (
    bound_out_of_reach,
    crossing_bounds,
    plan_to_first_target,
)
from engine.devices.energy.yielding import Extent, add_yielding, starts_outside, widest_bounds
from engine.devices.headroom import store_headroom
from engine.devices.port import Flow, Port
from engine.devices.ported import PortedDevice
from engine.devices.reach import Headroom, path, settled
from engine.devices.running import lagged
from engine.devices.wear import add_depth_wear
from engine.model.block import EnergyState, Limit
from engine.model.linear import Floats, Linear, Values, any_of, full
from engine.model.problem import Problem
from engine.series.window import Window

BOUNDS = ("soc-min", "soc-max", "soc-minima", "soc-maxima", "soc-targets")
"""Limits on the energy at ticks; those between ticks are ``between-minima``, ``-maxima`` and ``-targets``."""

DRAWING = 3.0
"""Weight of each kWh drawn from a store among plans of equal cost. A kWh that is stored throughout the window counts 1,
one of sun that is not curtailed at most 1: neither is reason enough to charge what is then drawn for nothing, unless
half of it is lost on the way."""

TWO_WAY = 0.1
"""Weight of a kWh in a store that can be discharged, beside 1 in one that can only be charged: cars come first."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Storage(AskedEnergy, PortedDevice):
    """A battery, vehicle, boiler, pond: what goes in comes out later.

    With the energy e_t [kWh] at the end of step t, what its ports i take c and give p [kW], the share k that a step
    leaves of the energy, and the share s = (k - 1) / ln k that it leaves of what flows in during the step:

        e_t = k_t · e_{t-1} + s_t · hours · (Σ_i charging_i · c_it - Σ_i p_it / discharging_i + gain_t)
        soc_min_t ≤ e_t ≤ soc_max_t

    A building or tank of which the temperature matters is one, too, see ``ThermalMass``. Where no plan keeps its
    window, its use and its gain, they give way as told in ``engine.devices.energy.yielding``.

    Source:
        The linear differential equation de/dt = ln(k) · e + inflow with constant inflow, solved over one step.
    """

    yielding: Extent | None = None
    """What of it gives way; None is nothing."""

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        n, hours, extent = problem.window.n, problem.window.hours, self.yielding
        flows = {port.name: port.add_to(problem) for port in self.ports}
        lower, upper = self.bounds(problem.window) if extent is None else widest_bounds(self, problem.window, extent)
        soc = problem.variable(f"{self.name}.soc", lower=lower, upper=upper)
        kept, share = self.storage_efficiency, hours * settled(self.storage_efficiency)
        added = full(self.gain * share, n).copy()
        # The energy before the first step is given, so its part stands on the right side.
        added[0] += self.soc_at_start * (kept[0] if isinstance(kept, np.ndarray) else kept)
        level = soc + lagged(soc) * -kept
        filling = Filling(soc, self.soc_at_start, (float(np.min(lower)), float(np.max(upper))))
        for port in self.ports:
            level = level + port.fill(problem, flows[port.name], filling) * -share
        if extent is not None:
            level = level - add_yielding(problem, self, soc, extent) * share
        problem.equal(f"{self.name}.balance", level, added)
        problem.energy_state(EnergyState(self.name, f"{self.name}.soc", f"{self.name}.balance", self.soc_at_start))
        # With all ports at rest the balance alone settles the energy.
        problem.basic_at_rest(soc.terms[0].cols, f"{self.name}.balance")
        if extent is None:  # else its bounds are not those that anybody has set
            self._declare_limits(problem)
        levels = Levels(self.name, soc, Linear(0), np.empty(0))
        if self.moments is not None:  # some bound asks for the energy between two ticks
            between = add_between(problem, self.name, soc, self.moments, self.soc_at_start, self.storage_efficiency)
            levels = Levels(self.name, soc, between, self.moments.at)
        self._add_soft_bounds(problem, levels)
        if self.depth_wear:
            ends = float(np.min(lower)), float(np.max(upper))
            add_depth_wear(problem, self.name, (soc, self.soc_at_start), ends, self.depth_wear)
        if isinstance(self.end_value, float | int) and self.end_value:
            # Of heat it is what is left beyond the start: where nothing is stored is anybody's choice of a reference.
            counted = soc[-1:] if self.thermal is None else soc[-1:] - self.soc_at_start
            problem.cost(f"{self.name} end value", counted * -float(self.end_value))
        self._add_preferences(problem, soc, flows)
        return {name: flow.power for name, flow in flows.items()}

    def _add_preferences(self, problem: Problem, soc: Linear, flows: Mapping[str, Flow]) -> None:
        """Prefer, between plans of equal cost, to draw least from the store, and of those to charge sooner or later."""
        for port in self.ports:
            # Only what is drawn counts: energy that is free, such as sun that nobody buys, is still stored.
            drawn = flows[port.name].production * (1.0 / port.discharging_efficiency)
            if port.empties:
                drawn = drawn + flows[port.name].consumption * port.charging_efficiency
            problem.add_preference(drawn * (DRAWING * problem.window.hours))
        # What a battery gives to a car at one time or another would else be all the same, and come in pulses.
        count = TWO_WAY if any(any_of(port.production_limit) for port in self.ports) else 1.0
        if self.prefer_charging_later:
            problem.add_preference(soc * (count / soc.size))
        elif self.prefer_charging_sooner:
            problem.add_preference(soc * (-count / soc.size))

    def _declare_limits(self, problem: Problem) -> None:
        """Tell which bounds are whose: a bound that another one hides, or that a target lies beyond, is not told."""
        ticks = _ticks(problem.window.n)
        below, above = self.binding(problem.window.n)
        bounds: list[tuple[str, Side, NDArray[np.bool_]]] = []
        if self.soc_targets is not None:
            others = (np.logical_or.reduce(list(masks.values())) for masks in (below, above))
            sides = sides_of_targets(self.soc_targets[1:], *others)
            bounds += [("soc-targets", side, at) for side, at in sides if side == "both" or at.any()]
        bounds += [(bound, "lower", at) for bound, at in below.items()]
        bounds += [(bound, "upper", at) for bound, at in above.items()]
        for bound, side, at in bounds:
            name, exact = f"{self.name}.{bound}", bound == "soc-targets"
            problem.limit(Limit(name, f"{self.name}.soc", side, "kWh", at, times=ticks, exact=exact))

    def _add_soft_bounds(self, problem: Problem, levels: Levels) -> None:
        """Add the price of breaking soft bounds."""
        short, over = self.soft_targets or (None, None)
        for soft, bound, sign in (
            (self.soft_minima, "minima", 1.0),
            (self.soft_maxima, "maxima", -1.0),
            (short, "targets", 1.0),
            (over, "targets", -1.0),
        ):
            if soft is not None:
                heat = self.thermal
                measure = Measure(f"{self.name}.soc-{bound}") if heat is None else heat.measure(self.name, bound)
                soft.add_to(problem, measure, levels, sign)

    def drawn_energy(self, window: Window, power: Mapping[str, Floats]) -> Floats:
        """See Device.drawn_energy: by the efficiencies of its ports, and what coolers take out."""
        drawn = np.zeros(window.n)
        for port in (port for port in self.ports if port.name in power):
            drawn += np.maximum(-port.inflow(power[port.name]), 0.0) * window.hours
        return drawn

    def where_physics_yields(self, extent: Extent) -> "Storage":
        """See Device.where_physics_yields."""
        if self.yields_above is None or (extent == "start" and not starts_outside(self)):
            return self
        return replace(self, yielding=extent)

    def headroom(
        self, window: Window, power: Mapping[str, Floats], soc: Mapping[str, Floats]
    ) -> Mapping[str, Headroom]:
        """See Device.headroom: by the limits of its ports and by what it can store."""
        return store_headroom(self, power, soc[self.name], window)

    def fallback(self, window: Window) -> DevicePlan:
        """See Device.fallback: it charges or discharges towards its first target, then rests."""
        return plan_to_first_target(self, window)

    def uncontrolled(self, window: Window) -> Mapping[str, Floats]:
        """See Device.uncontrolled: it charges at once until it has what is asked of it, else rests."""
        return self.fallback(window).power

    @property
    def free_port(self) -> tuple[Port, Values] | None:
        """See Device.free_port."""
        port = self.ports[0]
        bound = port.bands or port.min_on or port.min_off or port.start_cost or port.coupling is not None
        return None if len(self.ports) > 1 or bound else (port, self.storage_efficiency)

    def room_left(self, window: Window, power: Mapping[str, Floats]) -> Mapping[str, Floats]:
        """See Device.room_left."""
        kept, hours = full(self.storage_efficiency, window.n), full(settled(self.storage_efficiency), window.n)
        inflow = full(self.gain, window.n) + sum(port.inflow(power[port.name]) for port in self.ports)
        soc, (lower, upper) = path(self.soc_at_start, kept, inflow * window.hours * hours), self.bounds(window)
        reach = float(lower.min()), float(upper.max())
        orders = [port.curves.room_left(port.name, power[port.name], soc, reach) for port in self.ports]
        return {name: room for order in orders for name, room in order.items()}

    def with_limit(self, owner: str, field: str, change: LimitChange) -> Self:
        """See Device.with_limit: the bounds on its energy, and the limits of its ports."""
        store: Any = self  # which field changes is known by name only
        kind, _, bound = field.partition("-")
        if owner == self.name and field in BOUNDS:
            attribute = f"soc_{bound}"
            changed: Self = replace(store, **{attribute: change(getattr(store, attribute))})
            return changed
        if owner == self.name and kind == "between" and store.moments is not None:
            moments = replace(store.moments, **{bound: change(getattr(store.moments, bound))})
            return replace(self, moments=moments)
        return super().with_limit(owner, field, change)

    def conflict(self, window: Window) -> Conflict | None:
        """See Device.conflict: bounds that cross, or that its ports cannot keep."""
        return crossing_bounds(self, window) or bound_out_of_reach(self, window)

    def premises(self, window: Window) -> Iterable[Premise]:
        """See Device.premises: what flows in and is used up, and the energy at the start."""
        rows, n, nothing = f"{self.name}.balance", window.n, np.zeros(window.n)
        share, gain = window.hours * full(settled(self.storage_efficiency), n), full(self.gain, n)
        for field, flow in (("soc-usage", np.minimum(gain, 0.0)), ("soc-gain", np.maximum(gain, 0.0))):
            if flow.any():
                name, text, less = f"{self.name}.{field}", f"{field} of {self.name}", -(flow * share)
                yield Premise(name=name, text=text, power=-flow, rows=rows, lower=less, upper=less)
        kept = float(full(self.storage_efficiency, n)[0])
        # Bounds change by a number, which an unbounded store has not.
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

    def postponement(self, window: Window) -> Postponement[Device]:
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
