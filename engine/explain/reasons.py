"""What decides a choice: a limit that holds it, the worth of stored energy against its price, or nothing but a tie."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from engine.explain.best_cost.replanning import Replanning
from engine.explain.marginal_values import limit_saving
from engine.explain.prices import commodity_of
from engine.model.linear import Floats
from engine.site import Schedule, Site

_WORTH_TELLING: Final = 1e-6
"""Savings of less per unit are none [currency per unit]."""
_MOST: Final = 3
"""Limits that are tried, those with the highest shadow price first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One thing that decides a choice, with its numbers."""

    kind: Literal["limit", "stored-energy", "price"]
    """A limit, the worth of stored energy against the price now, or the price alone."""
    about: str
    """The limit, the store, or the node whose price it is."""
    unit: str = ""
    """Unit of a limit."""
    at: float = 0.0
    """Step, tick or moment at which the limit holds it [steps since the start]."""
    saving: float = 0.0
    """What one unit more of a limit would save, by re-solving with a little more [currency per unit]."""
    confirmed: bool = False
    """Whether ``saving`` was found by re-solving; else it is the shadow price with whole numbers kept."""
    price: float = 0.0
    """What one more kWh taken in this step costs [currency/kWh]."""
    worth: float = 0.0
    """What one more kWh in the store saves after this step [currency/kWh]."""
    efficiency: float = 1.0
    """Share of a kWh taken that is stored, or of a kWh drawn that is given [1]."""
    wear: float = 0.0
    """Price of running [currency/kWh]."""


def reasons_for(plan: Replanning, name: str, step: int, power: float) -> Iterator[Reason]:
    """Give what decides the power of a port in a step of the best plan: its limits, then what energy is worth.

    Args:
        plan: The best plan.
        name: Port; of a group, a connection or a sum of ports only the limits are told.
        step: When.
        power: Its power there [kW].
    """
    schedule = plan.schedule()
    yield from _limits(plan, schedule, name, step)
    device = next((each for each in plan.site.devices for port in each.ports if port.name == name), None)
    if device is None or not schedule.shadow_prices:
        return
    port = next(port for port in device.ports if port.name == name)
    price = node_price(schedule, plan.site, name)[step]
    if device.name not in schedule.storage_values:
        yield Reason(kind="price", about=port.group or port.commodity, price=float(price))
        return
    charging, discharging = (
        float(np.broadcast_to(share, plan.site.window.n)[step])
        for share in getattr(port, "full_power_efficiencies", (1.0, 1.0))
    )
    yield Reason(
        kind="stored-energy",
        about=device.name,
        price=float(price),
        worth=float(schedule.storage_values[device.name][step]),
        efficiency=charging if power >= 0 else discharging,
        wear=float(np.broadcast_to(getattr(port, "wear_price", 0.0), plan.site.window.n)[step]),
    )


def node_price(schedule: Schedule, site: Site, name: str) -> Floats:
    """Return what one more kWh costs where a port is [currency/kWh], shape (n,): in its group, or at its connection."""
    for device in site.devices:
        for port in device.ports:
            if port.name == name and port.group is not None and port.group in schedule.shadow_prices:
                return schedule.shadow_prices[port.group]
    return schedule.shadow_prices.get(commodity_of(site, name), np.full(site.window.n, np.nan))


def owners_of(site: Site, name: str) -> set[str]:
    """Return whose limits can hold a part: its own, its device's, those of its groups and of its connection."""
    owners = {name, commodity_of(site, name)}
    for device in site.devices:
        for port in device.ports:
            if port.name in name.split("+"):
                owners |= {port.name, device.name}
                group = port.group
                while group is not None:
                    owners.add(group)
                    group = next(each.group for each in site.groups if each.name == group)
    return owners


def _limits(plan: Replanning, schedule: Schedule, name: str, step: int) -> Iterator[Reason]:
    """Give the limits that hold a part in a step, the dearest first; of stored energy, at the next tick that does."""
    owners, candidates = owners_of(plan.site, name), []
    for limit in plan.problem.limits:
        if limit.name.rpartition(".")[0] not in owners and limit.name.rsplit(".", 2)[0] not in owners:
            continue
        prices = schedule.limit_shadow_prices.get(limit.name)
        if prices is None:
            continue
        holding = np.flatnonzero(np.abs(prices) > _WORTH_TELLING)
        first = next((int(at) for at in holding if (at >= step if limit.times is not None else at == step)), None)
        if first is not None:
            candidates.append((float(abs(prices[first])), limit, first))
    for price, limit, at in sorted(candidates, key=lambda each: -each[0])[:_MOST]:
        confirmed = plan.is_linear
        worth = limit_saving(plan, limit, at) if confirmed else price
        if np.isnan(worth) or abs(worth) > _WORTH_TELLING:
            yield Reason(
                kind="limit",
                about=limit.name,
                unit=limit.unit,
                at=limit.when(at),
                saving=price if np.isnan(worth) else worth,
                confirmed=confirmed and not np.isnan(worth),
            )
