"""How much more or less power a device could take than planned in each step, and for how much energy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from engine.devices.reach import settled
from engine.model.linear import Floats, full
from engine.series.window import Window

if TYPE_CHECKING:  # devices tell their own headroom
    from engine.devices.bounds import SoftBound
    from engine.devices.port import Port
    from engine.devices.stored_energy import StoredEnergy

_NEAR = 1e-6
"""Powers this near to a range to run in lie within it [kW]."""


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


def port_headroom(port: "Port", power: Floats, window: Window) -> Headroom:
    """Return the headroom of a port by its own limits; its energy is that of one step.

    A device with ways to run stays in the one it runs in; ramps hold from the step before and to the step after.
    """
    n = window.n
    taking, giving = (
        full(hard if soft is None else np.minimum(hard, soft.limit), n)
        for hard, soft in (
            (port.consumption_limit, port.soft_consumption),
            (port.production_limit, port.soft_production),
        )
    )
    high, low = taking.copy(), -giving
    for step in range(n) if port.bands else ():
        own = [each for each in port.bands if each.low - _NEAR <= power[step] <= each.high + _NEAR]
        high[step] = min(high[step], max((each.high for each in own), default=power[step]))
        low[step] = max(low[step], min((each.low for each in own), default=power[step]))
    # While it is off, more power would switch it on, which costs or binds it for a while.
    if port.min_on or port.min_off or port.start_cost:
        off = np.abs(power) <= _NEAR
        high, low = np.where(off, power, high), np.where(off, power, low)
    if port.ramp is not None:
        hours = full(window.hours, n)
        # A ramp counts from the middle of one step to that of the next.
        most = port.ramp * (hours[1:] + hours[:-1]) / 2
        for here, there in ((slice(1, None), slice(None, -1)), (slice(None, -1), slice(1, None))):
            high[here] = np.minimum(high[here], power[there] + most)
            low[here] = np.maximum(low[here], power[there] - most)
    more, less = np.maximum(high - power, 0.0), np.maximum(power - low, 0.0)
    # Coupled ports move together only, so that none of them has anything to offer alone.
    if port.coupling is not None:
        more, less = np.zeros(n), np.zeros(n)
    return Headroom(
        consumption=more,
        production=less,
        consumption_energy=more * window.hours,
        production_energy=less * window.hours,
    )


def store_headroom(
    store: "StoredEnergy", power: Mapping[str, Floats], soc: Floats, window: Window
) -> dict[str, Headroom]:
    """Return the headroom of each port of a store: by its own limits, and by the energy that may be stored.

    More energy than planned may be stored after a step as far as the ports can still bring it within every later bound,
    and less as far as they can still fill it up: the plan after the step may change for that.
    """
    low, high = _envelope(store, soc, window)
    share = window.hours * full(settled(store.storage_efficiency), window.n)
    room, stock = np.maximum(high - soc[1:], 0.0), np.maximum(soc[1:] - low, 0.0)
    found = {}
    for port in store.ports:
        own, planned = port_headroom(port, power[port.name], window), power[port.name]
        into, out = (full(each, window.n) for each in port.full_power_efficiencies)
        given, taken = np.maximum(-planned, 0.0), np.maximum(planned, 0.0)
        # First less is given, or taken, than planned; then the other way.
        most = _first_and_then(room / share, given / out, (out, 1.0 / np.maximum(into, 1e-9)))
        least = _first_and_then(stock / share, taken * into, (1.0 / np.maximum(into, 1e-9), out))
        found[port.name] = Headroom(
            consumption=np.minimum(own.consumption, most),
            production=np.minimum(own.production, least),
            consumption_energy=np.where(own.consumption > 0, most * window.hours, 0.0),
            production_energy=np.where(own.production > 0, least * window.hours, 0.0),
        )
    return found


def _first_and_then(stored: Floats, first: Floats, per_kw: tuple[Floats, Floats]) -> Floats:
    """Return the power that some stored power means at a port: up to a bend at one rate, then at another [kW]."""
    finite = np.where(np.isfinite(stored), stored, 1e9)
    return np.minimum(finite, first) * per_kw[0] + np.maximum(finite - first, 0.0) * per_kw[1]


def _envelope(store: "StoredEnergy", soc: Floats, window: Window) -> tuple[Floats, Floats]:
    """Return the least and most energy after each step from which every later bound can be kept [kWh], shape (n,)."""
    lower, upper = store.bounds(window)
    short, over = store.soft_targets or (None, None)
    for soft, sign in ((store.soft_minima, 1.0), (short, 1.0), (store.soft_maxima, -1.0), (over, -1.0)):
        lower, upper = _with_soft(soft, sign, (lower, upper))
    # What the plan does not keep, for its price or as it cannot, is no bound of what is left around it.
    lower, upper = np.minimum(lower, soc[1:]), np.maximum(upper, soc[1:])
    off, on, kept = store.step_reach(window)
    for step in range(window.n - 2, -1, -1):
        if kept[step + 1] > 0:
            upper[step] = min(upper[step], max((upper[step + 1] - off[step + 1]) / kept[step + 1], soc[step + 1]))
            lower[step] = max(lower[step], min((lower[step + 1] - on[step + 1]) / kept[step + 1], soc[step + 1]))
    return lower, upper


def _with_soft(soft: "SoftBound | None", sign: float, bounds: tuple[Floats, Floats]) -> tuple[Floats, Floats]:
    lower, upper = bounds
    if soft is None:
        return bounds
    return (np.fmax(lower, soft.at[1:]), upper) if sign > 0 else (lower, np.fmin(upper, soft.at[1:]))
