"""Ways to run that need whole numbers: operation modes, switching on and off; and ramps, which do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

import numpy as np

from engine.model.block import Limit
from engine.model.linear import Floats, Indices, Linear, Term, Values, full, stacked
from engine.model.problem import Problem
from engine.series.iso_time import HOUR_US
from engine.series.window import Window


@dataclass(frozen=True, kw_only=True)
class OperatingRange:
    """One way to run: the power lies between two values."""

    low: float
    """Least power [kW], positive when consuming."""
    high: float
    """Most power [kW], positive when consuming."""

    @property
    def one_way(self) -> list[tuple[bool, float, float]]:
        """Whether it produces, and least and most power, 0 or more: twice for a band that reaches both ways."""
        if self.low >= 0:
            return [(False, self.low, self.high)]
        if self.high <= 0:
            return [(True, -self.high, -self.low)]
        return [(False, 0.0, self.high), (True, 0.0, -self.low)]


def add_bands(
    problem: Problem, name: str, bands: tuple[OperatingRange, ...], most: tuple[Values, Values]
) -> tuple[Linear, Linear]:
    """Add a choice of one band per step; return the power taken and given [kW], each shape (n,).

    With mode_it ∈ {0, 1} for each way i to run: least_i · mode_it ≤ power_it ≤ most_it · mode_it and Σ_i mode_it = 1.
    The columns ``name.resting`` are 1 in the steps in which a band of exactly no power is chosen.
    """
    n = problem.window.n
    taken, given, chosen, resting = Linear(n), Linear(n), Linear(n), Linear(n)
    for at, (produces, least, highest) in enumerate(_ways(bands)):
        limit = np.minimum(highest, full(most[1] if produces else most[0], n))
        mode = problem.variable(f"{name}.mode[{at}]", upper=1.0, integer=True)
        if highest == 0.0:
            resting = resting + mode
        power = problem.variable(f"{name}.power[{at}]", upper=limit)
        problem.at_most(f"{name}.mode[{at}].most", power, mode * limit)
        if least > 0:
            problem.at_most(f"{name}.mode[{at}].least", mode * least, power)
        chosen = chosen + mode
        if produces:
            given = given + power
        else:
            taken = taken + power
    problem.equal(f"{name}.modes", chosen, 1.0)
    problem.equal(f"{name}.rests", problem.variable(f"{name}.resting", upper=1.0), resting)
    return taken, given


def _ways(bands: tuple[OperatingRange, ...]) -> list[tuple[bool, float, float]]:
    return [way for band in bands for way in band.one_way]


def powers_in_bands(problem: Problem, name: str, bands: Iterable[OperatingRange]) -> list[Linear]:
    """Power of a port in each of its bands that have been added [kW], positive when consuming, each of shape (n,)."""
    found, at = [], count()
    for band in bands:
        power = Linear(problem.window.n)
        for produces, _, _ in band.one_way:
            power = power + problem.columns(f"{name}.power[{next(at)}]") * (-1.0 if produces else 1.0)
        found.append(power)
    return found


def production_in_bands(problem: Problem, name: str, bands: tuple[OperatingRange, ...]) -> Linear:
    """Power given by a port whose bands have been added [kW], 0 or more, shape (n,)."""
    giving = [at for at, (produces, _, _) in enumerate(_ways(bands)) if produces]
    return sum((problem.columns(f"{name}.power[{at}]") for at in giving), Linear(problem.window.n))


def add_ramp(problem: Problem, name: str, power: Linear, ramp: float, before: float | None) -> None:
    """Limit the change of power from step to step, and from the power before the window if that is known.

    |p_t - p_{t-1}| ≤ ramp · (h_t + h_{t-1}) / 2 with the lengths h of the steps [h].

    Args:
        problem: Where it goes.
        name: Name of the port.
        power: Power in each step [kW], shape (n,).
        ramp: Largest change [kW per hour], from the middle of one step to that of the next.
        before: Power before the window [kW], for as long as a step.
    """
    hours = full(problem.window.hours, problem.window.n)
    if before is None:
        between, change_of = (hours[1:] + hours[:-1]) / 2, power[1:] - power[:-1]
    else:
        between = (hours + np.append(problem.window.step_hours, hours[:-1])) / 2
        change_of = power - stacked(Linear(1, (), np.array([before])), power[:-1])
    most = ramp * between
    change = problem.variable(f"{name}.change", lower=-most, upper=most, size=len(between))
    problem.equal(f"{name}.change", change_of - change)
    problem.limit(Limit(f"{name}.ramp-limit", f"{name}.change", "both", "kW/h", scale=1.0 / between))


@dataclass(frozen=True, kw_only=True)
class Switching:
    """What switching a device on and off costs and takes."""

    start_cost: float
    """Price of each switching on [currency]."""
    min_on: float
    """Once on, it stays on this long [h]."""
    min_off: float
    """Once off, it stays off this long [h]."""
    on_at_start: bool
    """Whether it runs just before the window."""
    switched_for: float
    """How long it has been on, or off, when the window begins [h]."""

    def add_to(self, problem: Problem, name: str, power: Linear, most: Values) -> None:
        """Add the states of a device and what follows from them.

        on_t - on_{t-1} = start_t - stop_t, power_t ≤ most_t · on_t, and with so many steps k as a minimum time lasts
        Σ_{s = t-k+1 ... t} start_s ≤ on_t and Σ_{s = t-k+1 ... t} stop_s ≤ 1 - on_t.

        Source:
            Rajan and Takriti, IBM Research Report RC23628 (2005): minimum up and down times.
        """
        n, window = problem.window.n, problem.window
        stays = (self.min_on if self.on_at_start else self.min_off) - self.switched_for
        held = (window.starts - window.starts[0]) / HOUR_US < stays - 1e-9  # as it was before the window
        least, most_on = held & self.on_at_start, ~held | self.on_at_start
        on = problem.variable(f"{name}.on", lower=least.astype(float), upper=most_on.astype(float), integer=True)
        start = problem.variable(f"{name}.start", upper=1.0, integer=True)
        stop = problem.variable(f"{name}.stop", upper=1.0, integer=True)
        problem.at_most(f"{name}.runs", power, on * full(most, n))
        if f"{name}.resting" in problem.sizes:  # with bands, being on is more than being allowed to run
            problem.equal(f"{name}.on", on, 1.0 - problem.columns(f"{name}.resting"))
        before = np.zeros(n)
        before[0] = float(self.on_at_start)
        problem.equal(f"{name}.switches", on - lagged(on) - start + stop, before)
        # Both at once would change no state, and yet count as a switch for the minimum times.
        problem.at_most(f"{name}.either", start + stop, 1.0)
        minimum_times = (("min-on", self.min_on, start, on), ("min-off", self.min_off, stop, 1.0 - on))
        for rule, lasts, switch, state in minimum_times:
            reach = steps_within(problem.window, lasts)
            # A step lasts as long as itself anyway.
            if (reach > 1).any():
                problem.at_most(f"{name}.{rule}", sliding(switch, reach), state)
        problem.cost(f"{name} starts", start * self.start_cost)


def steps_within(window: Window, lasts: float) -> Indices:
    """Number of steps up to each step, itself included, that begin less than a time before it [h], shape (n,)."""
    if not window.bounds:
        return np.full(window.n, round_up(lasts / window.step_hours), dtype=np.int32)
    begin = (window.starts - window.starts[0]) / HOUR_US
    first = np.searchsorted(begin, begin - lasts + 1e-9, side="left")
    steps = np.arange(window.n, dtype=np.int32)
    reach: Indices = steps - np.minimum(first, steps).astype(np.int32) + np.int32(1)
    return reach


def round_up(steps: float) -> int:
    """Return the whole number of steps that last at least as long, forgiving rounding noise."""
    return int(np.ceil(steps - 1e-9))


def lagged(block: Linear) -> Linear:
    """Return the value one step earlier of plain variables, nothing in the first step, shape (n,)."""
    (term,) = block.terms
    return Linear(block.size, (Term(term.cols[:-1], 1.0, np.arange(1, block.size, dtype=np.int32)),))


def sliding(block: Linear, steps: int | Indices, weights: Values = 1.0) -> Linear:
    """Sum of plain variables over the last steps, this one included, shape (n,).

    Args:
        block: The variables, shape (n,).
        steps: How many, one number or shape (n,).
        weights: Weight of each of the steps, this one first, one number or shape (steps,).
    """
    (term,) = block.terms
    rows, back = np.meshgrid(np.arange(block.size), np.arange(min(np.max(steps), block.size)), indexing="ij")
    inside = (rows >= back) & (back < np.reshape(steps, (-1, 1)))
    coefs = weights[back[inside]] if isinstance(weights, np.ndarray) else weights
    return Linear(block.size, (Term(term.cols[(rows - back)[inside]], coefs, rows[inside].astype(np.int32)),))


def cheapest_starts(cost: Floats, runs: int, gap: int) -> list[int]:
    """Steps in which runs begin at the least cost, the earliest of equal ones, by dynamic programming.

    With the cost c_s of a run that starts at s, the least cost of r runs from step t on is
    V_r(t) = min_{s ≥ t} c_s + V_{r-1}(s + gap).

    Args:
        cost: What a run costs by the step in which it starts; infinite where it cannot; shape (n,).
        runs: How many there are; there is room for them.
        gap: Steps from the start of one to that of the next, at least.
    """
    n, beginning, rest = len(cost), list[Floats](), np.zeros(len(cost) + 1)
    for _ in range(runs):
        beginning.append(cost + rest[np.minimum(np.arange(n) + gap, n)])
        rest = np.append(np.minimum.accumulate(beginning[-1][::-1])[::-1], np.inf)
    # Sums of equal prices differ in their last digits; those must not decide between equals.
    noise, starts, first = 1e-9 * max(1.0, float(np.abs(cost[np.isfinite(cost)]).max(initial=0.0))), list[int](), 0
    for costs in reversed(beginning):
        starts.append(first + int(np.argmax(costs[first:] <= costs[first:].min() + noise)))
        first = starts[-1] + gap
    return starts
