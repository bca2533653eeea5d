"""Which limits clash: seen at once for each store alone, else by the proof that no plan exists."""

from dataclasses import dataclass, replace

import numpy as np

from engine.devices.storage import Storage
from engine.diagnosis.reach import partly
from engine.model.arrays import Arrays
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.highs import Model
from engine.solve.status import Status
from engine.window import Window

_NOISE = 1e-6
"""Excesses up to this are rounding noise [kWh]."""
_LITTLE = 1e-9
"""Weights up to this share of the largest one count for nothing in a proof."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Limits that cannot hold together."""

    limits: tuple[str, ...]
    """Such as ``battery.soc-targets``; the first is the one that is not met."""
    step: float
    """Step, or for a stored energy the tick 0 ... n or a moment between two of them, at which it shows."""
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


def _asked(store: Storage, window: Window) -> tuple[Floats, Floats, Floats]:
    """Return every tick and moment with the least and most energy allowed there [kWh], in order of time."""
    lower, upper = store.bounds(window)
    at = np.arange(1.0, window.n + 1)
    if store.moments is not None:
        least, most = store.moments.bounds
        at, lower, upper = (np.concatenate(pair) for pair in ((at, store.moments.at), (lower, least), (upper, most)))
    order = np.argsort(at, kind="stable")
    return at[order], lower[order], upper[order]


def _field(store: Storage, tick: float, value: float, side: str) -> str:
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


def _unreached(store: Storage, window: Window) -> Conflict | None:
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


def _too_far(store: Storage, window: Window, tick: float, found: tuple[float, float]) -> Conflict:
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


def moment(window: Window, tick: float) -> str:
    """Return when a step ends or begins, as text."""
    return window.moment(tick).isoformat().replace("+00:00", "Z")


def taking_part(problem: Problem, arrays: Arrays, budget: Budget) -> list[Limit]:
    """Return the limits that take part in one smallest conflict; all of them when none can be singled out.

    A change of one limit gives a plan only if that limit takes part in every conflict, so in this one.
    """
    crossed = np.flatnonzero(arrays.lower > arrays.upper)
    if len(crossed):
        return [limit for limit in problem.limits if _holds(problem, limit, {int(crossed[0]): "both"})]
    sides = _bounds_in_the_way(arrays, budget)
    return [limit for limit in problem.limits if _holds(problem, limit, sides)] or list(problem.limits)


def _bounds_in_the_way(arrays: Arrays, budget: Budget) -> dict[int, str]:
    """Return the columns, and which bound of each, that prove by themselves that no plan exists.

    When HiGHS gives up it leaves a weighted sum of the rows that no values within the bounds can meet. Each bound with
    a weight is needed: without it, the sum could be met.

    Source:
        Gleeson and Ryan, ORSA Journal on Computing 2 (1990) 61-63: such sums and smallest conflicts are the same.
    """
    model = Model(replace(arrays, cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers)), budget)
    rows = model.proof() if model.run().status is Status.INFEASIBLE else None
    if rows is None:  # only whole numbers are in the way, or time is up
        return {}
    columns, little = arrays.columns_of(rows), _LITTLE * np.abs(rows).max()
    columns[np.abs(columns) <= little] = 0.0
    rows[np.abs(rows) <= little] = 0.0
    for sign in (1.0, -1.0):
        most = _largest(columns * sign, arrays.lower, arrays.upper)
        least = -_largest(rows * -sign, arrays.row_lower, arrays.row_upper)
        if most < least:
            return {int(col): "upper" if columns[col] * sign > 0 else "lower" for col in np.flatnonzero(columns)}
    return {}


def _largest(weights: Floats, lower: Floats, upper: Floats) -> float:
    """Return the largest weighted sum of values within bounds."""
    return float(weights[weights > 0] @ upper[weights > 0] + weights[weights < 0] @ lower[weights < 0])


def _holds(problem: Problem, limit: Limit, sides: dict[int, str]) -> bool:
    """Return whether any of the bounds of columns is this limit."""
    first, size = problem.sizes[limit.columns]
    return any(
        side == limit.side or "both" in (side, limit.side)
        for col, side in sides.items()
        if first <= col < first + size and (limit.at is None or limit.at[col - first])
    )
