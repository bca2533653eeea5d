"""What a plan says about its limits and prices beyond the plan itself: what a little more of each would be worth."""

from math import isfinite
from typing import Any

from engine.site import Schedule
from engine.solve.backend import Status

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
    """Return the processor time a plan took [s], and by which share its cost may lie above the best one if known."""
    gap = plan.gap if isfinite(plan.gap) else None
    return {"building-s": plan.timings.building, "solving-s": plan.timings.solving, "gap": gap}


def ended_early(plan: Schedule) -> list[str]:
    """Return what to tell of a plan whose search was ended before it was proven to be the best one."""
    if plan.status is not Status.BEST_IN_TIME:
        return []
    far = "how far it lies above the best one is not known"
    if isfinite(plan.gap):
        far = f"it costs at most {100 * plan.gap:.2g} % of its cost more than the best one"
    more = "More time (time_limit of FLEXMEASURES_LP_SOLVER_OPTIONS), fewer devices or a shorter plan bring it nearer."
    return [f"The search was ended after {plan.timings.solving:.3g} s with the best plan found; {far}. {more}"]
