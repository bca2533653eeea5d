"""A stretch of a site's time as a site of its own, with other loads, prices and stored energies."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.model.linear import Floats
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff


def check_rollable(site: Site) -> None:
    """Refuse what a rolling simulation cannot carry over from one schedule to the next.

    Raises:
        InputError: The site has a part of which a schedule says nothing beyond its end; it is named.
    """
    odd = [device.name for device in site.devices if not device.is_carried_over]
    odd += [
        f"{type(tariff).__name__} of {each.commodity}"
        for each in site.connections
        for tariff in each.tariffs
        if not isinstance(tariff, EnergyTariff)
    ]
    odd += [name for name in ("groups", "commitments", "additions") if getattr(site, name)]
    odd += ["growing-steps"] if site.window.bounds else []
    if odd:
        raise InputError(
            "A year can be simulated for stores and loads behind connections with prices of energy; this site also "
            f"has {', '.join(odd)}, which last from one schedule to the next. Leave that out, or look at one schedule."
        )


def part_of_site(
    site: Site, first: int, last: int, *, loads: Mapping[str, Floats], stored: Mapping[str, float]
) -> Site:
    """The site from one step to another.

    Args:
        site: Over all of its time.
        first: The first step.
        last: The step after the last one.
        loads: Power of loads by name [kW], shape (last - first,), in the place of their own.
        stored: Energy in each store at the first step [kWh].
    """
    n, window = site.window.n, site.window
    devices = []
    for device in site.devices:
        part = _cut(device, n, first, last)
        if device.name in stored:
            part = part.with_stored_energy(stored[device.name])
        elif device.name in loads:
            part = part.with_load(loads[device.name])
        devices.append(part)
    return replace(
        site,
        window=Window(window.start + first * window.step, window.start + last * window.step, window.step),
        devices=tuple(devices),
        connections=_cut(site.connections, n, first, last),
    )


def with_energy_prices(site: Site, prices: Mapping[str, tuple[Floats, Floats]]) -> Site:
    """The site with other prices of energy, bought and sold, by commodity [currency/kWh]."""

    def priced(connection: Connection) -> Connection:
        buying, selling = prices[connection.commodity]
        rest = tuple(each for each in connection.tariffs if not isinstance(each, EnergyTariff))
        known = [each for each in connection.tariffs if isinstance(each, EnergyTariff)]
        tariff = replace(known[0], consumption_price=buying, production_price=selling)
        return replace(connection, tariffs=(*rest, tariff))

    return replace(site, connections=tuple(priced(each) for each in site.connections))


def _cut(value: Any, n: int, first: int, last: int) -> Any:
    """A value with every series of steps or ticks in it cut; the same object where there is none."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and len(value) in (n, n + 1):
        return value[first : last + len(value) - n]
    if isinstance(value, tuple):
        cut = [_cut(part, n, first, last) for part in value]
        return tuple(cut) if any(new is not old for new, old in zip(cut, value, strict=True)) else value
    if is_dataclass(value) and not isinstance(value, type):
        changed = {}
        for each in fields(value):
            if each.init:
                part = getattr(value, each.name)
                if (new := _cut(part, n, first, last)) is not part:
                    changed[each.name] = new
        return replace(value, **changed) if changed else value
    return value
