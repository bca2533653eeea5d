"""Finds the best time for processes: in closed form where nothing couples them, else together with all devices."""

from dataclasses import dataclass, field, replace
from time import process_time
from typing import ClassVar

import numpy as np

from engine.errors import Infeasible, InputError
from engine.scheduling.devices.inflexible import Inflexible
from engine.scheduling.devices.port import Device
from engine.scheduling.devices.process import Process, ProcessType
from engine.scheduling.linear import Floats, full
from engine.scheduling.site import Connection, Schedule, Site, Timings
from engine.scheduling.status import Status
from engine.scheduling.storage_scheduler import StorageScheduler
from engine.scheduling.tariffs import EnergyTariff


@dataclass(frozen=True, kw_only=True)
class ProcessScheduler:
    """Times processes so that their energy costs least, or most where that is asked for."""

    version: ClassVar[str] = "1"

    together: StorageScheduler = field(default_factory=StorageScheduler)
    """Plans processes that share a limit, a peak price or a varying load with others."""

    def compute(self, site: Site) -> Schedule:
        """Return the best plan of a site.

        Raises:
            InputError: A process has no price to go by.
            Infeasible: A process finds no room, or no plan keeps every hard limit.
        """
        began = process_time()
        chosen = replace(site, devices=tuple(_placed(device, site, all_of_them=False) for device in site.devices))
        alone = replace(chosen, devices=tuple(_placed(device, chosen, all_of_them=True) for device in chosen.devices))
        if not _is_uncoupled(chosen) or not _keeps_limits(alone):
            return self.together.compute(chosen)
        return _schedule(alone, process_time() - began)


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
        total = np.concatenate([[0.0], np.cumsum(cost)])
        blocks = np.full(n, np.inf)
        blocks[: n - process.steps + 1] = total[process.steps :] - total[: n - process.steps + 1]
        blocks[~starts] = np.inf
        # Sums of equal prices differ in their last digits; those must not decide between equals.
        return process.block_at(int(np.argmax(blocks <= blocks.min() + 1e-9 * max(1.0, np.abs(cost).max()))), n)
    allowed = np.flatnonzero(process.allowed(n))
    if len(allowed) < process.steps:
        raise Infeasible(
            f"{process.name} runs {process.steps} steps, but only {len(allowed)} are allowed; "
            "shorten it, lengthen the window or lift a time restriction.",
            [f"{process.name}.duration", f"{process.name}.time-restrictions"],
        )
    runs = np.zeros(n)
    runs[allowed[np.argsort(cost[allowed], kind="stable")[: process.steps]]] = 1.0
    return runs


def _placed(device: Device, site: Site, *, all_of_them: bool) -> Device:
    """Return a process as a load at its best time; by default only one that is to run when energy is dearest."""
    if not isinstance(device, Process) or not (all_of_them or device.dearest):
        return device
    runs = best_steps(device, consumption_price(site, device.commodity))
    return Inflexible(name=device.name, power=runs * device.power, commodity=device.commodity, group=device.group)


def consumption_price(site: Site, commodity: str) -> Floats:
    """Return the price of energy taken from the grid [currency/kWh], shape (n,).

    Raises:
        InputError: The commodity has no price.
    """
    tariffs = _connection(site, commodity).tariffs
    prices = [each.consumption_price for each in tariffs if isinstance(each, EnergyTariff)]
    if not prices:
        raise InputError(f"A process needs the price of {commodity} to find its time; add consumption-price.")
    return sum((full(price, site.window.n) for price in prices), np.zeros(site.window.n))


def _connection(site: Site, commodity: str) -> Connection:
    for connection in site.connections:
        if connection.commodity == commodity:
            return connection
    raise InputError(f"{commodity} has no connection; describe its price or capacity in the flex-context.")


def _is_uncoupled(site: Site) -> bool:
    """Return whether each process pays the consumption price whatever the others do, limits aside."""
    if site.groups or site.commitments:
        return False
    if not all(isinstance(device, Process | Inflexible) for device in site.devices):
        return False
    return all(_is_plain(site, name) for name in {port.commodity for each in site.devices for port in each.ports})


def _is_plain(site: Site, commodity: str) -> bool:
    tariffs = _connection(site, commodity).tariffs
    if not all(isinstance(tariff, EnergyTariff) for tariff in tariffs):
        return False
    fixed = _net(site, commodity)
    one_price = np.zeros(site.window.n)
    for tariff in tariffs:
        if isinstance(tariff, EnergyTariff):
            one_price += np.abs(np.subtract(tariff.consumption_price, tariff.production_price))
    return bool(((fixed >= 0) | (one_price == 0)).all())


def _net(site: Site, commodity: str) -> Floats:
    """Return the power of the loads of a commodity [kW], shape (n,); processes count as nothing."""
    loads = [each.power for each in site.devices if isinstance(each, Inflexible) and each.commodity == commodity]
    return sum(loads, np.zeros(site.window.n))


def _keeps_limits(site: Site) -> bool:
    """Return whether the loads of a site stay within every limit of its connections, soft ones included."""
    for connection in site.connections:
        net = _net(site, connection.commodity)
        for way, flow in (("consumption", net), ("production", -net)):
            soft = getattr(connection, f"soft_{way}")
            limit = np.minimum(getattr(connection, f"{way}_limit"), np.inf if soft is None else soft.limit)
            if (flow > limit + 1e-9).any():
                return False
    return True


def _schedule(site: Site, seconds: float) -> Schedule:
    """Return the plan of a site in which everything has its time."""
    hours = site.window.hours
    net = {each.commodity: _net(site, each.commodity) for each in site.connections}
    costs: dict[str, float] = {}
    for connection in site.connections:
        flow = net[connection.commodity]
        for tariff in connection.tariffs:
            if isinstance(tariff, EnergyTariff):
                paid = np.maximum(flow, 0.0) * tariff.consumption_price
                earned = np.maximum(-flow, 0.0) * tariff.production_price
                name = f"{connection.commodity} net energy"
                costs[name] = costs.get(name, 0.0) + float((paid - earned).sum()) * hours
    power = {each.name: each.power for each in site.devices if isinstance(each, Inflexible)}
    return Schedule(
        window=site.window,
        power={**power, **net},
        soc={},
        costs=costs,
        status=Status.OPTIMAL,
        prices={commodity: consumption_price(site, commodity) for commodity in net if commodity},
        timings=Timings(0.0, seconds),
    )
