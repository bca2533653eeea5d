"""What energy left in stores at the end of a schedule is worth, by the prices of the schedule itself."""

import numpy as np

from engine.site import Connection, Site
from engine.tariffs import energy_prices

CAUTION = 0.9
"""Share of the price that counts: where all prices are alike, energy is used rather than kept."""


def with_terminal_values(site: Site, level: float) -> tuple[Site, dict[str, float]]:
    """Return the site whose stores keep what is worth more later, and the worth by store [currency/kWh].

    A schedule ends, the site goes on: without a worth, every store is emptied until the end, whatever the next day
    brings. What it brings is not known, but prices of a day resemble those of the day before; so a quantile of the
    prices of the schedule stands for what a kWh saves later: the price of energy bought where something consumes beside
    the store, else that of energy sold.

    Args:
        site: A site; stores whose end value is told keep it.
        level: Which quantile, from 0 to 1; a low one is careful.

    Source:
        The salvage value of a finite-horizon plan; compare the terminal cost of model predictive control.
    """
    prices = {each.commodity: price for each in site.connections if (price := _price(site, each, level)) is not None}
    worth = {device.name: device.terminal_value(prices) for device in site.devices}
    counted = {name: value for name, value in worth.items() if value is not None}
    if not counted:
        return site, {}
    return site.with_devices(lambda d: d.with_end_value(counted[d.name]) if d.name in counted else d), counted


def _price(site: Site, connection: Connection, level: float) -> float | None:
    """Return what a kWh of the commodity of a connection saves later [currency/kWh]; None without a price."""
    prices = energy_prices(connection.tariffs, site.window.n)
    if prices is None:
        return None
    bought, sold = prices
    loads = [
        device.load
        for device in site.devices
        if device.load is not None and any(port.commodity == connection.commodity for port in device.ports)
    ]
    consumes = any((load > 0).any() for load in loads)
    # By slots, so that a long step counts for as long as it lasts.
    return CAUTION * float(np.quantile(site.window.on_slots(bought if consumes else sold), level))
