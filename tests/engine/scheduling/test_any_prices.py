"""Sites of one store at prices of any kind: the path found without a search against the always-binary reference."""

import numpy as np
import pytest

from engine.search.level_search import nearest_shares
from engine.search.one_store import plan_store
from engine.search.paths import store_path
from engine.search.paths.store_values import MANY, Value, thinned
from engine.search.store_site import StoreSite
from engine.solve.budget import Budget
from tests.effort import effort
from tests.engine.scheduling.any_price_sites import bent, draw
from tests.engine.scheduling.reference import Reference

SEEDS = range(effort(12, 300))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_cost_is_that_of_the_reference(seed):
    site = draw(seed)
    plan, expected = plan_store(site, Budget()), Reference(site).cost()
    assert (plan is None) == (expected is None)
    if plan is not None:
        assert plan.cost == pytest.approx(expected, rel=1e-6, abs=1e-6)
        assert plan.bound == pytest.approx(plan.cost, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_peak_is_paid_for_as_in_the_reference(seed):
    site = draw(seed, peak=True)
    plan, expected = plan_store(site, Budget(gap=0.001)), Reference(site).cost()
    assert (plan is None) == (expected is None)
    if plan is not None:
        noise = 1e-6 * max(1.0, abs(expected))
        assert plan.bound - noise <= expected <= plan.cost + noise
        (connection,) = site.connections
        several = connection.tariffs[1].billing is not None or connection.soft_consumption is not None
        assert plan.cost - plan.bound <= (0.1 if several else 0.002) * max(1.0, abs(plan.cost))


def test_long_windows_are_looked_through_with_the_same_result(monkeypatch):
    sites = [draw(seed, steps=24) for seed in range(effort(8, 60))]
    expected = [plan_store(site, Budget()) for site in sites]
    monkeypatch.setattr(store_path, "_OVERLAPPING", 0)
    for site, plan in zip(sites, expected, strict=True):
        again = plan_store(site, Budget())
        assert (again is None) == (plan is None)
        if plan is not None:
            np.testing.assert_array_equal(again.power, plan.power)


@pytest.mark.parametrize("seed", range(effort(12, 150)))
def test_curves_of_any_shape_cost_what_the_reference_says(seed):
    site = bent(draw(seed), seed)
    plan, expected = plan_store(site, Budget()), Reference(site).cost()
    if plan is None:
        parts = StoreSite.of(site)
        assert expected is None or parts is None  # a limit that rises too steeply with the energy is left to a search
        return
    assert plan.cost == pytest.approx(expected, rel=1e-5, abs=1e-5)
    assert plan.bound <= expected + 1e-5


def test_shares_of_a_price_are_found_beside_numbers_of_any_size():
    assert nearest_shares(np.array([0.5, 0.3, -0.2]), 0.4).tolist() == pytest.approx([0.3, 0.1, 0.0])
    # A step of a search may go so far that the total is less than the rounding of the largest number.
    assert nearest_shares(np.array([1e16, -3e15, -3e15, -3e15]), 0.4).tolist() == pytest.approx([0.4, 0, 0, 0])


def test_most_curves_are_planned_without_a_search():
    assert sum(StoreSite.of(bent(draw(seed), seed)) is not None for seed in range(40)) >= 30


def test_many_segments_become_few_and_never_too_dear():
    at = np.linspace(0.0, 1.0, 5001)
    worth = 0.01 * at**2 + 1e-7 * np.sin(3000 * at)
    value = Value(at[:-1], at[1:], worth[:-1], worth[1:])
    fewer = thinned(value)
    assert len(fewer.left) <= MANY
    below = worth - np.interp(at, [*fewer.left, 1.0], [*fewer.at_left, fewer.at_right[-1]])
    assert (below >= 0.0).all() and below.max() < 1e-5


def test_most_of_the_sites_have_a_plan_and_cannot_be_left_to_a_linear_problem():
    sites = [draw(seed) for seed in range(60)]
    plans = [plan_store(site, Budget()) for site in sites]
    assert sum(plan is not None for plan in plans) > 45
    tariffs = [site.connections[0].tariffs[0] for site in sites]
    odd = [(each.production_price > each.consumption_price) | (each.consumption_price < 0) for each in tariffs]
    assert sum(bool(np.any(each)) for each in odd) > 45
