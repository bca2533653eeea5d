"""What of a store gives way where no plan keeps all of it: its window, what is drawn from it, what flows into it.

Each at a price above all others, so that a plan breaks as little of it as physics allows, and told as a breach.
"""

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from engine.devices.energy.bounds import SoftBound
from engine.devices.energy.stored_energy import StoredEnergy, after_start
from engine.model.arrays import LARGEST
from engine.model.linear import Floats, Linear, full
from engine.model.problem import Problem
from engine.series.window import Window

Extent: TypeAlias = Literal["start", "physics"]
"""What may give way: the window as far as the start lies outside of it, or all that is told here."""
PHYSICS = ("soc-min", "soc-max", "soc-usage", "soc-gain")
"""Fields whose breach tells that something gave way."""
_ABOVE_ENERGY = 100.0
"""How many times dearer a kWh outside the window is for an hour than the dearest energy."""
_OUTSIDE = 10.0
"""Price of a kWh outside the window for an hour, in that of a soft bound."""
_MISSING = 100.0
"""Price of a kWh that is not there for its use or overflows, likewise; above what a capacity costs."""


def starts_outside(store: StoredEnergy) -> bool:
    """Return whether the energy at the start lies outside the window at the end of the first step."""
    return max(_outside_at_start(store)) > 0


def _outside_at_start(store: StoredEnergy) -> tuple[float, float]:
    """Return how far below and how far above the window of the first step the energy at the start lies [kWh]."""
    low, high = (float(np.ravel(after_start(bound))[0]) for bound in (store.soc_min, store.soc_max))
    return low - store.soc_at_start, store.soc_at_start - high


def widest_bounds(store: StoredEnergy, window: Window, extent: Extent) -> tuple[Floats, Floats]:
    """Return the bounds at the end of each step that never give way [kWh], each shape (n,).

    A store holds no less than nothing and no more than the most that it may hold at any time, unless it starts there.
    """
    low, high = store.soc_min, store.soc_max
    if extent == "physics":
        low, high = min(0.0, float(np.min(low))), float(np.max(high))
    low, high = np.minimum(low, store.soc_at_start), np.maximum(high, store.soc_at_start)
    return replace(store, soc_min=low, soc_max=high).bounds(window)


def add_yielding(problem: Problem, store: StoredEnergy, soc: Linear, extent: Extent) -> Linear:
    """Add what may give way, and its price; return use that is not met, less what overflows [kW], shape (n,).

    Use that is not met is use at most, and what overflows flows in: neither makes energy from nothing. Both cost more
    the more of the window is left, so that the store runs dry or full first.

    Args:
        problem: Where it goes.
        store: Whose soc has the bounds of ``widest_bounds``.
        soc: Energy at the end of each step [kWh], shape (n,).
        extent: What may give way.
    """
    window, n = problem.window, problem.window.n
    hours = full(window.hours, n)
    left = np.cumsum(hours[::-1])[::-1]
    cheap, dear = _prices(store, float((_MISSING + 2 * _OUTSIDE * left[0]) * max(1.0, hours.max())))
    inside = full(after_start(store.soc_min), n), full(after_start(store.soc_max), n)
    widest = widest_bounds(store, window, extent)
    sides = zip(("soc-min", "soc-max"), (1.0, -1.0), inside, widest, _outside_at_start(store), strict=True)
    for field, sign, bound, most, at_start in sides:
        at = np.flatnonzero(sign * bound > sign * most)
        if len(at):
            # As far as the start lies outside, that is nobody's choice, and it costs less than a breach of a capacity.
            known = np.clip(sign * (bound[at] - store.soc_at_start), 0.0, max(at_start, 0.0))
            name, lasts = f"{store.name}.{field}", hours[at]
            outside = problem.variable(f"{name}.outside", size=len(at))
            problem.constrain(f"{name}.outside", soc[at] * sign + outside, lower=bound[at] * sign)
            problem.soft_constraint(name, f"{name}.outside", "kWh", at + 1)
            beyond = problem.variable(f"{name}.beyond", size=len(at))
            problem.constrain(f"{name}.beyond", outside - beyond, upper=known)
            dearer = (_OUTSIDE * dear - cheap) * lasts
            problem.cost(f"all {name} breaches", outside * (cheap * lasts) + beyond * dearer)
    missing = Linear(n)
    if extent == "start":
        return missing
    gain, price = full(store.gain, n), (_MISSING + 1.01 * (_OUTSIDE + 1.0) * left) * dear * hours
    for field, sign, flow in (("soc-usage", 1.0, np.maximum(-gain, 0.0)), ("soc-gain", -1.0, np.maximum(gain, 0.0))):
        if flow.any():
            name = f"{store.name}.{field}"
            part = problem.variable(f"{name}.missing", upper=flow)
            problem.soft_constraint(name, f"{name}.missing", "kW", np.arange(n))
            problem.cost(f"all {name} breaches", part * price)
            missing = missing + part * sign
    return missing


def _prices(store: StoredEnergy, most: float) -> tuple[float, float]:
    """Return the price of a kWh outside the window for an hour as far as the start is, and what dearer ones count by.

    The latter lies above every price of a soft bound of the store, and so low that ``most`` times as much can be
    planned with [currency/kWh].
    """
    through = [np.min(full(p.charging_efficiency * p.discharging_efficiency, 1)) for p in store.ports]
    energy = _ABOVE_ENERGY * max(store.yields_above or 0.0, 0.01) / min([1.0, *(max(float(s), 0.1) for s in through)])
    soft: list[SoftBound | None] = [store.soft_minima, store.soft_maxima, *(store.soft_targets or ())]
    bounds = [each.dearest for each in soft if each is not None]
    dear = min(max([energy, *bounds]), LARGEST / (2 * most))
    return min(energy, dear), dear
