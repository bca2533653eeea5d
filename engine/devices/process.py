"""A piece of work of constant power and fixed duration whose time is to be chosen."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from engine.devices.running import sliding
from engine.errors import Infeasible, InputError
from engine.model.linear import Floats, Linear
from engine.model.problem import Problem


class ProcessType(StrEnum):
    """How freely a process may be timed."""

    INFLEXIBLE = "INFLEXIBLE"
    """As soon as it is allowed."""
    SHIFTABLE = "SHIFTABLE"
    """In one piece, at any time."""
    BREAKABLE = "BREAKABLE"
    """In pieces of one step each."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Process:
    """Work of constant power that is to be done once within the window."""

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
            problem.prefer(run * np.arange(n, dtype=float))
            return {self.name: run * self.power}
        starts = self.possible_starts(n)
        start = problem.variable(f"{self.name}.start", upper=starts.astype(float), integer=True)
        problem.equal(f"{self.name}.starts", start.total(), 1.0)
        problem.prefer(start * np.arange(n, dtype=float))
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
