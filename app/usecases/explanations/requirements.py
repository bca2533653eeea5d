"""What it would take for a saved schedule to do, cost or peak as is wished: a price, a limit, a target or a size."""

from collections.abc import Mapping
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator
from sqlalchemy.orm import Session

from app.usecases.actor import Actor
from app.usecases.explanations.explanations import devices_of
from app.usecases.explanations.stored_site import StoredSite, open_site
from app.usecases.fields import HYPHENS, Body, Moment
from engine.errors import FieldError
from engine.explain.best_cost.replanning import Replanning
from engine.explain.combined_change import CombinedChange, combined_change
from engine.explain.goals.goal import CostGoal, Goal, choice_goal, peak_goal
from engine.explain.goals.parameter_needed import ParameterNeeded, limit_for_goal, price_for_goal
from engine.explain.prices import commodity_of
from engine.explain.requirements import (
    LimitNeeded,
    LimitTooWeak,
    PriceNeeded,
    limit_needed,
    price_needed,
    wished_bounds,
)
from engine.formulation import build_problem
from engine.site import limit_values

COMMODITY = "electricity"
"""What costs and peaks are asked about."""
CHOICES: Mapping[str, str] = {"charge": "take energy", "idle": "rest", "discharge": "give energy"}
"""What a device may be wished to do, for people."""
PRICES: Mapping[str, str] = {"step": "Price of energy in this step", "all": "Price of energy at all times"}
"""Steps in which a price may change, for people."""
LIMITS: Mapping[str, str] = {
    "soc-max": "most energy stored",
    "soc-min": "least energy stored",
    "soc-targets": "target",
    "soc-minima": "energy asked for",
    "soc-maxima": "energy allowed",
    "consumption-capacity": "most power taken",
    "production-capacity": "most power given",
}
"""Last part of the name of a limit, for people."""


class RequirementsQuestion(Body):
    """What is wished of a plan, and what may change for it."""

    model_config = HYPHENS

    device: Annotated[str | None, Field(max_length=255, description="Device that is to do something")] = None
    at: Annotated[Moment | None, Field(description="When it is to do so, or the step of price: step")] = None
    until: Annotated[Moment | None, Field(description="The price may change until then; else in one step")] = None
    wish: Annotated[Literal["charge", "idle", "discharge"] | None, Field(description="What it is to do")] = None
    power: Annotated[float | None, Field(description="Or the power that it is to have [kW]")] = None
    cost: Annotated[float | None, Field(description="Or what the whole plan may cost at most [currency]")] = None
    peak: Annotated[
        float | None, Field(ge=0, le=1e9, description="Or the most that may be bought in any step [kW]")
    ] = None
    limit: Annotated[str | None, Field(max_length=255, description="The limit, target or size that may change")] = None
    price: Annotated[
        Literal["step", "all"] | None,
        Field(description="Or the price of energy: from at until until, or of the whole schedule"),
    ] = None
    weights: Annotated[
        dict[Annotated[str, Field(max_length=255)], Annotated[float, Field(gt=0, le=1e6)]] | None,
        Field(max_length=50, description="Or limits that may change together: what one unit of each counts [currency]"),
    ] = None
    price_share: Annotated[
        float, Field(ge=0, le=1, description="With weights: by which share the price of energy bought may fall")
    ] = 0.0

    @property
    def is_of_device(self) -> bool:
        """Whether a device is to do something."""
        return self.device is not None and self.at is not None and (self.wish is None) != (self.power is None)

    def words(self, currency: str) -> str:
        """What is wished, fit to follow "the plan would"."""
        if self.cost is not None:
            return f"cost at most {self.cost:.4g} {currency}"
        if self.peak is not None:
            return f"buy at most {self.peak:.4g} kW at any time"
        does = CHOICES[self.wish or "idle"] if self.power is None else f"run at {self.power:.4g} kW"
        return f"have {self.device} {does} then"

    @model_validator(mode="after")
    def _is_one_question(self) -> "RequirementsQuestion":
        goals = [self.cost is not None, self.peak is not None, self.is_of_device]
        means = [self.limit is not None, self.weights is not None, self.price is not None]
        # A device is asked about with the price of its step where nothing else is named
        if sum(goals) != 1 or sum(means) > 1 or (not any(means) and not self.is_of_device):
            raise ValueError(
                "Ask either with cost, peak, or device, at and one of wish and power; and with limit, price or, for a "
                "cost, weights."
            )
        if self.weights is not None and self.cost is None:
            raise ValueError("weights go with a cost.")
        if self.price == "step" and self.at is None:
            raise ValueError("price: step needs at.")
        return self


