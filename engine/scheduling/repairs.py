"""What would make a plan possible: the smallest changes, each tried out before it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.errors import EngineError
from engine.scheduling import changes
from engine.scheduling.arrays import Arrays
from engine.scheduling.build import build
from engine.scheduling.conflicts import moment
from engine.scheduling.devices.storage import Storage
from engine.scheduling.elastic import Give, least_give
from engine.scheduling.highs_backend import Model
from engine.scheduling.linear import Floats, Values
from engine.scheduling.problem import Limit, Problem
from engine.scheduling.site import Site
from engine.scheduling.solve import Options, solve

_ROUND = 1e-6
"""Amounts are rounded up to this [kW or kWh], so that a repair is not spoilt by its last digit."""


@dataclass(frozen=True, slots=True)
class Repair:
    """Changes of limits after which a plan exists."""

    limits: tuple[str, ...]
    """What is changed."""
    amount: float
    """The largest change [kW or kWh]; of a target that is moved, the hours."""
    text: str
    """What to do, fit to follow "either"."""
    site: Site
    """The site with the changes applied."""
    cost: float
    """What the plan then costs [currency]."""


def repairs(
    site: Site, problem: Problem, arrays: Arrays, candidates: Sequence[Limit]
) -> tuple[list[Repair], list[str]]:
    """Return the repairs that change one limit, smallest first, or else the one that changes several.

    Args:
        site: Without a plan.
        problem: What it poses.
        arrays: The same.
        candidates: Limits that take part in a conflict.

    Returns:
        The repairs, and the limits any of which could give enough to solve the conflict.
    """
    found: list[Repair] = []
    helping: list[str] = []
    for limit in one_per_name(candidates):
        gives = least_give(problem, arrays, [limit], uniform=_is_one_number(site, limit.name))
        tried = _tried(site, gives) if gives is not None else []
        if not tried:
            continue
        helping.append(limit.name)
        found += tried
        if limit.name.endswith("soc-targets"):
            found += _later(site, limit, problem, arrays)
    if not found:
        together = least_give(problem, arrays, one_per_name(problem.limits), uniform=False)
        found = _tried(site, together) if together is not None else []
    return sorted(found, key=lambda repair: repair.amount), helping


def one_per_name(limits: Sequence[Limit]) -> list[Limit]:
    """Return the limits without those that share a name with an earlier one."""
    return list({limit.name: limit for limit in reversed(limits)}.values())[::-1]


def _is_one_number(site: Site, limit: str) -> bool:
    return np.ndim(changes.value_of(site, limit)) == 0


def _tried(site: Site, gives: list[Give]) -> list[Repair]:
    """Return the repair that gives make, if it makes sense and a plan exists after it."""
    gives = [give for give in gives if give.amount.any()]
    mended, texts = site, []
    for give in gives:
        change = _ceiled(give)
        mended = changes.with_limit(mended, give.limit.name, _change(site, give, change))
        texts.append(_told(site, give, change))
        if np.nanmin(changes.value_of(mended, give.limit.name)) < 0:  # no store holds less than nothing
            return []
    cost = cost_of(mended)
    if cost is None or not gives:
        return []
    amount = max(float(give.amount.max()) for give in gives)
    return [Repair(tuple(give.limit.name for give in gives), amount, " and ".join(texts), mended, cost)]


def cost_of(site: Site) -> float | None:
    """Return what the best plan of a site costs; None without a plan."""
    try:
        problem = build(site).problem
        solved = solve(problem, Options(preferences=False))
    except EngineError:
        return None
    if not len(solved.x):
        return None
    return sum(problem.paid(solved.x).values())


def _ceiled(give: Give) -> Floats:
    """Return the signed change of each value: up where the upper bound gives, down where the lower one does."""
    up, down = (np.ceil(side / _ROUND - 1e-3) * _ROUND for side in (give.above, give.below))
    return np.where(up > 0, up, -down)


def _change(site: Site, give: Give, change: Floats) -> Callable[[Values], Values]:
    power = give.limit.unit == "kW"
    change = np.abs(change) if power else change  # a capacity is told as a positive number in both directions
    if _is_one_number(site, give.limit.name):
        return changes.raised(float(change[np.argmax(np.abs(change))]))
    return changes.shifted(change if power else np.concatenate([[0.0], change]))


def _told(site: Site, give: Give, change: Floats) -> str:
    """Return what to do about one limit."""
    name, unit = give.limit.name, give.limit.unit
    if name.endswith("soc-targets"):
        return " and ".join(_aim(site, name, int(at), float(change[at])) for at in np.flatnonzero(change))
    largest = float(change[np.argmax(np.abs(change))])
    lower = largest < 0 and unit == "kWh"
    told = f"{'lower' if lower else 'raise'} {name} by {abs(largest):.4g} {unit}"
    if _is_one_number(site, name):
        return f"{told} to {float(changes.value_of(site, name)) + (largest if lower else abs(largest)):.6g} {unit}"
    steps = np.flatnonzero(change)
    ticks = (steps[0] + 1, steps[-1] + 1) if unit == "kWh" else (steps[0], steps[-1] + 1)
    first, last = (moment(site.window, int(tick)) for tick in ticks)
    return f"{told} at {first}" if first == last else f"{told} at most, between {first} and {last}"


def _aim(site: Site, name: str, at: int, change: float) -> str:
    store = name.rsplit(".", 1)[0]
    wanted = float(np.asarray(changes.value_of(site, name))[at + 1])
    return f"aim for {wanted + change:.6g} kWh instead of {wanted:.6g} kWh in {store} at {moment(site.window, at + 1)}"


def _later(site: Site, limit: Limit, problem: Problem, arrays: Arrays) -> list[Repair]:
    """Return the repair that moves the only target of a store to the earliest time at which it can be met."""
    store = limit.name.rsplit(".", 1)[0]
    targets = np.asarray(changes.value_of(site, limit.name), dtype=float)
    ticks = np.flatnonzero(~np.isnan(targets[1:])) + 1
    if len(ticks) != 1:
        return []
    tick = int(ticks[0])
    later = _earliest(site, store, tick, (problem, arrays))
    if later is None:
        return []
    mended = changes.with_target_moved(site, store, tick, later)
    cost = cost_of(mended)
    if cost is None:
        return []
    then, first = moment(site.window, later), moment(site.window, tick)
    text = f"reach {targets[tick]:.6g} kWh in {store} at {then} instead of {first}"
    return [Repair((limit.name,), (later - tick) * site.window.hours, text, mended, cost)]


def _earliest(site: Site, store: str, tick: int, posed: tuple[Problem, Arrays]) -> int | None:
    """Return the first later tick at which a target can be met, found by halving; None if it never can.

    Each try changes two bounds of one live problem without costs.
    """
    problem, arrays = posed
    own = next(each for each in site.devices if isinstance(each, Storage) and each.name == store)
    lower, upper = replace(own, soc_targets=None).bounds(site.window)
    first = problem.sizes[f"{store}.soc"][0]
    wanted = arrays.lower[first + tick - 1]
    model = Model(arrays.with_(cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers)))

    def possible(at: int) -> bool:
        cols = np.array([first + tick - 1, first + at - 1], dtype=np.int32)
        model.change_bounds(cols, np.array([lower[tick - 1], wanted]), np.array([upper[tick - 1], wanted]))
        found = lower[at - 1] <= wanted <= upper[at - 1] and model.run().has_plan
        model.change_bounds(cols[1:], lower[at - 1 : at], upper[at - 1 : at])
        return bool(found)

    low, high = tick, site.window.n
    if low == high or not possible(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high
