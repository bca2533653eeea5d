"""The best time of a process by its price alone, without a search."""

from dataclasses import replace

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.port import Device
from engine.devices.process import Process, ProcessType
from engine.errors import InputError
from engine.model.linear import Floats, full
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff


def best_steps(process: Process, price: Floats) -> Floats:
    """Return 1 for each step in which a process runs at the best price, the earliest of equal ones, shape (n,).

    Args:
        process: What is to be timed.
        price: Cost of energy in each step [any currency per energy], shape (n,).

    Raises:
        Infeasible: It finds no room.
    """
    cost, n = (-price if process.dearest else price), len(price)
    if process.kind is ProcessType.INFLEXIBLE:
        return process.earliest(n)
    if process.kind is ProcessType.SHIFTABLE:
        starts = process.possible_starts(n)  # first, as it tells when there is no room
        total = np.zeros(n + 1)
        cost.cumsum(out=total[1:])
        blocks = np.full(n, np.inf)
        blocks[: n - process.steps + 1] = total[process.steps :] - total[: n - process.steps + 1]
        blocks[~starts] = np.inf
        # Sums of equal prices differ in their last digits; those must not decide between equals.
        return process.block_at(int(np.argmax(blocks <= blocks.min() + 1e-9 * max(1.0, np.abs(cost).max()))), n)
    process.check_room(n)
    allowed = np.flatnonzero(process.allowed(n))
    runs = np.zeros(n)
    runs[allowed[np.argsort(cost[allowed], kind="stable")[: process.steps]]] = 1.0
    return runs


def placed(site: Site, *, only_dearest: bool) -> Site:
    """Return a site whose processes are loads at their best time, or only those that run when energy is dearest."""

    def has_one(device: Device) -> bool:
        return isinstance(device, Process) and (device.dearest or not only_dearest)

    def at_its_time(device: Device) -> Device:
        if not isinstance(device, Process) or not has_one(device):
            return device
        runs = best_steps(device, consumption_price(site, device.commodity))
        return Inflexible(name=device.name, power=runs * device.power, commodity=device.commodity, group=device.group)

    if not any(has_one(device) for device in site.devices):
        return site
    return replace(site, devices=tuple(at_its_time(device) for device in site.devices))


def consumption_price(site: Site, commodity: str) -> Floats:
    """Return the price of energy taken from the grid [currency/kWh], shape (n,).

    Raises:
        InputError: The commodity has no price.
    """
    tariffs = connection_of(site, commodity).tariffs
    prices = [each.consumption_price for each in tariffs if isinstance(each, EnergyTariff)]
    if not prices:
        raise InputError(f"A process needs the price of {commodity} to find its time; add consumption-price.")
    return sum((full(price, site.window.n) for price in prices), np.zeros(site.window.n))


def connection_of(site: Site, commodity: str) -> Connection:
    """Return where a commodity meets the grid.

    Raises:
        InputError: Nowhere.
    """
    for connection in site.connections:
        if connection.commodity == commodity:
            return connection
    raise InputError(f"{commodity} has no connection; describe its price or capacity in the flex-context.")
