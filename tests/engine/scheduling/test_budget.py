"""One budget of time for every solve of a plan: what comes out of it is valid, and its gap is true."""

from dataclasses import replace
from time import thread_time

import numpy as np
import pytest

from engine.diagnosis.infeasibility import CUT_SHORT, diagnose
from engine.errors import Infeasible, TimedOut
from engine.formulation import build_problem
from engine.model.arrays import settled
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.site import PLANS, Site, Status
from engine.solve.backend import KEPT, share_above
from engine.solve.budget import Budget
from engine.solve.highs import Model, usual_cost
from engine.tariffs import EnergyTariff
from tests.effort import effort
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.conflicting import out_of_reach
from tests.engine.scheduling.hard_sites import batteries, hourly
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.reference import Reference

BRIEF = (0.0, 0.02, 0.2)
"""Limits in which hardly anything can be searched [s]."""


class Spent(Budget):
    """Has nothing left, whatever is asked for."""

    @property
    def left(self) -> float:
        return 0.0

    def at_least(self, seconds: float) -> "Spent":
        return self


def inverted(site: Site, share: float = 1.0) -> Site:
    """Return a site that is paid more for what it gives than it pays, in some of its steps."""
    (connection,) = site.connections
    (tariff,) = connection.tariffs
    buy, n = tariff.consumption_price, site.window.n
    sell = np.where(np.random.default_rng(n).random(n) < share, buy + 0.1, buy - 0.02)
    turned = EnergyTariff(consumption_price=buy, production_price=sell)
    return replace(site, connections=(replace(connection, tariffs=(turned,)),))


@pytest.mark.parametrize("limit", BRIEF)
@pytest.mark.parametrize("seed", range(effort(2, 8)))
@pytest.mark.parametrize("kind", ["plain", "negative", "both", "work"])
def test_a_plan_that_was_ended_is_valid_and_no_dearer_than_it_says(kind: str, seed: int, limit: float) -> None:
    site = inverted(draw(kind, seed), share=0.7)
    try:
        plan = StorageScheduler(time_limit=limit, gap=0.001).compute(site)
    except (Infeasible, TimedOut):
        return
    assert check(site, plan) == pytest.approx(plan.cost, abs=1e-5)
    best = Reference(site).cost()
    assert best <= plan.cost + 1e-5
    assert plan.cost - plan.gap * abs(plan.cost) <= best + 1e-5


def test_no_time_at_all_is_enough_for_a_plain_plan_and_a_bound() -> None:
    site = batteries(6, 96, hourly(96, 0.1, 0.4), 0.05, alike=False, peak=1.0)
    plain, best = StorageScheduler(time_limit=0.0).compute(site), StorageScheduler().compute(site)
    assert plain.status is Status.BEST_IN_TIME and best.status is Status.OPTIMAL
    assert check(site, plain) == pytest.approx(plain.cost)
    assert plain.cost * (1 - plain.gap) < best.cost < plain.cost and np.isfinite(plain.gap)


@pytest.mark.parametrize("seed", range(effort(4, 12)))
def test_small_sites_are_planned_exactly_although_a_gap_would_do(seed: int) -> None:
    site = inverted(draw("negative", seed))
    try:
        plan = StorageScheduler(time_limit=20.0, gap=0.001).compute(site)
    except Infeasible:
        return
    assert plan.cost == pytest.approx(Reference(site).cost(), abs=1e-5)


def test_a_budget_is_spent_by_all_solves_together() -> None:
    budget = Budget(0.3)
    problem = build_problem(draw("work", 3)).problem
    began = thread_time()
    while not budget.is_over:
        Model(problem.arrays(), budget).run()
    assert thread_time() - began < 1.0
    assert budget.left == 0.0 and budget.part(5.0).left == 0.0
    assert 0.0 < budget.at_least(0.2).left <= 0.2


def test_a_solver_that_others_had_before_has_the_whole_time() -> None:
    problem = build_problem(draw("plain", 3)).problem
    for _ in range(3):  # HiGHS counts the time of all runs of one solver
        assert Model(problem.arrays(), Budget(5.0)).run().status is Status.OPTIMAL
    assert Model(problem.arrays(), Budget(0.0)).run().status is Status.TIMED_OUT
    assert Model(problem.arrays()).run().status is Status.OPTIMAL


def test_an_explanation_without_time_says_so() -> None:
    site, *_ = out_of_reach(0)
    report = diagnose(site, Spent(1.0))
    assert report.cut_short and not report.repairs
    assert CUT_SHORT in report.text
    assert not diagnose(site).cut_short


def test_what_a_search_was_ended_with_is_checked() -> None:
    arrays = build_problem(draw("plain", 1)).problem.arrays()
    x = Model(arrays).run().x
    assert arrays.breach(x) <= KEPT
    x[np.argmax(np.isfinite(arrays.upper))] += 1e6
    assert arrays.breach(x) > KEPT
    assert settled(arrays, x).width == arrays.width


def test_gaps_without_a_proof_are_not_known() -> None:
    assert share_above(10.0, -np.inf) == np.inf
    assert share_above(0.0, -1.0) == np.inf
    assert share_above(-10.0, -11.0) == pytest.approx(0.1)
    assert share_above(5.0, 5.0) == 0.0


def test_penalties_do_not_make_a_search_careless() -> None:
    energy, penalties = np.array([0.1, 0.2, -0.3, 0.0]), np.full(40, 1e4)
    assert usual_cost(energy) == usual_cost(np.concatenate([energy, penalties])) == pytest.approx(0.2)
    assert usual_cost(np.zeros(3)) > 0.0


def test_an_edited_problem_keeps_the_limits_of_its_scheduler() -> None:
    hasty = LiveProblem(scheduler=StorageScheduler(time_limit=0.0))
    assert hasty.solve(draw("plain", 3)).status is Status.BEST_IN_TIME
    assert LiveProblem(scheduler=StorageScheduler(time_limit=5.0)).solve(draw("plain", 3)).status in PLANS


class Busy(StorageScheduler):
    """Plans where whatever is done takes a hundred times as long."""

    def budget(self) -> Budget:
        return Budget(1e6, self.gap, clock=lambda: 100.0 * thread_time())


@pytest.mark.parametrize("seed", range(effort(2, 30)))
@pytest.mark.parametrize("kind", ["work", "curves"])
def test_a_busy_machine_plans_alike(kind: str, seed: int) -> None:
    site = draw(kind, 701 + seed)
    try:
        plan = StorageScheduler(time_limit=1e6, gap=0.05).compute(site)
    except Infeasible:
        return
    again = Busy(time_limit=1e6, gap=0.05).compute(site)
    assert (again.status, again.cost) == (plan.status, plan.cost)
