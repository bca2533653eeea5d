"""A site of one store behind one connection in numbers: what each step may do and cost, and what is paid for a peak."""

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from engine.devices.curves import Polyline
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.reach import settled
from engine.devices.storage import Storage
from engine.model.linear import Floats, Values, any_of, full
from engine.search.levels import Level, Surcharge, levels_of, levels_of_bounds, levels_of_limits
from engine.search.paths.store_windows import LevelLimits, zero_crossings
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff, PeakTariff

_PLAIN = {
    kind: [(each.name, each.default) for each in fields(kind) if each.name not in planned.split()]
    for kind, planned in {
        Site: "window devices connections hedged",
        Connection: "commodity consumption_limit production_limit soft_consumption soft_production tariffs carbon",
        Storage: "name ports soc_at_start soc_min soc_max soc_minima soc_maxima soc_targets soft_minima soft_maxima "
        "soft_targets storage_efficiency gain end_value prefer_charging_sooner "
        "yields_above",
        Port: "name commodity consumption_limit production_limit soft_consumption soft_production charging_efficiency "
        "discharging_efficiency curves wear_price bands on_at_start coefficient prefer_sooner",
    }.items()
}
"""Fields that are not planned here, and what they must be; those that may come count as not planned."""


@dataclass(frozen=True)
class StoreSite:
    """A site of this kind, taken apart; arrays of shape (n,)."""

    site: Site
    store: Storage
    port: Port
    connection: Connection
    load: Floats
    """Power of all that is not planned [kW]."""
    sun: Floats
    """Most power of what can be curtailed [kW]."""
    buy: Floats
    sell: Floats
    share: Floats
    """Share of what flows into the store in a step that is left at its end."""
    levels: tuple[Level, ...]
    surcharges: tuple[Surcharge, ...] = ()
    """None in truth."""

    @property
    def hours(self) -> Values:
        """Length of each step [h]."""
        return self.site.window.hours

    @classmethod
    def of(cls, site: Site) -> "StoreSite | None":
        """Return the parts of a site; None if it is of another kind."""
        # These very classes and no heirs: the path knows their physics and asks them nothing.
        stores = [each for each in site.devices if type(each) is Storage]
        loads = [each for each in site.devices if type(each) is Inflexible]
        suns = [each for each in site.devices if type(each) is Adjustable and _only_curtailed(each)]
        if len(stores) != 1 or 1 + len(loads) + len(suns) != len(site.devices) or len(site.connections) != 1:
            return None
        (store,), (connection,), n = stores, site.connections, site.window.n
        tariffs, members = connection.tariffs, [port for device in site.devices for port in device.ports]
        plain = all(_is_plain(each) for each in (site, connection, store, *store.ports))
        if not plain or len(store.ports) != 1 or not all(type(each) in (EnergyTariff, PeakTariff) for each in tariffs):
            return None
        if any(each.commodity != connection.commodity or each.group is not None for each in members):
            return None
        energy = [each for each in tariffs if isinstance(each, EnergyTariff)]
        parts = cls(
            site=site,
            store=store,
            port=store.ports[0],
            connection=connection,
            load=sum((each.power for each in loads), np.zeros(n)),
            sun=sum((full(each.ports[0].production_limit, n) for each in suns), np.zeros(n)),
            buy=sum((full(each.consumption_price, n) for each in energy), np.zeros(n)),
            sell=sum((full(each.production_price, n) for each in energy), np.zeros(n)),
            share=settled(store.storage_efficiency) * np.ones(n),
            levels=(
                *levels_of(connection, n),
                *levels_of_limits(store.ports[0], ("taken", "given up"), n),
                *levels_of_bounds(store, n),
            ),
        )
        return parts if parts.is_lossy_at_most() and not isinstance(store.end_value, str) else None

    def is_lossy_at_most(self) -> bool:
        """Return whether no efficiency is 0 and no peak earns, so that each energy belongs to one power."""
        shares = (self.share, self.port.charging_efficiency, self.port.discharging_efficiency)
        bent = [curve for curve in (self.port.curves.stored, self.port.curves.drawn) if curve is not None]
        rising = all((curve.slopes > 0.0).all() for curve in bent) and self._are_limits_gentle()
        return rising and all(np.min(each) > 0.0 for each in shares) and all(each.price >= 0.0 for each in self.levels)

    def _are_limits_gentle(self) -> bool:
        """Return whether the energy stored limits power not at all, or so that a path can be found by it."""
        port = self.port
        if port.curves.charging is None and port.curves.discharging is None:
            return True
        # One curve of limits serves all steps, which it could not if efficiencies changed between them
        if any(isinstance(each, np.ndarray) for each in (port.charging_efficiency, port.discharging_efficiency)):
            return False
        limits = self.level_limits
        return limits is not None and bool(np.isfinite([limits.least, limits.most]).all()) and limits.are_gentle

    def added(self, power: Floats) -> Floats:
        """Return the energy that powers add to the store by the end of their steps [kWh], shape (m, n) or (n,)."""
        return self._inflow(power) * self.share * self.hours

    def _inflow(self, power: Floats) -> Floats:
        """Return what reaches the store at a power, negative for what leaves it [kW], of its shape."""
        return self.port.inflow(power)

    def power(self, added: Floats) -> Floats:
        """Return the power [kW] that adds so much energy [kWh], shape (n,)."""
        inflow, port = added / (self.share * self.hours), self.port
        taken, given = inflow / port.charging_efficiency, inflow * port.discharging_efficiency
        if (curve := port.curves.stored) is not None:
            taken = _turned(curve).through(np.maximum(inflow, 0.0))
        if (curve := port.curves.drawn) is not None:
            given = -_turned(curve).through(np.maximum(-inflow, 0.0))
        return np.where(inflow > 0.0, taken, given)

    @cached_property
    def level_limits(self) -> LevelLimits | None:
        """What a step may add by the energy in the store; None where that does not matter."""
        curves, port, (lower, upper) = self.port.curves, self.port, self.store.bounds(self.site.window)
        if curves.charging is None and curves.discharging is None:
            return None
        reach = min(float(lower.min()), self.store.soc_at_start), max(float(upper.max()), self.store.soc_at_start)
        places, limits = [np.array(reach)], []
        for curve, bends, widest in (
            (curves.discharging, curves.drawn, port.production_limit),
            (curves.charging, curves.stored, port.consumption_limit),
        ):
            limit = Polyline(at=(reach[0],), values=(float(np.max(widest)),)) if curve is None else curve
            limits.append(limit)
            places.append(np.clip(limit.at, *reach))
            if bends is not None:  # what flows into the store then turns between the points as well
                through = np.array(limit.values) - np.array(bends.at)[:, None]
                places.append(np.clip(zero_crossings(np.array(limit.at), through), *reach))
        at = np.unique(np.concatenate(places))
        least, most = (self._inflow(sign * limit(at)) for sign, limit in zip((-1.0, 1.0), limits, strict=True))
        return LevelLimits(at, least, most, full(self.share * self.hours, len(self.load)))

    def energy_cost(self, net: Floats) -> Floats:
        """Return what powers of the site cost in their steps, levels aside [currency], shape (m, n) or (n,)."""
        paid = np.maximum(net, 0.0) * self.buy - np.maximum(-net, 0.0) * self.sell
        return (paid + _breaches(self.connection, net)) * self.hours + self.surcharge(net)

    def surcharge(self, net: Floats) -> Floats:
        """Return what surcharges add to the cost of powers of the site [currency], shape (m, n) or (n,)."""
        return sum(
            (np.maximum(each.sign * net - each.above, 0.0) * each.price for each in self.surcharges),
            np.zeros_like(net),
        )

    def store_cost(self, power: Floats) -> Floats:
        """Return what powers of the store cost by themselves [currency], shape (m, n) or (n,)."""
        return (np.abs(power) * self.port.wear_price + _breaches(self.port, power)) * self.hours

    def net_bends(self) -> list[Floats]:
        """Return the powers of the site at which their price changes [kW], each shape (n,)."""
        limits = [each.sign * each.above for each in self.surcharges]
        return [np.zeros(len(self.load)), *_limits_of(self.connection, len(self.load)), *limits]

    def store_bends(self) -> list[Floats]:
        """Return the powers of the store at which their price or efficiency changes [kW], each shape (n,)."""
        n, curves = len(self.load), self.port.curves
        sides = ((curves.stored, 1.0), (curves.drawn, -1.0))
        bends = [np.full(n, sign * at) for curve, sign in sides if curve is not None for at in curve.at[1:]]
        return [np.zeros(n), *_limits_of(self.port, n), *bends]

    def best_net(self, power: Floats, least: Floats, most: Floats) -> Floats:
        """Return the cheapest power of the site when the store has a power: as much sun as pays [kW], shape (n,)."""
        low, high = np.maximum(power + self.load - self.sun, least), np.minimum(power + self.load, most)
        # Between its bends the cost is a straight line: the cheapest power is a bend or an end of what is possible
        nets = np.stack([np.clip(each, low, np.maximum(low, high)) for each in (low, high, *self.net_bends())])
        best: Floats = nets[np.argmin(self.energy_cost(nets), axis=0), np.arange(len(power))]
        return best

    def exchange_cost(self, power: Floats, net: Floats) -> float:
        """Return what powers of the store and the site cost, but for what the store costs by itself [currency]."""
        of_site = [level for level in self.levels if level.quantity in ("bought", "sold")]
        levels = sum(level.price * self.excess(level, power, net, power) for level in of_site)
        return float(self.energy_cost(net).sum()) + levels

    def excess(self, level: Level, power: Floats, net: Floats, soc: Floats) -> float:
        """Return by how much the highest of what a level counts lies above what is free."""
        amounts = {"bought": net, "sold": -net, "taken": power, "given up": -power, "short": -soc, "over": soc}
        return float(np.max(amounts[level.quantity] - level.free, initial=0.0))


