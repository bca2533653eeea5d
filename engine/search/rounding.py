"""Which way to run, and when, for devices with a least power: rounded from a plan without whole numbers."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.devices.port import Port
from engine.formulation import Built
from engine.model.linear import Floats, full

THRESHOLDS = (0.2, 0.5)
"""A device runs in a step if at least this share of running was planned without whole numbers."""
_NOISE = 1e-6


class _Plan:
    """What one port was planned to do without whole numbers; modes have shape (ways, n)."""

    def __init__(self, built: Built, port: Port, x: Floats) -> None:
        n, ways = built.problem.window.n, [way for band in port.bands for way in band.one_way]
        self.firsts = [built.problem.sizes[f"{port.name}.mode[{at}]"][0] for at in range(len(ways))]
        self.modes = np.stack([x[first : first + n] for first in self.firsts])
        self.power: Floats = built.power[port.name].value(x)
        most = [full(port.production_limit if produces else port.consumption_limit, n) for produces, _, _ in ways]
        self.most = np.stack([np.minimum(limit, highest) for limit, (_, _, highest) in zip(most, ways, strict=True)])
        self.least = np.array([least for _, least, _ in ways], dtype=float)
        self.signs = np.array([-1.0 if produces else 1.0 for produces, _, _ in ways])
        self.rests = np.array([highest == 0.0 for _, _, highest in ways])
        possible = (self.most >= self.least[:, None]) & ~self.rests[:, None]
        # Above 0 wherever running is possible, also where none of it was planned.
        self.running = np.where(possible, self.modes + _NOISE, -1.0)
        """How much each way of running is liked in each step; -1 where it is not possible."""
        self.can_run: NDArray[np.bool_] = self.running.max(axis=0) > 0.0

    @property
    def lowest(self) -> float:
        """Least power of running [kW]."""
        return float(self.least[~self.rests].min(initial=np.inf))

    def decided(self, runs: NDArray[np.bool_]) -> dict[int, Floats]:
        """Return the values of the modes by their first column, for the steps in which it runs."""
        liked = self.modes if not self.rests.any() else self.running
        chosen = liked.argmax(axis=0)
        if self.rests.any():
            chosen = np.where(runs & self.can_run, chosen, int(np.argmax(self.rests)))
        return {first: (chosen == at).astype(float) for at, first in enumerate(self.firsts)}

    def as_planned(self) -> dict[int, Floats]:
        """Return the values of the modes by their first column; NaN in the steps whose power is that of no mode."""
        flow = self.signs[:, None] * self.power
        off = np.maximum(self.least[:, None] - flow, flow - self.most)
        chosen, fits = off.argmin(axis=0), off.min(axis=0) <= _NOISE
        return {first: np.where(fits, chosen == at, np.nan) for at, first in enumerate(self.firsts)}

    def above(self, threshold: float) -> NDArray[np.bool_]:
        """Return the steps in which it was planned to run at least so much, as many as its energy needs and allows."""
        share = np.where(self.can_run, 1.0 - self.modes[self.rests].sum(axis=0), -1.0)
        energy, highest = float(np.abs(self.power).sum()), float(self.most.max(initial=0.0))
        needed = int(np.ceil(energy / highest - _NOISE)) if highest > 0.0 else 0
        allowed = int(energy / self.lowest + _NOISE) if self.lowest > 0.0 else len(share)
        count = min(max(int((share > threshold).sum()), needed), max(allowed, needed), int(self.can_run.sum()))
        runs = np.zeros(len(share), dtype=bool)
        runs[np.argsort(-share, kind="stable")[:count]] = True
        return runs


def modes_as_planned(built: Built, ports: list[Port], x: Floats) -> dict[int, Floats]:
    """Return values of the modes of ports by the first of their columns, NaN where none of them is as it was planned.

    What is left open is little, so that the best of it is searched for in a fraction of the time of all.

    Args:
        built: The problem.
        ports: Those with bands.
        x: Its columns in a plan without whole numbers.

    Source:
        Berthold, Operations Research Letters 42 (2014) 385-388: neighbourhoods of relaxed plans (RENS).
    """
    return {first: values for port in ports for first, values in _Plan(built, port, x).as_planned().items()}


def rounded_modes(built: Built, ports: list[Port], x: Floats) -> Iterator[dict[int, Floats]]:
    """Return values of the modes of ports by the first of their columns, one set after the other.

    Args:
        built: The problem.
        ports: Those with bands, and no other rule of whole numbers.
        x: Its columns in a plan without whole numbers.
    """
    plans = [_Plan(built, port, x) for port in ports]
    for forward in (True, False):
        yield _together(zip(plans, _in_turn(plans, forward=forward), strict=True))
    for threshold in THRESHOLDS:
        yield _together((plan, plan.above(threshold)) for plan in plans)


def _together(decisions: Iterator[tuple[_Plan, NDArray[np.bool_]]]) -> dict[int, Floats]:
    return {first: values for plan, runs in decisions for first, values in plan.decided(runs).items()}


def _in_turn(plans: list[_Plan], *, forward: bool) -> Floats:
    """Return when each runs if those run that lag most behind, as many as the power of all together allows.

    The power of all together is then the one planned, as those that run may take more than the least; what is too
    little for any is taken later, or earlier if time runs backwards.

    Args:
        plans: Of one port each.
        forward: Whether time runs forwards.

    Returns:
        Whether each runs in each step, shape (plans, n).
    """
    power = np.stack([np.abs(plan.power) for plan in plans])
    lowest = np.array([plan.lowest for plan in plans])
    possible = np.stack([plan.can_run for plan in plans])
    runs = np.zeros(power.shape, dtype=bool)
    lag, left = np.zeros(len(plans)), 0.0
    steps = range(power.shape[1])
    for step in steps if forward else reversed(steps):
        lag += power[:, step]
        left += float(power[:, step].sum())
        behind = [at for at in np.argsort(-lag, kind="stable") if possible[at, step] and lag[at] > _NOISE]
        needed = np.cumsum(lowest[behind])
        on = behind[: int((needed <= left + _NOISE).sum())]
        if on:
            runs[on, step] = True
            lag[on] -= lowest[on] * (left / float(lowest[on].sum()))
            left = 0.0
    return runs
