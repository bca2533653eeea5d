"""The second solve is left out only where it could change nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.solve.complementarity import Cells
from engine.solve.highs import Model
from engine.solve.optimum import Options, solve_problem
from engine.solve.preference import is_surely_unique, is_unique, refine_in_place
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, bumped, site, store

NO_PAIRS = Cells.of([])


@pytest.mark.parametrize("alone", [is_unique, lambda model, answer: is_surely_unique(model.arrays, answer)])
def test_a_plan_said_to_be_alone_stays_whatever_is_preferred(alone):
    rng, told = np.random.default_rng(7), []
    for kind in ("plain", "soft", "groups", "heat"):
        for seed in range(12):
            arrays = build_problem(draw(kind, seed)).problem.arrays()
            model = Model(arrays)
            answer = model.run()
            if not answer.has_plan:
                continue
            told.append(alone(model, answer))
            if told[-1]:
                found = refine_in_place(model, answer, rng.normal(size=arrays.width), NO_PAIRS)
                np.testing.assert_allclose(found.x, answer.x, atol=1e-6)
    assert any(told)
    assert not all(told)


def test_at_one_price_the_plan_is_notis_unique():
    model = Model(build_problem(site(store(soc_targets=at(20, 10.0)))).problem.arrays())
    answer = model.run()
    assert not is_unique(model, answer)
    assert not is_surely_unique(model.arrays, answer)


def sunny():
    """Return a site whose sun is worth nothing at noon, with a lossy store that is wanted half full in the evening."""
    car = store(soc_targets=at(20, 10.0), discharger=4.0)
    lossy = replace(car, ports=(replace(car.ports[0], charging_efficiency=0.9, discharging_efficiency=0.9),))
    return site(lossy, load=bumped(-20.0, 6, 15), buy=0.2, sell=0.0)


@pytest.mark.parametrize("solver", ["highspy", "appsi_highs"])
def test_what_is_free_is_taken_sooner_and_not_burned(solver):
    plan = StorageScheduler(solver=solver).compute(sunny())
    np.testing.assert_allclose(plan.power["car"][6:14], 4.0)
    cheapest = solve_problem(build_problem(sunny()).problem, Options(preferences=False))
    assert plan.cost == pytest.approx(build_problem(sunny()).problem.arrays().cost @ cheapest.x)
