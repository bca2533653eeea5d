"""A limit of a site changed by an amount: what applying a repair means."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from engine.devices.port import Device
from engine.devices.storage import Storage
from engine.errors import InputError
from engine.model.block import Limit
from engine.model.linear import Floats, Values, full
from engine.site import Site

CAPACITIES = {
    "consumption-capacity": "consumption_limit",
    "production-capacity": "production_limit",
    "ramp-limit": "ramp",
}


def with_limit(site: Site, limit: str, change: Callable[[Values], Values]) -> Site:
    """Return a site with one limit changed.

    Args:
        site: As it is.
        limit: Such as ``battery.soc-max``.
        change: From the old values to the new ones; a stored energy has n + 1 of them, or one for all.

    Raises:
        InputError: The site has no such limit.
    """
    owner, field = limit.rsplit(".", 1)
    devices = tuple(_device(device, owner, field, change) for device in site.devices)
    connections = tuple(_capacity(each, each.commodity == owner, field, change) for each in site.connections)
    groups = tuple(_capacity(each, each.name == owner, field, change) for each in site.groups)
    changed = replace(site, devices=devices, connections=connections, groups=groups)
    if all(old is new for old, new in zip(_parts(site), _parts(changed), strict=True)):
        raise InputError(f"The site has no limit called {limit}.")
    return changed


def with_only_target(site: Site, store: str, wanted: float, tick: int) -> Site:
    """Return a site in which the only target of one store holds at a tick."""

    def moved(device: Device) -> Device:
        if not isinstance(device, Storage) or device.name != store:
            return device
        targets = np.full(site.window.n + 1, np.nan)
        targets[tick] = wanted
        free = np.full(len(device.moments.at), np.nan) if device.moments is not None else np.empty(0)
        moments = device.moments and replace(device.moments, targets=free)
        return replace(device, soc_targets=targets, moments=moments)

    return replace(site, devices=tuple(moved(device) for device in site.devices))


def value_of(site: Site, limit: str) -> Values:
    """Return the values of a limit, as they are in the site."""
    found: list[Values] = []

    def look(values: Values) -> Values:
        found.append(values)
        return np.asarray(values, dtype=float) + 0.0  # a new object, so that the look is not taken for a miss

    with_limit(site, limit, look)
    return found[0]


def _parts(site: Site) -> list[object]:
    return [*site.devices, *site.connections, *site.groups]


def path(limit: Limit) -> str:
    """Return how a limit is named here; bounds at moments between ticks are told apart: ``car.between-targets``."""
    return limit.name.replace(".soc-", ".between-") if limit.columns.endswith(".between") else limit.name


def _device(device: Any, owner: str, field: str, change: Callable[[Values], Values]) -> Any:
    if isinstance(device, Storage) and device.name == owner and field.startswith("between-"):
        bound = field.removeprefix("between-")
        moments: Any = device.moments  # which bound is known by name only
        return replace(device, moments=replace(moments, **{bound: change(getattr(moments, bound))}))
    if isinstance(device, Storage) and device.name == owner and field.startswith("soc-"):
        name = field.replace("-", "_")
        store: Any = device  # which field changes is known by name only
        return replace(store, **{name: change(getattr(store, name))})
    if field in CAPACITIES and any(port.name == owner for port in device.ports):
        if device.ports == (device,):
            return device
        return replace(device, ports=tuple(_capacity(p, p.name == owner, field, change) for p in device.ports))
    return device


def _capacity(part: Any, own: bool, field: str, change: Callable[[Values], Values]) -> Any:
    if not own or field not in CAPACITIES or not hasattr(part, CAPACITIES[field]):
        return part
    name = CAPACITIES[field]
    return replace(part, **{name: change(getattr(part, name))})


def raised(by: float) -> Callable[[Values], Values]:
    """Return the change that adds one amount to all values."""
    return lambda values: np.asarray(values, dtype=float) + by if isinstance(values, np.ndarray) else values + by


def shifted(by: Floats) -> Callable[[Values], Values]:
    """Return the change that adds an amount to each value."""
    return lambda values: full(values, len(by)) + by
