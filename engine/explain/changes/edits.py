"""What if: a site with other prices, limits, loads and stored energies, or with powers held by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from engine.devices.device import Device
from engine.errors import FieldError, InputError, field_under
from engine.explain.best_cost.replanning import planned_ports
from engine.model.linear import Floats, full
from engine.schedulers.staying import PinnedPowers
from engine.site import Connection, Site, limit_values, raised, with_limit
from engine.tariffs import NET_ENERGY, EnergyTariff

_ROUNDING: Final = 1e-6
"""What is off by no more is not [kW or kWh]."""


@dataclass(frozen=True, kw_only=True)
class PriceEdit:
    """A change of the price of energy of one commodity, bought and sold."""

    commodity: str = "electricity"
    first: int = 0
    """First step that it holds for."""
    last: int | None = None
    """The step after the last one; None: to the end."""
    factor: float = 1.0
    """What the price is multiplied with."""
    more: float = 0.0
    """What is added then [currency/kWh]."""


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A power that a port is to have for a while, whatever it costs."""

    port: str
    first: int
    """First step that it holds for."""
    last: int
    """The step after the last one."""
    power: float
    """[kW], positive when consuming."""


@dataclass(frozen=True, kw_only=True)
class SiteEdits:
    """What is different in a what-if; nothing is by default."""

    limits: Mapping[str, float] = field(default_factory=dict)
    """By how much the values of each limit rise, such as ``battery.soc-max`` [kW or kWh]."""
    prices: tuple[PriceEdit, ...] = ()
    loads: Mapping[str, float] = field(default_factory=dict)
    """What each load, or production that is taken as it is, is multiplied with."""
    stored: Mapping[str, float] = field(default_factory=dict)
    """Energy in each store at the start [kWh]."""
    pins: tuple[Pin, ...] = ()

    def on(self, site: Site) -> Site:
        """Return a site with these edits; the same object without any.

        Raises:
            FieldError: One is about something that the site does not have, or asks for what cannot be.
        """
        for name, change in self.limits.items():
            site = _with_limit_raised(site, name, change) if change else site
        for place, edit in enumerate(self.prices):
            site = _with_prices(site, edit, place)
        for name, factor in self.loads.items():
            if factor != 1.0:
                load = _device(name, "loads", [each for each in site.devices if each.load is not None])
                site = site.with_device(load, load.scaled(factor))
        for name, energy in self.stored.items():
            store = _device(name, "stored", [each for each in site.devices if each.energy_bounds])
            bounds = store.energy_bounds
            most = float(np.max(bounds["soc-max"]))
            if not 0.0 <= energy <= most + _ROUNDING:
                problem = f"{energy:g} kWh do not fit: it can hold 0 to {most:g} kWh."
                raise FieldError(field_under("stored", name), problem)
            if bounds["soc-at-start"] != energy:
                site = site.with_device(store, store.with_stored_energy(energy))
        return with_pins(site, self.pins) if self.pins else site


def _with_limit_raised(site: Site, name: str, change: float) -> Site:
    """Return the site with one limit higher, or lower, throughout.

    Raises:
        FieldError: There is no such limit, or it would be below nothing, or beyond the limit on its other side.
    """
    field = field_under("limits", name)
    try:
        values = np.asarray(limit_values(site, name), dtype=float)
        other = with_limit(site, name, raised(change))
    except InputError as error:
        raise FieldError(field, str(error)) from None
    least = float(values.min(initial=np.inf))
    if 0.0 <= least < -change - _ROUNDING:
        raise FieldError(field, f"by {change:g} it would be below 0; lower it by {least:g} at most.")
    for before, after in zip(site.devices, other.devices, strict=True):
        bounds = after.energy_bounds if after is not before else {}
        if bounds and np.any(np.asarray(bounds["soc-min"]) > np.asarray(bounds["soc-max"]) + _ROUNDING):
            raise FieldError(field, f"by {change:g} soc-min would lie above soc-max; change it by less.")
    return other


def _with_prices(site: Site, edit: PriceEdit, place: int) -> Site:
    """Return the site with other prices of energy for a while; errors name the place of the edit among all."""
    if all(each.commodity != edit.commodity for each in site.connections):
        known = ", ".join(each.commodity for each in site.connections)
        raise FieldError(f"prices[{place}].commodity", f"{edit.commodity} is not bought at this site; name {known}.")
    if (edit.factor, edit.more) == (1.0, 0.0):
        return site
    at = slice(edit.first, edit.last)

    def other(values: Any) -> Floats:
        changed = full(values, site.window.n).copy()
        changed[at] = changed[at] * edit.factor + edit.more
        return changed

    def dearer(connection: Connection) -> Connection:
        tariffs = tuple(
            replace(
                each,
                consumption_price=other(each.consumption_price),
                production_price=other(each.production_price),
            )
            if isinstance(each, EnergyTariff) and each.name == NET_ENERGY
            else each
            for each in connection.tariffs
        )
        return replace(connection, tariffs=tariffs)

    connections = [dearer(each) if each.commodity == edit.commodity else each for each in site.connections]
    return replace(site, connections=tuple(connections))


def _device(name: str, field_name: str, devices: Sequence[Device]) -> Device:
    """Return one of some devices by its name.

    Raises:
        FieldError: There is none.
    """
    known = {device.name: device for device in devices}
    if name not in known:
        choices = ", ".join(sorted(known)) or "nothing: the site has none"
        raise FieldError(field_under(field_name, name), f"there is no {name!r}; name {choices}.")
    return known[name]


def with_pins(site: Site, pins: tuple[Pin, ...]) -> Site:
    """Return the site in which some powers are held; of two pins of a step the later one counts.

    Raises:
        FieldError: A pin is about a port that is not planned, or about no step of the window.
    """
    ports, n = planned_ports(site), site.window.n
    powers: dict[str, Floats] = {}
    for place, pin in enumerate(pins):
        if pin.port not in ports:
            raise FieldError(f"pins[{place}].device", f"{pin.port!r} is not planned here; name {', '.join(ports)}.")
        if not 0 <= pin.first < pin.last <= n:
            raise FieldError(
                f"pins[{place}].end", f"{pin.port}: steps {pin.first} to {pin.last} are not within the {n} of the plan."
            )
        powers.setdefault(pin.port, np.full(n, np.nan))[pin.first : pin.last] = pin.power
    return replace(site, additions=(*site.additions, PinnedPowers(power=powers)))
