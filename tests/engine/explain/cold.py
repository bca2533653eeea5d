"""The same questions answered from nothing: a site with one row more, solved by the scheduler."""

import os
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np

from engine.devices.process import Process, ProcessType
from engine.errors import Infeasible
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.solve.budget import Budget
from tests.engine.scheduling import random_sites
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import START, site, store

LONG = os.environ.get("FLEXSCOPE_TESTS") == "long"
KINDS = [*(kind for kind in random_sites.KINDS if LONG or kind != "work"), "whole"]
EXACT = StorageScheduler(gap=0.0)


@dataclass(frozen=True, eq=False)
class OneRow:
    """The power of one part lies between two bounds in one step, whatever it costs."""

    name: str
    step: int
    least: float
    most: float

    def add_to(self, problem, power):
        lower, upper = np.full(problem.window.n, -np.inf), np.full(problem.window.n, np.inf)
        lower[self.step], upper[self.step] = self.least, self.most
        problem.constrain("cold", power[self.name], lower=lower, upper=upper)


def cost(given):
    """Return the least cost of a site; infinite without a plan."""
    try:
        return EXACT.compute(given).cost
    except Infeasible:
        return np.inf


def cost_with(given, name, step, power, most=None):
    """Return the least cost with a power held in one step."""
    row = OneRow(name, step, power, power if most is None else most)
    return cost(replace(given, additions=(*given.additions, row)))


def with_whole_numbers():
    """Return a battery and two processes of two hours, which share a limit, at prices below and above zero."""
    window = Window.of_length(START, timedelta(hours=8), timedelta(hours=1))
    work = [Process(name=name, power=2.0, steps=2, kind=ProcessType.SHIFTABLE) for name in ("wash", "dry")]
    battery = store("battery", charger=3.0, discharger=3.0, soc_max=6.0, end_value=0.15)
    buy = np.array([0.3, 0.1, -0.05, 0.12, 0.2, 0.25, 0.22, 0.28])
    return site(battery, *work, window=window, buy=buy, sell=buy - 0.02, capacity=6.5)


def sites(kinds, seeds):
    """Give sites that have a plan, with their names."""
    for kind in kinds:
        for seed in seeds:
            drawn = draw(kind, seed) if kind != "whole" else with_whole_numbers()
            if np.isfinite(cost(drawn)):
                yield f"{kind} {seed}", drawn


def budget():
    return Budget(gap=0.0)
