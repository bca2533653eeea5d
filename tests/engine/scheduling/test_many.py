"""Many sites at once give what they give one by one, errors included."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.diagnosis.infeasibility import NoPlan
from engine.errors import FieldError
from engine.schedulers.fleet import COMPILED_FROM, for_many, schedule_many
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.tariffs import EnergyTariff
from tests.effort import effort
from tests.engine.scheduling.one_store_sites import draw as one_store
from tests.engine.scheduling.random_sites import draw
from tests.engine.scheduling.samples import bumped, site, store

ROOT = Path(__file__).parents[3]


def test_processes_give_the_same_plans_in_the_same_order():
    sites = [draw("plain", seed) for seed in range(12)]
    together, alone = schedule_many(sites, workers=2), schedule_many(sites, workers=1)
    for one, other in zip(together, alone, strict=True):
        assert type(one) is type(other)
        if not isinstance(one, Exception):
            assert one.costs == other.costs
            for name, power in one.power.items():
                np.testing.assert_array_equal(power, other.power[name])


def test_a_site_without_a_plan_does_not_stop_the_others():
    sites = [site(store()), site(store(), load=bumped(200.0, 3, 3)), site(store())]
    first, second, third = schedule_many(sites, workers=2)
    assert isinstance(second, NoPlan)
    assert second.report.repairs[0].limits == ("electricity.consumption-capacity",)
    assert first.cost == third.cost == StorageScheduler().compute(sites[0]).cost


def test_a_fleet_costs_the_same_with_and_without_a_solver():
    # From so many sites on they go through dynamic programming; a third of all prices is negative.
    sites = [below_zero(one_store(seed)) for seed in range(COMPILED_FROM + 20)]
    scheduler = for_many(StorageScheduler(), sites)
    assert scheduler.compiled and not for_many(StorageScheduler(), sites[:100]).compiled
    some = sites[:: effort(18, 1)]
    compiled, solved = (schedule_many(some, scheduler=way, workers=1) for way in (scheduler, StorageScheduler()))
    for one, other in zip(compiled, solved, strict=True):
        assert type(one) is type(other)
        if not isinstance(one, Exception):
            assert one.cost == pytest.approx(other.cost, abs=1e-6)


def test_compiling_the_kernel_takes_no_time_of_a_site():
    # In a process of its own, where no other test has called the kernel.
    code = (
        "from tests.engine.scheduling.samples import bumped, site, store\n"
        "from engine.schedulers.fleet import COMPILED_FROM, for_many, schedule_many\n"
        "from engine.schedulers.storage_dp import compiled_kernel\n"
        "from engine.schedulers.storage_scheduler import StorageScheduler\n"
        "sites = [site(store(), load=bumped(200.0, 3, 3)), *[site(store())] * COMPILED_FROM]\n"
        "before = len(compiled_kernel().signatures)\n"
        "scheduler = for_many(StorageScheduler(), sites)\n"
        "ready = len(compiled_kernel().signatures)\n"
        "first, second = schedule_many(sites[:2], scheduler=scheduler, workers=1)\n"
        "print(scheduler.compiled, type(first).__name__, type(second).__name__)\n"
        "print(before, ready, len(compiled_kernel().signatures))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert run.stdout == "True NoPlan Schedule\n0 1 1\n", run.stderr


def below_zero(here):
    """Return a site with lower prices of consumption and production."""
    (connection,) = here.connections
    first, *others = connection.tariffs
    lower = EnergyTariff(
        consumption_price=first.consumption_price - 0.15, production_price=first.production_price - 0.15
    )
    return replace(here, connections=(replace(connection, tariffs=(lower, *others)),))


class Refusing:
    def compute(self, site):
        raise FieldError("soc-min", "it is not to be.")


def test_errors_keep_their_facts_between_processes():
    for error in schedule_many([site(), site()], scheduler=Refusing(), workers=2):
        assert (error.field, error.problem, str(error)) == ("soc-min", "it is not to be.", "soc-min: it is not to be.")
