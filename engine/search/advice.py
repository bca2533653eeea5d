"""What a good plan of a site may look like, by what is in it, for searches to begin with."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from engine.devices.curves import NO_CURVES
from engine.devices.port import Port
from engine.devices.process import Process, ProcessType
from engine.devices.storage import Storage
from engine.formulation import Built
from engine.model.linear import Floats, full
from engine.search.levels import levels_of
from engine.search.mixtures import mix_paths
from engine.search.one_store import StorePlan, modes, plan_store
from engine.search.rounding import modes_as_planned, rounded_modes
from engine.search.several_stores import (
    plain_connection,
    planned_as_one,
    planned_in_turn,
    stores_of,
    with_others_held,
    with_peaks_spread,
)
from engine.search.start_times import Costs, best_times
from engine.site import Site
from engine.solve.backend import Answer, share_above
from engine.solve.budget import Budget
from engine.solve.first_plan import Guess, Guesses

SHARE = 0.4
"""Share of the time left that finding a first plan may take ..."""
LONG_SHARE = 0.8
"""Likewise where a search alone hardly ever finds a good plan, as with curves ..."""
AT_LENGTH = 12.0
"""... where it may take so long [s]."""
TURN_SHARE = 0.2
MIX_SHARE = 0.7
"""Shares of that for the first plans of stores in turn, and for mixing what they can do."""
NEAR = 3.0
"""What is so many times the accepted gap from the relaxed plan needs no rounding: its bound is off by most of that."""
BRIEFLY = 2.0
"""... and at most so long [s], where there is no limit."""


class SiteAdviser:
    """Gives guesses for the problem of one site; see ``Adviser``."""

    def __init__(self, site: Site, built: Built, budget: Budget) -> None:
        self.site, self.built, self.budget = site, built, budget

    def guesses(self, relaxed: Callable[[], Answer]) -> Guesses:
        """See Adviser.guesses."""
        left = self.budget.left
        budget = self.budget.part(min(SHARE * left, BRIEFLY))
        plan = plan_store(self.site, budget)
        if plan is not None:
            # The plan of one store comes with a bound of the site's cost, so that no other guess is needed
            (store,), (connection,) = self._stores(), self.site.connections
            held = {connection.commodity: plan.net, **self._flows(store, plan.power, plan.soc)}
            yield Guess(held, self._modes(store.ports[0], plan.power), plan.bound, is_searched=True)
            return
        if any(port.curves is not NO_CURVES for store in self._stores() for port in store.ports):
            yield from self._of_bent_stores(relaxed, self.budget.part(min(LONG_SHARE * left, AT_LENGTH)))
            return
        stores = stores_of(self.site)
        if stores and not self.built.problem.arrays().integers.any():
            yield from self._of_stores(stores, relaxed, budget)
        else:
            yield from self._of_choices(relaxed, budget)

    def _stores(self) -> list[Storage]:
        return [device for device in self.site.devices if type(device) is Storage]

    def _flows(self, store: Storage, power: Floats, soc: Floats) -> dict[str, Floats]:
        """Return what decides between the directions of a store of one port, and how far its curves are used."""
        (port,), (lower, upper) = store.ports, store.bounds(self.site.window)
        reach = float(lower.min()), float(upper.max())
        return {port.name: power, **port.curves.room_left(port.name, power, soc, reach)}

    def _modes(self, port: Port, power: Floats) -> dict[int, Floats]:
        """Return which way a port runs, by the first of the columns that tell it."""
        most = (full(port.consumption_limit, len(power)), full(port.production_limit, len(power)))
        chosen = modes(port.bands, power, most) if port.bands else []
        return {self._first(f"{port.name}.mode[{at}]"): values for at, values in enumerate(chosen)}

    def _of_bent_stores(self, relaxed: Callable[[], Answer], budget: Budget) -> Guesses:
        """Return guesses for stores with curves: each in turn beside all else, once more after mixing their paths."""
        answer = relaxed()
        if not answer.has_plan:
            return
        powers = {name: power.value(answer.x) for name, power in self.built.power.items()}
        whole: dict[int, Floats] = {}
        if processes := self._processes():
            whole |= self._timed(processes, powers, budget)
        bound, prices = -np.inf, {store.name: self._price(store.ports[0], answer) for store in self._stores()}
        for share in (TURN_SHARE, 1.0):
            plans, flows = self._in_turn(powers, budget.part(share * budget.left))
            planned = [store for store in self._stores() if store.name in plans]
            for store in planned:
                whole |= self._modes(store.ports[0], plans[store.name].power)
            yield Guess(flows, whole, bound)
            if budget.is_over or share == 1.0:
                return
            mix = mix_paths(self.site, plans, prices, budget.part(MIX_SHARE * budget.left))
            if mix is None:
                return
            bound = mix.bound
            powers |= {store.ports[0].name: mix.powers[store.name] for store in planned}

    def _price(self, port: Port, answer: Answer) -> Floats:
        """Return what one more kW taken at a port costs in each step [currency/kW], shape (n,)."""
        first, size = self.built.problem.rows[f"{port.group or port.commodity}.balance"]
        return answer.row_dual[first : first + size]

    def _in_turn(self, powers: Mapping[str, Floats], budget: Budget) -> tuple[dict[str, StorePlan], dict[str, Floats]]:
        """Return plans of the stores, each beside what all else does, and what decides between flows in them."""
        found, flows = dict[str, StorePlan](), dict[str, Floats]()
        for connection in self.site.connections:
            plain = plain_connection(connection)
            spread = with_peaks_spread(plain, powers[connection.commodity])
            site = with_others_held(self.site, spread, powers)
            stores = [device for device in site.devices if isinstance(device, Storage)]
            if not stores:
                continue
            held = sum((device.load for device in site.devices if device.load is not None), np.zeros(site.window.n))
            begun = {store.name: powers[store.ports[0].name] for store in stores}
            plans = planned_in_turn(site, stores, begun, budget)
            begun |= {name: plan.power for name, plan in plans.items()}
            # With the true price now: spreading it only lets stores move beside others that reach the peak already
            if spread is not plain:
                plans = planned_in_turn(replace(site, connections=(plain,)), stores, begun, budget, plans)
                begun |= {name: plan.power for name, plan in plans.items()}
            flows[connection.commodity] = held + sum(begun.values())
            for store in stores:
                if (plan := plans.get(store.name)) is not None:
                    flows |= self._flows(store, plan.power, plan.soc)
            found |= plans
        return found, flows

    def _of_stores(self, stores: list[Storage], relaxed: Callable[[], Answer], budget: Budget) -> Guesses:
        """Return guesses for several stores: when all of them as one would buy, then each in turn beside the others."""
        (connection,) = self.site.connections
        one, bound = planned_as_one(self.site, stores, budget), -np.inf
        if one is not None:
            bound = one.bound
            answer = yield Guess({connection.commodity: one.net}, {}, bound)
        else:
            answer = relaxed()
        if not answer.has_plan:
            return
        powers = {store.name: self.built.power[store.ports[0].name].value(answer.x) for store in stores}
        plans = planned_in_turn(self.site, stores, powers, budget)
        others = self.built.power[connection.commodity].value(answer.x) - sum(powers.values())
        turned = {name: plans[name].power if name in plans else power for name, power in powers.items()}
        flows = {store.ports[0].name: turned[store.name] for store in stores}
        yield Guess({**flows, connection.commodity: others + sum(turned.values())}, {}, bound)

    def _processes(self) -> list[Process]:
        """Return the processes of which something is to be chosen."""
        processes = [each for each in self.site.devices if isinstance(each, Process) and not each.dearest]
        return [each for each in processes if each.kind is not ProcessType.INFLEXIBLE or each.ceiling is not None]

    def _of_choices(self, relaxed: Callable[[], Answer], budget: Budget) -> Guesses:
        """Return guesses for ways to run and times of processes, if these are all the whole numbers there are."""
        processes = self._processes()
        ports: list[Any] = [port for device in self.site.devices for port in device.ports]
        banded: list[Port] = [port for port in ports if isinstance(port, Port) and port.bands]
        if not processes and not banded:
            return
        answer = relaxed()
        if not answer.has_plan:
            return
        powers = {name: power.value(answer.x) for name, power in self.built.power.items()}
        starts = self._timed(processes, powers, budget) if processes else {}
        wanted = int(self.built.problem.arrays().integers.sum())
        if banded:
            near = yield Guess({}, {**modes_as_planned(self.built, banded, answer.x), **starts})
            if near.has_plan and share_above(near.objective, answer.bound) <= NEAR * self.budget.gap:
                return
        for whole in rounded_modes(self.built, banded, answer.x) if banded else ({},):
            decided = {**whole, **starts}
            if sum(map(len, decided.values())) == wanted:
                yield Guess({}, decided)

    def _first(self, block: str) -> int:
        """Return the first column of a block."""
        return self.built.problem.sizes[block][0]

    def _timed(self, processes: list[Process], powers: dict[str, Floats], budget: Budget) -> dict[int, Floats]:
        """Return values for when processes start or run, by the first of their columns; their powers are changed."""
        whole: dict[int, Floats] = {}
        n, hours = self.site.window.n, self.site.window.hours
        for connection in self.site.connections:
            own = [each for each in processes if each.commodity == connection.commodity]
            if not own:
                continue
            beside = powers[connection.commodity] - sum(powers[each.name] - each.begun for each in own)
            costs = Costs.of(connection, levels_of(connection, n), n, hours)
            places = best_times(own, beside, costs, budget)
            for process in own if places else ():
                placed = [place for work, place in places.items() if work.process is process and place.start >= 0]
                powers[process.name] = sum((place.power for place in placed), full(process.begun, n))
                if process.kind is ProcessType.BREAKABLE:
                    whole[self._first(f"{process.name}.run")] = sum((place.running for place in placed), np.zeros(n))
                    if process.ceiling is not None:
                        whole[self._first(f"{process.name}.done")] = np.array([float(bool(placed))])
                else:
                    begins = np.isin(np.arange(n), [place.start for place in placed])
                    whole[self._first(f"{process.name}.start")] = begins.astype(float)
        return whole
