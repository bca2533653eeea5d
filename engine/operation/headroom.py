"""How much up and down is still possible around a schedule: by device, behind its groups and its connection."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from engine.devices.reach import Headroom
from engine.model.limits import SoftLimit
from engine.model.linear import Floats, Values, full
from engine.site import Connection, Group, Schedule, Site

FIELDS = {
    "consumption-headroom": "consumption",
    "production-headroom": "production",
    "consumption-headroom-energy": "consumption_energy",
    "production-headroom-energy": "production_energy",
}
"""Field that receives each part of the headroom."""


def site_headroom(site: Site, schedule: Schedule) -> dict[str, Headroom]:
    """Return the headroom of each port and of each connection by its name.

    A device is bounded by what its groups and its connection leave beside all others as planned; so those of several
    devices do not add up beyond that of the connection, which is the sum of its devices within its own limits.
    """
    n, found = site.window.n, dict[str, Headroom]()
    groups = {group.name: group for group in site.groups}
    connections = {each.commodity: each for each in site.connections}
    for device in site.devices:
        for name, own in device.headroom(site.window, schedule.power, schedule.soc).items():
            port = next(each for each in device.ports if each.name == name)
            above = [connections.get(port.commodity)] if port.commodity in connections else []
            net = schedule.power.get(port.commodity, np.zeros(n))
            if port.commodity not in connections:  # what balances inside has nobody to take more, or give it
                own = own.within(np.zeros(n), np.zeros(n))
            if not getattr(port, "charging_from_grid", True):
                own = own.within(np.maximum(-net, 0.0), np.full(n, np.inf))
            if not getattr(port, "discharging_to_grid", True):
                own = own.within(np.full(n, np.inf), np.maximum(net, 0.0))
            group = groups.get(port.group or "")
            while group is not None:
                own = own.within(*_margins(group, schedule.power[group.name], n))
                group = groups.get(group.group or "")
            for connection in filter(None, above):
                own = own.within(*_margins(connection, net, n))
            found[name] = own
    return {**found, **_of_connections(site, schedule, found)}


def headroom_by_field(site: Site, schedule: Schedule) -> dict[str, dict[str, Floats]]:
    """Return the headroom as ``Schedule.guidance`` holds it."""
    found = site_headroom(site, schedule)
    return {name: {of: getattr(each, part) for of, each in found.items()} for name, part in FIELDS.items()}


def _of_connections(site: Site, schedule: Schedule, of_ports: Mapping[str, Headroom]) -> dict[str, Headroom]:
    """Return the headroom of each connection: what its devices have together, within its limits."""
    n, found = site.window.n, dict[str, Headroom]()
    for connection in site.connections:
        names = [p.name for d in site.devices for p in d.ports if p.commodity == connection.commodity]
        parts = [of_ports[name] for name in names if name in of_ports]
        total = Headroom.none(n)
        for part in FIELDS.values():
            total = replace(total, **{part: sum((getattr(each, part) for each in parts), np.zeros(n))})
        net = schedule.power.get(connection.commodity, np.zeros(n))
        found[connection.commodity] = total.within(*_margins(connection, net, n))
    return found


def _margins(part: Connection | Group, power: Floats, n: int) -> tuple[Floats, Floats]:
    """Return by how much a power may rise and fall within the limits of a connection or group [kW], shape (n,)."""
    taken = _contract(part.consumption_limit, part.soft_consumption)
    given = _contract(part.production_limit, part.soft_production)
    return full(taken, n) - power, full(given, n) + power


def _contract(hard: Values, soft: SoftLimit | None) -> Values:
    return hard if soft is None else np.minimum(hard, soft.limit)
