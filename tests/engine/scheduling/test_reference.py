"""The engine against an independent, always-binary formulation of the same sites."""

import pytest

from engine.errors import Infeasible
from engine.schedulers.storage_scheduler import StorageScheduler
from tests.effort import effort
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.random_sites import KINDS, draw
from tests.engine.scheduling.reference import Reference


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(effort(4, 26)))
def test_cost_equals_the_always_binary_reference(kind, seed):
    site = draw(kind, seed)
    expected = Reference(site).cost()
    if expected is None:
        with pytest.raises(Infeasible):
            StorageScheduler().compute(site)
        return
    schedule = StorageScheduler().compute(site)
    assert schedule.cost == pytest.approx(expected, rel=1e-6, abs=1e-6)
    assert check(site, schedule) == pytest.approx(schedule.cost, rel=1e-6, abs=1e-5)


def test_most_random_sites_have_a_plan():
    # A reference that finds hardly any plan would compare nothing.
    plans = [Reference(draw(kind, seed)).cost() is not None for kind in KINDS for seed in range(effort(1, 4))]
    assert sum(plans) >= 0.7 * len(plans)
