"""The best time of what the price of energy alone times, without a search."""

import numpy as np

from engine.devices.device import Device
from engine.errors import FieldError
from engine.model.linear import Floats, full
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff


def with_processes_timed(site: Site, *, only_dearest: bool) -> Site:
    """Return a site whose processes are loads at their best time, or only those that run when energy is dearest."""

    def is_timed(device: Device) -> bool:
        return device.timed_by_price_only if only_dearest else device.timed_by_price

    def at_best_time(device: Device) -> Device:
        return device.at_best_time(consumption_price(site, device.ports[0].commodity)) if is_timed(device) else device

    return site.with_devices(at_best_time) if any(map(is_timed, site.devices)) else site


def consumption_price(site: Site, commodity: str) -> Floats:
    """Return the price of energy taken from the grid [currency/kWh], shape (n,).

    Raises:
        FieldError: The commodity has no price.
    """
    # Peaks and promises are left out: they depend on all devices together, which no closed form sees.
    tariffs = connection_of(site, commodity).tariffs
    prices = [each.consumption_price for each in tariffs if isinstance(each, EnergyTariff)]
    if not prices:
        raise FieldError("consumption-price", f"a process needs the price of {commodity} to find its time; add it.")
    return sum((full(price, site.window.n) for price in prices), np.zeros(site.window.n))


def connection_of(site: Site, commodity: str) -> Connection:
    """Return where a commodity meets the grid.

    Raises:
        FieldError: Nowhere.
    """
    for connection in site.connections:
        if connection.commodity == commodity:
            return connection
    raise FieldError("commodity", f"{commodity} has no connection; describe its price or capacity in the flex-context.")
