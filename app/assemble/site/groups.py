"""The entry of a group in a flex-model → a group of the engine, with the limits its devices share."""

import numpy as np

from app.assemble.site.devices import DeviceBuilder
from engine.flex.commodity import SITE_BREACH_PRICE, breach_price
from engine.model.limits import SoftLimit
from engine.site import Group


def group_of_devices(described: DeviceBuilder, *, within: str | None) -> Group:
    """Return a group; its one-way capacities are soft while those of the site are relaxed.

    Args:
        described: Its own entry.
        within: Name of the group in which it stands.
    """
    around = described.around
    both, takes, gives = described.direction_capacities
    none, free = np.full(around.window.n, np.inf), "nothing limits the power there"
    hard = none if both is None else described.assume("power-capacity", both, none, free)
    price = breach_price(SITE_BREACH_PRICE, around.dearest)
    most, soft = [hard, hard], list[SoftLimit | None]([None, None])
    for at, (way, given) in enumerate((("consumption", takes), ("production", gives))):
        if given is None:
            continue
        wider = "power-capacity counts, {:g} kW"
        limit = np.fmin(hard, described.assume(f"{way}-capacity", given, hard, wider))
        if around.context.relaxes_groups:
            soft[at] = SoftLimit(limit=limit, highest_price=price, hourly_price=price)
        else:
            most[at] = limit
    return Group(
        name=described.name,
        commodity=described.model.commodity,
        group=within,
        consumption_limit=most[0],
        production_limit=most[1],
        soft_consumption=soft[0],
        soft_production=soft[1],
    )
