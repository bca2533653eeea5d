"""What has not changed between two problems is taken over, and nothing else is."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import LiveProblem, StorageScheduler
from engine.site import raised, with_limit
from engine.tariffs import Commitment
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import DAY, site, store


def numbers(built):
    arrays = built.problem.arrays()
    matrix = arrays.matrix
    dense = np.zeros((arrays.height, arrays.width))
    dense[matrix.index, np.repeat(np.arange(arrays.width), np.diff(matrix.start))] = matrix.value
    return [arrays.cost, arrays.lower, arrays.upper, arrays.row_lower, arrays.row_upper, dense, arrays.offset]


def assert_like_new(here, before):
    for taken, new in zip(numbers(build_problem(here, before)), numbers(build_problem(here)), strict=True):
        np.testing.assert_array_equal(taken, new)


@pytest.mark.parametrize("kind", ["plain", "soft", "groups", "heat", "work"])
@pytest.mark.parametrize("seed", range(4))
def test_every_limit_in_turn_changed(kind, seed):
    here = draw(kind, seed)
    built = build_problem(here)
    for limit in {limit.name for limit in built.problem.limits}:
        assert_like_new(with_limit(here, limit, raised(0.37)), built)


@pytest.mark.parametrize("kind", ["plain", "soft", "groups", "heat"])
def test_edits_one_after_the_other_give_the_plans_of_fresh_solves(kind):
    here, live = draw(kind, 5), LiveProblem()
    for limit in sorted({limit.name for limit in build_problem(here).problem.limits}):
        here = with_limit(here, limit, raised(0.21))
        try:
            expected = StorageScheduler().compute(here).cost
        except Infeasible:
            with pytest.raises(Infeasible):
                live.solve(here)
            continue
        assert live.solve(here).cost == pytest.approx(expected, rel=1e-7, abs=1e-7)


class Counted(Inflexible):
    """A load that counts how often it is written."""

    written = 0

    def add_to(self, problem):
        Counted.written += 1
        return super().add_to(problem)


def test_a_part_that_stays_is_not_written_again():
    Counted.written = 0
    load = Counted(name="counted", power=np.ones(24))
    built = build_problem(site(store(), load))
    built = build_problem(site(store(soc_at_start=3.0), load), built)
    assert Counted.written == 1
    later = replace(DAY, start=DAY.start + DAY.step, end=DAY.end + DAY.step)
    build_problem(site(store(), load, window=later), built)
    assert Counted.written == 2


def coupled(name, most):
    port = Port(name=name, consumption_limit=most, production_limit=0.0, coupling="shaft")
    return Adjustable(name=name, ports=(port,))


@pytest.mark.parametrize("least", [(3.0, 1.0), (1.0, 3.0)])
def test_devices_that_share_a_coupling_bound_each_other_anew(least):
    before = build_problem(site(coupled("a", 2.0), second := coupled("b", 2.0)))
    assert_like_new(site(coupled("a", least[0]), second), before)
    assert_like_new(site(coupled("a", least[0]), coupled("b", least[1])), before)


def test_a_promise_about_a_group_sees_the_new_bounds_of_its_members():
    promise = Commitment(name="bid", baseline=1.0, up_price=0.3, down_price=-0.1, members=("car",))
    here = site(store(), commitments=(promise,))
    assert_like_new(with_limit(here, "car.consumption-capacity", raised(5.0)), build_problem(here))
