"""From a site to a problem: devices, groups, connections, tariffs and commitments each write their part."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.devices.device import Device
from engine.devices.running import production_in_bands
from engine.errors import FieldError, InputError
from engine.model.block import Limit
from engine.model.limits import exchanged, segments
from engine.model.linear import Floats, Linear, Reach, any_of, full, reach_of_both, reach_of_sum
from engine.model.problem import Problem
from engine.site import Connection, Group, Site
from engine.tariffs import Exchange


@dataclass(frozen=True, slots=True)
class Built:
    """A problem and where to read the powers from."""

    problem: Problem
    power: dict[str, Linear]
    """Power of each port, group and connection [kW], shape (n,)."""


def build_problem(site: Site, before: Built | None = None) -> Built:
    """Return the problem that a site poses.

    Args:
        site: It and its parts are not changed afterwards.
        before: What a site like this one was built into; what the two share is taken over.

    Raises:
        InputError: Two things share a name, or a group, commodity or member is not there.
    """
    problem = Problem(site.window, None if before is None else before.problem)
    power: dict[str, Linear] = {}
    reaches: dict[str, Reach] = {}  # by what stands behind each, as many flows have no limit of their own
    places: dict[str, tuple[str, str | None]] = {}
    n = site.window.n
    for device in site.devices:
        flows = problem.write(device, partial(device.add_to, problem))
        for port in device.ports:
            _claim(port.name, power)
            power[port.name], reaches[port.name] = flows[port.name], flows[port.name].reach
            places[port.name] = port.commodity, port.group
    for group in innermost_first(site.groups):
        _claim(group.name, power)
        members = [name for name, at in places.items() if at[1] == group.name]
        inside = [power[name] for name in members]
        power[group.name] = problem.write(group, partial(_add_group, problem, group, inside), *inside)
        behind = reach_of_sum([reaches[name] for name in members], n)
        reaches[group.name] = reach_of_both(power[group.name].reach, behind)
        places[group.name] = group.commodity, group.group
    _check_places(site, places)
    for commodity in dict.fromkeys([c.commodity for c in site.connections] + [at[0] for at in places.values()]):
        members = [name for name, at in places.items() if at == (commodity, None)]
        net = [power[name] for name in members]
        connection = next((c for c in site.connections if c.commodity == commodity), None)
        if connection is None:
            problem.write(commodity, partial(_add_node, problem, commodity, net), *net)
        else:
            _claim(commodity, power)
            behind = reach_of_sum([reaches[name] for name in members], n)
            everything = [power[name] for name, at in places.items() if at[0] == commodity]
            power[commodity] = _add_connection(problem, connection, net, (behind, everything))
            reaches[commodity] = reach_of_both(power[commodity].reach, behind)
    _add_commitments(problem, site, power, reaches)
    _keep_apart_from_grid(problem, site, power)
    for name, running in problem.apart.items():  # processes of which at most one runs at a time
        problem.at_most(f"{name}.exclusion-group", _total(problem, running), 1.0)
    for addition in site.additions:
        addition.add_to(problem, power)
    return Built(problem, power)


def innermost_first(groups: Sequence[Group]) -> list[Group]:
    """Return the groups so that each comes before the one it stands in.

    Raises:
        InputError: A group stands in itself, or in one that is not there.
    """
    by_name = {group.name: group for group in groups}
    depth: dict[str, int] = {}
    for group in groups:
        seen, at = [group.name], group
        while at.group is not None:
            if at.group not in by_name:
                raise FieldError(f"{at.name}: group", f"{at.group} is not described; add its entry.")
            at = by_name[at.group]
            if at.name in seen:
                circle = " → ".join([*seen, at.name])
                raise FieldError(f"{at.name}: group", f"the groups {circle} contain each other; take one of them out.")
            seen.append(at.name)
        depth[group.name] = len(seen)
    return sorted(groups, key=lambda group: -depth[group.name])


def _add_group(problem: Problem, group: Group, members: list[Linear]) -> Linear:
    """Add what flows between a group and the rest of the site; return it [kW], shape (n,)."""
    name, net = group.name, _total(problem, members)
    if group.soft_consumption is None and group.soft_production is None:
        flow = problem.variable(name, lower=-np.asarray(group.production_limit) * 1.0, upper=group.consumption_limit)
        problem.limit(Limit(f"{name}.consumption-capacity", name, "upper", "kW"))
        problem.limit(Limit(f"{name}.production-capacity", name, "lower", "kW", scale=-1.0))
    else:
        flow = segments(problem, f"{name}.consumption", group.consumption_limit, group.soft_consumption)
        flow = flow - segments(problem, f"{name}.production", group.production_limit, group.soft_production)
        _limit_exchange(problem, name)
    problem.node(name, flow - net)
    problem.basic_at_rest(flow.terms[0].cols, f"{name}.balance")
    return flow


def _limit_exchange(problem: Problem, name: str) -> None:
    """Tell of the limits on the flows of a group or connection in both directions."""
    for way in ("consumption", "production"):
        problem.limit(Limit(f"{name}.{way}-capacity", f"{name}.{way}", "upper", "kW"))


def _add_node(problem: Problem, commodity: str, flows: list[Linear]) -> None:
    """Add that what some devices give, others take in the same step."""
    problem.node(commodity, -_total(problem, flows))


def _add_commitments(problem: Problem, site: Site, power: dict[str, Linear], reaches: dict[str, Reach]) -> None:
    """Add what deviating from promised powers costs."""
    for commitment in site.commitments:
        members = list(commitment.members or (commitment.commodity,))
        if strangers := [name for name in members if name not in power]:
            raise InputError(
                f"A commitment is about {strangers[0]}, which is no part of the site; name {', '.join(power)}."
            )
        promised = [power[name] for name in members]
        behind = reach_of_sum([reaches[name] for name in members], site.window.n)
        problem.write(commitment, partial(commitment.add_to, problem, _total(problem, promised), behind), *promised)


def _add_connection(
    problem: Problem, connection: Connection, flows: list[Linear], behind: tuple[Reach, list[Linear]]
) -> Linear:
    """Add what is bought and sold and what it costs; return bought less sold [kW], shape (n,).

    Args:
        problem: Where it goes.
        connection: Where the flows meet the grid.
        flows: What devices and groups take there [kW], each shape (n,).
        behind: Reach of their sum by all that stands behind them, and the flows that this depends on.
    """
    own = connection
    # A connection with other tariffs is another object; its exchange is the same as long as its limits are.
    limits = (own.consumption_limit, own.production_limit, own.soft_consumption, own.soft_production, own.carbon)
    write = partial(_add_exchange, problem, own, flows, behind[0])
    exchange = problem.write(own.commodity, write, *limits, *flows, *behind[1])
    for tariff in own.tariffs:
        problem.write(tariff, partial(tariff.add_to, problem, exchange), exchange)
    return exchange.net


def _add_exchange(problem: Problem, connection: Connection, flows: list[Linear], behind: Reach) -> Exchange:
    """Add what is bought and sold, together what all devices take; return it."""
    name, net = connection.commodity, _total(problem, flows)
    bought = segments(problem, f"{name}.consumption", connection.consumption_limit, connection.soft_consumption)
    sold = segments(problem, f"{name}.production", connection.production_limit, connection.soft_production)
    _limit_exchange(problem, name)
    problem.node(name, bought - sold - net)
    settled = np.where(full(net.constant, net.size) >= 0, bought.terms[0].cols, sold.terms[0].cols)
    problem.basic_at_rest(settled, f"{name}.balance")
    # Where a kWh sold saves more CO₂ than one bought emits, doing both would keep a cap that the net power breaks.
    nets = connection.carbon is None or not np.any(connection.carbon.production > connection.carbon.consumption)
    most = partial(_most, behind, bought, sold)
    problem.exclude_simultaneous(name, bought, sold, lossless=nets, most=most)
    return Exchange(name, bought, sold, bought - sold, most)


def _most(behind: Reach, bought: Linear, sold: Linear, lower: Floats, upper: Floats) -> tuple[Floats, Floats]:
    """Return the most that can be bought and sold at each step, by the connection and by the devices behind it."""
    low, high = behind(lower, upper)
    limits = bought.reach(lower, upper)[1], sold.reach(lower, upper)[1]
    return np.minimum(limits[0], np.maximum(high, 0.0)), np.minimum(limits[1], np.maximum(-low, 0.0))


def _keep_apart_from_grid(problem: Problem, site: Site, power: dict[str, Linear]) -> None:
    """Add that some devices take no power from the grid, or give none to it, but only what is produced or used locally.

    With the local production g_t, the power p_it of devices that may not charge from the grid, what is sold s_t, and
    what stores that may discharge into the grid give, d_t: Σ_i p_it ≤ g_t and s_t ≤ g_t + d_t.
    """
    for connection in site.connections:
        name = connection.commodity
        mine = [(each, port) for each in site.devices for port in each.ports if port.commodity == name]
        captive = [power[port.name] for _, port in mine if not getattr(port, "charging_from_grid", True)]
        serves = any(not getattr(port, "discharging_to_grid", True) for _, port in mine)
        produced = [_production(problem, power, *each) for each in mine if not each[0].energy_bounds]
        if captive:
            problem.at_most(f"{name}.charging-from-grid", _total(problem, captive), _total(problem, produced))
        if serves:
            free = [each for each in mine if each[0].energy_bounds and getattr(each[1], "discharging_to_grid", True)]
            given = [*produced, *(_production(problem, power, *each) for each in free)]
            problem.at_most(
                f"{name}.discharging-to-grid", exchanged(problem, f"{name}.production"), _total(problem, given)
            )


def _production(problem: Problem, power: dict[str, Linear], device: Device, port: Any) -> Linear:
    """Power that a device gives at a port [kW], 0 or more, shape (n,)."""
    if device.load is not None:
        return Linear(problem.window.n, (), np.maximum(-device.load, 0.0))
    if not hasattr(port, "production_limit"):  # a process only takes
        return Linear(problem.window.n)
    if not any_of(port.consumption_limit):  # a coupled one has no column for each direction
        return -power[port.name]
    if bands := getattr(port, "bands", ()):
        return production_in_bands(problem, port.name, bands)
    problem.counted_alone.add(port.name)
    return exchanged(problem, f"{port.name}.production")


def _total(problem: Problem, flows: list[Linear]) -> Linear:
    return sum(flows, Linear(problem.window.n))


def _claim(name: str, power: dict[str, Linear]) -> None:
    if name in power:
        raise InputError(f"Two parts of the site are called {name}; give each a name of its own.")


def _check_places(site: Site, places: dict[str, tuple[str, str | None]]) -> None:
    """Raise InputError if a port or group stands in a group that is missing or about another commodity."""
    commodity_of = {group.name: group.commodity for group in site.groups}
    for name, (commodity, group) in places.items():
        if group is None:
            continue
        if group not in commodity_of:
            raise FieldError(f"{name}: group", f"{group} is not described; add its entry.")
        if commodity_of[group] != commodity:
            told = (
                f"it is about {commodity_of[group]}, the device about {commodity}; name a group of the same commodity."
            )
            raise FieldError(f"{name}: group", told)
