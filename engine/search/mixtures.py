"""Stores of which no linear problem knows what they can do: mixed of paths of each, which bounds the cost of any plan.

Each store is to do a mix of the paths known of it. A linear problem mixes them at the least cost, and its marginal
prices of power tell which path is missing: the cheapest one at these prices. By as much as the missing paths would save
at these prices, no plan costs less than the mix. The more stores there are, the nearer both come to the best plan.

Source:
    Dantzig and Wolfe, Operations Research 8 (1960) 101-111.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from engine.devices.device import Device
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.formulation import build_problem
from engine.model.linear import Floats, Linear, Term
from engine.model.problem import Problem
from engine.search.one_store import StorePlan, plan_store
from engine.site import Connection, Site
from engine.solve.budget import Budget
from engine.solve.complementarity import Cells, relaxed_choices
from engine.solve.first_plan import FINISHING
from engine.solve.highs import Model
from engine.tariffs import WIDER, EnergyTariff

MOST_ROUNDS = 40
ONE_PATH = 0.5
"""Longest that one path may take [s]."""
STEADY = 0.8
"""Share of the best prices so far in those tried next."""
_LITTLE = 1e-7
"""A mix that costs no more than this above what any plan costs is the best one [currency]."""


class StorePath(NamedTuple):
    """What a store may do."""

    power: Floats
    """Its power, positive when it takes [kW], shape (n,)."""
    cost: float
    """What it costs by itself, energy aside [currency]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Mixture(Device):
    """A store that does a mix of paths: with shares w_k ≥ 0, Σ_k w_k = 1, its power is Σ_k w_k · power_k."""

    name: str
    """Name of the store."""
    port: Port
    """Its only port."""
    paths: tuple[StorePath, ...]
    """What is known that it can do."""

    @property
    def ports(self) -> tuple[Port, ...]:
        """See Device.ports."""
        return (self.port,)

    def add_to(self, problem: Problem) -> dict[str, Linear]:
        """See Device.add_to."""
        n, count = problem.window.n, len(self.paths)
        shares = problem.variable(f"{self.name}.shares", size=count)
        problem.equal(f"{self.name}.whole", shares.total(), 1.0)
        # Wide enough that they never hold, so that all of a price is that of the mix.
        limits = (np.asarray(each) * WIDER + 1.0 for each in (self.port.production_limit, self.port.consumption_limit))
        given, taken = limits
        power = problem.variable(f"{self.name}.power", lower=-given, upper=taken)
        (share,) = shares.terms
        rows = np.tile(np.arange(n, dtype=np.int32), count)
        coefs = np.concatenate([path.power for path in self.paths])
        mixed = Linear(n, (Term(np.repeat(share.cols, n), coefs, rows),))
        problem.equal(f"{self.name}.mixed", power, mixed)
        problem.cost(f"{self.name} paths", shares * np.array([path.cost for path in self.paths]))
        return {self.port.name: power}


@dataclass(frozen=True, slots=True)
class Mix:
    """What came of mixing."""

    bound: float
    """No plan costs less [currency]."""
    powers: Mapping[str, Floats]
    """Power of each store [kW], shape (n,)."""


def mix_paths(site: Site, begun: Mapping[str, StorePlan], prices: Mapping[str, Floats], budget: Budget) -> Mix | None:
    """Return the best mix of paths, or as good a one as there is time for; None if the first paths allow none.

    None also where rules of the grid count what a store gives: of a mix, only the net power is known.

    Args:
        site: Any; what else it decides by whole numbers is not decided here.
        begun: By name of each store of one port that is to be mixed: what it can do beside what the others do.
        prices: Prices of its power to begin with [currency/kW in each step], shape (n,).
        budget: When to end; one round is brought to its end in any case.
    """
    ports = [port for device in site.devices for port in device.ports if isinstance(port, Port)]
    if not all(port.charging_from_grid and port.discharging_to_grid for port in ports):
        return None
    stores = [device for device in site.devices if type(device) is Storage and device.name in begun]
    paths = {name: [StorePath(plan.power, plan.own_cost)] for name, plan in begun.items()}
    bound, steady, mix = -np.inf, dict(prices), None
    for round_ in range(MOST_ROUNDS):
        master = _Master(site, {name: tuple(each) for name, each in paths.items()}, budget)
        least = 0.0
        for store in stores:
            plan = None if round_ and budget.is_over else _cheapest(site, store, steady[store.name], budget)
            if plan is None:
                return mix and replace(mix, bound=bound)
            least += plan.bound
            paths[store.name].append(StorePath(plan.power, plan.own_cost))
        new_bound = least + master.rest(steady)
        found = master.solve()
        if found is None:
            return mix and replace(mix, bound=bound)
        objective, powers, marginal = found
        mix = Mix(bound, powers)
        if new_bound > bound:
            bound, best = new_bound, steady
        if objective - bound <= max(0.1 * budget.gap * abs(bound), _LITTLE):
            break
        # Marginal prices of few paths swing widely; between them and the best ones so far they settle sooner.
        steady = {name: STEADY * best[name] + (1.0 - STEADY) * marginal[name] for name in paths}
    return mix and replace(mix, bound=bound)


