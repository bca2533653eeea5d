"""Processes: the tutorial's costs, the closed forms against a search, and processes beside other devices."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

import numpy as np
import pytest

from engine.devices.process import Process, ProcessType
from engine.errors import Infeasible, InputError
from engine.schedulers.process_scheduler import ProcessScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.samples import at, bumped, site, store

PRICES = np.array([10, 11, 12, 15, 18, 17, 10.5, 9, 9.5, 9, 8.5, 10, 8, 5, 4, 4, 5.5, 8, 12, 13, 14, 12.5, 10, 7])
"""Day-ahead prices of the documented tutorial [EUR/MWh]."""
AFTERNOON = np.arange(24) == 15


def process(kind, *, steps=4, power=200.0, blocked=AFTERNOON, **fields):
    return Process(name=f"work {kind}", power=power, steps=steps, kind=ProcessType(kind), blocked=blocked, **fields)


@pytest.mark.parametrize(
    ("kind", "cost", "blocks"),
    [
        ("INFLEXIBLE", 9.60, [10, 11, 12, 15]),
        ("BREAKABLE", 4.30, [5, 4, 5.5, 7]),
        ("SHIFTABLE", 5.40, [10, 8, 5, 4]),
    ],
)
def test_the_tutorial_costs_what_it_says(kind, cost, blocks):
    here = site(process(kind), load=np.zeros(24), capacity=500.0, buy=PRICES / 1000, sell=PRICES / 1000)
    schedule = ProcessScheduler().compute(here)
    assert schedule.cost == pytest.approx(cost)
    assert PRICES[schedule.power[f"work {kind}"] > 0].tolist() == blocks


@pytest.mark.parametrize("kind", list(ProcessType))
@pytest.mark.parametrize("dearest", [False, True])
def test_closed_forms_equal_a_full_search(kind, dearest):
    rng = np.random.default_rng(3)
    for _ in range(20):
        price, blocked = rng.normal(size=8).round(1), rng.random(8) < 0.2
        work = process(kind, steps=3, blocked=blocked, dearest=dearest)
        runs = [np.isin(np.arange(8), which) for which in combinations(range(8), 3)]
        runs = [
            run
            for run in runs
            if not (run & blocked).any() and (kind == "BREAKABLE" or np.ptp(np.flatnonzero(run)) == 2)
        ]
        if not runs:
            with pytest.raises(Infeasible, match="lift a time restriction"):
                work.best_power(price)
            continue
        costs = [price[run].sum() * (-1 if dearest else 1) for run in runs]
        best = 0 if kind == "INFLEXIBLE" else int(np.argmin(np.round(costs, 9)))
        np.testing.assert_array_equal(work.best_power(price) > 0, runs[best])


def test_equal_prices_mean_as_early_as_possible():
    assert np.flatnonzero(process("SHIFTABLE").best_power(np.full(24, 0.1))).tolist() == [0, 1, 2, 3]


def test_a_process_gives_way_to_a_load_at_its_limit():
    # At the cheapest hours the load leaves too little of 10 kW for 3 kW more.
    work = process("SHIFTABLE", power=3.0, steps=2)
    here = site(work, load=bumped(8.0, 12, 14), capacity=10.0, buy=PRICES / 1000, sell=PRICES / 1000)
    schedule = ProcessScheduler().compute(here)
    assert np.flatnonzero(schedule.power[work.name]).tolist() == [16, 17]
    assert check(here, schedule) == pytest.approx(schedule.cost)


@pytest.mark.parametrize("solver", ["highspy", "appsi_highs"])
@pytest.mark.parametrize(("kind", "steps"), [("SHIFTABLE", [6, 7, 8, 9]), ("BREAKABLE", [3, 4, 6, 7])])
def test_equal_costs_mean_as_early_as_possible_beside_a_store(kind, steps, solver):
    # All cheap hours cost the same, before 03:00 all are dear, and at 05:00 it must not run.
    work = process(kind, power=3.0, blocked=np.arange(24) == 5)
    here = site(
        work, store(soc_targets=at(24, 30.0)), capacity=9.0, buy=np.where(np.arange(24) < 3, 0.4, 0.2), sell=0.0
    )
    schedule = StorageScheduler(solver=solver).compute(here)
    assert np.flatnonzero(schedule.power[work.name] > 1e-6).tolist() == steps
    assert schedule.cost == pytest.approx(0.2 * (4 * 3 + 28 + 21 * 2) + 0.4 * 3 * 2)


def test_two_processes_and_a_store_share_one_connection():
    first, second = process("BREAKABLE", power=3.0), process("SHIFTABLE", power=4.0)
    here = site(first, second, store(soc_targets=at(24, 30.0)), capacity=9.0, buy=PRICES / 1000, sell=0.0)
    schedule = StorageScheduler().compute(here)
    assert check(here, schedule) == pytest.approx(schedule.cost)
    assert schedule.power["electricity"].max() <= 9.0 + 1e-6


@pytest.mark.parametrize("scheduler", [ProcessScheduler, StorageScheduler])
def test_the_dearest_time_beside_a_store(scheduler):
    here = site(process("SHIFTABLE", power=1.0, dearest=True), store(), buy=PRICES / 1000, sell=PRICES / 1000)
    schedule = scheduler().compute(here)
    assert np.flatnonzero(schedule.power["work SHIFTABLE"] > 0).tolist() == [2, 3, 4, 5]


def test_a_process_without_a_price_is_refused():
    with pytest.raises(InputError, match=r"^consumption-price: .* add it"):
        ProcessScheduler().compute(site(process("SHIFTABLE"), connections=(Connection(),)))


def test_a_window_too_short_names_the_process():
    short = Window.of_length(datetime(2026, 3, 4, tzinfo=UTC), timedelta(hours=3), timedelta(hours=1))
    here = site(process("SHIFTABLE", blocked=None, power=3.0), window=short, buy=PRICES[:3], sell=PRICES[:3])
    said = "asks for 4 h on end, but there is room for 3 h from .*Way out: shorten work SHIFTABLE to 3 h"
    with pytest.raises(Infeasible, match=said):
        StorageScheduler().compute(here)
