"""The rolling loop: plan with what is known, carry out the first hours, settle with what came, and plan again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from engine.devices.device import Device
from engine.errors import InputError
from engine.model.linear import Floats, full
from engine.schedulers.storage_scheduler import LiveProblem
from engine.simulation.knowledge import PastKnowledge, expected_load, expected_price, steps_until
from engine.simulation.site_parts import check_rollable, part_of_site, with_energy_prices
from engine.site import Site
from engine.tariffs import energy_prices

DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class RollingRules:
    """How a simulation plans."""

    knowledge: PastKnowledge
    every: timedelta = timedelta(hours=2)
    """Time from one plan to the next."""
    horizon: timedelta = timedelta(hours=36)
    """Length of each plan."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SimulatedTime:
    """What a site would have done."""

    site: Site
    """Over all of the time, as it turned out."""
    power: dict[str, Floats]
    """Power of each port that was planned [kW], positive when consuming, shape (n,)."""
    stored: dict[str, Floats]
    """Energy in each store at the bounds of steps [kWh], shape (n + 1,)."""
    cost: Floats
    """Cost of energy in each step, by what was measured [currency], shape (n,)."""
    idle_cost: Floats
    """The same, had every store rested [currency], shape (n,)."""
    plans: int
    """Number of plans made."""


def simulate(
    site: Site, rules: RollingRules, *, first: int = 0, tell: Callable[[float], None] = lambda _: None
) -> SimulatedTime:
    """What a site would have done from a step on, planned again and again with what was known.

    Args:
        site: Over all of the time, with loads and prices as they turned out.
        rules: How it plans.
        first: The first step that is planned; those before only tell what was known.
        tell: Takes how far it is, from 0 to 1.

    Raises:
        InputError: The site has parts that cannot be rolled, or no price of energy.
        Infeasible: At some moment no plan keeps every hard limit.
    """
    check_rollable(site)
    n, history = site.window.n, _History.of(site)
    every, horizon = (max(1, int(length / site.window.step)) for length in (rules.every, rules.horizon))
    power = {name: np.zeros(n) for name in history.ports}
    stored = {
        store.name: np.full(n + 1, float(np.min(store.energy_bounds["soc-at-start"]))) for store in history.stores
    }
    live, plans = LiveProblem(preferences=False), 0
    for at in range(first, n, every):
        until, last = min(at + every, n), min(at + max(every, horizon), n)
        held = {name: float(values[at]) for name, values in stored.items()}
        schedule = live.solve(history.known_part(rules.knowledge, at, last, held))
        plans += 1
        for name in power:
            power[name][at:until] = schedule.power[name][: until - at]
        for name, values in stored.items():
            values[at : until + 1] = schedule.soc[name][: until - at + 1]
        if plans % 50 == 0:
            tell((at - first) / (n - first))
    cost, idle_cost = history.cost_with(power), history.cost_with({})
    return SimulatedTime(site=site, power=power, stored=stored, cost=cost, idle_cost=idle_cost, plans=plans)


@dataclass(frozen=True, kw_only=True, eq=False)
class _History:
    """A site over all of the time, taken apart."""

    site: Site
    stores: list[Device]
    ports: list[str]
    loads: dict[str, Floats]
    prices: dict[str, tuple[Floats, Floats]]
    """Of energy bought and sold, by commodity [currency/kWh]."""

    @classmethod
    def of(cls, site: Site) -> "_History":
        n = site.window.n
        stores = [device for device in site.devices if device.energy_bounds]
        return cls(
            site=site,
            stores=stores,
            ports=[port.name for store in stores for port in store.ports],
            loads={device.name: full(device.load, n) for device in site.devices if device.load is not None},
            prices=_prices(site),
        )

    def known_part(self, knowledge: PastKnowledge, at: int, last: int, held: dict[str, float]) -> Site:
        """The site from one step to another, with loads and prices as they could be expected then."""
        window, per_day = self.site.window, max(1, int(DAY / self.site.window.step))
        known = steps_until(window, knowledge.prices_until(window.moment(at)))
        loads = {name: expected_load(power, at, last, per_day) for name, power in self.loads.items()}
        prices = {
            name: (expected_price(buying, at, last, known, per_day), expected_price(selling, at, last, known, per_day))
            for name, (buying, selling) in self.prices.items()
        }
        return with_energy_prices(part_of_site(self.site, at, last, loads=loads, stored=held), prices)

    def cost_with(self, power: dict[str, Floats]) -> Floats:
        """Cost of energy in each step with some powers [currency]: bought at its price, less sold at its own."""
        commodities = {port.name: port.commodity for device in self.site.devices for port in device.ports}
        cost = np.zeros(self.site.window.n)
        for commodity, (buying, selling) in self.prices.items():
            net = np.zeros(self.site.window.n)
            for name, values in (*self.loads.items(), *power.items()):
                if commodities[name] == commodity:
                    net = net + values
            cost += (np.maximum(net, 0.0) * buying - np.maximum(-net, 0.0) * selling) * self.site.window.hours
        return cost


def _prices(site: Site) -> dict[str, tuple[Floats, Floats]]:
    """Prices of energy by commodity [currency/kWh].

    Raises:
        InputError: One has none.
    """
    n, found = site.window.n, {}
    for connection in site.connections:
        both = energy_prices(connection.tariffs, n)
        if both is None:
            raise InputError(f"{connection.commodity} has no price of energy, so nothing tells what a year costs.")
        found[connection.commodity] = (full(both[0], n), full(both[1], n))
    return found
