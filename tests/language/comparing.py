"""One site planned by the program and by the reference: how the two compare."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from app.jobs.handlers.schedule import Rules
from engine.devices.energy.yielding import PHYSICS
from engine.errors import Infeasible
from tests.assemble.homes import KNOWN_AT
from tests.language.pool import Pool
from tests.language.reference import Reference
from tests.language.sites import Drawn

NEAR = 1e-5
"""Largest difference of two costs that are equal, as share of them or absolute."""


@dataclass
class Compared:
    """What came of one site."""

    verdict: str
    ours: float | None = None
    theirs: float | None = None
    about: Any = None


def planned(drawn: Drawn, pool: Pool, rules: Rules):
    """Return the plan of a request, as the jobs of the API make it."""
    request = ScheduleRequest(
        asset=pool.asset("site"), start=drawn.start, duration=drawn.duration, resolution=drawn.resolution,
        flex_model=tuple(drawn.model), flex_context=drawn.context,
    )  # fmt: skip
    return schedule.compute(References(pool.home.session, None), request, known_at=KNOWN_AT, rules=rules).schedule


def compared(drawn: Drawn, pool: Pool, rules: Rules = schedule.USUAL) -> Compared:
    """Return how the plan of a request compares with the reference."""
    reference = Reference(drawn, pool)
    best = reference.cost()
    try:
        plan = planned(drawn, pool, rules)
    except Infeasible as error:
        repairable = "" if "Way out" in str(error) else ", no repair named"
        if best is not None or (Reference(drawn, pool, yields=True).cost() is not None and soc_yields(drawn)):
            return Compared("false alarm", None, best, str(error))
        return Compared("infeasible" + repairable, about=str(error))
    given_way = [each.limit for each in plan.breaches if each.limit.rpartition(".")[2] in PHYSICS]
    if best is None:
        return compare_yielding(drawn, pool, plan) if given_way else Compared("plan where there is none", plan.cost)
    near = NEAR * max(1.0, abs(best))
    # How a shortfall is shared among cars, once it is as small as can be, is a preference that is counted as a cost.
    ours = plan.cost - sum(cost for name, cost in plan.costs.items() if name.startswith("sharing of "))
    held = reference.cost_of(plan.power)
    if held is None or abs(held - ours) > 10 * near:
        return Compared("not valid", ours, held, (best, plan))
    if abs(ours - best) <= near:
        return Compared("equal", ours, best)
    if ours < best:
        return Compared("better", ours, best, plan)
    within = ours - best <= plan.gap * abs(ours) + near
    return Compared("worse within its gap" if within else "worse", ours, best, plan)


def compare_yielding(drawn: Drawn, pool: Pool, plan: Any) -> Compared:
    """Return whether no less could be missed of uses, or overflow, and whether the powers of a plan are allowed."""
    least, hours = Reference(drawn, pool, yields=True).least_missing(), plan.window.hours
    flows = [each for each in plan.breaches if each.limit.endswith((".soc-usage", ".soc-gain"))]
    missing = sum(each.amount * np.broadcast_to(hours, plan.window.n)[int(each.step)] for each in flows)
    if least is None or abs(missing - least) > 1e-4 * max(1.0, missing):
        return Compared("more gives way than has to", missing, least, plan)
    if Reference(drawn, pool, yields=True).cost_of(plan.power) is None:
        return Compared("not valid", plan.cost, None, plan)
    return Compared("physics gives way", missing, least)


def soc_yields(drawn: Drawn) -> bool:
    """Whether stored energy gives way where nothing else helps."""
    context = drawn.context
    return bool(context.get("relax-soc-constraints", context.get("relax-constraints", True)))
