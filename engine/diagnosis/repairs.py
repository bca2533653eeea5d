"""What would make a plan possible: the smallest changes, each tried out before it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np

from engine.devices.answers import Alternative, Postponement, moment
from engine.devices.device import Device
from engine.diagnosis.relaxation import ElasticProblem, Slack
from engine.errors import EngineError
from engine.formulation import Built, build_problem
from engine.model.arrays import Arrays, without_costs
from engine.model.block import Limit
from engine.model.linear import Floats
from engine.model.problem import Problem
from engine.site import Site, limit_values, raised, shifted, with_limit
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells, with_choices
from engine.solve.highs import Model
from engine.solve.optimum import Options, solve_problem
from engine.solve.warm_start import LiveModel

_ROUNDS = 5
"""So often what several limits have to give is looked at again, as one can hide another."""
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


class Trials:
    """Tells of sites much like each other what their best plans cost."""

    def __init__(self, budget: Budget, built: Built | None = None) -> None:
        """Begin with what a similar site was built into, if that is known; nothing is tried beyond the budget."""
        self.budget, self._live = budget, LiveModel(preferences=False, built=built)

    def cost(self, site: Site) -> float | None:
        """Return what the best plan of a site costs [currency]; None without a plan, or without time to find one."""
        if self.budget.is_over:
            return None
        try:
            built, solved = self._live.solve(site, self.budget)
            if solved is None:
                solved = solve_problem(built.problem, Options(self.budget, preferences=False))
        # A change by which the site contradicts itself is no repair.
        except EngineError:
            return None
        return sum(built.problem.paid(solved.x).values()) if len(solved.x) else None


def limit_repairs(
    site: Site, problem: Problem, elastic: ElasticProblem, trials: Trials
) -> tuple[list[Repair], list[str]]:
    """Return the repairs that change one limit, smallest first, or else the one that changes several.

    Args:
        site: Without a plan.
        problem: What it poses.
        elastic: The same with the limits elastic that take part in a conflict.
        trials: Tries the repairs out.

    Returns:
        The repairs, and the limits any of which could give enough to solve the conflict.
    """
    repairs: list[Repair] = []
    helping: list[str] = []
    for name in dict.fromkeys(limit.name for limit in elastic.limits):
        limit = next(limit for limit in elastic.limits if limit.name == name)
        if np.ndim(limit_values(site, limit.path)) == 0:
            slacks = elastic.least_slack([name], uniform=True)
        elif limit.unit == "kW":  # what connects a site is sized by its largest power, not by the energy above it
            slacks = elastic.lowest_slack([name])
        else:
            slacks = elastic.least_slack([name], uniform=False)
        mending = _Mending(site, site)
        mending.give(slacks or [])
        tried = mending.repairs(trials)
        if not tried:
            continue
        helping.append(name)
        repairs += tried
        if limit.exact:
            repairs += _postpone(site, name, (problem, elastic.arrays), trials)
    if not repairs:
        repairs = _all_together(site, problem, elastic.arrays, trials)
    return sorted(repairs, key=lambda repair: repair.amount), helping


def rule_repairs(site: Site, trials: Trials) -> list[Repair]:
    """Return the changes of one rule after which a plan exists, each the smallest of its kind."""
    repairs = []
    for device in site.devices:
        for alternative in device.alternatives(site.window):
            less = _least(site, device, alternative, trials)
            if less is None:
                continue
            mended = site.with_device(device, alternative.changed(less))
            cost = trials.cost(mended)
            if cost is not None:
                amount = less * site.window.step_hours
                repairs.append(Repair((alternative.rule,), amount, alternative.text(less), mended, cost))
    return repairs


def _least(site: Site, device: Device, alternative: Alternative[Device], trials: Trials) -> int | None:
    """Return the least that a rule has to give way, found by halving; None if even giving all does not help."""

    def is_enough(less: int) -> bool:
        return trials.cost(site.with_device(device, alternative.changed(less))) is not None

    if not is_enough(alternative.most):
        return None
    # The more a rule gives way the more plans there are, so that halving finds the least.
    low, high = 0, alternative.most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def distinct(limits: Sequence[Limit]) -> list[Limit]:
    """Return the limits, each once for every block of variables, and side of it, that it bounds."""
    # Turned around twice: of equal ones the first counts, and the order stays.
    return list({(limit.name, limit.columns, limit.side): limit for limit in reversed(limits)}.values())[::-1]


@dataclass(slots=True)
class _Mending:
    """Limits that give way one after the other: one can hide behind another until that one has given way."""

    site: Site
    mended: Site
    changes: dict[str, tuple[Limit, Floats]] = field(default_factory=dict)
    """By the path of the limit: by how much it gives way in all, shape (size of its block,)."""

    def give(self, slacks: Sequence[Slack]) -> None:
        """Let limits give way."""
        first = not self.changes
        for slack in slacks:
            if not slack.amount.any():
                continue
            limit, old = slack.limit, limit_values(self.mended, slack.limit.path)
            up, down = slack.above, slack.below
            if first and not limit.exact:  # later rounds are also about what rounding spoils
                up, down = (np.ceil(side / _ROUND - 1e-3) * _ROUND for side in (up, down))
            signed = np.where(up > 0, up, -down) * np.sign(limit.scale)
            change = np.maximum(up, down) if limit.is_symmetric else signed
            if np.ndim(old) == 0:
                change = np.full(len(change), _largest(change))
                by = raised(_largest(change))
            else:  # energies have a start, which no variable stands for
                by = shifted(np.concatenate([np.zeros(np.size(old) - len(change)), change]))
            self.mended = with_limit(self.mended, limit.path, by)
            before = self.changes.get(limit.path, (limit, np.zeros(len(change))))[1]
            self.changes[limit.path] = limit, before + change

    def repairs(self, trials: Trials) -> list[Repair]:
        """Return the repair in which limits give way like this, if it makes sense and a plan exists after it."""
        changes = [(limit, change) for limit, change in self.changes.values() if change.any()]
        # Nothing holds or takes less than nothing.
        if not changes or any(np.nanmin(limit_values(self.mended, limit.path)) < 0 for limit, _ in changes):
            return []
        cost = trials.cost(self.mended)
        if cost is None:
            return []
        amount = max(float(np.abs(change).max()) for _, change in changes)
        text = " and ".join(_describe(self.site, limit, change) for limit, change in changes)
        return [Repair(tuple(dict.fromkeys(limit.name for limit, _ in changes)), amount, text, self.mended, cost)]


def _all_together(site: Site, problem: Problem, arrays: Arrays, trials: Trials) -> list[Repair]:
    """Return the repair in which any limits give way, as few and little as there are, in a few rounds."""
    mending = _Mending(site, site)
    for _ in range(_ROUNDS):
        everything = ElasticProblem(problem, arrays, distinct(problem.limits), trials.budget)
        slacks = everything.least_slack([limit.name for limit in everything.limits], uniform=False)
        if slacks is None:
            return []
        mending.give(slacks)
        if repairs := mending.repairs(trials):
            return repairs
        problem = build_problem(mending.mended).problem
        arrays = with_directions(problem, problem.arrays(), trials.budget)
    return []


def with_directions(problem: Problem, arrays: Arrays, budget: Budget) -> Arrays:
    """Return the problem in which stores cannot burn energy, if only burning would keep its limits."""
    cells = Cells.of(problem.pairs)
    lossy = np.flatnonzero(~cells.lossless)
    if not len(lossy) or (arrays.lower > arrays.upper).any() or not Model(arrays, budget).run().has_plan:
        return arrays
    return with_choices(arrays, cells, lossy)


def _largest(change: Floats) -> float:
    return float(change[np.argmax(np.abs(change))])


def _describe(site: Site, limit: Limit, change: Floats) -> str:
    """Return what to do about one limit, fit to follow "either"."""
    steps, old = [int(at) for at in np.flatnonzero(change)], limit_values(site, limit.path)
    if limit.exact:
        owner, values, aims = limit.name.rsplit(".", 1)[0], np.atleast_1d(np.asarray(old)), []
        for at in steps:
            wanted = float(values[max(np.size(values) - len(change), 0) + at if np.size(values) > 1 else 0])
            aim, when = wanted + float(change[at]), moment(site.window, limit.when(at))
            aims.append(f"aim for {aim:.6g} {limit.unit} instead of {wanted:.6g} {limit.unit} in {owner} at {when}")
        return " and ".join(aims)
    largest = _largest(change)
    text = f"{'lower' if largest < 0 else 'raise'} {limit.name} by {abs(largest):.4g} {limit.unit}"
    if np.ndim(old) == 0:
        return f"{text} to {float(old) + largest:.6g} {limit.unit}"
    first, last = limit.when(steps[0]), limit.when(steps[-1]) + (limit.times is None)  # a step lasts until its end
    begin, end = moment(site.window, first), moment(site.window, last)
    return f"{text} at {begin}" if begin == end else f"{text} at most, between {begin} and {end}"


def _postpone(site: Site, name: str, posed: tuple[Problem, Arrays], trials: Trials) -> list[Repair]:
    """Return the repair that moves the only target of a device to the earliest tick at which it can be met."""
    problem, arrays = posed
    limits = [limit for limit in distinct(problem.limits) if limit.name == name]
    asked = [(limit, int(at)) for limit in limits if limit.at is not None for at in np.flatnonzero(limit.at)]
    owner = next((device for device in site.devices if device.name == name.rsplit(".", 1)[0]), None)
    postponement = None if owner is None else owner.postponement(site.window)
    if owner is None or postponement is None or len(asked) != 1:
        return []
    limit, at = asked[0]
    due, column = limit.when(at), problem.sizes[limit.columns][0] + at
    state = next(state for state in problem.energies if state.name == owner.name)
    columns = problem.sizes[state.columns][0], column
    wanted = float((arrays.upper if limit.side == "upper" else arrays.lower)[column])
    later = _earliest(postponement, (wanted, due), columns, arrays, trials.budget)
    if later is None:
        return []
    mended = site.with_device(owner, postponement.device(wanted, later))
    cost = trials.cost(mended)
    if cost is None:
        return []
    then, now = moment(site.window, later), moment(site.window, due)
    text = f"reach {wanted:.6g} {limit.unit} in {owner.name} at {then} instead of {now}"
    hours = (site.window.moment(later) - site.window.moment(due)) / timedelta(hours=1)
    return [Repair((limit.name,), hours, text, mended, cost)]


def _earliest(
    free: Postponement[Device], goal: tuple[float, float], columns: tuple[int, int], arrays: Arrays, budget: Budget
) -> int | None:
    """Return the first later tick at which a target can be met, found by halving; None if it never can.

    Each try changes two bounds of one live problem without costs.

    Args:
        free: The bounds on the energy without the target.
        goal: The energy [kWh], and when it is due [steps since the start].
        columns: The first column of the energy at the end of each step, and the column that the target bounds.
        arrays: What the site poses.
        budget: How long it may take.
    """
    lower, upper, (first, column), (wanted, due) = free.lower, free.upper, columns, goal
    tick = int(np.ceil(due))
    own = (lower[tick - 1], upper[tick - 1]) if due == tick else (-np.inf, np.inf)
    model = Model(without_costs(arrays), budget)

    def possible(at: int) -> bool:
        cols = np.array([column, first + at - 1], dtype=np.int32)
        model.change_bounds(cols, np.array([own[0], wanted]), np.array([own[1], wanted]))
        fits = lower[at - 1] <= wanted <= upper[at - 1] and model.run().has_plan
        model.change_bounds(cols[1:], lower[at - 1 : at], upper[at - 1 : at])
        return bool(fits)

    low, high = int(np.floor(due)), len(lower)
    if low == high or not possible(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if possible(middle) else (middle, high)
    return high
