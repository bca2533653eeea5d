"""A limit of a site changed by an amount: what applying a repair means."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.scheduling.devices.storage import Storage
from engine.scheduling.linear import Floats, Values, full
from engine.scheduling.site import Site

CAPACITIES = {"consumption-capacity": "consumption_limit", "production-capacity": "production_limit"}


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


def with_target_moved(site: Site, store: str, tick: int, later: int) -> Site:
    """Return a site in which a target of one store holds at a later tick."""

    def moved(targets: Values) -> Values:
        values = np.array(targets, dtype=float)
        values[later], values[tick] = values[tick], np.nan
        return values

    return with_limit(site, f"{store}.soc-targets", moved)


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


def _device(device: Any, owner: str, field: str, change: Callable[[Values], Values]) -> Any:
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
