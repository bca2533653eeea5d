"""What would make a plan possible: the smallest changes, each tried out before it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.devices.storage import Storage
from engine.diagnosis import changes
from engine.diagnosis.conflicts import moment
from engine.diagnosis.relaxation import Elastic, Give
from engine.diagnosis.trials import Trials
from engine.model.arrays import Arrays
from engine.model.block import Limit
from engine.model.linear import Floats, Values
from engine.model.problem import Problem
from engine.site import Site
from engine.solve.budget import Budget
from engine.solve.highs import Model

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


def repairs(site: Site, problem: Problem, elastic: Elastic, trials: Trials) -> tuple[list[Repair], list[str]]:
    """Return the repairs that change one limit, smallest first, or else the one that changes several.

    Args:
        site: Without a plan.
        problem: What it poses.
        elastic: The same with the limits elastic that take part in a conflict.
        trials: Tries the repairs out.

    Returns:
        The repairs, and the limits any of which could give enough to solve the conflict.
    """
    found: list[Repair] = []
    helping: list[str] = []
    for name in dict.fromkeys(limit.name for limit in elastic.limits):
        limit = next(limit for limit in elastic.limits if limit.name == name)
        gives = elastic.least_give([name], uniform=_is_one_number(site, limit))
        tried = _tried(site, gives, trials) if gives is not None else []
        if not tried:
            continue
        helping.append(name)
        found += tried
        if name.endswith("soc-targets"):
            found += _later(site, name.rsplit(".", 1)[0], (problem, elastic.arrays), trials)
    if not found:
        everything = Elastic(problem, elastic.arrays, distinct(problem.limits), elastic.budget)
        together = everything.least_give([limit.name for limit in everything.limits], uniform=False)
        found = _tried(site, together, trials) if together is not None else []
    return sorted(found, key=lambda repair: repair.amount), helping


def distinct(limits: Sequence[Limit]) -> list[Limit]:
    """Return the limits, each once for every block of variables that it bounds."""
    return list({(limit.name, limit.columns): limit for limit in reversed(limits)}.values())[::-1]


def _is_one_number(site: Site, limit: Limit) -> bool:
    return np.ndim(changes.value_of(site, changes.path(limit))) == 0


def _tried(site: Site, gives: list[Give], trials: Trials) -> list[Repair]:
    """Return the repair that gives make, if it makes sense and a plan exists after it."""
    gives = [give for give in gives if give.amount.any()]
    mended, texts = site, []
    for give in gives:
        change, path = _ceiled(give), changes.path(give.limit)
        mended = changes.with_limit(mended, path, _change(site, give, change))
        texts.append(_told(site, give, change))
        if np.nanmin(changes.value_of(mended, path)) < 0:  # no store holds less than nothing
            return []
    cost = trials.cost(mended)
    if cost is None or not gives:
        return []
    amount = max(float(give.amount.max()) for give in gives)
    return [Repair(tuple(give.limit.name for give in gives), amount, " and ".join(texts), mended, cost)]


def _ceiled(give: Give) -> Floats:
    """Return the signed change of each value: up where the upper bound gives, down where the lower one does."""
    up, down = (np.ceil(side / _ROUND - 1e-3) * _ROUND for side in (give.above, give.below))
    return np.where(up > 0, up, -down)


def _change(site: Site, give: Give, change: Floats) -> Callable[[Values], Values]:
    power = give.limit.unit != "kWh"
    change = np.abs(change) if power else change  # a capacity is told as a positive number in both directions
    if _is_one_number(site, give.limit):
        return changes.raised(float(change[np.argmax(np.abs(change))]))
    per_tick = not power and not give.limit.columns.endswith(".between")
    return changes.shifted(np.concatenate([[0.0], change]) if per_tick else change)


def when(site: Site, limit: Limit, at: int) -> float:
    """Return the step, tick or moment [steps since the start] of one of the variables that a limit bounds."""
    if limit.unit != "kWh":
        return at
    if not limit.columns.endswith(".between"):
        return at + 1
    moments = _store(site, limit.columns.rsplit(".", 1)[0]).moments
    return float(moments.at[at]) if moments is not None else at


def _told(site: Site, give: Give, change: Floats) -> str:
    """Return what to do about one limit."""
    name, unit = give.limit.name, give.limit.unit
    steps = [int(at) for at in np.flatnonzero(change)]
    if name.endswith("soc-targets"):
        return " and ".join(_aim(site, give.limit, at, float(change[at])) for at in steps)
    largest = float(change[np.argmax(np.abs(change))])
    lower = largest < 0 and unit == "kWh"
    told = f"{'lower' if lower else 'raise'} {name} by {abs(largest):.4g} {unit}"
    if _is_one_number(site, give.limit):
        before = float(changes.value_of(site, name))
        return f"{told} to {before + (largest if lower else abs(largest)):.6g} {unit}"
    first, last = (when(site, give.limit, at) for at in (steps[0], steps[-1]))
    first_told, last_told = moment(site.window, first), moment(site.window, last + (unit == "kW"))
    return (
        f"{told} at {first_told}"
        if first_told == last_told
        else f"{told} at most, between {first_told} and {last_told}"
    )


def _aim(site: Site, limit: Limit, at: int, change: float) -> str:
    path, store = changes.path(limit), limit.name.rsplit(".", 1)[0]
    tick = when(site, limit, at)
    wanted = float(np.asarray(changes.value_of(site, path))[at if path != limit.name else at + 1])
    return f"aim for {wanted + change:.6g} kWh instead of {wanted:.6g} kWh in {store} at {moment(site.window, tick)}"


def _store(site: Site, name: str) -> Storage:
    return next(each for each in site.devices if isinstance(each, Storage) and each.name == name)


def _later(site: Site, store: str, posed: tuple[Problem, Arrays], trials: Trials) -> list[Repair]:
    """Return the repair that moves the only target of a store to the earliest tick at which it can be met."""
    limits = [limit for limit in distinct(posed[0].limits) if limit.name == f"{store}.soc-targets"]
    asked = [(limit, int(at)) for limit in limits if limit.at is not None for at in np.flatnonzero(limit.at)]
    if len(asked) != 1:
        return []
    limit, at = asked[0]
    then, column = when(site, limit, at), posed[0].sizes[limit.columns][0] + at
    later = _earliest(site, store, (then, column), posed, trials.budget)
    if later is None:
        return []
    wanted = float(posed[1].lower[column])
    mended = changes.with_only_target(site, store, wanted, later)
    cost = trials.cost(mended)
    if cost is None:
        return []
    text = f"reach {wanted:.6g} kWh in {store} at {moment(site.window, later)} instead of {moment(site.window, then)}"
    return [Repair((limit.name,), (later - then) * site.window.hours, text, mended, cost)]


def _earliest(
    site: Site, store: str, target: tuple[float, int], posed: tuple[Problem, Arrays], budget: Budget
) -> int | None:
    """Return the first later tick at which a target can be met, found by halving; None if it never can.

    Each try changes two bounds of one live problem without costs.

    Args:
        site: Without a plan.
        store: Whose target it is.
        target: When it is due [steps since the start], and the column it bounds.
        posed: What the site poses.
        budget: How long it may take.
    """
    problem, arrays = posed
    own = _store(site, store)
    freed = replace(own, soc_targets=None, moments=None)
    lower, upper = freed.bounds(site.window)
    first, (then, column) = problem.sizes[f"{store}.soc"][0], target
    wanted = arrays.lower[column]
    tick = int(np.ceil(then))
    free = (lower[tick - 1], upper[tick - 1]) if then == tick else (-np.inf, np.inf)
    model = Model(replace(arrays, cost=np.zeros(arrays.width), integers=np.zeros_like(arrays.integers)), budget)

    def possible(at: int) -> bool:
        cols = np.array([column, first + at - 1], dtype=np.int32)
        model.change_bounds(cols, np.array([free[0], wanted]), np.array([free[1], wanted]))
        found = lower[at - 1] <= wanted <= upper[at - 1] and model.run().has_plan
        model.change_bounds(cols[1:], lower[at - 1 : at], upper[at - 1 : at])
        return bool(found)

    low, high = int(np.floor(then)), site.window.n
    if low == high or not possible(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high
