"""Calls for more or less power than planned: whether they can be followed, by the reference."""

from dataclasses import dataclass, replace

import numpy as np

from app.assemble.site.request import ScheduleRequest
from app.auth.access.references import References
from app.jobs.handlers import schedule
from engine.errors import Infeasible
from engine.operation.headroom import site_headroom
from tests.assemble.homes import KNOWN_AT
from tests.language.pool import Pool
from tests.language.reference import Reference
from tests.language.sites import Drawn

SHARED = ("site-power-capacity", "site-consumption-capacity", "site-production-capacity", "commitments")
RULES = ("group", "charging-from-grid", "discharging-to-grid")
LEAST = 0.01
"""Less power than this is not called for [kW]."""


@dataclass(frozen=True)
class Call:
    """A device that is called to take another power than planned in one step [kW]."""

    seed: int
    device: str
    step: int
    planned: float
    called: float
    followed: bool


def unlimited(drawn: Drawn) -> Drawn:
    """Return a request without what devices share, so that each can do later what its own fields say."""
    model = [{name: value for name, value in each.items() if name not in RULES} for each in drawn.model]
    context = {name: value for name, value in drawn.context.items() if name not in SHARED}
    groups = {each["group"]["asset"] for each in drawn.model if "group" in each}
    return replace(drawn, model=[each for each in model if each.get("asset") not in groups], context=context)


def calls(drawn: Drawn, pool: Pool) -> list[Call]:
    """Return calls for all that is left of each device up and down, in a step chosen at random."""
    asset, references = pool.asset("site"), References(pool.home.session, None)
    request = ScheduleRequest(
        asset=asset, start=drawn.start, duration=drawn.duration, resolution=drawn.resolution,
        flex_model=tuple(drawn.model), flex_context=drawn.context,
    )  # fmt: skip
    try:
        done = schedule.compute(references, request, known_at=KNOWN_AT, rules=schedule.USUAL)
    except Infeasible:
        return []
    plan, rng = done.schedule, np.random.default_rng([17, drawn.seed])
    if Reference(drawn, pool).cost_of(plan.power) is None:  # physics gives way
        return []
    made = []
    for name, left in site_headroom(done.assembled.site, plan).items():
        step = int(rng.integers(plan.window.n))
        for more in (left.consumption[step], -left.production[step]):
            if name in Reference(drawn, pool).contexts or abs(more) < LEAST:
                continue
            planned = float(plan.power[name][step])
            called = planned + more - float(np.sign(more)) * 1e-4
            followed = Reference(drawn, pool).allows(plan.power, step, name, called)
            made.append(Call(drawn.seed, name, step, planned, called, followed))
    return made
