"""Which limits clash: seen at once for each store alone, else by the smallest conflicting set that HiGHS finds."""

from dataclasses import dataclass

import highspy
import numpy as np

from engine.scheduling.arrays import Arrays
from engine.scheduling.devices.storage import Storage
from engine.scheduling.highs_backend import Model
from engine.scheduling.problem import Limit, Problem
from engine.scheduling.site import Site
from engine.window import Window

_NOISE = 1e-6
"""Excesses up to this are rounding noise [kWh]."""
_FROM_LP = 2
"""The search that also finds conflicts which span rows; the lightest finds none of them."""
_LOWER, _UPPER = 2, 3
"""How HiGHS says which bound of a column takes part; 4 is both."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Limits that cannot hold together."""

    limits: tuple[str, ...]
    """Such as ``battery.soc-targets``; the first is the one that is not met."""
    step: int
    """Step, or for a stored energy the tick 0 ... n, at which it shows."""
    amount: float
    """By how much."""
    unit: str
    text: str
    """The same as a sentence."""


def of_stores(site: Site) -> list[Conflict]:
    """Return the first conflict of each store that its own bounds and ports alone show."""
    stores = [device for device in site.devices if isinstance(device, Storage)]
    return [found for store in stores if (found := _crossed(store, site.window) or _unreached(store, site.window))]


def _crossed(store: Storage, window: Window) -> Conflict | None:
    """Return where the lower bound lies above the upper one."""
    lower, upper = store.bounds(window)
    crossed = np.flatnonzero(lower > upper + _NOISE)
    if not len(crossed):
        return None
    at = int(crossed[0])
    names = ("soc-min", "soc-max")
    if store.soc_targets is not None and not np.isnan(store.soc_targets[at + 1]):
        names = ("soc-targets", "soc-max") if lower[at] == store.soc_targets[at + 1] else ("soc-targets", "soc-min")
    amount = float(lower[at] - upper[at])
    low, high = (lower[at], upper[at]) if names[1] == "soc-max" else (upper[at], lower[at])
    text = (
        f"{store.name}: {names[0]} asks for {low:g} kWh at {moment(window, at + 1)}, "
        f"but {names[1]} is {high:g} kWh, {amount:.4g} kWh off."
    )
    return Conflict(tuple(f"{store.name}.{name}" for name in names), at + 1, amount, "kWh", text)


def _unreached(store: Storage, window: Window) -> Conflict | None:
    """Return the first bound that the ports cannot keep from the start on, whatever the rest of the site does."""
    lower, upper = store.bounds(window)
    off, on, kept = store.step_reach(window)
    low = high = store.soc_at_start
    for at in range(window.n):
        low, high = kept[at] * low + off[at], kept[at] * high + on[at]
        if high < lower[at] - _NOISE:
            return _too_far(store, window, at, (high, lower[at]))
        if low > upper[at] + _NOISE:
            return _too_far(store, window, at, (low, upper[at]))
        low, high = max(low, lower[at]), min(high, upper[at])
    return None


def _too_far(store: Storage, window: Window, at: int, found: tuple[float, float]) -> Conflict:
    reached, wanted = found
    short = wanted > reached
    field = "soc-min" if short else "soc-max"
    if store.soc_targets is not None and not np.isnan(store.soc_targets[at + 1]):
        field = "soc-targets"
    amount = abs(wanted - reached)
    text = (
        f"{store.name}: {field} asks for {'at most' if field == 'soc-max' else ''} {wanted:.6g} kWh at "
        f"{moment(window, at + 1)}, but {'at most' if short else 'no less than'} {reached:.6g} kWh can be reached, "
        f"{amount:.4g} kWh {'short' if short else 'over'}."
    ).replace("  ", " ")
    way = "consumption" if short else "production"
    names = (f"{store.name}.{field}", *(f"{port.name}.{way}-capacity" for port in store.ports))
    return Conflict(names, at + 1, amount, "kWh", text)


def moment(window: Window, tick: int) -> str:
    """Return when a step ends or begins, as text."""
    return (window.start + tick * window.step).isoformat().replace("+00:00", "Z")


def taking_part(problem: Problem, arrays: Arrays) -> list[Limit]:
    """Return the limits that take part in one smallest conflict; all of them when none can be singled out."""
    crossed = np.flatnonzero(arrays.lower > arrays.upper)
    if len(crossed):
        return [limit for limit in problem.limits if _holds(problem, limit, int(crossed[0]), 4)]
    model = Model(arrays.with_(integers=np.zeros_like(arrays.integers)))
    model.solver.setOptionValue("iis_strategy", _FROM_LP)
    if model.run().has_plan:  # only the whole numbers are in the way
        return list(problem.limits)
    status, found = model.solver.getIis()
    if status == highspy.HighsStatus.kError or not found.valid_:
        return list(problem.limits)
    sides = dict(zip(found.col_index_, (int(bound) for bound in found.col_bound_), strict=True))
    named = [limit for limit in problem.limits if any(_holds(problem, limit, col, side) for col, side in sides.items())]
    return named or list(problem.limits)


def _holds(problem: Problem, limit: Limit, col: int, bound: int) -> bool:
    """Return whether a bound of a column is this limit."""
    first, size = problem.sizes[limit.columns]
    if not first <= col < first + size or (limit.at is not None and not limit.at[col - first]):
        return False
    return bound not in (_LOWER, _UPPER) or limit.side == "both" or (limit.side == "lower") == (bound == _LOWER)
