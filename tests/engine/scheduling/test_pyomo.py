"""The same problems through Pyomo, with two solvers."""

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.errors import Infeasible, InputError, SolveError
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Status
from engine.solve.pyomo_backend import Names, PyomoModel
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.samples import at, bumped, site, store


@pytest.mark.parametrize("kind", KINDS)
def test_another_solver_finds_the_same_cost(kind, solver):
    given = draw(kind, 1)
    try:
        expected = StorageScheduler().compute(given).cost
    except Infeasible:
        with pytest.raises(Infeasible):
            StorageScheduler(solver=solver).compute(given)
        return
    schedule = StorageScheduler(solver=solver).compute(given)
    assert schedule.cost == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert check(given, schedule) == pytest.approx(expected, rel=1e-6, abs=1e-5)


def test_duals_are_the_same(solver):
    given = site(store(soc_targets=at(10, 30.0)), buy=np.linspace(0.1, 0.3, 24), sell=0.05)
    direct, other = StorageScheduler().compute(given), StorageScheduler(solver=solver).compute(given)
    np.testing.assert_allclose(other.shadow_prices["electricity"], direct.shadow_prices["electricity"], atol=1e-9)
    np.testing.assert_allclose(other.soc["car"], direct.soc["car"], atol=1e-6)


@pytest.mark.parametrize("load", [2.0, bumped(12, 5, 7)])
def test_why_there_is_no_plan_is_told_whatever_the_solver(solver, load):
    full = site(store(soc_targets=at(4, 30.0)), load=np.broadcast_to(load, 24), capacity=10.0)
    with pytest.raises(Infeasible) as direct:
        StorageScheduler().compute(full)
    with pytest.raises(Infeasible) as other:
        StorageScheduler(solver=solver).compute(full)
    assert str(other.value) == str(direct.value) and "Way out" in str(other.value)


def test_a_price_that_earns_without_end_is_refused_whatever_the_solver(solver):
    with pytest.raises(SolveError, match="earn money without end"):
        StorageScheduler(solver=solver).compute(site(sunny(), capacity=np.inf, sell=0.1))


def test_the_model_is_named():
    problem = build_problem(site(store())).problem
    model = PyomoModel(problem.arrays(), Names.of(problem), solver="appsi_highs").model
    assert model.x["car.soc[3]"].ub == 40.0
    assert "electricity.balance[23]" in model.rows


def test_an_unknown_solver_is_refused():
    with pytest.raises(InputError, match="nosuch is not on this machine"):
        StorageScheduler(solver="nosuch").compute(site(store()))


def sunny():
    """Return a production without a limit."""
    port = Port(name="sun", consumption_limit=0.0, production_limit=np.inf)
    return Adjustable(name="sun", ports=(port,))


class Lunch:
    """A rule of a plugin: the connection rests at noon, and each kWh of the car costs a levy."""

    def add_to(self, problem, power):
        problem.constrain("lunch", power["electricity"][12:13], lower=2.0, upper=2.0)
        problem.cost("levy", power["car"] * 0.5)


@pytest.mark.parametrize("solver", ["highspy", "appsi_highs"])
def test_a_plugin_adds_rows_and_costs_to_any_solver(solver):
    buy = np.where(np.arange(24) == 12, 0.0, 0.2)
    given = site(store(soc_targets=at(20, 10.0)), buy=buy, sell=-0.1, additions=(Lunch(),))
    schedule = StorageScheduler(solver=solver).compute(given)
    assert schedule.power["car"][12] == pytest.approx(0.0, abs=1e-9)
    assert schedule.costs["levy"] == pytest.approx(8 * 0.5)


@pytest.mark.parametrize("solver", ["appsi_highs", "glpk"])
def test_a_search_within_a_gap_says_so(solver):
    given = draw("work", 3)
    plan = StorageScheduler(solver=solver, time_limit=20.0, gap=0.001).compute(given)
    best = StorageScheduler().compute(given).cost
    assert plan.status in (Status.OPTIMAL, Status.WITHIN_GAP) and plan.gap <= 0.001
    assert best - 1e-6 <= plan.cost <= best + 0.001 * abs(best) + 1e-6
