"""Steps of several lengths: the rest of a slot at the start, and longer steps later on."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.devices.port import Port
from engine.errors import Infeasible
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from tests.effort import effort
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.samples import START, site, store


def window(*lengths):
    """A window of steps of so many quarters of an hour; only the first may be a part of one."""
    ends = np.cumsum([0, *lengths]) * 900_000_000 + int(START.timestamp() * 1e6)
    end = START + timedelta(minutes=15 * float(sum(lengths)))
    return Window(START, end, timedelta(minutes=15), tuple(int(each) for each in ends))


def cost(plan_of):
    """The cost of the best plan of a site; infinite if there is none."""
    try:
        return StorageScheduler().compute(plan_of).cost
    except Infeasible:
        return np.inf


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(effort(3, 12)))
def test_bounds_that_make_equal_steps_change_nothing(kind, seed):
    even = draw(kind, seed)
    told = replace(even.window, bounds=tuple(even.window.ticks.tolist()))
    assert cost(replace(even, window=told)) == pytest.approx(cost(even), rel=1e-7, abs=1e-7)


def test_what_is_left_of_the_first_slot_is_all_the_time_there_is():
    # From 07:10, 11 kW reach 20 + 11 · (5 + 45) / 60 kWh by 08:00, and no more.
    car = store(charger=11.0, soc_at_start=20.0, soc_max=60.0)
    plan = StorageScheduler().compute(site(car, window=window(1 / 3, 1, 1, 1), sell=0.3, buy=-0.1))
    assert plan.soc["car"].tolist() == pytest.approx([20, 20 + 11 / 12, 20 + 11 / 3, 20 + 77 / 12, 20 + 55 / 6])


def test_a_long_step_costs_what_its_energy_costs():
    car = store(charger=1.0, soc_at_start=0.0, soc_max=40.0, soc_min=np.array([0.0, 0, 0, 2.5]))
    plan = StorageScheduler().compute(
        site(car, window=window(2, 4, 16), buy=np.array([0.3, 0.2, 0.1]), load=np.zeros(3))
    )
    assert plan.soc["car"][-1] == pytest.approx(2.5) and plan.cost == pytest.approx(0.25)
    assert plan.shadow_prices["electricity"] == pytest.approx([0.3, 0.2, 0.1])


def test_minimum_times_are_hours_and_not_steps():
    # One hour on: the rest of a slot of 5 min and four quarters, or one long step.
    machine = Port(name="machine", consumption_limit=2.0, production_limit=0.0, min_on=1.0, start_cost=0.01)
    tank = store("machine", soc_at_start=0.0, soc_max=40.0, ports=(machine,))
    tank = replace(tank, soc_min=np.array([0.0, 0.1, 0, 0, 0, 0, 0]))
    plan = StorageScheduler().compute(site(tank, window=window(1 / 3, 1, 1, 1, 1, 4), load=np.zeros(6), sell=0.1))
    assert (plan.power["machine"] > 1e-6).tolist()[0]
    assert plan.costs["machine starts"] == pytest.approx(0.01)


def test_a_ramp_counts_from_middle_to_middle():
    port = Port(name="car", consumption_limit=40.0, production_limit=0.0, ramp=8.0)
    car = store(ports=(port,), soc_at_start=0.0, soc_max=400.0)
    plan = StorageScheduler().compute(site(car, window=window(4, 4, 8), buy=-0.1, sell=-0.2, load=np.zeros(3)))
    assert np.diff(plan.power["car"]).max() <= 12.0 + 1e-6
    assert plan.power["car"][1] - plan.power["car"][0] <= 8.0 + 1e-6
