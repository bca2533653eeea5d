"""A limit of a site changed by an amount: what applying a repair means."""

from dataclasses import replace
from typing import TypeVar

import numpy as np

from engine.devices.device import LimitChange
from engine.devices.port import with_capacity
from engine.errors import InputError
from engine.model.linear import Floats, Values, full
from engine.site import Connection, Group, Site

T = TypeVar("T", Connection, Group)


def with_limit(site: Site, limit: str, change: LimitChange) -> Site:
    """Return a site with one limit changed.

    Args:
        site: As it is.
        limit: Such as ``battery.soc-max``.
        change: From the old values to the new ones; a stored energy has n + 1 of them, or one for all.

    Raises:
        InputError: The site has no such limit.
    """
    owner, field = limit.rsplit(".", 1)
    devices = tuple(device.with_limit(owner, field, change) for device in site.devices)
    connections = tuple(_capacity(each, each.commodity == owner, field, change) for each in site.connections)
    groups = tuple(_capacity(each, each.name == owner, field, change) for each in site.groups)
    changed = replace(site, devices=devices, connections=connections, groups=groups)
    if all(old is new for old, new in zip(_parts(site), _parts(changed), strict=True)):
        raise InputError(f"The site has no limit called {limit}.")
    return changed


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


def _capacity(part: T, own: bool, field: str, change: LimitChange) -> T:
    return with_capacity(part, field, change) if own else part


def raised(by: float) -> LimitChange:
    """Return the change that adds one amount to all values."""
    return lambda values: np.asarray(values, dtype=float) + by if isinstance(values, np.ndarray) else values + by


def shifted(by: Floats) -> LimitChange:
    """Return the change that adds an amount to each value."""
    return lambda values: full(values, len(by)) + by
