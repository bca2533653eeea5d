"""What it would take, and which limits cost most: every answer is applied, and a little less of it is not enough."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from engine.carbon import CarbonIntensity
from engine.explain.best_cost.replanning import Replanning
from engine.explain.best_cost.trade_off import trade_off
from engine.explain.bottlenecks import bottlenecks
from engine.explain.combined_change import combined_change
from engine.explain.prices import commodity_of, with_price
from engine.explain.requirements import (
    LimitNeeded,
    LimitTooWeak,
    giving_way,
    limit_named,
    limit_needed,
    price_needed,
    wished_bounds,
)
from engine.site import carbon_emissions, raised, with_limit
from tests.engine.explain import cold
from tests.engine.explain.test_choices import cells, target
from tests.engine.scheduling import random_sites
from tests.engine.scheduling.samples import bumped, site, store


@pytest.mark.parametrize("kind", ["plain", "negative", "groups", "soft"])
def test_at_the_price_told_the_wish_is_part_of_a_best_plan_and_not_before(kind):
    answers = 0
    for label, given in cold.sites([kind], range(8 if cold.LONG else 2)):
        for name, step in cells(given, 4, seed=5):
            plan = Replanning(given, (name,), cold.budget())
            wish = "idle" if abs(plan.free_power(name)[step]) > 0.01 else "charge"
            needed = price_needed(plan, name, wished_bounds(plan, name, step, wish), [step])
            bounds = (0.0, 0.0) if wish == "idle" else (0.01, np.inf)
            for end in filter(None, (needed.lower, needed.higher)):
                answers += 1
                before = extra(given, name, step, bounds, end.change * (1 - 1e-5) - 1e-6 * np.sign(end.change))
                assert extra(given, name, step, bounds, end.change) == pytest.approx(0.0, abs=1e-6), label
                assert end.change == 0.0 or not end.exact or before > 1e-10, label
    assert answers or kind not in ("plain", "negative")


def extra(given, name, step, bounds, change):
    """Return what the wish costs beyond the best at another price, by cold solves."""
    priced = with_price(given, commodity_of(given, name), [step], change)
    return cold.cost_with(priced, name, step, *bounds) - cold.cost(priced)


def test_the_price_at_which_the_battery_would_wait():
    buy = np.full(24, 0.20)
    buy[7] = 0.10
    plan = Replanning(site(store(soc_targets=target(6.0)), buy=buy), ("car",))
    needed = price_needed(plan, "car", wished_bounds(plan, "car", 7, "idle"), [7])
    assert needed.higher.price == pytest.approx(0.20)
    assert needed.lower is None
    assert needed.extra_cost == pytest.approx(0.40)
    uniform = price_needed(plan, "car", wished_bounds(plan, "car", 7, "idle"), range(24))
    assert uniform.higher is None  # all prices alike make no hour dearer than another


def test_a_choice_that_is_best_at_one_price_only_is_met_there():
    # Without losses a battery sells above the price of the other hours and buys below it: it rests at just that price.
    battery = store("battery", charger=4.0, discharger=4.0, soc_at_start=5.0, soc_max=50.0, soc_targets=target(5.0))
    buy = np.full(24, 0.20)
    buy[7] = 0.10
    plan = Replanning(site(battery, buy=buy, sell=buy), ("battery",))
    needed = price_needed(plan, "battery", wished_bounds(plan, "battery", 7, "idle"), [7], reach=0.5)
    assert needed.higher.price == pytest.approx(0.20)
    partly = price_needed(plan, "battery", wished_bounds(plan, "battery", 7, "idle", 1.5), [7], reach=0.5)
    assert partly.higher.price == pytest.approx(0.20)
    assert partly.higher.power == pytest.approx(1.5)


@pytest.mark.parametrize("kind", ["plain", "negative", "groups", "soft"])
def test_a_little_less_of_a_limit_is_not_enough(kind):
    for label, given in cold.sites([kind], range(4 if cold.LONG else 1)):
        plan = Replanning(given, (), cold.budget())
        for bottleneck in bottlenecks(plan):
            assert bottleneck.saving <= bottleneck.estimate + 1e-6
            wished = plan.free.objective - 0.5 * bottleneck.saving
            needed = limit_needed(plan, bottleneck.limit, wished)
            if bottleneck.saving < 1e-4:
                continue
            assert isinstance(needed, LimitNeeded), label
            assert changed_cost(given, plan, needed, 1.0) == pytest.approx(needed.cost, abs=1e-6)
            assert needed.cost <= wished + 1e-6
            assert needed.is_smallest == plan.is_linear, label
            if needed.is_smallest:
                assert changed_cost(given, plan, needed, 1 - 1e-3) > wished + 1e-9, (label, bottleneck.limit)


def test_a_target_that_cannot_fall_below_nothing_is_moved_as_far_as_it_helps():
    # Ten times the target lower there is no plan at all: that says nothing about a change on the way there
    given = site(store(soc_targets=target(18.0)), buy=np.r_[np.full(4, 0.1), np.full(20, 0.3)], capacity=5.0)
    plan = Replanning(given, ())
    needed = limit_needed(plan, "car.soc-targets", plan.free.objective - 0.3)
    assert needed.change == pytest.approx(1.0) and needed.is_smallest
    weak = limit_needed(plan, "car.soc-targets", 0.0)
    assert isinstance(weak, LimitTooWeak)
    assert weak.cost == pytest.approx(
        changed_cost(
            given,
            plan,
            LimitNeeded(
                limit="car.soc-targets", unit="kWh", change=weak.farthest, values=(0, 0), cost=0, is_smallest=False
            ),
            1.0,
        )
    )


def changed_cost(given, plan, needed, share):
    limit = limit_named(plan, needed.limit)
    return cold.cost(with_limit(given, limit.path, raised(giving_way(limit) * needed.change * share)))


def test_with_so_much_more_connection_the_peak_goes():
    # A car wants 16 kWh in four hours behind 5 kW of which a load takes 2: it buys one hour at the dear price.
    buy = np.r_[np.full(4, 0.1), np.full(20, 0.3)]
    plan = Replanning(site(store(soc_targets=target(18.0)), buy=buy, capacity=5.0), ())
    cheapest = 0.1 * 24 + 0.3 * 40
    needed = limit_needed(plan, "electricity.consumption-capacity", cheapest)
    assert needed.change == pytest.approx(1.0)
    assert needed.cost == pytest.approx(cheapest)
    assert limit_needed(plan, "electricity.consumption-capacity", 1.0).cost == pytest.approx(cheapest)
    with pytest.raises(Exception, match=r"choose one of car\.consumption-capacity"):
        limit_needed(plan, "car.power", 1.0)


def test_bottlenecks_are_confirmed_by_the_site_with_them_wider():
    given = site(store(soc_targets=target(18.0)), buy=np.r_[np.full(4, 0.1), np.full(20, 0.3)], capacity=5.0)
    first, *others = bottlenecks(Replanning(given, ()))
    assert first.limit == "electricity.consumption-capacity"
    assert first.saving == pytest.approx(cold.cost(given) - cold.cost(with_limit(given, f"{first.limit}", raised(1.0))))
    assert all(each.saving <= first.saving for each in others)


def test_every_corner_of_the_trade_off_is_the_cheapest_plan_for_what_it_emits():
    given = site(store(soc_targets=target(18.0)), buy=np.linspace(0.1, 0.3, 24), load=bumped(4.0, 3, 6))
    carbon = CarbonIntensity(consumption=0.3 + 0.2 * np.cos(np.arange(24) / 3))
    given = replace(given, connections=(replace(given.connections[0], carbon=carbon),))
    points = trade_off(Replanning(given, ()))
    assert points[0].cost == pytest.approx(cold.cost(given))
    assert len(points) > 3
    for before, after in pairwise(points):
        assert after.cost > before.cost
        assert after.emissions < before.emissions
        for point in (before, after):  # both are best at the price of CO2 between them
            taxed = replace(
                given.connections[0], tariffs=(*given.connections[0].tariffs, carbon.tariff(after.carbon_price))
            )
            best = cold.cost(replace(given, connections=(taxed,)))
            assert best == pytest.approx(point.cost + after.carbon_price * point.emissions, rel=1e-6)
    schedule = cold.EXACT.compute(given)
    assert carbon_emissions(given, schedule.power)["electricity"] == pytest.approx(points[0].emissions)


@pytest.mark.parametrize("seed", range(6 if cold.LONG else 2))
def test_a_mix_of_changes_is_enough_and_a_little_less_is_not(seed):
    given = random_sites.draw("plain", seed)
    plan = Replanning(given, (), cold.budget())
    limits = [each.name for each in plan.problem.limits if each.name.endswith("capacity") and each.side == "upper"]
    wished = plan.free.objective - 0.05 * max(abs(plan.free.objective), 0.2)
    mix = combined_change(plan, wished, weights=dict.fromkeys(limits, 0.2), price_share=0.5)
    assert mix is not None and (mix.limits or mix.prices)
    for share, enough in ((1.0, True), (0.99, False)):
        changed = given
        for name, change in mix.limits.items():
            changed = with_limit(changed, limit_named(plan, name).path, raised(share * change))
        tariff = changed.connections[0].tariffs[0]
        cheaper = np.zeros(given.window.n)
        cheaper[list(mix.prices)] = share * np.array(list(mix.prices.values()))
        tariff = replace(tariff, consumption_price=tariff.consumption_price - cheaper)
        changed = replace(changed, connections=(replace(changed.connections[0], tariffs=(tariff,)),))
        assert (cold.cost(changed) <= wished + 1e-6) == enough
    assert combined_change(plan, wished - 1e4, weights={limits[0]: 1.0}) is None
    with pytest.raises(Exception, match="Nothing may change"):
        combined_change(plan, wished, weights={})
