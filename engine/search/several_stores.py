"""Several stores behind one connection: a bound from all of them as one store, and plans of one after the other."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from engine.devices.curves import NO_CURVES
from engine.devices.device import Device
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.model.limits import SoftLimit
from engine.model.linear import Floats, full
from engine.search.one_store import StorePlan, plan_store
from engine.search.store_site import StoreSite
from engine.search.store_steps import limits
from engine.site import Connection, Site
from engine.solve.budget import Budget
from engine.tariffs import EnergyTariff, PeakTariff

ROUNDS = 4
"""Each store is planned so many times at most, beside what the others do."""
ONE_PLAN = 0.3
"""Longest that the plan of one store among others may take [s]."""
LEAST_PLAN = 0.05
"""What the first plan of a store may take after the time of all has passed [s] ..."""
FIRST_PLANS = 4.0
"""... and those of all stores: what the others do is left open then."""
SPREAD = 0.5
"""Share of the price of a peak [1/h] that every kW above it costs where peaks are spread."""
NONE: Final[Mapping[str, StorePlan]] = {}
_KNOWN_LIMITS = ("commodity", "consumption_limit", "production_limit", "soft_consumption", "soft_production")


def stores_of(site: Site) -> list[Storage]:
    """Return the stores of a site in which each can be planned beside the others; none if it is of another kind."""
    stores = [each for each in site.devices if type(each) is Storage]
    if len(stores) < 2 or any(len(store.ports) != 1 for store in stores):
        return []
    resting = dict.fromkeys((store.name for store in stores), np.zeros(site.window.n))
    suit = all(StoreSite.of(beside_others(site, store, resting)) is not None for store in stores)
    return stores if suit else []


def beside_others(site: Site, store: Storage, powers: dict[str, Floats]) -> Site:
    """Return the site of one store, in which the others do what they do.

    Args:
        site: Of several stores.
        store: The one to be planned.
        powers: Power of each store by its name [kW], shape (n,).
    """
    return site.with_devices(
        lambda device: (
            device
            if device is store or type(device) is not Storage
            else Inflexible(name=device.name, power=powers[device.name], commodity=device.ports[0].commodity)
        )
    )


def with_others_held(site: Site, plain: Connection, powers: Mapping[str, Floats]) -> Site:
    """Return the site of the stores behind a connection that can be planned in turn; all else does what it does.

    Limits that no single store knows of, such as those of groups, are left out.

    Args:
        site: Any.
        plain: One of its connections, without what no single store can be planned with.
        powers: Power of each port of the site [kW], shape (n,).
    """
    devices: list[Device] = []
    for device in site.devices:
        ports = [port for port in device.ports if port.commodity == plain.commodity]
        held = Inflexible(
            name=device.name,
            power=sum((powers[port.name] for port in ports), np.zeros(site.window.n)),
            commodity=plain.commodity,
        )
        if type(device) is Storage and len(device.ports) == 1 and ports:
            free = device.with_port(device.ports[0], replace(device.ports[0], group=None))
            suits = StoreSite.of(Site(window=site.window, devices=(free,), connections=(plain,))) is not None
            devices.append(free if suits else held)
        elif ports:
            devices.append(held)
    return Site(window=site.window, devices=tuple(devices), connections=(plain,))


def planned_in_turn(
    site: Site,
    stores: list[Storage],
    powers: Mapping[str, Floats],
    budget: Budget,
    last: Mapping[str, StorePlan] = NONE,
) -> dict[str, StorePlan]:
    """Return the plan of each store after each was planned beside the others, again and again; none if none is found.

    Args:
        site: Of several stores.
        stores: They.
        powers: Power of each by its name to begin with [kW], shape (n,).
        budget: When to end; some stores have no plan yet if there is hardly any time.
        last: Plans that they have already.
    """
    powers, plans = dict(powers), dict(last)
    for round_ in range(ROUNDS):
        moved, share = 0.0, budget.left / len(stores)
        for store in stores:
            if budget.is_over and (store.name in plans or budget.spent > budget.limit + FIRST_PLANS):
                return plans
            brief = budget.part(min(ONE_PLAN, share)) if round_ else budget.at_least(LEAST_PLAN).part(share)
            beside = beside_others(site, store, powers)
            plan = plan_store(beside, brief)
            if plan is not None and not _is_worse(plan, plans.get(store.name), beside):
                moved = max(moved, float(np.abs(plan.power - powers[store.name]).max()))
                powers[store.name], plans[store.name] = plan.power, plan
        if moved < 1e-6:
            break
    return plans


def _is_worse(plan: StorePlan, last: StorePlan | None, beside: Site) -> bool:
    """Return whether a plan for which time was short costs more than to stay with the last one."""
    parts = StoreSite.of(beside) if last is not None else None
    if parts is None or last is None:
        return False
    may = limits(parts, np.full(len(parts.levels), np.inf))
    net = parts.best_net(last.power, *may.net)
    return plan.cost > last.own_cost + parts.exchange_cost(last.power, net)


def planned_as_one(site: Site, stores: list[Storage], budget: Budget) -> StorePlan | None:
    """Return the plan of all stores as one, whose bound is one for the site; None where it would be no bound.

    With the best efficiencies of all, the one store needs no more power for the same energy as they do together, which
    costs no more where no price is negative. As it may give more for the same energy, its limits on giving are wider
    by as much, and no price of giving too much counts.
    """
    n, (connection,) = site.window.n, site.connections
    bounds = [store.bounds(site.window) for store in stores]
    if not _are_bounded_as_one(site, stores) or any((lower < 0.0).any() for lower, _ in bounds):
        return None
    port, wider = _as_one_port([store.ports[0] for store in stores], n)
    start = sum(store.soc_at_start for store in stores)
    lower, upper = (np.concatenate([[start], np.sum(side, axis=0)]) for side in zip(*bounds, strict=True))
    ends = [float(store.end_value) if isinstance(store.end_value, float | int) else 0.0 for store in stores]
    one = Storage(
        name=stores[0].name,
        ports=(port,),
        soc_at_start=start,
        soc_min=lower,
        soc_max=upper,
        storage_efficiency=stores[0].storage_efficiency,
        gain=np.sum([full(store.gain, n) for store in stores], axis=0),
        # Less would make what is left worth less than in the stores themselves, and the cost no bound
        end_value=max(ends),
    )
    priced = [each for each in connection.tariffs if not isinstance(each, PeakTariff) or each.direction != "production"]
    most_sold = connection.production_limit + wider
    open_connection = replace(connection, tariffs=tuple(priced), production_limit=most_sold, soft_production=None)
    others = tuple(device for device in site.devices if not device.energy_bounds)
    return plan_store(replace(site, devices=(one, *others), connections=(open_connection,)), budget)


def _are_bounded_as_one(site: Site, stores: list[Storage]) -> bool:
    """Return whether no price is negative, no store gains by cycling or has operation modes, and all leak alike."""
    n = site.window.n
    parts = StoreSite.of(beside_others(site, stores[0], {store.name: np.zeros(n) for store in stores}))
    if parts is None or (parts.buy < 0.0).any() or (parts.sell < 0.0).any():
        return False
    ports = [store.ports[0] for store in stores]
    if any(port.curves is not NO_CURVES for port in ports):
        return False
    gaining = any(np.any(port.charging_efficiency * port.discharging_efficiency > 1.0) for port in ports)
    kept = [full(store.storage_efficiency, n) for store in stores]
    return not gaining and not any(port.bands for port in ports) and all((each == kept[0]).all() for each in kept)


def _as_one_port(ports: list[Port], n: int) -> tuple[Port, Floats]:
    """Return the port of all stores as one, and by how much more it may give than they do [kW], shape (n,)."""
    best = np.max([full(port.discharging_efficiency, n) for port in ports], axis=0)
    giving = np.sum([port.production_limit * (best / port.discharging_efficiency) for port in ports], axis=0)
    wider = giving - np.sum([full(port.production_limit, n) for port in ports], axis=0)
    one = Port(
        name=ports[0].name,
        commodity=ports[0].commodity,
        consumption_limit=np.sum([full(port.consumption_limit, n) for port in ports], axis=0),
        production_limit=giving,
        charging_efficiency=np.max([full(port.charging_efficiency, n) for port in ports], axis=0),
        discharging_efficiency=best,
        # More power for the same energy would wear more than the stores do, and the bound would be too high.
        wear_price=0.0 if wider.any() else np.min([full(port.wear_price, n) for port in ports], axis=0),
    )
    return one, wider


def plain_connection(connection: Connection) -> Connection:
    """Return a connection without what no single store can be planned with."""
    known = [each for each in connection.tariffs if isinstance(each, EnergyTariff | PeakTariff)]
    return Connection(**{name: getattr(connection, name) for name in _KNOWN_LIMITS}, tariffs=tuple(known))


def with_peaks_spread(connection: Connection, net: Floats) -> Connection:
    """Return a connection in which every kW above a peak costs a part of its price in every step.

    A store that is planned beside others with the peak itself finds it reached by them already, and moves nothing.

    Args:
        connection: With what a store can be planned with.
        net: Power of the site in a plan that lowers the peaks as far as they can be [kW], shape (n,).
    """
    peaks = [each for each in connection.tariffs if isinstance(each, PeakTariff) and each.direction == "consumption"]
    if not peaks or connection.soft_consumption is not None:
        return connection
    n, limit, price = len(net), np.full(len(net), np.inf), np.zeros(len(net))
    for peak in peaks:
        billing = np.zeros(n) if peak.billing is None else peak.billing
        for period in np.unique(billing):
            here = billing == period
            limit[here] = np.minimum(
                limit[here], np.maximum(full(peak.reached, n), net.max(initial=0.0, where=here))[here]
            )
        price += SPREAD * full(peak.price, n)
    tariffs = tuple(each for each in connection.tariffs if each not in peaks)
    return replace(connection, tariffs=tariffs, soft_consumption=SoftLimit(limit=limit, hourly_price=price))
