"""A piece of work of constant power and fixed duration whose time is to be chosen."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.devices.device import Alternative, Conflict, Device, DevicePlan, moment
from engine.devices.inflexible import Inflexible
from engine.devices.port import PER_STEP
from engine.devices.running import sliding
from engine.errors import Infeasible, InputError
from engine.model.linear import Floats, Linear
from engine.model.problem import Problem
from engine.series.window import Window


class ProcessType(StrEnum):
    """How freely a process may be timed."""

    INFLEXIBLE = "INFLEXIBLE"
    """As soon as it is allowed."""
    SHIFTABLE = "SHIFTABLE"
    """In one piece, at any time."""
    BREAKABLE = "BREAKABLE"
    """In pieces of one step each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Process(Device):
    """Work of constant power that is to be done once within the window, for k steps.

    SHIFTABLE: Σ_t start_t = 1, start_t ∈ {0, 1}, and its power is power · Σ_{s = t-k+1 ... t} start_s.
    BREAKABLE: Σ_t run_t = k, run_t ∈ {0, 1}, and its power is power · run_t. INFLEXIBLE: a constant, no variables.
    """

    name: str
    """Name under which its power is reported; unique in the site."""
    power: float
    """Power while it runs [kW]."""
    steps: int
    """Number of steps it runs."""
    kind: ProcessType = ProcessType.INFLEXIBLE
    """How freely it may be timed."""
    blocked: NDArray[np.bool_] | None = None
    """Steps in which it must not run, shape (n,)."""
    dearest: bool = False
    """Choose the dearest time instead of the cheapest."""
    commodity: str = "electricity"
    """What it consumes."""
    group: str | None = None
    """The group of devices it belongs to."""

    @property
    def ports(self) -> tuple[Self, ...]:
        """Itself: it meets the site at one place."""
        return (self,)

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to; which step it starts in, or runs in, is a choice of whole numbers."""
        n = problem.window.n
        if self.dearest:
            raise InputError(f"{self.name} runs when energy is dearest, and only a scheduler tells when that is.")
        if self.kind is ProcessType.INFLEXIBLE:
            runs = self.earliest(n)
            return {self.name: Linear(n, (), runs * self.power)}
        if self.kind is ProcessType.BREAKABLE:
            self.check_room(n)
            run = problem.variable(f"{self.name}.run", upper=self.allowed(n), integer=True)
            problem.equal(f"{self.name}.runs", run.total(), float(self.steps))
            problem.add_preference(run * np.arange(n, dtype=float))
            return {self.name: run * self.power}
        starts = self.possible_starts(n)
        start = problem.variable(f"{self.name}.start", upper=starts.astype(float), integer=True)
        problem.equal(f"{self.name}.starts", start.total(), 1.0)
        problem.add_preference(start * np.arange(n, dtype=float))
        return {self.name: sliding(start, self.steps) * self.power}

    def allowed(self, n: int) -> Floats:
        """Return 1 for each step in which it may run, else 0, shape (n,)."""
        return np.ones(n) if self.blocked is None else (~self.blocked).astype(float)

    def possible_starts(self, n: int) -> NDArray[np.bool_]:
        """Return where it can start and run to its end without a blocked step, shape (n,).

        Raises:
            Infeasible: Nowhere.
        """
        last, starts = max(n - self.steps + 1, 0), np.zeros(n, dtype=bool)
        starts[:last] = True
        if self.blocked is not None and last:
            so_far = self.blocked.cumsum()
            starts[1:last] = so_far[self.steps :] == so_far[: last - 1]
            starts[0] = not so_far[self.steps - 1]
        if not starts.any():
            self.check_room(n)
        return starts

    def room(self, n: int) -> tuple[int, int]:
        """Return the first step and the number of steps of the longest time in which it may run; all, if breakable."""
        allowed = self.allowed(n) > 0
        if self.kind is ProcessType.BREAKABLE:
            return int(np.argmax(allowed)), int(allowed.sum())
        ends = np.flatnonzero(np.concatenate([~allowed, [True]]))
        begins = np.concatenate([[0], ends[:-1] + 1])
        longest = int(np.argmax(ends - begins))
        return int(begins[longest]), int(ends[longest] - begins[longest])

    def check_room(self, n: int) -> None:
        """Raise Infeasible if the steps in which it may run are too few."""
        _, room = self.room(n)
        if room >= self.steps:
            return
        restricted = self.blocked is not None and self.blocked.any()
        on_end = "" if self.kind is ProcessType.BREAKABLE else " on end"
        ways = "shorten it, plan longer or lift a time restriction" if restricted else "shorten it, or plan longer"
        raise Infeasible(
            f"{self.name} runs {self.steps} steps{on_end}, but there is room for {room}; {ways}.",
            [f"{self.name}.duration", *([f"{self.name}.time-restrictions"] if restricted else [])],
        )

    def earliest(self, n: int) -> Floats:
        """Return 1 for each step it runs when it starts as soon as allowed, shape (n,)."""
        return self.block_at(int(np.argmax(self.possible_starts(n))), n)

    def block_at(self, start: int, n: int) -> Floats:
        """Return 1 for each step it runs when it starts at a step, shape (n,)."""
        runs = np.zeros(n)
        runs[start : start + self.steps] = 1.0
        return runs

    def weight(self, window: Window) -> float:
        """See Device.weight; each step of a SHIFTABLE process looks back over its whole duration."""
        return 1.0 + (min(self.steps, window.n) / PER_STEP if self.kind is ProcessType.SHIFTABLE else 0.0)

    @property
    def timed_by_price(self) -> bool:
        """See Device.timed_by_price."""
        return True

    @property
    def timed_by_price_only(self) -> bool:
        """See Device.timed_by_price_only: the dearest time is no matter of least cost."""
        return self.dearest

    def at_best_time(self, price: Floats) -> Inflexible:
        """See Device.at_best_time.

        Raises:
            Infeasible: It finds no room.
        """
        power = self.best_steps(price) * self.power
        return Inflexible(name=self.name, power=power, commodity=self.commodity, group=self.group)

    def best_steps(self, price: Floats) -> Floats:
        """Return 1 for each step in which it runs at the best price, the earliest of equal ones, shape (n,).

        Args:
            price: Cost of energy in each step [any currency per energy], shape (n,).

        Raises:
            Infeasible: It finds no room.
        """
        cost, n = (-price if self.dearest else price), len(price)
        if self.kind is ProcessType.INFLEXIBLE:
            return self.earliest(n)
        if self.kind is ProcessType.SHIFTABLE:
            starts = self.possible_starts(n)  # first, as it tells when there is no room
            total = np.zeros(n + 1)
            cost.cumsum(out=total[1:])
            blocks = np.full(n, np.inf)
            blocks[: n - self.steps + 1] = total[self.steps :] - total[: n - self.steps + 1]
            blocks[~starts] = np.inf
            # Sums of equal prices differ in their last digits; those must not decide between equals.
            return self.block_at(int(np.argmax(blocks <= blocks.min() + 1e-9 * max(1.0, np.abs(cost).max()))), n)
        self.check_room(n)
        allowed = np.flatnonzero(self.allowed(n))
        runs = np.zeros(n)
        runs[allowed[np.argsort(cost[allowed], kind="stable")[: self.steps]]] = 1.0
        return runs

    def fallback(self, window: Window) -> DevicePlan:
        """See Device.fallback: it runs as early as it may."""
        return DevicePlan({self.name: self.earliest(window.n) * self.power}, {})

    def conflict(self, window: Window) -> Conflict | None:
        """See Device.conflict: it finds no room between its time restrictions."""
        try:
            self.check_room(window.n)
        except Infeasible as error:
            at, room = self.room(window.n)
            in_pieces, hours = self.kind is ProcessType.BREAKABLE, window.step_hours
            text = (
                f"{self.name}: duration asks for {self.steps * hours:g} h"
                f"{'' if in_pieces else ' on end'}, but there is room for {room * hours:g} h"
                f"{f' from {moment(window, at)}' if room and not in_pieces else ''}."
            )
            return Conflict(tuple(error.clashing), float(at), (self.steps - room) * hours, "h", text)
        return None

    def alternatives(self, window: Window) -> Iterable[Alternative[Device]]:
        """See Device.alternatives: a shorter duration, no time restrictions, another process type."""
        hours, name = window.step_hours, self.name
        if self.steps > 1:
            yield Alternative(
                f"{name}.duration",
                self.steps - 1,
                lambda less: replace(self, steps=self.steps - less),
                lambda less: f"shorten {name} to {(self.steps - less) * hours:g} h",
            )
        if self.blocked is not None and self.blocked.any():
            rule = f"{name}.time-restrictions"
            yield Alternative(rule, 1, lambda _: replace(self, blocked=None), lambda _: f"lift {rule}")
        kinds = list(ProcessType)
        for freer in kinds[kinds.index(self.kind) + 1 :]:
            yield self._freer(freer)

    def _freer(self, kind: ProcessType) -> Alternative[Device]:
        """Return the way in which it could be timed more freely."""
        rule = f"{self.name}.process-type"
        return Alternative(rule, 1, lambda _: replace(self, kind=kind), lambda _: f"make {self.name} {kind.value}")
