"""Why a part does what it does in one step: what the whole plan would cost if it did otherwise there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from engine.errors import FieldError, InputError, TimedOut
from engine.explain.best_cost.cost_curve import CostCurve, cost_curve
from engine.explain.best_cost.moving_problem import MovedBounds
from engine.explain.best_cost.replanning import EQUALLY_GOOD, RUNNING, Replanning, changes_by_name
from engine.explain.prices import PriceRange, price_range
from engine.explain.reasons import Reason, reasons_for
from engine.site import Status

Manner: TypeAlias = Literal["charging", "idle", "discharging"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherChoice:
    """Another power in the step, and what the whole plan would cost with it, at its best otherwise."""

    name: str
    """``idle``, ``most`` and ``least`` power, ``planned``, or ``asked``."""
    power: float
    """[kW], positive when consuming."""
    extra_cost: float
    """What the whole plan would cost more [currency]; 0 or more."""
    costs: dict[str, float]
    """What each of its costs changes by, the largest first; they add up to ``extra_cost`` [currency]."""
    is_bound: bool = False
    """Whether the true figure may be lower, as the search for it was ended."""

    @property
    def is_as_good(self) -> bool:
        """Whether it costs next to nothing more."""
        return self.extra_cost < EQUALLY_GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedChoice:
    """What a part does in a step of the best plan, and why."""

    name: str
    """Port, group or connection."""
    step: int
    power: float
    """Its power as planned [kW], positive when consuming."""
    cost: float
    """Cost of the whole plan [currency]."""
    is_proven: bool
    """Whether the plan is proven to be the best one."""
    curve: CostCurve
    others: tuple[OtherChoice, ...]
    """The planned power first."""
    prices: PriceRange | None
    """Until which price the choice holds; None: it has no price, or there was no time."""
    reasons: tuple[Reason, ...]
    """What decides, the most telling first."""
    taken_over: float | None = None
    """What it would cost more if all ports together did as it does without running here, so that another one takes over
    [currency]; None: there is no other one."""
    agreeing: tuple[int, int] | None = None
    """In how many of how many stored quantiles of the forecasts the same choice is made; None: there are none."""
    remarks: tuple[str, ...] = ()
    """What the answer leaves out."""

    @property
    def manner(self) -> Manner:
        """What it does, in one word."""
        return manner_of(self.power)


def manner_of(power: float) -> Manner:
    """What a part with a power [kW] does, in one word."""
    if abs(power) < RUNNING:
        return "idle"
    return "charging" if power > 0 else "discharging"


def explain_choice(
    plan: Replanning,
    name: str,
    step: int,
    *,
    power: float | None = None,
    asked: float | None = None,
    with_prices: bool = True,
) -> ExplainedChoice:
    """Return why a part has its power in a step.

    Args:
        plan: The best plan, made to be asked about this part.
        name: Port, group or connection.
        step: When.
        power: What it was planned to do [kW]; None: as in the best plan, which may be another one of equal cost.
        asked: Another power to price [kW].
        with_prices: Whether to look for the prices until which it holds, which takes longest.

    Raises:
        InputError: There is no such part or step.
        FieldError: It cannot have the power asked about.
        TimedOut: There was not even time for the first alternative.
    """
    planned = float(plan.free_power(name)[step]) if power is None else power
    low, high = plan.feasible_range(name, step)
    if asked is not None and not low - 1e-9 <= asked <= high + 1e-9:
        raise FieldError("power", f"{name} can have {low:.6g} to {high:.6g} kW then, not {asked:.6g} kW.")
    # As it was saved, it may lie beyond the range by rounding.
    planned = min(max(planned, low), high)
    curve = cost_curve(plan, name, step, (low, high), planned)
    others = tuple(_others(plan, (name, step), {"planned": planned, "idle": 0.0, "most": high, "least": low}, asked))
    remarks: list[str] = []
    reasons, agreeing = tuple(reasons_for(plan, name, step, planned)), agreement(plan, name, step, planned)
    prices: PriceRange | None = None
    try:
        prices = price_range(plan, name, step, planned) if with_prices else None
    except TimedOut:
        remarks.append("There was no time to find the prices until which it holds.")
    except InputError as reason:
        remarks.append(str(reason))
    return ExplainedChoice(
        name=name,
        step=step,
        power=planned,
        cost=plan.free.objective,
        is_proven=plan.is_proven,
        curve=curve,
        others=others,
        prices=prices,
        reasons=reasons,
        taken_over=_taken_over(plan, name, step),
        agreeing=agreeing,
        remarks=tuple(remarks),
    )


def _others(
    plan: Replanning, cell: tuple[str, int], powers: Mapping[str, float], asked: float | None
) -> Iterator[OtherChoice]:
    """Give what other powers would cost, each power once, and the one that is asked about."""
    low, high, seen = powers["least"], powers["most"], set[float]()
    for key, value in powers.items():
        if low <= value <= high and value not in seen:
            seen.add(value)
            yield _other(plan, key, cell, value)
    if asked is not None:
        yield _other(plan, "asked", cell, asked)


def _other(plan: Replanning, key: str, cell: tuple[str, int], power: float) -> OtherChoice:
    """Return what the plan would cost with another power, and which of its costs would change."""
    answer = plan.answer_with(*cell, power)
    costs = changes_by_name(plan.costs(plan.free), plan.costs(answer))
    return OtherChoice(
        name=key,
        power=power,
        extra_cost=max(answer.objective - plan.free.objective, 0.0),
        costs={each: change for each, change in costs.items() if abs(change) > 1e-9},
        is_bound=answer.status is Status.BEST_IN_TIME,
    )


def _taken_over(plan: Replanning, name: str, step: int) -> float | None:
    """Return what it costs more if a port rests in a step and others run in its place; see ``ExplainedChoice``."""
    # Which of several stores runs is often not about price: others take over for the difference in losses
    together = next((each for each in plan.names if "+" in each and name in each.split("+")), None)
    if together is None:
        return None
    whole, own = plan.hold(together, step, float(plan.free_power(together)[step])), plan.hold(name, step, 0.0)
    both = MovedBounds(
        rows=np.concatenate([whole.rows, own.rows]),
        lower=np.concatenate([whole.lower, own.lower]),
        upper=np.concatenate([whole.upper, own.upper]),
    )
    answer = plan.moving.solve(both)
    return max(answer.objective - plan.free.objective, 0.0) if answer.has_plan else None


def agreement(plan: Replanning, name: str, step: int, power: float) -> tuple[int, int] | None:
    """Return in how many of how many quantiles a part would charge, rest or discharge in a step as it was planned.

    A choice that costs next to nothing more than the best one counts as made: plans of equal cost fall either way.

    Args:
        plan: The best plan, for what is expected.
        name: Port, group or connection.
        step: When.
        power: Its power as planned [kW].

    Returns:
        None where no quantiles of any forecast are stored.
    """
    levels, agreeing = plan.site.levels, 0
    if not levels:
        return None
    least, most = (RUNNING, np.inf) if power >= RUNNING else (-np.inf, -RUNNING)
    if abs(power) < RUNNING:
        least = most = 0.0
    for level in levels:
        site = replace(plan.site, devices=tuple(device.at_level(level) for device in plan.site.devices))
        there = Replanning(site, (name,), plan.budget)
        alike = there.moving.solve(there.hold(name, step, least, most))
        agreeing += alike.has_plan and alike.objective - there.free.objective < EQUALLY_GOOD
    return agreeing, len(levels)
