"""A plain plan of a store by itself, where the site has no plan: towards its first target, then at rest."""

import numpy as np

from engine.devices.device import DevicePlan
from engine.devices.port import Port
from engine.devices.reach import settled
from engine.devices.stored_energy import StoredEnergy, after_start
from engine.model.linear import Floats, full
from engine.window import Window


def plan_to_first_target(store: StoredEnergy, window: Window) -> DevicePlan:
    """Return the plan of a store that goes to its first target as fast as its ports can, then rests."""
    goal = _first_target(store)
    kept = full(store.storage_efficiency, window.n)
    share = full(settled(store.storage_efficiency), window.n) * window.hours
    gain = full(store.gain, window.n)
    low, high = (full(after_start(bound), window.n) for bound in (store.soc_min, store.soc_max))
    powers = {port.name: np.zeros(window.n) for port in store.ports}
    level, soc, reached = store.soc_at_start, [store.soc_at_start], goal is None
    for step in range(window.n):  # each step depends on the energy after the one before
        level = kept[step] * level + gain[step] * share[step]
        wanted = level if reached or goal is None else float(np.clip(goal, low[step], high[step]))
        for port in store.ports:
            level = _approach(powers[port.name], _limits_at(port, step), (level, wanted), (step, float(share[step])))
        reached = reached or abs(level - wanted) < 1e-9
        soc.append(level)
    return DevicePlan(powers, {store.name: np.array(soc)})


def _limits_at(port: Port, step: int) -> tuple[float, float, float, float]:
    """Return most power taken and given [kW] and charging and discharging efficiency of a port in one step."""
    values = (port.consumption_limit, port.production_limit, port.charging_efficiency, port.discharging_efficiency)
    taken, given, charging, discharging = (
        float(value[step]) if isinstance(value, np.ndarray) else float(value) for value in values
    )
    return taken, given, charging, discharging


def _approach(
    power: Floats, limits: tuple[float, float, float, float], levels: tuple[float, float], when: tuple[int, float]
) -> float:
    """Set the power of one port in one step so that its store comes nearest to what is wanted; return the energy."""
    (taken, given, charging, discharging), (level, wanted), (step, hours) = limits, levels, when
    if wanted > level:
        charge = min(taken, (wanted - level) / (charging * hours))
        power[step] = charge
        return level + charge * charging * hours
    discharge = min(given, (level - wanted) * discharging / hours)
    power[step] = -discharge
    return level - discharge / discharging * hours


def _first_target(store: StoredEnergy) -> float | None:
    """Return the first energy asked for at some time [kWh]: a target, a minimum above the start, a maximum below it."""
    found: list[tuple[float, float]] = []
    for moments, values, side in _asked(store):
        matters = ~np.isnan(values) & (side * (values - store.soc_at_start) >= 0)
        found += [(float(moments[at]), float(values[at])) for at in np.flatnonzero(matters)[:1]]
    return min(found)[1] if found else None


def _asked(store: StoredEnergy) -> list[tuple[Floats, Floats, int]]:
    """Return when and for what each bound asks, NaN where for nothing, and its side: 0 for a target."""
    short, over = store.soft_targets or (None, None)
    ticks: list[tuple[Floats | None, int]] = [(store.soc_targets, 0), (store.soc_minima, 1), (store.soc_maxima, -1)]
    between: list[tuple[Floats, int]] = []
    for soft, side in ((short, 0), (over, 0), (store.soft_minima, 1), (store.soft_maxima, -1)):
        if soft is not None:
            ticks.append((soft.at, side))
            between.append((soft.between, side))
    found = [(np.arange(1.0, len(values)), values[1:], side) for values, side in ticks if values is not None]
    if store.moments is None:
        return found
    hard = store.moments
    between += [(hard.targets, 0), (hard.minima, 1), (hard.maxima, -1)]
    return found + [(hard.at, values, side) for values, side in between if len(values)]
