"""What any one number would have to be for a goal: each answer is applied to a site solved from nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.explain.best_cost.replanning import Replanning
from engine.explain.goals.goal import CostGoal, choice_goal, peak_goal
from engine.explain.goals.parameter_needed import limit_for_goal, price_for_goal
from engine.explain.prices import with_price
from engine.explain.requirements import limit_named
from engine.site import raised, with_limit
from tests.engine.explain import cold
from tests.engine.explain.test_choices import cells, target
from tests.engine.scheduling.samples import DAY, site, store


class Below:
    """No more than so much is bought in any step."""

    def __init__(self, most):
        self.most = most

    def add_to(self, problem, power):
        problem.constrain("cold", power["electricity"], upper=np.full(problem.window.n, self.most))


def below(given, most):
    return replace(given, additions=(*given.additions, Below(most)))


def moved(plan, given, name, change):
    return with_limit(given, limit_named(plan, name).path, raised(change))


def ends(needed):
    """Give each answer with a change a millionth smaller, which is not enough."""
    for end in filter(None, (needed.lower, needed.higher)):
        yield end, end.change - np.sign(end.change) * 1e-6


@pytest.mark.parametrize("kind", ["plain", "negative", "groups", "soft"])
def test_with_the_limit_told_the_wish_is_part_of_a_best_plan_and_not_before(kind):
    for label, given in cold.sites([kind], range(6 if cold.LONG else 1)):
        for name, step in cells(given, 3, seed=7):
            plan = Replanning(given, (name,), cold.budget())
            wish = "idle" if abs(plan.free_power(name)[step]) > 0.01 else "charge"
            bounds = (0.0, 0.0) if wish == "idle" else (0.001, np.inf)
            for limit in sorted(
                {each.name for each in plan.problem.limits if "electricity" in each.name or name in each.name}
            )[:4]:
                needed = limit_for_goal(plan, limit, choice_goal(name, step, wish))
                for end, before in ends(needed):
                    sites = [moved(plan, given, limit, change) for change in (end.change, before)]
                    extra, less = (cold.cost_with(each, name, step, *bounds) - cold.cost(each) for each in sites)
                    assert extra == pytest.approx(0.0, abs=1e-6), (label, limit)
                    assert end.change == 0.0 or not end.exact or not less <= 1e-12, (label, limit)


def test_with_so_much_more_connection_a_car_may_charge_in_the_cheap_hour_alone():
    buy = np.full(24, 0.20)
    buy[7] = 0.10
    given = site(store(charger=9.0, soc_targets=target(8.0)), buy=buy, capacity=5.0)  # beside a load of 2 kW
    plan = Replanning(given, ("car",))
    assert plan.free_power("car")[7] == pytest.approx(3.0)
    needed = limit_for_goal(plan, "electricity.consumption-capacity", choice_goal("car", 7, "idle", 6.0))
    assert (needed.values, needed.unit, needed.short) == ((5.0, 5.0), "kW", np.inf)
    assert needed.lower is None and needed.higher.change == pytest.approx(3.0, abs=1e-6)


def test_the_size_of_a_battery_at_which_an_hour_is_left_out():
    buy = np.full(24, 0.20)
    buy[[3, 5]], buy[18] = (0.10, 0.12), 0.40
    battery = store("battery", charger=4.0, discharger=8.0, soc_at_start=0.0, soc_min=0.0, soc_max=6.0)
    given = site(battery, buy=buy, sell=np.where(buy == 0.4, buy, 0.0), load=np.zeros(24))
    plan = Replanning(given, ("battery",))
    assert plan.free_power("battery")[5] == pytest.approx(2.0)
    needed = limit_for_goal(plan, "battery.soc-max", choice_goal("battery", 5, "idle"))
    # The cheaper hour fills 4 kWh; a larger one does not help
    assert needed.lower.change == pytest.approx(-2.0) and needed.lower.exact and needed.higher is None


def peaked():
    """A battery that buys in one cheap hour, as fast as it can."""
    buy = np.full(24, 0.20)
    buy[3] = 0.10
    battery = store("battery", charger=4.0, discharger=4.0, soc_at_start=0.0, soc_min=0.0, soc_max=4.0)
    return site(battery, buy=buy, sell=np.zeros(24))


def test_the_price_and_the_charger_with_which_the_peak_is_no_more():
    given = peaked()
    plan = Replanning(given, ("battery", "electricity"))
    assert plan.free_power("electricity").max() == pytest.approx(6.0)
    here = price_for_goal(plan, "electricity", [3], peak_goal("electricity", 3.0))
    assert here.lower is None and here.higher.exact and here.higher.change == pytest.approx(0.10)
    for change, is_enough in ((here.higher.change, True), (here.higher.change - 1e-6, False)):
        dearer = with_price(given, "electricity", [3], change)
        assert (cold.cost(below(dearer, 3.0)) - cold.cost(dearer) < 1e-10) == is_enough
    charger = limit_for_goal(plan, "battery.consumption-capacity", peak_goal("electricity", 3.0))
    assert charger.lower.change == pytest.approx(-3.0)
    # What the load takes alone no charger can avoid
    assert limit_for_goal(plan, "battery.soc-max", peak_goal("electricity", 1.0)).short == np.inf


def test_a_goal_that_is_reached_already_needs_no_change():
    plan = Replanning(peaked(), ("battery", "electricity"))
    for goal in (peak_goal("electricity", 6.0), CostGoal(plan.free.objective)):
        for needed in (
            price_for_goal(plan, "electricity", range(24), goal),
            limit_for_goal(plan, "battery.soc-max", goal),
        ):
            assert needed.short == needed.lower.change == needed.higher.change == 0.0


@pytest.mark.parametrize("kind", ["plain", "negative", "groups"])
def test_the_price_and_the_limits_with_which_the_plan_costs_no_more(kind):
    for label, given in cold.sites([kind], range(6 if cold.LONG else 2)):
        plan = Replanning(given, ("electricity",), cold.budget())
        most = plan.free.objective - 0.05 * max(abs(plan.free.objective), 1.0)
        needed = price_for_goal(plan, "electricity", range(given.window.n), CostGoal(most))
        assert needed.lower or needed.higher, label
        for end, before in ends(needed):
            costs = [
                cold.cost(with_price(given, "electricity", range(given.window.n), each))
                for each in (end.change, before)
            ]
            assert costs[0] == pytest.approx(most, abs=1e-6) and end.exact and costs[1] > most, label
        for limit in sorted({each.name for each in plan.problem.limits})[:6]:
            for end, before in ends(limit_for_goal(plan, limit, CostGoal(most))):
                costs = [cold.cost(moved(plan, given, limit, each)) for each in (end.change, before)]
                assert costs[0] <= most + 1e-6 and (not end.exact or costs[1] > most), (label, limit)


def test_with_whole_numbers_a_change_is_told_that_is_enough():
    given = cold.with_whole_numbers()
    plan = Replanning(given, ("battery", "electricity"), cold.budget())
    most = float(plan.free_power("electricity").max()) - 0.5
    needed = limit_for_goal(plan, "battery.consumption-capacity", peak_goal("electricity", most))
    for end in filter(None, (needed.lower, needed.higher)):
        applied = moved(plan, given, "battery.consumption-capacity", end.change)
        assert not end.exact and cold.cost(below(applied, most)) == pytest.approx(cold.cost(applied), abs=1e-6)
    assert plan.searches and DAY.n == 24
