"""What a schedule says beyond its powers: limits that bind, are kept or broken, and how near it is to the best one.

As plain data for clients, and as sentences on the clock of the site: the engine knows UTC only.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any, Literal
from zoneinfo import ZoneInfo

import numpy as np

from app.assemble.outputs import SensorOutput
from engine.errors import Infeasible
from engine.model.linear import full
from engine.operation.headroom import headroom_by_field
from engine.operation.setpoints import Mode
from engine.site import Breach, Schedule, Site, Status
from engine.solve.backend import PROVEN

_NOTHING = 1e-6
"""Savings up to this are rounding noise [currency per unit]."""
_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SHORTFALLS = {
    "soc-min": "up to {most:.4g} kWh less than soc-min are stored",
    "soc-max": "up to {most:.4g} kWh more than soc-max are stored",
    "soc-usage": "{total:.4g} kWh of soc-usage are not met",
    "soc-gain": "{total:.4g} kWh of soc-gain overflow",
}
"""What it means that a limit of a store's physics is broken; others are missed."""
Items = list[dict[str, Any]]


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


def on_site_clock(text: str, place: ZoneInfo) -> str:
    """Return a text of the engine with its moments in the zone of the site."""
    return _MOMENT.sub(lambda each: _clock(datetime.fromisoformat(each.group()), place), text)


def local_refusal(error: Infeasible, place: ZoneInfo) -> Infeasible:
    """Return the error that tells the same on the clock of the site."""
    return Infeasible(on_site_clock(str(error), place), error.clashing)


def breach_warnings(plan: Schedule, place: ZoneInfo) -> list[str]:
    """Return the limits that a plan breaks, one sentence each: by how much, and when."""
    every = defaultdict[str, list[Breach]](list)
    for breach in plan.breaches:
        every[breach.limit].append(breach)
    return [_sentence(plan, limit, breaches, place) for limit, breaches in every.items()]


def _sentence(plan: Schedule, limit: str, breaches: list[Breach], place: ZoneInfo) -> str:
    owner, _, field = limit.rpartition(".")
    unit, hours = breaches[0].unit, full(plan.window.hours, plan.window.n)
    first, last = (function(each.step for each in breaches) for function in (min, max))
    last += unit == "kW"  # a power lasts until the end of its step
    begin, end = (_clock(plan.window.moment(step), place) for step in (first, last))
    when = f", at {begin}" if begin == end else f", between {begin} and {end}"
    if unit == "kg":  # a mass is that of the whole schedule
        return f"{owner}: {breaches[0].amount:.4g} kg of CO₂ more than {field} are emitted."
    most = max(each.amount for each in breaches)
    total = sum(each.amount * float(hours[int(each.step)]) for each in breaches) if unit == "kW" else np.nan
    known = _SHORTFALLS.get(field, f"{field} is missed by up to {{most:.4g}} {unit}")
    return f"{owner}: {known.format(most=most, total=total)}{when}."


def _clock(moment: datetime, place: ZoneInfo) -> str:
    return moment.astimezone(place).isoformat(timespec="auto" if moment.second else "minutes")


def unresolved(plan: Schedule, outputs: Sequence[SensorOutput]) -> Items:
    """Return the soft limits that are not met: an entry per device, with the moments and amounts of each limit."""
    found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for breach in plan.breaches:
        device, _, limit = breach.limit.rpartition(".")
        at = plan.window.moment(breach.step).isoformat()
        found[device][limit].append({"datetime": at, "violation": _amount(breach.amount, breach.unit)})
    return _entries(found, outputs)


def resolved(plan: Schedule, site: Site, outputs: Sequence[SensorOutput]) -> Items:
    """Return the soc-minima and soc-maxima that hold at every moment they were asked for, and by how much."""
    broken = {breach.limit for breach in plan.breaches}
    found: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(dict)
    limits: tuple[Literal["soc-minima", "soc-maxima"], ...] = ("soc-minima", "soc-maxima")
    for device in site.devices:
        for limit in limits if device.name in plan.soc else ():
            margins = device.bound_margins(limit, plan.soc[device.name])
            if margins and f"{device.name}.{limit}" not in broken:
                found[device.name][limit] = [
                    {"datetime": plan.window.moment(at).isoformat(), "margin": _amount(margin, "kWh")}
                    for at, margin in margins
                ]
    return _entries(found, outputs)


def _entries(found: Mapping[str, Mapping[str, Any]], outputs: Sequence[SensorOutput]) -> Items:
    assets = {output.name: output.sensor.asset_id for output in outputs}
    return [
        {"device": name} | ({"asset": assets[name]} if name in assets else {}) | dict(limits)
        for name, limits in found.items()
    ]


def _amount(value: float, unit: str) -> str:
    """Return an amount with its unit, ``4.0 kWh``; what is less than a millionth is rounding noise."""
    # Adding 0.0 turns a minus nothing, which rounding may leave, into nothing.
    return f"{round(value, 6) + 0.0} {unit}"


def headroom(site: Site, plan: Schedule) -> dict[str, Any]:
    """How much more and less each device could take than planned in each slot [kW], and for how much energy [kWh]."""
    return {
        field: {
            "unit": "kWh" if field.endswith("energy") else "kW",
            "values": {name: plan.window.on_slots(values) for name, values in of_all.items()},
        }
        for field, of_all in headroom_by_field(site, plan).items()
    }


def set_points(plan: Schedule) -> dict[str, Items]:
    """What each device is handed down that has a sensor for it: runs of one mode and value, with their start."""
    found: dict[str, Items] = {}
    slots, values = plan.window.slots, plan.guidance.get("set-point", {})
    for name, modes in plan.guidance.get("set-point-mode", {}).items():
        both = np.stack([plan.window.on_slots(modes), plan.window.on_slots(values[name]).round(6)])
        new = np.flatnonzero(np.append(True, (both[:, 1:] != both[:, :-1]).any(axis=0)))
        found[name] = [
            {
                "start": slots.moment(int(at)).isoformat(),
                "mode": Mode(int(both[0, at])).name.lower().replace("_", "-"),
                "value": float(both[1, at]),
                "unit": "kW",
            }
            for at in new
        ]
    return found