Needed = PriceNeeded | LimitNeeded | LimitTooWeak | CombinedChange | ParameterNeeded


def find_requirements(
    session: Session, actor: Actor, schedule_id: int, question: RequirementsQuestion
) -> tuple[StoredSite, Needed | None]:
    """Return the smallest change with which a plan does what is wished; None where no mix of changes is enough.

    Raises:
        NotFound, NotAllowed, InputsGone, InputError: See ``open_site``.
        FieldError: Something that is named is not of the schedule.
        TimedOut: It takes longer than people wait.
    """
    stored = open_site(session, actor, schedule_id)
    if question.cost is not None and question.limit is not None:
        plan = Replanning(stored.site, (), stored.budget())
        return stored, limit_needed(plan, question.limit, question.cost)
    if question.cost is not None and question.weights is not None:
        plan, share = Replanning(stored.site, (), stored.budget()), question.price_share
        return stored, combined_change(plan, question.cost, weights=question.weights, price_share=share)
    if not question.is_of_device or question.limit is not None:
        return stored, parameter_for(stored, question)
    (name,) = devices_of(stored, question.device)
    steps = _steps(stored, question)
    plan = Replanning(stored.site, (name,), stored.budget())
    _check_power(plan, name, steps[0], question.power)
    wish = wished_bounds(plan, name, _step(stored, question), question.wish or "idle", question.power)
    return stored, price_needed(plan, name, wish, steps)


def find_parameter(
    session: Session, actor: Actor, schedule_id: int, question: RequirementsQuestion
) -> tuple[StoredSite, ParameterNeeded]:
    """Return what one number would have to be for a goal, either way; raises as ``find_requirements``."""
    stored = open_site(session, actor, schedule_id)
    return stored, parameter_for(stored, question)


def parameter_for(stored: StoredSite, question: RequirementsQuestion) -> ParameterNeeded:
    """Return what one number of an opened schedule would have to be; raises as ``find_requirements``."""
    name = devices_of(stored, question.device)[0] if question.is_of_device else COMMODITY
    commodity = commodity_of(stored.site, name)
    known = [each.commodity for each in stored.site.connections]
    if commodity not in known:
        raise FieldError("device", f"{commodity} is not bought or sold at this site; ask about {', '.join(known)}.")
    plan = Replanning(stored.site, (name,), stored.budget())
    goal: Goal
    if question.cost is not None:
        goal = CostGoal(question.cost)
    elif question.peak is not None:
        goal = peak_goal(name, question.peak)
    else:
        step = _step(stored, question)
        if question.limit is None:
            _check_power(plan, name, step, question.power)
        goal = choice_goal(name, step, question.wish or "idle", question.power)
    if question.limit is not None:
        return limit_for_goal(plan, question.limit, goal)
    return price_for_goal(plan, commodity, _steps(stored, question), goal)


def number_label(question: RequirementsQuestion) -> str:
    """Return the number that may change, for people."""
    if question.limit is not None:
        return limit_label(question.limit)
    longer = question.price != "all" and question.until is not None
    return "Price of energy then" if longer else PRICES[question.price or "step"]


def limits_to_ask(stored: StoredSite) -> dict[str, str]:
    """Name of each limit of a schedule that may change in an answer → its name for people."""
    limits = build_problem(stored.site).problem.limits
    names = {
        each.name: each.path
        for each in limits
        if np.isfinite(np.asarray(limit_values(stored.site, each.path), float)).any()
    }
    return {name: limit_label(name) for name in sorted(names)}


def limit_label(name: str) -> str:
    """Return the name of a limit for people, such as ``Home battery: most energy stored``."""
    about, _, last = name.rpartition(".")
    return f"{'Connection' if about == COMMODITY else about}: {LIMITS.get(last, last.replace('-', ' '))}"


def _step(stored: StoredSite, question: RequirementsQuestion) -> int:
    return stored.step_at(question.at) if question.at is not None else 0


def _steps(stored: StoredSite, question: RequirementsQuestion) -> range:
    """Steps in which the price moves.

    Raises:
        FieldError: They are not of the schedule, or in the wrong order.
    """
    if question.price == "all":
        return range(stored.site.window.n)
    first = _step(stored, question)
    last = first if question.until is None else stored.step_at(question.until, field="until")
    if last < first:
        raise FieldError("until", "it lies before at; name a later time.")
    return range(first, last + 1)


def _check_power(plan: Replanning, name: str, step: int, power: float | None) -> None:
    """Raise FieldError where no plan has a power in a step, whatever the price."""
    if power is None:
        return
    low, high = plan.feasible_range(name, step)
    if not low <= power <= high:
        raise FieldError("power", f"{name} can have {low:.6g} to {high:.6g} kW then.")