class _Master:
    """The site in which stores are mixtures, without whole numbers."""

    def __init__(self, site: Site, paths: Mapping[str, tuple[StorePath, ...]], budget: Budget) -> None:
        self.names = {device.name: device.ports[0].name for device in site.devices if device.name in paths}
        self.built = build_problem(site.with_devices(lambda device: _mixture_of(device, paths)))
        self.budget, problem = budget.at_least(FINISHING), self.built.problem
        self.arrays = relaxed_choices(problem.arrays(), Cells.of(problem.pairs))

    def _rows(self, name: str) -> slice:
        first, size = self.built.problem.rows[name]
        return slice(first, first + size)

    def solve(self) -> tuple[float, dict[str, Floats], dict[str, Floats]] | None:
        """Return cost, power and marginal price of power of each store at the best mix; None if there is none."""
        answer = Model(self.arrays, self.budget).run()
        if not answer.has_plan:
            return None
        powers = {name: self.built.power[port].value(answer.x) for name, port in self.names.items()}
        marginal = {name: answer.row_dual[self._rows(f"{name}.mixed")] for name in self.names}
        return answer.objective, powers, marginal

    def rest(self, prices: Mapping[str, Floats]) -> float:
        """Return the least cost of all but the stores where their power is paid for at some prices [currency]."""
        cost, row_lower, row_upper = self.arrays.cost.copy(), self.arrays.row_lower.copy(), self.arrays.row_upper.copy()
        # What the stores do is paid for instead of kept equal, which makes the sum of both parts a bound.
        for name in self.names:
            for rows in (self._rows(f"{name}.mixed"), self._rows(f"{name}.whole")):
                row_lower[rows], row_upper[rows] = -np.inf, np.inf
            first, size = self.built.problem.sizes[f"{name}.shares"]
            # What the stores cost is counted in their own bounds.
            cost[first : first + size] = 0.0
            first, size = self.built.problem.sizes[f"{name}.power"]
            cost[first : first + size] -= prices[name]
        answer = Model(replace(self.arrays, cost=cost, row_lower=row_lower, row_upper=row_upper), self.budget).run()
        return answer.objective if answer.has_plan else -np.inf


def _mixture_of(device: Device, paths: Mapping[str, tuple[StorePath, ...]]) -> Device:
    """Return the mixture in the place of a store whose paths are known; other devices as they are."""
    if type(device) is not Storage or device.name not in paths:
        return device
    # Its paths keep to the bands, for which a mix has no columns.
    return Mixture(name=device.name, port=replace(device.ports[0], bands=()), paths=paths[device.name])


def _cheapest(site: Site, store: Storage, price: Floats, budget: Budget) -> StorePlan | None:
    """Return what a store had best do at a price of its power [currency/kW in each step], shape (n,)."""
    (port,) = store.ports
    # A price per kW in a step becomes one per kWh.
    energy = EnergyTariff(consumption_price=price / site.window.hours, production_price=price / site.window.hours)
    alone = store.with_port(port, replace(port, group=None))
    connection = Connection(commodity=port.commodity, tariffs=(energy,))
    return plan_store(Site(window=site.window, devices=(alone,), connections=(connection,)), budget.part(ONE_PATH))
