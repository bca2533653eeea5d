"""Sites of one store behind one connection, planned without a solver: eight times faster where many are planned.

Such a plan is the one that the linear problem gives, with the same preference and prices that are right, so that it is
never needed. What is not of this kind is left to the linear problem, and so is telling why there is no plan.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from importlib.util import find_spec
from time import thread_time
from typing import Any, TypeAlias

import numpy as np

from engine.devices.device import Member
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.reach import settled
from engine.devices.storage import Storage
from engine.model.linear import Floats, any_of
from engine.site import Connection, Schedule, Site, Status, Timings
from engine.tariffs import EnergyTariff

Kernel: TypeAlias = Callable[[Floats, float, float, float, float], Floats]
"""See storage_dp_kernel.best_path."""

_AT = 1e-9
"""Energies this near to a bound lie on it [kWh]."""
_DRAWING = 1e-8
"""Price of a kWh drawn from the store, as share of the dearest one: less than prices differ by, more than rounding."""
_PLANNED: dict[type[Any], str] = {
    Site: "window devices connections",
    Connection: "commodity consumption_limit production_limit tariffs carbon",
    Storage: "name ports soc_at_start soc_min soc_max soc_minima soc_maxima soc_targets storage_efficiency gain "
    "end_value prefer_charging_sooner yields_above",
    Port: "name commodity consumption_limit production_limit charging_efficiency discharging_efficiency wear_price "
    "on_at_start coefficient",
}
"""Fields that are planned here, or mean nothing without others; those that may come count as not planned."""
_USUAL = {
    kind: [(each.name, each.default) for each in fields(kind) if each.name not in planned.split()]
    for kind, planned in _PLANNED.items()
}
"""All other fields and what they must be."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """A site of this kind, taken apart."""

    store: Storage
    port: Port
    loads: tuple[Inflexible, ...]
    connection: Connection
    tariffs: tuple[EnergyTariff, ...]

    @property
    def end_value(self) -> float:
        """Value of the energy left at the end [currency/kWh]."""
        value = self.store.end_value
        return float(value) if isinstance(value, float | int) else 0.0


@cache
def compiled_kernel() -> Kernel | None:
    """Return the compiled kernel, or None where numba is missing; the first call takes about as long as 300 plans."""
    if find_spec("numba") is None:
        return None
    from engine import compiling
    from engine.schedulers import storage_dp_kernel  # importing numba takes longer than a server needs to start

    return storage_dp_kernel.best_path if compiling.COMPILED else None


def has_one_store(site: Site) -> bool:
    """Return whether a site has one store, one connection, and no rule or price that couples its steps otherwise."""
    return _parts(site) is not None


def plan_one_store(site: Site, kernel: Kernel) -> Schedule | None:
    """Return the best schedule of a site.

    Args:
        site: Any.
        kernel: Finds the cheapest path.

    Returns:
        None where the linear problem has to tell: the site is of another kind, consuming or producing costs less at the
        margin the more of it there is, or no schedule keeps all limits.
    """
    began = thread_time()
    parts = _parts(site)
    if parts is None:
        return None
    store, port, connection = parts.store, parts.port, parts.connection
    rows = np.zeros((15, site.window.n))
    load, buy, sell, *rest = rows
    for each in parts.loads:
        load += each.power
    for tariff in parts.tariffs:
        buy += tariff.consumption_price
        sell += tariff.production_price
    lower, upper = store.bounds(site.window)
    values = (
        connection.consumption_limit, connection.production_limit, port.consumption_limit, port.production_limit,
        port.charging_efficiency, port.discharging_efficiency, port.wear_price, store.storage_efficiency,
        settled(store.storage_efficiency), store.gain, lower, upper,
    )  # fmt: skip
    for row, value in zip(rest, values, strict=True):
        row[:] = value
    ready = thread_time()
    start, hours = float(store.soc_at_start), site.window.step_hours
    path = kernel(rows, start, parts.end_value, hours, 0.0)
    if not path.shape[1] or not np.isfinite(path).all():
        return None
    if (path[0] < 0.0).any():
        # Of the cheapest paths the one that draws least, and of those the highest; every one has the same prices.
        dearest = max(float(np.abs(rows[1:3]).max()), abs(parts.end_value), 1e-3)
        resting = kernel(rows, start, parts.end_value, hours, _DRAWING * dearest)
        if resting.shape == path.shape and np.isfinite(resting).all():
            path[:2] = resting[:2]
    return _schedule(site, parts, rows, path, Timings(ready - began, thread_time() - ready))


def _parts(site: Site) -> _Parts | None:
    """Return a site taken apart; None if it is not of this kind."""
    # The kernel knows one length for all steps.
    if not _plain(site) or site.window.bounds or len(site.connections) != 1:
        return None
    (connection,) = site.connections
    # These very classes and no others, not even heirs: the kernel knows their physics and asks them nothing.
    stores = [each for each in site.devices if type(each) is Storage]
    loads = tuple([each for each in site.devices if type(each) is Inflexible])
    tariffs = tuple([each for each in connection.tariffs if type(each) is EnergyTariff])
    if len(stores) != 1 or len(loads) + 1 != len(site.devices) or len(tariffs) != len(connection.tariffs):
        return None
    (store,) = stores
    if len(store.ports) != 1 or type(store.ports[0]) is not Port:
        return None
    port = store.ports[0]
    # Its path is the highest of the cheapest ones, which is charging sooner and nothing else.
    if not store.prefer_charging_sooner or store.end_value == "learned":
        return None
    if not all(_plain(each) for each in (connection, store, port)):
        return None
    # All devices meet the connection itself, each under a name of its own.
    members: list[Member] = [port, *loads]
    names = {connection.commodity, *(member.name for member in members)}
    if len(names) != len(members) + 1:
        return None
    if any(member.commodity != connection.commodity or member.group is not None for member in members):
        return None
    return _Parts(store, port, loads, connection, tariffs)


def _plain(thing: Site | Connection | Storage | Port) -> bool:
    """Return whether nothing but hard limits and prices of energy is asked of something."""
    return all(getattr(thing, name) == usual for name, usual in _USUAL[type(thing)])


def _schedule(site: Site, parts: _Parts, rows: Floats, path: Floats, timings: Timings) -> Schedule:
    """Return a path in the words of its site; costs stand in the order of the linear problem."""
    store, port, commodity, hours = parts.store, parts.port, parts.connection.commodity, site.window.step_hours
    power, level, storage_value, price = path
    net = rows[0] + power
    powers: dict[str, Floats] = {}
    for device in site.devices:
        powers[device.ports[0].name] = power if device.load is None else device.load
    costs: dict[str, float] = {}
    if any_of(port.wear_price):
        costs[f"{port.name} wear"] = float((np.abs(power) * port.wear_price).sum()) * hours
    if parts.end_value:
        costs[f"{store.name} end value"] = -parts.end_value * float(level[-1])
    if parts.tariffs:
        bought, sold = np.maximum(net, 0.0), np.maximum(-net, 0.0)
        for each in parts.tariffs:
            name, paid = f"{commodity} {each.name}", bought * each.consumption_price - sold * each.production_price
            costs[name] = costs.get(name, 0.0) + float(paid.sum()) * hours
    return Schedule(
        window=site.window,
        power={**powers, commodity: net},
        soc={store.name: np.concatenate([[store.soc_at_start], level])},
        costs=costs,
        status=Status.OPTIMAL,
        shadow_prices={commodity: price},
        storage_values={store.name: storage_value},
        limit_shadow_prices=_limit_shadow_prices(site, parts, rows, path),
        timings=timings,
    )


def _limit_shadow_prices(site: Site, parts: _Parts, rows: Floats, path: Floats) -> dict[str, Floats]:
    """Return what one more unit of each limit would save, see Schedule; the order is that of the linear problem."""
    hours, port, store, name = site.window.step_hours, parts.port, parts.store, parts.connection.commodity
    _, buy, sell, _, _, charge, discharge, charging, discharging, wear, kept, share, _, lower, upper = rows
    _, level, value, price = path
    savings: dict[str, Floats] = {}
    if charge.any():
        savings[f"{port.name}.consumption-capacity"] = np.maximum(value * share * charging - wear - price, 0.0) * hours
    if discharge.any():
        saving = np.maximum(price - wear - value * share / discharging, 0.0) * hours
        savings[f"{port.name}.production-capacity"] = saving
    # What bounds of the stored energy cost: by how much its value drops from one step to the next there.
    later = np.empty_like(value)
    later[:-1] = kept[1:] * value[1:]
    later[-1] = parts.end_value
    drop = np.where((level > lower + _AT) & (level < upper - _AT), 0.0, value - later)
    if store.soc_targets is not None:
        savings[f"{store.name}.soc-targets"] = np.where(np.isnan(store.soc_targets[1:]), 0.0, drop)
    by_side = np.maximum(drop, 0.0), np.maximum(-drop, 0.0)
    for saving, binding in zip(by_side, store.binding(len(value)), strict=True):
        for bound, at in binding.items():
            savings[f"{store.name}.{bound}"] = np.where(at, saving, 0.0)
    savings[f"{name}.consumption-capacity"] = np.maximum(price - buy, 0.0) * hours
    savings[f"{name}.production-capacity"] = np.maximum(sell - price, 0.0) * hours
    return savings
