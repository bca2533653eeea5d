"""What a plan breaks, and why there is none, in sentences on the clock of the site; the engine knows UTC only."""

import re
from collections import defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np

from engine.errors import Infeasible
from engine.model.linear import full
from engine.site import Breach, Schedule

_MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_SHORTFALLS = {
    "soc-min": "up to {most:.4g} kWh less than soc-min are stored",
    "soc-max": "up to {most:.4g} kWh more than soc-max are stored",
    "soc-usage": "{total:.4g} kWh of soc-usage are not met",
    "soc-gain": "{total:.4g} kWh of soc-gain overflow",
}
"""What it means that a limit of a store's physics is broken; others are missed."""


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
