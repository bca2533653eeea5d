"""How much more or less power a device could take than planned in each step, and for how much energy."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.devices.curves import NO_CURVES
from engine.devices.energy.stored_energy import StoredEnergy
from engine.devices.port import Port
from engine.devices.reach import Headroom, settled
from engine.model.linear import Floats, Values, full
from engine.series.window import Window

_NEAR = 1e-6
"""Powers this near to a range to run in lie within it [kW]."""
_HALVINGS = 30
"""How many times an interval is halved that holds the largest power within a curve."""


def port_headroom(port: Port, power: Floats, window: Window) -> Headroom:
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
        if port.power_at_start is not None:  # the step before the window has the usual length
            first = port.ramp * (hours[0] + window.step_hours) / 2
            high[0], low[0] = min(high[0], port.power_at_start + first), max(low[0], port.power_at_start - first)
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
    store: StoredEnergy, power: Mapping[str, Floats], soc: Floats, window: Window
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
        # What a cooler takes more is heat that leaves the store.
        into, (rising, falling) = np.abs(into), (stock, room) if port.empties else (room, stock)
        # First less is given, or taken, than planned; then the other way.
        most = _first_and_then(rising / share, given / out, (out, 1.0 / np.maximum(into, 1e-9)))
        least = _first_and_then(falling / share, taken * into, (1.0 / np.maximum(into, 1e-9), out))
        more, less = np.minimum(own.consumption, most), np.minimum(own.production, least)
        if port.curves is not NO_CURVES:
            bounds = np.append(store.soc_at_start, soc[1:-1]), soc[1:], (low, high)
            more = _within_curves(port, planned, own.consumption, bounds, share)
            less = _within_curves(port, planned, -own.production, bounds, share)
        found[port.name] = Headroom(
            consumption=more,
            production=less,
            consumption_energy=np.where(own.consumption > 0, most * window.hours, 0.0),
            production_energy=np.where(own.production > 0, least * window.hours, 0.0),
        )
    return found


def _first_and_then(stored: Floats, first: Floats, per_kw: tuple[Floats, Floats]) -> Floats:
    """Return the power that some stored power means at a port: up to a bend at one rate, then at another [kW]."""
    finite = np.where(np.isfinite(stored), stored, 1e9)
    return np.minimum(finite, first) * per_kw[0] + np.maximum(finite - first, 0.0) * per_kw[1]


def _envelope(store: StoredEnergy, soc: Floats, window: Window) -> tuple[Floats, Floats]:
    """Return the least and most energy after each step from which every later bound can be kept [kWh], shape (n,)."""
    lower, upper = store.bounds(window)
    short, over = store.soft_targets or (None, None)
    for soft, sign in ((store.soft_minima, 1.0), (short, 1.0), (store.soft_maxima, -1.0), (over, -1.0)):
        if soft is not None:
            asked = soft.at[1:]
            lower, upper = (np.fmax(lower, asked), upper) if sign > 0 else (lower, np.fmin(upper, asked))
    # What the plan does not keep, for its price or as it cannot, is no bound of what is left around it.
    lower, upper = np.minimum(lower, soc[1:]), np.maximum(upper, soc[1:])
    off, on, kept = store.step_reach(window)
    bent = any(port.curves is not NO_CURVES for port in store.ports)
    for step in range(window.n - 2, -1, -1):
        if bent and kept[step + 1] > 0:
            upper[step] = min(
                upper[step], max(_led_from(store, window, step + 1, upper[step + 1], -1.0), soc[step + 1])
            )
            lower[step] = max(lower[step], min(_led_from(store, window, step + 1, lower[step + 1], 1.0), soc[step + 1]))
            continue
        if kept[step + 1] > 0:
            upper[step] = min(upper[step], max((upper[step + 1] - off[step + 1]) / kept[step + 1], soc[step + 1]))
            lower[step] = max(lower[step], min((lower[step + 1] - on[step + 1]) / kept[step + 1], soc[step + 1]))
    return lower, upper


def _led_from(store: StoredEnergy, window: Window, step: int, end: float, sign: float) -> float:
    """Return the energy from which the ports, as fast as their curves let them, lead to one at the end of a step [kWh].

    Args:
        store: Whose ports they are.
        window: Of the plan.
        step: Number of the step.
        end: Energy at its end [kWh].
        sign: 1 where they charge, -1 where they discharge.
    """

    def at(value: Values) -> float:
        return float(value[step]) if isinstance(value, np.ndarray) else float(value)

    kept = at(store.storage_efficiency)
    share = at(window.hours) * float(np.asarray(settled(kept)).item())
    ports = []
    for port in store.ports:
        curve = port.curves.charging if sign > 0 else port.curves.discharging
        fills = sign > 0 if not port.empties else sign < 0
        most = at(port.consumption_limit if fills else port.production_limit)
        most = most if curve is None else min(most, float(curve(end)))
        ports.append((port, curve, most, most if fills else -most))

    def begin(part: float) -> float:
        flow = sum(float(port.inflow(np.asarray(part * power), step)) for port, _, _, power in ports)
        return (end - share * (at(store.gain) + flow)) / kept

    def is_slow_enough(part: float) -> bool:
        start = begin(part)
        return all(curve is None or part * most <= float(curve(start)) + _NEAR for _, curve, most, _ in ports)

    low, high = 0.0, 1.0
    if is_slow_enough(1.0):
        return begin(1.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if is_slow_enough(middle) else (low, middle)
    return begin(low)


def _within_curves(
    port: Port, planned: Floats, most: Floats, energy: tuple[Floats, Floats, tuple[Floats, Floats]], share: Floats
) -> Floats:
    """Return by how much a power may differ from the plan within the curves of a port [kW], 0 or more, shape (n,).

    Args:
        port: With curves.
        planned: Its power [kW].
        most: Largest change by its other limits, negative where it would take less [kW].
        energy: What is stored before and after each step, and the least and most after it [kWh].
        share: What a kW for the whole step stores [kWh].
    """
    before, after, (low, high) = energy
    curves, stored = port.curves, port.inflow(planned)

    def is_kept(change: Floats) -> NDArray[np.bool_]:
        power = planned + change
        end = after + share * (port.inflow(power) - stored)
        kept: NDArray[np.bool_] = (end <= high + _NEAR) & (end >= low - _NEAR)
        for curve, flow in ((curves.charging, power), (curves.discharging, -power)):
            if curve is not None:
                kept &= (flow <= _NEAR) | (flow <= np.minimum(curve(before), curve(end)) + _NEAR)
        return kept

    finite = np.clip(most, -1e6, 1e6)
    good, bad = np.zeros_like(finite), finite
    good = np.where(is_kept(finite), finite, good)
    for _ in range(_HALVINGS):
        middle = (good + bad) / 2
        kept = is_kept(middle)
        good, bad = np.where(kept, middle, good), np.where(kept, bad, middle)
    return np.abs(good)
