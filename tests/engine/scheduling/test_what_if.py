"""Live problems: every edit gives the plan that a fresh solve gives."""

import pickle
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.errors import Infeasible
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.site import raised, with_limit
from engine.tariffs import EnergyTariff
from tests.effort import effort
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.samples import DAY, at, site, store

PRICE = 0.2 + 0.1 * np.sin(np.arange(48) / 4)


def battery(**fields):
    return store(discharger=4.0, soc_targets=at(20, 20.0), **fields)


def here(start=0, **fields):
    price = PRICE[start : start + 24]
    window = replace(DAY, start=DAY.start + start * DAY.step, end=DAY.end + start * DAY.step)
    return site(fields.pop("device", battery()), window=window, buy=price, sell=price - 0.02, **fields)


def turned(before):
    """Turn the prices round, so that the plan has to turn as well."""
    tariff = EnergyTariff(consumption_price=PRICE[23::-1], production_price=PRICE[23::-1] - 0.02)
    return replace(before, connections=(replace(before.connections[0], tariffs=(tariff,)),))


EDITS = {
    "prices": turned,
    "start": lambda before: here(device=battery(soc_at_start=5.0)),
    "target": lambda before: here(device=battery(soc_max=30.0)),
    "power": lambda before: with_limit(before, "car.consumption-capacity", raised(-0.5)),
    "connection": lambda before: with_limit(before, "electricity.consumption-capacity", raised(-94.5)),
    "load": lambda before: here(load=np.linspace(1, 3, 24)),
    "efficiency": lambda before: here(device=battery(storage_efficiency=0.99)),
    "next hour": lambda before: here(start=1),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_gives_the_plan_of_a_fresh_solve(edit):
    live = LiveProblem()
    live.solve(here())
    changed = EDITS[edit](here())
    schedule, fresh = live.solve(changed), StorageScheduler().compute(changed)
    assert live.warm == 1
    assert schedule.cost == pytest.approx(fresh.cost, abs=1e-7)
    np.testing.assert_allclose(schedule.soc["car"], fresh.soc["car"], atol=1e-6)


def test_rolling_through_a_day_equals_solving_each_window():
    live = LiveProblem()
    for start in range(0, 24, 3):
        rolled = live.solve(here(start))
        assert rolled.cost == pytest.approx(StorageScheduler().compute(here(start)).cost, abs=1e-7)
    assert live.warm == 7


@pytest.mark.parametrize("kind", KINDS)
def test_unlike_sites_one_after_the_other(kind):
    live = LiveProblem()
    for seed in range(effort(3, 5)):
        given = draw(kind, seed)
        try:
            expected = StorageScheduler().compute(given).cost
        except Infeasible:
            with pytest.raises(Infeasible):
                live.solve(given)
            continue
        assert live.solve(given).cost == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_an_edit_that_leaves_no_plan_is_explained_and_can_be_undone():
    live = LiveProblem()
    before = live.solve(here()).cost
    with pytest.raises(Infeasible, match=r"soc-min asks for 0 kWh .* car starts with -300 kWh"):
        live.solve(here(device=battery(ports=battery().ports, soc_at_start=-300.0)))
    assert live.solve(here()).cost == pytest.approx(before)


def test_a_window_of_another_length_starts_anew():
    live = LiveProblem()
    live.solve(here())
    shorter = replace(DAY, end=DAY.start + timedelta(hours=12))
    plan = live.solve(site(store(), window=shorter))
    assert live.warm == 0
    assert plan.window.n == 12


def test_a_learned_worth_is_learned_here_as_well():
    car = store(soc_at_start=20.0, soc_max=20.0, discharger=4.0, end_value="learned")
    given = site(car, buy=np.where(np.isin(np.arange(24), [2, 3, 20, 21]), 0.4, 0.2), sell=0.15)
    assert StorageScheduler().compute(given).soc["car"][-1] == pytest.approx(20.0)
    assert LiveProblem().solve(given).soc["car"][-1] == pytest.approx(20.0)


def test_one_decision_for_all_quantiles_is_found_here_as_well():
    levels = {0.1: np.full(24, 1.0), 0.9: np.full(24, 5.0)}
    given = here(hedged=1)
    load = replace(given.devices[-1], quantiles=levels)
    given = replace(given, devices=(*given.devices[:-1], load))
    assert LiveProblem().solve(given).cost == pytest.approx(StorageScheduler().compute(given).cost)


@pytest.mark.parametrize("leave", [lambda plan: plan, lambda plan: pickle.loads(pickle.dumps(plan))])
def test_costs_and_prices_read_after_another_edit_are_those_of_their_plan(leave):
    live = LiveProblem()
    first = live.solve(here())
    live.solve(turned(here()))
    plan, fresh = leave(first), StorageScheduler().compute(here())
    assert dict(plan.costs) == pytest.approx(fresh.costs)
    for name in ("shadow_prices", "storage_values", "limit_shadow_prices"):
        mine, theirs = getattr(plan, name), getattr(fresh, name)
        assert list(mine) == list(theirs)
        assert len(mine) == len(theirs)
        for key, values in theirs.items():
            np.testing.assert_allclose(mine[key], values, atol=1e-9)
