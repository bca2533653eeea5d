"""What a plan says about its limits and prices beyond the plan itself: what a little more of each would be worth."""

from typing import Any

from engine.scheduling.site import Schedule

_NOTHING = 1e-6
"""Savings up to this are rounding noise [currency per unit]."""


def binding_limits(plan: Schedule) -> list[dict[str, Any]]:
    """Return the limits that cost something, dearest first.

    Each with what the plan would save if the limit were one unit wider all the time, or a target one unit lower: true
    for small changes only. The times are the first and the last at which it binds.
    """
    found = []
    for limit, savings in plan.limit_prices.items():
        felt = [at for at, saving in enumerate(savings.tolist()) if abs(saving) > _NOTHING]
        if felt:
            unit = _unit(limit)
            after = 1 if unit == "kWh" else 0  # stored energies are told at the ends of steps
            first, last = (plan.window.moment(at + after).isoformat() for at in (felt[0], felt[-1]))
            saving = float(savings.sum())
            found.append({"limit": limit, "saving": saving, "per": unit, "first": first, "last": last})
    return sorted(found, key=lambda each: -abs(each["saving"]))


def _unit(limit: str) -> str:
    field = limit.rpartition(".")[2]
    return "kWh" if field.startswith("soc-") else "kW/h" if field == "ramp-limit" else "kW"


def solving(plan: Schedule) -> dict[str, float]:
    """Return the processor time a plan took [s], and by which share its cost may lie above the best one."""
    return {"building-s": plan.timings.building, "solving-s": plan.timings.solving, "gap": plan.gap}
