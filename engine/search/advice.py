"""What a good plan of a site may look like, by what is in it, for searches to begin with."""

from collections.abc import Callable
from typing import Any

import numpy as np

from engine.devices.port import Port
from engine.devices.process import Process, ProcessType
from engine.devices.storage import Storage
from engine.formulation import Built
from engine.model.linear import Floats, full
from engine.search.one_store import modes, plan_store
from engine.search.rounding import rounded_modes
from engine.search.several_stores import planned_as_one, planned_in_turn, stores_of
from engine.search.start_times import Costs, best_times
from engine.search.store_site import levels_of
from engine.site import Site
from engine.solve.backend import Answer
from engine.solve.budget import Budget
from engine.solve.first_plan import Guess, Guesses

SHARE = 0.4
"""Share of the time left that finding a first plan may take ..."""
BRIEFLY = 2.0
"""... and at most so long [s], where there is no limit."""


class SiteAdviser:
    """Gives guesses for the problem of one site; see ``Adviser``."""

    def __init__(self, site: Site, built: Built, budget: Budget) -> None:
        self.site, self.built, self.budget = site, built, budget

    def guesses(self, relaxed: Callable[[], Answer]) -> Guesses:
        """See Adviser.guesses."""
        left = self.budget.left
        budget = Budget(min(SHARE * left, BRIEFLY), self.budget.gap)
        plan = plan_store(self.site, budget)
        if plan is not None:
            (port,) = [port for device in self.site.devices if type(device) is Storage for port in device.ports]
            (connection,), n = self.site.connections, self.site.window.n
            most = (full(port.consumption_limit, n), full(port.production_limit, n))
            chosen = modes(port.bands, plan.power, most) if port.bands else []
            whole = {self._first(f"{port.name}.mode[{at}]"): values for at, values in enumerate(chosen)}
            yield Guess({connection.commodity: plan.net, port.name: plan.power}, whole, plan.bound)
            return
        stores = stores_of(self.site)
        if stores and not self.built.problem.arrays().integers.any():
            yield from self._of_stores(stores, relaxed, budget)
        else:
            yield from self._of_choices(relaxed, budget)

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
        turned = planned_in_turn(self.site, stores, powers, budget)
        others = self.built.power[connection.commodity].value(answer.x) - sum(powers.values())
        flows = {store.ports[0].name: turned[store.name] for store in stores}
        yield Guess({**flows, connection.commodity: others + sum(turned.values())}, {}, bound)

    def _of_choices(self, relaxed: Callable[[], Answer], budget: Budget) -> Guesses:
        """Return guesses for ways to run and times of processes, if these are all the whole numbers there are."""
        processes = [each for each in self.site.devices if isinstance(each, Process)]
        processes = [each for each in processes if each.kind is not ProcessType.INFLEXIBLE and not each.dearest]
        if not all(each.is_plain for each in processes):
            return  # the local search moves single runs of one power only
        ports: list[Any] = [port for device in self.site.devices for port in device.ports]
        banded: list[Port] = [port for port in ports if isinstance(port, Port) and port.bands]
        decided = sum(self.site.window.n * sum(len(band.one_way) for band in port.bands) for port in banded)
        decided += self.site.window.n * len(processes)
        if not decided or decided != int(self.built.problem.arrays().integers.sum()):
            return
        answer = relaxed()
        if not answer.has_plan:
            return
        starts = self._timed(processes, answer.x, budget) if processes else {}
        if not banded:
            yield Guess({}, starts)
        for whole in rounded_modes(self.built, banded, answer.x) if banded else ():
            yield Guess({}, {**whole, **starts})

    def _first(self, block: str) -> int:
        """Return the first column of a block."""
        return self.built.problem.sizes[block][0]

    def _timed(self, processes: list[Process], x: Floats, budget: Budget) -> dict[int, Floats]:
        """Return values for when processes start or run, by the first of their columns."""
        whole: dict[int, Floats] = {}
        n, hours = self.site.window.n, self.site.window.hours
        for connection in self.site.connections:
            own = [each for each in processes if each.commodity == connection.commodity]
            if not own:
                continue
            net = self.built.power[connection.commodity].value(x)
            beside = net - sum(self.built.power[each.name].value(x) for each in own)
            costs = Costs.of(connection, levels_of(connection, n), n, hours)
            for name, runs in best_times(own, beside, costs, budget).items():
                (process,) = [each for each in own if each.name == name]
                if process.kind is ProcessType.BREAKABLE:
                    whole[self._first(f"{name}.run")] = runs
                else:
                    whole[self._first(f"{name}.start")] = (np.arange(n) == int(np.argmax(runs))).astype(float)
        return whole
