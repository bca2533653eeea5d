"""What each other choice would cost, step by step: for a picture of where a plan is firm and where anything goes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import TimedOut
from engine.explain.best_cost.replanning import RUNNING, Replanning
from engine.model.linear import Floats
from engine.site import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class CellCost:
    """What the whole plan would cost more if one port did otherwise in one step."""

    name: str
    step: int
    power: float
    """As planned [kW]."""
    other: float
    """Idle where it runs; where it is idle, the most it can take or give, whichever looks cheaper [kW]."""
    extra_cost: float
    """[currency], 0 or more; infinite where no plan has it."""
    is_bound: bool
    """Whether the true figure may be lower, as the search for it was ended."""


def extra_costs(plan: Replanning, names: Sequence[str]) -> Iterator[list[CellCost]]:
    """Give the cost of one other choice of each port, step by step, each as soon as it is known.

    The last solve of each is where the next one begins: nothing is put back in between but the numbers.

    Args:
        plan: The best plan, made to be asked about these ports.
        names: The ports.

    Raises:
        TimedOut: The time of the question is over; what was given stands.
    """
    powers = {name: plan.free_power(name) for name in names}
    others = {name: _others(plan, name, powers[name]) for name in names}
    for step in range(plan.site.window.n):
        if plan.budget.is_over:
            raise TimedOut(f"The table took longer than {plan.budget.limit:g} s; ask about fewer devices or steps.")
        # Starting each from the basis of the best plan saves a quarter of the iterations, but takes twice the time
        yield [_cell(plan, name, step, (float(powers[name][step]), float(others[name][step]))) for name in names]


def _cell(plan: Replanning, name: str, step: int, powers: tuple[float, float]) -> CellCost:
    answer = plan.moving.solve(plan.hold(name, step, powers[1]))
    extra = max(answer.objective - plan.free.objective, 0.0) if answer.has_plan else np.inf
    return CellCost(
        name=name,
        step=step,
        power=powers[0],
        other=powers[1],
        extra_cost=extra,
        is_bound=answer.status is Status.BEST_IN_TIME,
    )


def _others(plan: Replanning, name: str, power: Floats) -> Floats:
    """Return the other choice in each step [kW]: of two ways to run, the one whose cost has the smaller lower bound."""
    amount = plan.built.power[name]
    low, high = amount.reach(plan.arrays.lower[: plan.problem.width], plan.arrays.upper[: plan.problem.width])
    loss = np.zeros((2, len(power)))
    if len(plan.free.col_dual):
        for term in amount.terms:
            if term.rows is None:
                dual = plan.free.col_dual[term.cols] * np.sign(term.coefs)
                side = (np.broadcast_to(term.coefs, len(power)) < 0).astype(int)
                # Reduced cost times distance: a lower bound of the extra cost without any solve
                loss[side, np.arange(len(power))] += np.abs(dual)
    takes = (high > RUNNING) & ((loss[0] * high <= loss[1] * -low) | (low > -RUNNING))
    return np.where(np.abs(power) >= RUNNING, np.clip(0.0, low, high), np.where(takes, high, low))
