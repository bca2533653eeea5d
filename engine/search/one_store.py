"""The best plan of a site of one store, whatever its prices: exact, and without whole numbers."""

from dataclasses import dataclass

import numpy as np

from engine.devices.running import OperatingRange
from engine.model.linear import Floats, full
from engine.search.level_search import LevelSearch
from engine.search.store_site import StoreSite
from engine.site import Site
from engine.solve.budget import Budget


@dataclass(frozen=True, slots=True)
class StorePlan:
    """What a store does, what that costs at most and what no plan costs less than."""

    power: Floats
    """Power of the store, positive when it takes [kW], shape (n,)."""
    net: Floats
    """Power of the site, positive when it buys [kW], shape (n,)."""
    cost: float
    """Cost of the plan [currency]."""
    bound: float
    """No plan costs less [currency]."""
    soc: Floats
    """Energy in the store at the end of each step [kWh], shape (n,)."""
    own_cost: float
    """What of the cost is not paid for what the site buys and sells [currency]."""


def plan_store(site: Site, budget: Budget) -> StorePlan | None:
    """Return the best plan of a site, or one within the gap of a budget; None if it is of another kind or has none."""
    parts = StoreSite.of(site)
    if parts is None:
        return None
    search = LevelSearch(parts, budget)
    bound = search.run()
    if search.best is None:
        return None
    cost, power, net, soc = search.best
    return StorePlan(power, net, cost, bound, soc, cost - parts.exchange_cost(power, net))


def modes(bands: tuple[OperatingRange, ...], power: Floats, most: tuple[Floats, Floats]) -> list[Floats]:
    """Return 1 for each way to run and step in which it is the one of a power, else 0, shape (ways, n); see add_bands.

    Args:
        bands: Ways to run, of which some go both ways.
        power: What the device does [kW], shape (n,).
        most: Most power taken and given [kW], each shape (n,).
    """
    ways = [way for band in bands for way in band.one_way]
    off = []
    for produces, least, highest in ways:
        flow = -power if produces else power
        limit = np.minimum(highest, full(most[1] if produces else most[0], len(power)))
        off.append(np.maximum(np.maximum(least - flow, flow - limit), 0.0))
    # Rounded, so that of ways equally near the first is taken, whatever the noise.
    chosen = np.argmin(np.round(np.stack(off), 7), axis=0)
    return [(chosen == at).astype(float) for at in range(len(ways))]
