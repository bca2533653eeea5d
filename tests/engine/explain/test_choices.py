"""What another choice costs, and until which price a choice holds: as told, and as a cold solve finds it."""

import numpy as np
import pytest

from engine.explain.best_cost.cost_curve import CostCurve
from engine.explain.best_cost.replanning import Replanning, names_to_ask, planned_ports
from engine.explain.choices import explain_choice
from engine.explain.prices import commodity_of, with_price
from tests.engine.explain import cold
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import site, store

CELLS = 12 if cold.LONG else 2
SEEDS = range(6 if cold.LONG else 1)


def cells(given, count, seed=0):
    """Return some ports and steps at random."""
    rng, names = np.random.default_rng([77, seed]), planned_ports(given)
    return [(names[rng.integers(len(names))], int(rng.integers(given.window.n))) for _ in range(count)]


@pytest.mark.parametrize("kind", cold.KINDS)
def test_another_power_costs_what_a_cold_solve_with_it_costs(kind):
    for label, given in cold.sites([kind], SEEDS):
        best = cold.cost(given)
        for name, step in cells(given, CELLS):
            plan = Replanning(given, (name,), cold.budget())
            choice = explain_choice(plan, name, step, with_prices=False)
            assert choice.cost == pytest.approx(best, rel=1e-6, abs=1e-6), label
            for other in choice.others:
                expected = cold.cost_with(given, name, step, other.power) - best
                assert other.extra_cost == pytest.approx(expected, rel=1e-6, abs=1e-6 * max(1, abs(best))), label
                assert other.extra_cost >= 0
                assert sum(other.costs.values()) == pytest.approx(other.extra_cost, abs=1e-6)
            assert choice.others[0].extra_cost == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("kind", ["plain", "negative", "groups", "soft", "heat"])
def test_the_curve_is_that_of_cold_solves_between_its_points_as_well(kind):
    for label, given in cold.sites([kind], SEEDS):
        for name, step in cells(given, CELLS, seed=1):
            plan = Replanning(given, (name,), cold.budget())
            curve = explain_choice(plan, name, step).curve
            if curve.sampled:
                continue
            at = np.random.default_rng(3).uniform(curve.power[0], curve.power[-1])
            expected = cold.cost_with(given, name, step, at) - plan.free.objective
            assert curve.extra_cost_at(at) == pytest.approx(expected, abs=1e-6), label
            low, high = curve.as_good
            assert cold.cost_with(given, name, step, 0.5 * (low + high)) - plan.free.objective < 0.001 + 1e-6


@pytest.mark.parametrize("kind", cold.KINDS)
def test_a_choice_holds_until_the_price_and_not_beyond(kind):
    for label, given in cold.sites([kind], SEEDS):
        for name, step in cells(given, CELLS, seed=2):
            plan = Replanning(given, (name,), cold.budget())
            choice = explain_choice(plan, name, step)
            if choice.prices is None:
                continue
            for end in filter(None, (choice.prices.below, choice.prices.above)):
                direction = np.sign(end.change)
                before, after = (delta(given, choice, end.change + direction * by) for by in (-1e-6, 3e-5))
                assert before == pytest.approx(0.0, abs=1e-7), label
                assert not end.exact or after > 1e-9, label


def delta(given, choice, change):
    """Return what the choice costs beyond the best at another price, by cold solves."""
    priced = with_price(given, commodity_of(given, choice.name), [choice.step], change)
    return cold.cost_with(priced, choice.name, choice.step, choice.power) - cold.cost(priced)


def test_a_flat_price_leaves_many_choices_as_good():
    plan = Replanning(site(store(soc_targets=target(10.0))), ("car",))
    choice = explain_choice(plan, "car", 3)
    assert choice.curve.as_good == pytest.approx((0.0, 4.0))
    assert all(other.is_as_good for other in choice.others)


def test_the_price_at_which_the_only_cheap_hour_is_left():
    # 4 kWh are wanted and fit into any hour; hour 7 costs 0.10, all others 0.20 EUR/kWh.
    buy = np.full(24, 0.20)
    buy[7] = 0.10
    plan = Replanning(site(store(soc_targets=target(6.0)), buy=buy), ("car",))
    choice = explain_choice(plan, "car", 7)
    idle = next(other for other in choice.others if other.name == "idle")
    assert choice.power == pytest.approx(4.0)
    assert idle.extra_cost == pytest.approx(0.40)
    assert choice.prices.below is None
    assert choice.prices.above.price == pytest.approx(0.20, abs=1e-9)
    assert choice.prices.above.power == pytest.approx(0.0, abs=1e-9)


def target(energy):
    values = np.full(25, np.nan)
    values[24] = energy
    return values


def test_a_power_that_no_plan_has_is_refused_with_those_it_can_have():
    plan = Replanning(site(store(soc_targets=target(6.0))), ("car",))
    with pytest.raises(Exception, match=r"car can have 0 to 4 kW then, not 5 kW"):
        explain_choice(plan, "car", 3, asked=5.0)


def test_cells_of_sampled_curves_are_as_good_at_their_points_only():
    curve = CostCurve(power=(0.0, 1.0, 2.0), extra_cost=(0.0, 0.0005, 1.0), sampled=True)
    assert curve.as_good == (0.0, 1.0)
    assert CostCurve(power=(0.0, 2.0), extra_cost=(0.0, 0.002)).as_good == pytest.approx((0.0, 1.0))


def test_another_battery_takes_over_for_the_difference_in_losses():
    # Both are to reach 4 kWh by the end; the second could do so in the hour in which the first one does.
    cars = [store(name, soc_targets=target(6.0)) for name in ("one", "two")]
    given = site(*cars, buy=0.2)
    plan = Replanning(given, names_to_ask(given, "one"))
    assert explain_choice(plan, "one", 0).taken_over == pytest.approx(0.0, abs=1e-9)
    alone = site(cars[0])
    assert explain_choice(Replanning(alone, names_to_ask(alone, "one")), "one", 0).taken_over is None


def test_the_forecasts_that_agree_are_counted():
    levels = {0.1: np.full(24, 0.5), 0.5: np.full(24, 2.0), 0.9: np.full(24, 99.0)}
    given = site(store(soc_targets=target(6.0)), buy=np.r_[np.full(12, 0.1), np.full(12, 0.3)], capacity=200.0)
    load = given.devices[-1]
    quantiles = type(load)(name=load.name, power=load.power, quantiles=levels)
    plan = Replanning(given.with_device(load, quantiles), ("car",))
    assert explain_choice(plan, "car", 20).agreeing == (3, 3)
    assert explain_choice(Replanning(given, ("car",)), "car", 20).agreeing is None


def test_drawn_sites_stay_as_they_are():
    given = draw("plain", 0)
    plan = Replanning(given, planned_ports(given))
    before = plan.free.objective
    for name, step in cells(given, 5, seed=4):
        explain_choice(plan, name, step)
    assert plan.moving.solve().objective == pytest.approx(before, abs=1e-9)
