"""Which bounds on the energy in a store clash, seen from its own bounds and ports alone: exact, with the moment."""

import numpy as np

from engine.devices.device import Conflict, moment
from engine.devices.reach import partly
from engine.devices.stored_energy import StoredEnergy
from engine.model.linear import Floats
from engine.window import Window

_NOISE = 1e-6
"""Excesses up to this are rounding noise [kWh]."""


def crossing(store: StoredEnergy, window: Window) -> Conflict | None:
    """Return where the lower bound lies above the upper one."""
    at, lower, upper = _asked(store, window)
    crossed = np.flatnonzero(lower > upper + _NOISE)
    if not len(crossed):
        return None
    first = int(crossed[0])
    tick, low, high = float(at[first]), float(lower[first]), float(upper[first])
    names = _field(store, tick, low, "lower"), _field(store, tick, high, "upper")
    wanted, other = (low, high) if names[1] != "soc-targets" else (high, low)
    names = names if names[1] != "soc-targets" else (names[1], names[0])
    text = (
        f"{store.name}: {names[0]} asks for {wanted:g} kWh at {moment(window, tick)}, "
        f"but {names[1]} is {other:g} kWh, {low - high:.4g} kWh off."
    )
    return Conflict(tuple(f"{store.name}.{name}" for name in names), tick, low - high, "kWh", text)


def _asked(store: StoredEnergy, window: Window) -> tuple[Floats, Floats, Floats]:
    """Return every tick and moment with the least and most energy allowed there [kWh], in order of time."""
    lower, upper = store.bounds(window)
    at = np.arange(1.0, window.n + 1)
    if store.moments is not None:
        least, most = store.moments.bounds
        at, lower, upper = (np.concatenate(pair) for pair in ((at, store.moments.at), (lower, least), (upper, most)))
    order = np.argsort(at, kind="stable")
    return at[order], lower[order], upper[order]


def _field(store: StoredEnergy, tick: float, value: float, side: str) -> str:
    """Return the field that sets the bound of a store at a tick or moment: the tightest, targets before others."""
    if store.moments is not None and not tick.is_integer():
        here = int(np.searchsorted(store.moments.at, tick))
        told = {f"soc-{name}": getattr(store.moments, name)[here] for name in ("targets", "minima", "maxima")}
    else:
        told = {
            f"soc-{name}": np.nan if values is None else values[int(tick)]
            for name, values in (
                ("targets", store.soc_targets),
                ("minima", store.soc_minima),
                ("maxima", store.soc_maxima),
            )
        }
    told.pop("soc-maxima" if side == "lower" else "soc-minima", None)
    set_by = [name for name, bound in told.items() if bound == value]
    return set_by[0] if set_by else "soc-min" if side == "lower" else "soc-max"


def out_of_reach(store: StoredEnergy, window: Window) -> Conflict | None:
    """Return the first bound that the ports cannot keep from the start on, whatever the rest of the site does."""
    off, on, kept = store.step_reach(window)
    low = high = store.soc_at_start
    for tick, least, most in zip(*(values.tolist() for values in _asked(store, window)), strict=True):
        step = int(np.ceil(tick)) - 1
        low_here, high_here = _within(step, tick, (low, high), (off, on, kept))
        if high_here < least - _NOISE:
            return _too_far(store, window, tick, (high_here, least))
        if low_here > most + _NOISE:
            return _too_far(store, window, tick, (low_here, most))
        if tick.is_integer():
            low, high = max(low_here, least), min(high_here, most)
    return None


def _within(
    step: int, tick: float, levels: tuple[float, float], reach: tuple[Floats, Floats, Floats]
) -> tuple[float, float]:
    """Return the least and most energy at the end of a step, or at a moment within it, from those before it [kWh]."""
    off, on, kept = reach
    ends = (float(kept[step] * levels[0] + off[step]), float(kept[step] * levels[1] + on[step]))
    if tick.is_integer():
        return ends
    before, after = (float(each[0]) for each in partly(kept[step : step + 1], np.array([tick - step])))
    return before * levels[0] + after * ends[0], before * levels[1] + after * ends[1]


def _too_far(store: StoredEnergy, window: Window, tick: float, found: tuple[float, float]) -> Conflict:
    reached, wanted = found
    short = wanted > reached
    field = _field(store, tick, wanted, "lower" if short else "upper")
    amount = abs(wanted - reached)
    most = "at most " if field in ("soc-max", "soc-maxima") else ""
    text = (
        f"{store.name}: {field} asks for {most}{wanted:.6g} kWh at {moment(window, tick)}, "
        f"but {'at most' if short else 'no less than'} {reached:.6g} kWh can be reached, "
        f"{amount:.4g} kWh {'short' if short else 'over'}."
    )
    way = "consumption" if short else "production"
    names = (f"{store.name}.{field}", *(f"{port.name}.{way}-capacity" for port in store.ports))
    return Conflict(names, tick, amount, "kWh", text)
