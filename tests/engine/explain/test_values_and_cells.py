"""The table of other choices, and what energy and limits are worth at the margin: against cold solves."""

from dataclasses import replace

import numpy as np
import pytest

from engine.errors import TimedOut
from engine.explain.best_cost.matrix import extra_costs
from engine.explain.best_cost.replanning import Replanning, planned_ports
from engine.explain.marginal_values import energy_saving, limit_saving, storage_value_line
from engine.site import raised, with_limit
from engine.solve.budget import Budget
from tests.engine.explain import cold
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, site, store


@pytest.mark.parametrize("kind", ["plain", "negative", "groups", "whole"])
def test_every_cell_of_the_table_is_that_of_a_cold_solve(kind):
    ((_, given),) = list(cold.sites([kind], [1]))
    names = planned_ports(given)[:2]
    plan = Replanning(given, names, cold.budget())
    rows = list(extra_costs(plan, names))
    assert len(rows) == given.window.n
    for row in rows[:: 1 if cold.LONG else 4]:
        for cell in row:
            expected = cold.cost_with(given, cell.name, cell.step, cell.other) - plan.free.objective
            assert cell.extra_cost == pytest.approx(expected, rel=1e-6, abs=1e-6)
            assert cell.other != pytest.approx(cell.power, abs=1e-6) or cell.extra_cost == pytest.approx(0.0, abs=1e-7)


def test_a_table_ends_when_its_time_is_over():
    given = draw("plain", 1)
    plan = Replanning(given, planned_ports(given), budget := Budget(100.0))
    rows = extra_costs(plan, planned_ports(given))
    next(rows)
    budget.limit = 0.0
    with pytest.raises(TimedOut, match="ask about fewer devices or steps"):
        next(rows)


@pytest.mark.parametrize("seed", range(6 if cold.LONG else 2))
def test_stored_energy_is_worth_what_a_little_more_of_it_saves(seed):
    ((_, given),) = list(cold.sites(["plain"], [seed]))
    device = given.devices[0]
    plan = Replanning(given, (), cold.budget())
    line = storage_value_line(plan, device.name)
    for tick in (0, given.window.n // 2, given.window.n - 1):
        # A little energy more at the end of a step is a little more gain during it.
        more, less = (cold.cost(with_gain(given, device, tick, by)) for by in (1e-4, -1e-4))
        assert line.more[tick] == pytest.approx((plan.free.objective - more) / 1e-4, abs=1e-4)
        assert line.less[tick] == pytest.approx((less - plan.free.objective) / 1e-4, abs=1e-4)
        assert line.more[tick] - 1e-6 <= line.value[tick] <= line.less[tick] + 1e-6


def with_gain(given, device, tick, energy):
    gain = np.broadcast_to(device.gain, given.window.n).astype(float).copy()
    kept = device.storage_efficiency
    share = 1.0 if kept == 1.0 else (kept - 1.0) / np.log(kept)
    gain[tick] += energy / (given.window.hours * share)
    return given.with_device(device, replace(device, gain=gain))


def test_a_kink_has_a_value_on_either_side():
    # The store is to be full: one kWh more finds no room, one less is bought at 0.20 EUR.
    car = store(soc_at_start=2.0, soc_max=10.0, soc_targets=at(24, 10.0))
    plan = Replanning(site(car, buy=0.2), ())
    line = storage_value_line(plan, "car")
    assert line.less[23] == pytest.approx(0.2)
    assert line.more[5] == pytest.approx(0.2)
    assert energy_saving(plan, "car", 5) == pytest.approx(0.2)


@pytest.mark.parametrize("kind", ["plain", "groups", "heat"])
def test_a_wider_limit_saves_what_the_site_with_it_saves(kind):
    given = next(given for _, given in cold.sites([kind], range(9)))
    plan = Replanning(given, (), cold.budget())
    limits = [each for each in plan.problem.limits if each.name.endswith("capacity") and each.side == "upper"]
    for limit in limits:
        wide = with_limit(given, limit.path, raised(1e-4))
        expected = (plan.free.objective - cold.cost(wide)) / 1e-4
        assert limit_saving(plan, limit) == pytest.approx(expected, abs=1e-4)
