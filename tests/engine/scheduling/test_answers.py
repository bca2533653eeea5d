"""How a solve ends: a plan that is optimal or within a stated gap, or an error of a known kind; never anything else."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.errors import InputError, SolveError
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Group, Status
from engine.solve.budget import Budget
from engine.solve.optimum import unsolved_error
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import at, site, store


def test_an_optimal_plan_says_so_and_what_it_took():
    schedule = StorageScheduler().compute(site(store()))
    assert (schedule.status, schedule.gap) == (Status.OPTIMAL, 0.0)
    assert schedule.timings.building > 0
    assert schedule.timings.solving > 0


def test_a_linear_run_out_of_time_ends_with_a_plan_and_its_gap():
    best, found = (
        StorageScheduler().compute(draw("plain", 3)),
        StorageScheduler(time_limit=0.0).compute(draw("plain", 3)),
    )
    assert found.status is Status.BEST_IN_TIME
    assert found.cost - found.gap * abs(found.cost) <= best.cost <= found.cost


def test_what_to_do_is_told_where_no_plan_is_found_in_time():
    told = str(unsolved_error(Status.TIMED_OUT, Budget(0.0)))
    assert "within 0 s; plan fewer devices or steps at once, or allow more time" in told


def test_a_search_out_of_time_ends_with_the_best_plan_found_and_its_gap():
    best, found = StorageScheduler().compute(draw("work", 3)), StorageScheduler(time_limit=0.0).compute(draw("work", 3))
    assert found.status is Status.BEST_IN_TIME
    assert best.cost <= found.cost + 1e-6
    assert found.cost - found.gap * abs(found.cost) <= best.cost + 1e-6


def test_an_accepted_gap_is_stated():
    best, found = (StorageScheduler(gap=gap).compute(draw("inverted", 4)) for gap in (0.0, 0.5))
    assert found.status in (Status.OPTIMAL, Status.WITHIN_GAP)
    assert best.cost <= found.cost <= best.cost + 0.5 * max(abs(found.cost), 1.0)
    assert found.gap <= 0.5


def test_earning_without_end_is_refused():
    endless = Port(name="well", consumption_limit=0.0, production_limit=np.inf)
    here = site(Adjustable(name="well", ports=(endless,)), capacity=np.inf)
    with pytest.raises(SolveError, match="could earn money without end; limit the power"):
        StorageScheduler().compute(here)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"devices": (store("a"), store("a"))}, "Two parts of the site are called a"),
        ({"devices": (store("a", group="attic"),)}, "a: group: attic is not described"),
        ({"groups": (Group(name="a", group="b"), Group(name="b", group="a"))}, "contain each other"),
        ({"groups": (Group(name="a", group="c"),)}, "group: c is not described"),
        (
            {"devices": (store("a", group="g"),), "groups": (Group(name="g", commodity="gas"),)},
            "group: it is about gas, the device about electricity",
        ),
    ],
)
def test_a_site_that_contradicts_itself_is_refused(fields, reason):
    with pytest.raises(InputError, match=reason):
        StorageScheduler().compute(replace(site(), **fields))


def test_rounding_noise_between_bounds_is_no_contradiction():
    schedule = StorageScheduler().compute(site(store(soc_targets=at(12, 40.0 + 1e-9))))
    assert schedule.soc["car"][12] == pytest.approx(40.0)
