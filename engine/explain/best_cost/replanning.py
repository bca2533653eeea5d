"""A site that is solved again and again with a few numbers changed, each time exactly; nothing stays changed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from engine.diagnosis.infeasibility import no_plan_error
from engine.errors import InputError, TimedOut
from engine.explain.best_cost.moving_problem import MovedBounds, MovingProblem
from engine.explain.best_cost.value_function import Line
from engine.formulation import build_problem
from engine.model.arrays import Arrays, same_coefficients
from engine.model.linear import Floats, Linear, full
from engine.model.problem import Problem
from engine.schedulers.closed_form import with_processes_timed
from engine.schedulers.storage_scheduler import StorageScheduler, yielding_site
from engine.search.advice import SiteAdviser
from engine.site import Schedule, Site, Status, Timings
from engine.solution import read_schedule
from engine.solve import branching
from engine.solve.backend import Answer
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells
from engine.solve.highs import Model
from engine.solve.optimum import Solved, settled_bounds, unsolved_error, with_initial_basis

EQUALLY_GOOD: Final = 0.001
"""What costs no more than this beyond the best is as good [currency]."""
RUNNING: Final = 0.001
"""Power from which a part runs [kW]: less than a watt is the rounding of a solver, and no choice of anybody."""


@dataclass(frozen=True, eq=False)
class PowerRows:
    """One row for the power of some parts of a site in each step, without bounds until a question sets them."""

    names: tuple[str, ...]
    """Ports, groups and connections; several joined by ``+`` stand for their sum."""

    def add_to(self, problem: Problem, power: Mapping[str, Linear]) -> None:
        """See Addition.add_to."""
        for name in self.names:
            parts = [power[part] for part in name.split("+")]
            problem.constrain(f"{name}.asked", sum(parts, Linear(problem.window.n)))


Wished: TypeAlias = Callable[["Replanning"], MovedBounds]
"""Gives the bounds that say what is wished, in the problem of a plan."""


class Replanning:
    """A site with its best plan, and the means to ask what the whole plan would cost otherwise.

    Attributes:
        site: As it is planned: where its physics had to give way, it does.
        is_linear: Whether the best plan needs no whole numbers; then each answer takes milliseconds.
        free: The best plan.
        searches: How many answers took more than one linear problem.
        is_proven: Whether no cheaper plan exists; else answers are about the best one found in time.
        search_share: What one search with whole numbers may take of the time left, so that later ones have theirs.
    """

    def __init__(self, site: Site, names: Sequence[str] = (), budget: Budget | None = None) -> None:
        """Plan a site.

        Args:
            site: What is planned.
            names: Ports whose power questions will be about; several joined by ``+`` stand for their sum.
            budget: What all answers together may take; None is as long as it takes.

        Raises:
            Infeasible: It has no plan.
            TimedOut: None was found in time.
        """
        self.budget = budget or Budget()
        self.names, self.searches, self.search_share = tuple(names), 0, 1.0
        self._answers: dict[tuple[str, int, float], Answer] = {}
        self.site = without_hedge(site)
        self._begin()
        if self.free.status is Status.INFEASIBLE and yielding_site(self.site, "physics") is not self.site:
            self.site = yielding_site(self.site, "physics")
            self._begin()
        if self.free.status is Status.INFEASIBLE:
            raise no_plan_error(site, self.budget)
        if not self.free.has_plan:
            raise unsolved_error(self.free.status, self.budget)
        self.is_proven = self.free.status is Status.OPTIMAL
        self.moving = MovingProblem(self, self.arrays, self.model)

    def _begin(self) -> None:
        asked = replace(self.site, additions=(*self.site.additions, PowerRows(self.names)))
        self.built = build_problem(asked)
        self.problem = self.built.problem
        arrays = settled_bounds(self.problem.arrays())
        if arrays is None:
            raise no_plan_error(self.site, self.budget)
        self.arrays = arrays
        self.cells = Cells.of(self.problem.pairs)
        self.is_linear, self.model = False, None
        if not arrays.integers.any() and not self.cells.paying(arrays.cost).any():
            model = with_initial_basis(self.problem, arrays, self.budget)
            self.free = self.in_time(model.run())
            self.is_linear = not self.free.has_plan or not self.cells.overlap(self.free.x).any()
            self.model = model if self.is_linear else None
        if not self.is_linear:
            self.free = self.solve_anew(arrays)

    def in_time(self, answer: Answer) -> Answer:
        """Return an answer that was not ended by the clock.

        Raises:
            TimedOut: It was.
        """
        if answer.status is Status.TIMED_OUT:
            raise TimedOut(f"The answer took longer than {self.budget.limit:g} s; ask about fewer devices or steps.")
        return answer

    def solve_anew(self, arrays: Arrays, *, may_cost_less: bool = False) -> Answer:
        """Return the best plan of a problem like this one, searched for with whole numbers where they matter.

        Args:
            arrays: The problem.
            may_cost_less: Whether its prices differ, so that what bounds the cost of this site does not bound its cost.

        Raises:
            TimedOut: The time of the question is over.
        """
        if self.budget.is_over:
            raise TimedOut(f"The answer took longer than {self.budget.limit:g} s; ask about fewer devices or steps.")
        self.searches += 1
        adviser = None if may_cost_less else SiteAdviser(self.site, self.built, self.budget)
        budget = self.budget if self.search_share == 1.0 else self.budget.part(self.search_share * self.budget.left)
        return self.in_time(branching.solve(Model(arrays, budget), self.cells, adviser))

    def answer_of(self, site: Site, wished: Wished | None = None) -> Answer:
        """Return the best plan of a site that differs in some numbers: limits, prices, loads, stored energies.

        Args:
            site: The site.
            wished: Bounds that it is held to; None: none.

        Raises:
            TimedOut: The time of the question is over.
        """
        asked = replace(site, additions=(*site.additions, PowerRows(self.names)))
        problem = build_problem(asked, self.built).problem
        arrays = settled_bounds(problem.arrays())
        if arrays is None:
            return Answer(Status.INFEASIBLE, np.inf, self.free.x[:0], self.free.x[:0], self.free.x[:0])
        shape = problem.sizes == self.problem.sizes and problem.rows == self.problem.rows
        # In place only bounds and costs move; another matrix takes a problem of its own.
        if shape and arrays.offset == self.arrays.offset and same_coefficients(arrays, self.arrays):
            return self.moving.solve_changed(arrays if wished is None else wished(self).on(arrays))
        other = Replanning(site, self.names, self.budget)
        return other.free if wished is None else other.moving.solve(wished(other))

    def row(self, name: str, step: int) -> int:
        """Row of the power of a part in a step.

        Raises:
            InputError: It is none of the parts that were named, or no step.
        """
        if name not in self.names or not 0 <= step < self.site.window.n:
            raise InputError(f"{name} has no step {step} in this schedule; name one of {', '.join(self.names)}.")
        return self.problem.rows[f"{name}.asked"][0] + step

    def hold(self, name: str, step: int, power: float, most: float | None = None) -> MovedBounds:
        """Return the bounds that hold the power of a part in one step [kW], or keep it up to a most."""
        most, fixed = power if most is None else most, self.fixed_part(name)[step]
        row = np.array([self.row(name, step)], np.int32)
        return MovedBounds(rows=row, lower=np.array([power - fixed]), upper=np.array([most - fixed]))

    def fixed_part(self, name: str) -> Floats:
        """Return what a part takes whatever is planned [kW], shape (n,); rows are about what is beyond it."""
        n = self.site.window.n
        return sum((full(self.built.power[part].constant, n) for part in name.split("+")), np.zeros(n))

    def answer_with(self, name: str, step: int, power: float) -> Answer:
        """Return the best plan with a power held in one step [kW], or that there is none; each is solved once."""
        key = name, step, power
        if key not in self._answers:
            self._answers[key] = self.moving.solve(self.hold(name, step, power))
        return self._answers[key]

    def cost_of_power(self, name: str, step: int, power: float) -> Line:
        """Cost of the whole plan with a power held in one step; infinite where no plan has it.

        The slope is what one more kW in this step would cost [currency/kW].
        """
        row, answer = self.row(name, step), self.answer_with(name, step, power)
        if not answer.has_plan:
            return Line(power, np.inf, 0.0)
        slope = float(answer.row_dual[row]) if len(answer.row_dual) > row else 0.0
        return Line(power, answer.objective, slope)

    def held(self, bounds: MovedBounds) -> MovingProblem:
        """Return the problem with other bounds throughout, to be asked at several prices."""
        return MovingProblem(self, bounds.on(self.arrays))

    def feasible_range(self, name: str, step: int) -> tuple[float, float]:
        """Return the least and most power of a part in a step in any plan at all [kW].

        Raises:
            InputError: Nothing limits it.
        """
        row, own = self.row(name, step), self.arrays
        entries = own.matrix.index == row
        cols, coefs = own.matrix.cols[entries], own.matrix.value[entries]
        constant = float(self.fixed_part(name)[step])
        ends = []
        for sign, near, far in ((1.0, own.lower, own.upper), (-1.0, own.upper, own.lower)):
            end = constant + float((coefs * np.where(coefs > 0, near[cols], far[cols])).sum())
            # Mostly some plan has the power that bounds alone allow; only else it has to be searched for.
            if not np.isfinite(self.cost_of_power(name, step, end).value if np.isfinite(end) else np.inf):
                cost = np.zeros(own.width)
                cost[cols] = sign * coefs
                answer = self.solve_anew(replace(own, cost=cost, offset=0.0), may_cost_less=True)
                if not answer.has_plan:
                    raise InputError(f"{name} has no limit on its power; add a power-capacity.")
                end = sign * answer.objective + constant
            ends.append(end)
        return ends[0], ends[1]

    def free_power(self, name: str) -> Floats:
        """Power of a part in the best plan [kW], shape (n,)."""
        return self.power(name, self.free)

    def power(self, name: str, answer: Answer) -> Floats:
        """Power of a part in an answer [kW], positive when consuming, shape (n,)."""
        total = np.zeros(self.site.window.n)
        for part in name.split("+"):
            total = total + self.built.power[part].value(answer.x[: self.problem.width])
        return total

    def costs(self, answer: Answer) -> dict[str, float]:
        """What is paid under each name in an answer [currency]."""
        return self.problem.paid(self.cells.netted(answer.x)[: self.problem.width])

    def schedule(self, answer: Answer | None = None) -> Schedule:
        """Return the schedule of an answer; without one, of the best plan."""
        answer = answer or self.free
        width, height = self.problem.width, self.problem.height
        solved = Solved(
            answer.status,
            answer.gap,
            self.cells.netted(answer.x)[:width],
            answer.row_dual[:height],
            answer.col_dual[:width],
        )
        return read_schedule(self.site, self.built, solved, Timings(0.0, self.budget.spent))


def without_hedge(site: Site) -> Site:
    """Return the site that is planned for what is expected: nothing is hedged, and end values are known numbers."""
    timed = with_processes_timed(replace(site, hedged=0), only_dearest=True)
    return StorageScheduler().with_learned_end_values(timed, Budget())


def names_to_ask(site: Site, name: str) -> tuple[str, ...]:
    """Return a port, and the sum of all ports with a store at the same commodity if it is one of several."""
    stores = [port for device in site.devices if device.energy_bounds for port in device.ports if device.load is None]
    alike = [port.name for port in stores for own in stores if own.name == name and own.commodity == port.commodity]
    # That one of several stores rests costs next to nothing, as the others take over: so their sum is asked about too
    return (name, "+".join(alike)) if len(alike) > 1 else (name,)


def planned_ports(site: Site) -> list[str]:
    """Names of the ports of a site whose power is planned."""
    return [port.name for device in site.devices if device.load is None for port in device.ports]


def changes_by_name(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """What each cost changes by, the largest change first [currency]."""
    names = dict.fromkeys([*before, *after])
    changes = {name: after.get(name, 0.0) - before.get(name, 0.0) for name in names}
    return dict(sorted(changes.items(), key=lambda item: -abs(item[1])))
