"""Devices planned one after the other: the first takes what is best for it, the next what is left."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.errors import Infeasible
from engine.schedulers.sequential_scheduler import SequentialScheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Group
from tests.effort import effort
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.samples import START, at, site, store

HOURS = Window.of_length(START, timedelta(hours=4), timedelta(hours=1))
PRICES = np.array([0.1, 0.2, 0.5, 0.4])
IN_TURN = SequentialScheduler(scheduler=StorageScheduler())


def car(name, due, energy=6.0):
    return store(name, soc_targets=at(due, energy, n=4))


def behind(limit, *devices, **fields):
    return site(*devices, window=HOURS, load=np.zeros(4), capacity=limit, buy=PRICES, sell=0.0, **fields)


def test_the_first_listed_takes_the_cheapest_hour():
    first = IN_TURN.compute(behind(4.0, car("a", 4), car("b", 2)))
    assert first.power["a"].tolist() == pytest.approx([4, 0, 0, 0])
    assert first.power["b"].tolist() == pytest.approx([0, 4, 0, 0])
    assert IN_TURN.compute(behind(4.0, car("b", 2), car("a", 4))).power["b"].tolist() == pytest.approx([4, 0, 0, 0])


def test_costs_and_energies_are_those_of_the_whole_site():
    devices = [replace(car(name, 4), ports=(replace(car(name, 4).ports[0], wear_price=0.01),)) for name in "abc"]
    plan = IN_TURN.compute(behind(5.0, *devices))
    net = sum(plan.power[name] for name in "abc")
    assert net == pytest.approx(plan.power["electricity"]) and net.max() <= 5 + 1e-9
    assert plan.cost == pytest.approx(float(net @ PRICES) + 0.01 * float(net.sum()))
    assert {name: levels[-1] for name, levels in plan.soc.items()} == pytest.approx({"a": 6, "b": 6, "c": 6})


def test_who_comes_last_may_find_no_room():
    with pytest.raises(Infeasible):
        IN_TURN.compute(behind(1.5, car("a", 2, 4.5), car("b", 2, 4.5)))


def test_limits_of_groups_hold_and_a_tank_before_its_pump_finds_no_heat():
    heat = Port(
        name="heat", commodity="heat", consumption_limit=0.0, production_limit=9.0, coupling="pump", coefficient=3.0
    )
    power = Port(name="power", consumption_limit=3.0, production_limit=0.0, coupling="pump")
    tank = store("tank", ports=(Port(name="tank", commodity="heat", consumption_limit=9.0, production_limit=0.0),),
                 soc_targets=at(4, 8.0, n=4))  # fmt: skip
    pump = Adjustable(name="pump", ports=(heat, power))
    group = Group(name="fuse", consumption_limit=2.0, production_limit=0.0)
    own = behind(9.0, replace(car("a", 4, 8.0), ports=(replace(car("a", 4).ports[0], group="fuse"),)), groups=(group,))
    assert IN_TURN.compute(own).power["a"].max() == pytest.approx(2.0)
    with pytest.raises(Infeasible):
        IN_TURN.compute(behind(9.0, tank, pump))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(effort(2, 10)))
def test_together_costs_no_more_than_in_turn(kind, seed):
    own = draw(kind, seed)
    try:
        in_turn = IN_TURN.compute(own)
    except Infeasible:
        return
    assert StorageScheduler().compute(own).cost <= in_turn.cost + 1e-6 * max(1.0, abs(in_turn.cost))
