"""What a plan says about its limits and prices beyond the plan itself: what a little more of each would be worth."""

from math import isfinite
from typing import Any

from engine.site import Schedule, Status
from engine.solve.backend import PROVEN

_NOTHING = 1e-6
"""Savings up to this are rounding noise [currency per unit]."""


def binding_limits(plan: Schedule) -> list[dict[str, Any]]:
    """Return the limits that cost something, dearest first.

    Each with what the plan would save if the limit were one unit wider all the time, or a target one unit lower: true
    for small changes only. The times are the first and the last at which it binds.
    """
    found = []
    for limit, savings in plan.limit_shadow_prices.items():
        felt = [at for at, saving in enumerate(savings.tolist()) if abs(saving) > _NOTHING]
        if felt:
            field = limit.rpartition(".")[2]
            unit = "kWh" if field.startswith("soc-") else "kW/h" if field == "ramp-limit" else "kW"
            after = 1 if unit == "kWh" else 0  # stored energies are told at the ends of steps
            first, last = (plan.window.moment(at + after).isoformat() for at in (felt[0], felt[-1]))
            saving = float(savings.sum())
            found.append({"limit": limit, "saving": saving, "per": unit, "first": first, "last": last})
    return sorted(found, key=lambda each: -abs(each["saving"]))


def solving(plan: Schedule) -> dict[str, float | None]:
    """Return the processor time a plan took [s], and what is proven of its cost, null where nothing is.

    ``gap`` is the share by which the cost may lie above the best one, ``bound`` what no plan costs less than.
    """
    gap, bound = (plan.gap, plan.cost - plan.gap * abs(plan.cost)) if isfinite(plan.gap) else (None, None)
    times = {"building-s": plan.timings.building, "solving-s": plan.timings.solving}
    return {**times, "gap": gap, "bound": bound}


def nearness(gap: float | None) -> str:
    """Return how near a cost is to the best one, to follow a subject and "is".

    Args:
        gap: Share by which it may lie above the best one; None if that is not known.
    """
    if gap is None or not isfinite(gap):
        return "a valid schedule; how near it is to the best possible is not known"
    if gap <= PROVEN:
        return "the best possible"
    return f"within {100 * gap:.2g} % of the best possible"


def ended_early(plan: Schedule) -> list[str]:
    """Return what to tell of a plan whose search was ended before it was proven to be the best one."""
    if plan.status is not Status.BEST_IN_TIME:
        return []
    more = "More time (time_limit of FLEXMEASURES_LP_SOLVER_OPTIONS), fewer devices or a shorter plan bring it nearer."
    ended = f"The search was ended after {plan.timings.solving:.3g} s with the best plan found"
    return [f"{ended}: it is {nearness(plan.gap)}. {more}"]
