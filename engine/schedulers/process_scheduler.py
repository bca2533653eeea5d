"""Finds the best time for processes: in closed form where nothing couples them, else together with all devices."""

from dataclasses import dataclass, field
from time import thread_time
from typing import ClassVar

import numpy as np

from engine.model.linear import Floats
from engine.schedulers.closed_form import connection_of, consumption_price, with_processes_timed
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Schedule, Site, Status, Timings
from engine.tariffs import EnergyTariff


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
        began = thread_time()
        if not _is_uncoupled(site):
            return self.together.compute(site)
        alone = with_processes_timed(site, only_dearest=False)
        if not _keeps_limits(alone):
            return self.together.compute(site)
        return _schedule(alone, thread_time() - began)


def is_timed_by_price(site: Site) -> bool:
    """Return whether the price of energy alone could time everything that is planned."""
    return all(device.timed_by_price or device.load is not None for device in site.devices)


def _is_uncoupled(site: Site) -> bool:
    """Return whether each process pays the consumption price whatever the others do, limits aside."""
    if site.groups or site.commitments or site.additions or not is_timed_by_price(site):
        return False
    for commodity in {port.commodity for device in site.devices for port in device.ports}:
        spread = np.zeros(site.window.n)
        for tariff in connection_of(site, commodity).tariffs:
            if not isinstance(tariff, EnergyTariff):
                return False
            spread += np.abs(np.subtract(tariff.consumption_price, tariff.production_price))
        # Where loads give more than they take, a process uses up what would be sold: the same only at one price.
        if not ((_net(site, commodity) >= 0) | (spread == 0)).all():
            return False
    return True


def _net(site: Site, commodity: str) -> Floats:
    """Return the power of the loads of a commodity [kW], shape (n,); processes count as nothing."""
    loads = [(each.ports[0].commodity, each.load) for each in site.devices]
    return sum((load for own, load in loads if load is not None and own == commodity), np.zeros(site.window.n))


def _keeps_limits(site: Site) -> bool:
    """Return whether the loads of a site stay within every limit of its connections, soft ones included."""
    for connection in site.connections:
        net = _net(site, connection.commodity)
        for way, flow in (("consumption", net), ("production", -net)):
            soft = getattr(connection, f"soft_{way}")
            # What a breach of a soft limit is worth, only a plan of all devices together can weigh.
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
                name = f"{connection.commodity} {tariff.name}"
                costs[name] = costs.get(name, 0.0) + float(((paid - earned) * hours).sum())
    power = {each.name: each.load for each in site.devices if each.load is not None}
    return Schedule(
        window=site.window,
        power={**power, **net},
        soc={},
        costs=costs,
        status=Status.OPTIMAL,
        shadow_prices={commodity: consumption_price(site, commodity) for commodity in net if commodity},
        timings=Timings(0.0, seconds),
    )