def _turned(curve: Polyline) -> Polyline:
    """Return the curve from values to places."""
    return Polyline(at=curve.values, values=curve.at)


def _breaches(limited: Connection | Port, flow: Floats) -> Floats:
    """Return what it costs per hour to go beyond soft limits with a flow [currency/h], levels aside."""
    paid = np.zeros_like(flow)
    for soft, one_way in ((limited.soft_consumption, flow), (limited.soft_production, -flow)):
        if soft is not None and any_of(soft.hourly_price):
            paid = paid + np.maximum(one_way - soft.limit, 0.0) * soft.hourly_price
    return paid


def _limits_of(limited: Connection | Port, n: int) -> list[Floats]:
    """Return the soft limits on a flow [kW], positive for what is taken, each shape (n,)."""
    sides = ((limited.soft_consumption, 1.0), (limited.soft_production, -1.0))
    return [sign * full(soft.limit, n) for soft, sign in sides if soft is not None]


def _only_curtailed(device: Adjustable) -> bool:
    """Return whether a device only gives, as much as is wanted up to a limit."""
    if len(device.ports) != 1:
        return False
    (port,) = device.ports
    soft = any(each is not None for each in (port.soft_consumption, port.soft_production))
    rules = any_of(port.consumption_limit) or any_of(port.wear_price) or bool(port.bands)
    return _is_plain(port) and not soft and not rules


def _is_plain(part: Any) -> bool:
    """Return whether nothing but what is planned here is asked of a part of a site."""
    if isinstance(part, Storage):
        soft = [each for each in (part.soft_minima, part.soft_maxima, *(part.soft_targets or ())) if each is not None]
        if any(len(each.between) or each.share_width is not None for each in soft):
            return False
    return type(part) in _PLAIN and all(getattr(part, name) == usual for name, usual in _PLAIN[type(part)])
