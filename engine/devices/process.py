"""A piece of work of known power and duration whose time is to be chosen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from engine.devices.answers import Alternative, Conflict, DevicePlan, moment
from engine.devices.device import Device
from engine.devices.inflexible import Inflexible
from engine.devices.port import PER_STEP
from engine.devices.running import cheapest_starts, sliding
from engine.errors import Infeasible, InputError
from engine.model.linear import Floats, Linear, Values, full
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
    """Work of known power that is to be done within the window, once or several times, for k steps each.

    SHIFTABLE: Σ_t start_t = runs, start_t ∈ {0, 1}, Σ_{s = t-k-pause+1 ... t} start_s ≤ 1, and its power is
    Σ_{j = 0 ... k-1} power_j · start_{t-j}. BREAKABLE: Σ_t run_t = k, run_t ∈ {0, 1}, and its power is power · run_t.
    INFLEXIBLE: a constant, no variables. With a ceiling Σ_t start_t ≤ runs, and each run left out costs the ceiling:
    so one takes place if it adds no more than that to all other costs.
    """

    name: str
    """Name under which its power is reported; unique in the site."""
    power: Values
    """Power while it runs [kW], one number or one per step of a run, shape (steps,)."""
    steps: int
    """Number of steps it runs."""
    kind: ProcessType = ProcessType.INFLEXIBLE
    """How freely it may be timed."""
    runs: int = 1
    """Number of times it is to begin; a BREAKABLE one is done once."""
    pause: int = 0
    """Steps between two runs, at least."""
    ceiling: float | None = None
    """What a run may cost at most, or it is left out [currency]; None: it has to run."""
    exclusion: str | None = None
    """Name of a set of processes of which no two run at the same time."""
    begun: Values = 0.0
    """Power of a run that has begun before the window [kW], 0 without one, shape (n,)."""
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
        n, name = problem.window.n, self.name
        if self.dearest:
            raise InputError(f"{name} runs when energy is most expensive, and only a scheduler knows when that is.")
        if self.ceiling is None:
            self.check_room(n)
        begun = full(self.begun, n)
        if self.kind is ProcessType.BREAKABLE:
            running = problem.variable(f"{name}.run", upper=self.allowed(n), integer=True)
            power, done = running * self.power, Linear(1, (), np.ones(1))
            if self.ceiling is not None:
                done = problem.variable(f"{name}.done", upper=1.0, size=1, integer=True)
            problem.equal(f"{name}.runs", running.total(), done * float(self.steps))
            problem.add_preference(running * np.arange(n, dtype=float))
        elif self.kind is ProcessType.INFLEXIBLE and self.ceiling is None:
            earliest, done = self.earliest_starts(n), Linear(1, (), np.full(1, float(self.runs)))
            power, running = (Linear(n, (), self.placed(earliest, n, values)) for values in (self.power, 1.0))
        else:
            starts = self.possible_starts(n)
            if self.kind is ProcessType.INFLEXIBLE:  # what is left to choose is whether it runs
                starts = starts & np.isin(np.arange(n), self.earliest_starts(n))
            start = problem.variable(f"{name}.start", upper=starts.astype(float), integer=True)
            done, running, power = start.total(), sliding(start, self.steps), sliding(start, self.steps, self.power)
            least = self.runs if self.ceiling is None else 0
            problem.constrain(f"{name}.starts", done, lower=float(least), upper=float(self.runs))
            if self.runs > 1:
                problem.at_most(f"{name}.pause", sliding(start, self.steps + self.pause), 1.0)
            # Where running costs just as much as is allowed, it runs.
            bonus = 0.0 if self.ceiling is None else float(n)
            problem.add_preference(start * (np.arange(n, dtype=float) - bonus))
        if self.ceiling is not None:
            problem.cost(f"{name} left out", (float(self.runs) - done) * self.ceiling)
        if self.exclusion is not None:
            problem.keep_apart(self.exclusion, running + (begun != 0).astype(float))
        return {name: power + begun}

    def allowed(self, n: int) -> Floats:
        """Return 1 for each step in which it may run, else 0, shape (n,)."""
        return np.ones(n) if self.blocked is None else (~self.blocked).astype(float)

    def possible_starts(self, n: int) -> NDArray[np.bool_]:
        """Return where it can start and run to its end without a blocked step, shape (n,)."""
        last, starts = max(n - self.steps + 1, 0), np.zeros(n, dtype=bool)
        starts[:last] = True
        if len(begun := np.flatnonzero(self.begun)):  # the next run comes after the one that has begun
            starts[: int(begun[-1]) + 1 + self.pause] = False
        if self.blocked is not None and last:
            so_far = self.blocked.cumsum()
            starts[1:last] &= so_far[self.steps :] == so_far[: last - 1]
            starts[0] &= not so_far[self.steps - 1]
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
        enough = room >= self.steps or not self.runs
        if enough and (self.kind is ProcessType.BREAKABLE or len(self.earliest_starts(n)) == self.runs):
            return
        restricted = bool(np.any(self.blocked))
        fields = [f"{self.name}.time-restrictions"] * restricted
        if enough:
            raise Infeasible(
                f"{self.name} runs {self.runs} times, but there is room for {len(self.earliest_starts(n))} runs; "
                "ask for fewer runs or a shorter pause, or plan longer.",
                [f"{self.name}.runs", *fields],
            )
        on_end = "" if self.kind is ProcessType.BREAKABLE else " on end"
        ways = "shorten it, plan longer or lift a time restriction" if restricted else "shorten it, or plan longer"
        raise Infeasible(
            f"{self.name} runs {self.steps} steps{on_end}, but there is room for {room}; {ways}.",
            [f"{self.name}.duration", *fields],
        )

    def earliest_starts(self, n: int) -> list[int]:
        """Return the steps in which it begins when each run starts as soon as allowed; fewer where there is no room.

        Runs are equally long, so that starting each as early as possible leaves the most room for the next ones.
        """
        starts, chosen = np.flatnonzero(self.possible_starts(n)), list[int]()
        for start in starts.tolist():
            if len(chosen) < self.runs and (not chosen or start >= chosen[-1] + self.steps + self.pause):
                chosen.append(start)
        return chosen

    def placed(self, starts: Iterable[int], n: int, values: Values) -> Floats:
        """Return values of the steps of each run, one number or shape (steps,), in those of the window, shape (n,)."""
        over = np.zeros(n)
        for start in starts:
            over[start : start + self.steps] = values
        return over

    def weight(self, window: Window) -> float:
        """See Device.weight; each step of a SHIFTABLE process looks back over its whole duration."""
        return 1.0 + (min(self.steps, window.n) / PER_STEP if self.kind is ProcessType.SHIFTABLE else 0.0)

    @property
    def timed_by_price(self) -> bool:
        """See Device.timed_by_price."""
        return self.ceiling is None and self.exclusion is None

    @property
    def timed_by_price_only(self) -> bool:
        """See Device.timed_by_price_only: the dearest time is no matter of least cost."""
        return self.dearest

    def at_best_time(self, price: Floats) -> Inflexible:
        """See Device.at_best_time; raises Infeasible where it finds no room."""
        return Inflexible(name=self.name, power=self.best_power(price), commodity=self.commodity, group=self.group)

    def best_power(self, price: Floats) -> Floats:
        """Return its power at the best price, the earliest of equal ones [kW], shape (n,).

        Args:
            price: Cost of energy in each step [any currency per energy], shape (n,).

        Raises:
            Infeasible: It finds no room.
        """
        cost, n = (-price if self.dearest else price), len(price)
        self.check_room(n)
        if self.kind is not ProcessType.BREAKABLE:
            starts = self.earliest_starts(n) if self.kind is ProcessType.INFLEXIBLE else self._best_starts(cost)
            return self.begun + self.placed(starts, n, self.power)
        allowed = np.flatnonzero(self.allowed(n))
        power = np.zeros(n)
        power[allowed[np.argsort(cost[allowed], kind="stable")[: self.steps]]] = self.power
        return power

    def _best_starts(self, cost: Floats) -> list[int]:
        """Return the steps in which each run begins at the least cost."""
        n = len(cost)
        if isinstance(self.power, np.ndarray):
            blocks = np.correlate(cost, self.power, mode="valid")
        else:  # differences of sums cost no more for a long run than for a short one
            total = np.concatenate([[0.0], cost.cumsum()])
            # Of one power at all times only the sign matters: its size makes no time cheaper than another.
            blocks = (total[self.steps :] - total[: n - self.steps + 1]) * np.sign(self.power)
        # The last steps leave no room for a whole run.
        of_run = np.append(blocks, np.full(self.steps - 1, np.inf))
        of_run[~self.possible_starts(n)] = np.inf
        return cheapest_starts(of_run, self.runs, self.steps + self.pause)

    def uncontrolled(self, window: Window) -> Mapping[str, Floats]:
        """See Device.uncontrolled: it begins at once."""
        return self.fallback(window).power

    def fallback(self, window: Window) -> DevicePlan:
        """See Device.fallback: it runs as early as it may, unless it may be left out."""
        starts = self.earliest_starts(window.n) if self.ceiling is None else []
        return DevicePlan({self.name: self.begun + self.placed(starts, window.n, self.power)}, {})

    def remarks(self, power: Mapping[str, Floats]) -> Iterable[str]:
        """See Device.remarks: how many runs are left out, as they would cost more than they may."""
        of_run = float(full(self.power, self.steps).sum())
        if self.ceiling is not None and of_run:
            left_out = self.runs - round(float((power[self.name] - self.begun).sum()) / of_run)
            which = "it does not run" if self.runs == 1 else f"{left_out} of {self.runs} runs are left out"
            if left_out:
                yield f"{self.name}: {which}, as a run would cost more than its price-ceiling, {self.ceiling:.4g}."

    def conflict(self, window: Window) -> Conflict | None:
        """See Device.conflict: it finds no room between its time restrictions."""
        try:
            if self.ceiling is None:
                self.check_room(window.n)
        except Infeasible as error:
            at, room = self.room(window.n)
            in_pieces, hours, limits = self.kind is ProcessType.BREAKABLE, window.step_hours, tuple(error.clashing)
            if room >= self.steps:
                return Conflict(limits, at, self.runs - len(self.earliest_starts(window.n)), "runs", str(error))
            text = (
                f"{self.name}: duration asks for {self.steps * hours:g} h"
                f"{'' if in_pieces else ' on end'}, but there is room for {room * hours:g} h"
                f"{f' from {moment(window, at)}' if room and not in_pieces else ''}."
            )
            return Conflict(limits, float(at), (self.steps - room) * hours, "h", text)
        return None

    def alternatives(self, window: Window) -> Iterable[Alternative[Device]]:
        """See Device.alternatives: shorter, fewer, closer, at any time, beside others, or another process type."""
        hours, name = window.step_hours, self.name
        if self.steps > 1:
            yield Alternative(
                f"{name}.duration",
                self.steps - 1,
                lambda less: replace(
                    self,
                    steps=self.steps - less,
                    power=self.power[: self.steps - less] if isinstance(self.power, np.ndarray) else self.power,
                ),
                lambda less: f"shorten {name} to {(self.steps - less) * hours:g} h",
            )
        if self.runs > 1:
            yield Alternative(
                f"{name}.runs",
                self.runs - 1,
                lambda less: replace(self, runs=self.runs - less),
                lambda less: f"let {name} run {self.runs - less} times",
            )
        for field, applies, without in (
            ("pause", self.runs > 1 and self.pause > 0, {"pause": 0}),
            ("time-restrictions", np.any(self.blocked), {"blocked": None}),
            ("exclusion-group", self.exclusion is not None, {"exclusion": None}),
        ):
            if applies:
                yield self._rule(field, f"lift {name}.{field}", without)
        one_run = self.runs == 1 and not isinstance(self.power, np.ndarray)
        kinds = list(ProcessType)
        for freer in kinds[kinds.index(self.kind) + 1 :]:
            if one_run or freer is not ProcessType.BREAKABLE:
                yield self._rule("process-type", f"make {name} {freer.value}", {"kind": freer})

    def _rule(self, field: str, text: str, without: dict[str, Any]) -> Alternative[Device]:
        """Return the way in which a rule that is either there or not gives way."""
        return Alternative(f"{self.name}.{field}", 1, lambda _: replace(self, **without), lambda _: text)
