"""Plans made without a solver against those of the linear problem: cost, powers, energies, prices and their proof."""

import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from engine import compiling
from engine.diagnosis.infeasibility import NoPlan
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.model.limits import SoftLimit
from engine.schedulers import fleet, storage_dp, storage_dp_kernel, storage_scheduler
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Group
from engine.solution import limit_shadow_prices
from engine.tariffs import Commitment, EnergyTariff, PeakTariff
from tests.effort import effort
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.one_store_sites import draw
from tests.engine.scheduling.samples import at, bumped, site, store

KERNEL = storage_dp.compiled_kernel()
LINEAR, COMPILED = StorageScheduler(), StorageScheduler(compiled=True)
SEEDS = range(effort(60, 300))
FULLER = {133}
"""Here the linear problem gives its preference up: the fullest plan would burn energy at the limit of what is sold."""


@cache
def drawn(seed):
    """A random site, its plan made without a solver and that of the linear problem."""
    return draw(seed), *both(draw(seed))


def both(here):
    """Return the plan made without a solver and that of the linear problem; None where it refuses."""
    try:
        return storage_dp.plan_one_store(here, KERNEL), LINEAR.compute(here)
    except Infeasible:
        return storage_dp.plan_one_store(here, KERNEL), None


def test_the_kernel_is_compiled_where_the_tests_run():
    assert KERNEL is storage_dp_kernel.best_path
    assert compiling.COMPILED


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plan_is_that_of_the_linear_problem(seed):
    here, plan, linear = drawn(seed)
    if linear is None:
        assert plan is None
        return
    assert plan.cost == pytest.approx(linear.cost, rel=1e-9, abs=1e-9)
    assert check(here, plan) == pytest.approx(plan.cost, rel=1e-9, abs=1e-9)
    for ours, theirs in ((plan.power, linear.power), (plan.soc, linear.soc)):
        assert list(ours) == list(theirs)
        for name, values in ours.items():
            if seed not in FULLER:
                np.testing.assert_allclose(values, theirs[name], atol=1e-6, err_msg=name)
            elif ours is plan.soc:
                assert (values >= theirs[name] - 1e-6).all()
    assert list(plan.costs) == list(linear.costs)
    for name, amount in plan.costs.items():
        assert amount == pytest.approx(linear.costs[name], abs=1e-6), name


@pytest.mark.parametrize("seed", range(effort(10, 40)))
def test_a_start_outside_the_bounds_is_brought_back_in_the_same_way(seed):
    here = draw(seed)
    stores = [replace(each, soc_at_start=14.0) if hasattr(each, "soc_max") else each for each in here.devices]
    plan, linear = both(replace(here, devices=tuple(stores)))
    assert (plan is None) == (linear is None)
    if plan is not None:
        assert plan.cost == pytest.approx(linear.cost, rel=1e-9, abs=1e-7)
        (ours,), (theirs,) = plan.soc.values(), linear.soc.values()
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


def certificate(here, plan):
    """Return what no plan can cost less than, by the prices of a plan, and the reduced costs they give each column."""
    problem = build_problem(here).problem
    arrays, y = problem.arrays(), np.zeros(problem.height)
    for name, prices in (*plan.shadow_prices.items(), *plan.storage_values.items()):
        first, size = problem.rows[f"{name}.balance"]
        y[first : first + size] = prices * here.window.hours if name in plan.shadow_prices else -prices
    reduced = arrays.cost - arrays.columns_of(y)
    reduced[np.abs(reduced) < 1e-9] = 0.0
    bound = np.where(reduced > 0, arrays.lower, arrays.upper)
    least = (reduced * np.where(reduced == 0, 0.0, bound)).sum() + y @ arrays.row_upper + arrays.offset
    return least, limit_shadow_prices(problem, reduced)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_prices_prove_that_no_plan_costs_less(seed):
    here, plan, _ = drawn(seed)
    if plan is None:
        return
    least, savings = certificate(here, plan)
    assert least == pytest.approx(plan.cost, rel=1e-8, abs=1e-8)
    assert list(plan.limit_shadow_prices) == list(savings)
    for name, saving in savings.items():
        np.testing.assert_allclose(plan.limit_shadow_prices[name], saving, atol=1e-8, err_msg=name)


def test_most_of_the_random_sites_have_a_plan_and_it_is_ours():
    found = [drawn(seed)[1:] for seed in SEEDS]
    assert sum(linear is not None for _, linear in found) >= 0.6 * len(SEEDS)
    assert sum(linear is None for _, linear in found) >= 0.03 * len(SEEDS)
    assert all(plan is not None for plan, linear in found if linear is not None)


@pytest.mark.parametrize("seed", range(effort(2, 8)))
def test_the_same_in_plain_python(seed):
    here = draw(seed)
    plan = storage_dp.plan_one_store(here, KERNEL)
    tell = (
        "import sys; sys.modules['numba'] = None\n"  # as if it were not installed
        "from engine import compiling; from engine.schedulers import storage_dp, storage_dp_kernel\n"
        "from tests.engine.scheduling.one_store_sites import draw\n"
        f"plan = storage_dp.plan_one_store(draw({seed}), storage_dp_kernel.best_path)\n"
        "print(compiling.COMPILED, storage_dp.compiled_kernel(), "
        "plan and (plan.cost, *plan.storage_values['STORE']))"
    ).replace("STORE", next(iter(plan.storage_values)) if plan else "")
    run = subprocess.run([sys.executable, "-c", tell], capture_output=True, text=True, check=True)
    flag, kernel, told = run.stdout.strip().split(" ", 2)
    assert (flag, kernel) == ("False", "None")
    if plan is None:
        assert told == "None"
        return
    values = [float(each.strip("() ").removeprefix("np.float64(")) for each in told.split(",")]
    np.testing.assert_allclose(values, [plan.cost, *next(iter(plan.storage_values.values()))], atol=1e-9)


def test_at_one_price_the_store_is_filled_as_soon_as_it_can_be():
    plan = storage_dp.plan_one_store(site(store(soc_targets=at(20, 10.0))), KERNEL)
    np.testing.assert_allclose(plan.power["car"][:3], [4.0, 4.0, 0.0])
    assert plan.storage_values["car"][0] == pytest.approx(0.2)


def without_tie(here):
    return replace(here, devices=(replace(here.devices[0], prefer_charging_sooner=False), *here.devices[1:]))


def with_port(here, **fields):
    car = here.devices[0]
    return replace(here, devices=(replace(car, ports=(replace(car.ports[0], **fields),)), *here.devices[1:]))


def connected(here, **fields):
    return replace(here, connections=(replace(here.connections[0], **fields),))


PLAIN = site(store(soc_targets=at(20, 10.0), discharger=3.0))
OTHERS = {
    "a second store": site(store(), store("other")),
    "no preference": without_tie(PLAIN),
    "a learned end": site(store(end_value="learned")),
    "a soft limit": connected(PLAIN, soft_consumption=SoftLimit(limit=3.0, hourly_price=1.0)),
    "a peak": connected(PLAIN, tariffs=(PeakTariff(direction="consumption", price=1.0),)),
    "a start cost": with_port(PLAIN, start_cost=1.0),
    "a ramp": with_port(PLAIN, ramp=1.0),
    "a group": replace(with_port(PLAIN, group="fuse"), groups=(Group(name="fuse", consumption_limit=3.0),)),
    "a promise": replace(PLAIN, commitments=(Commitment(name="bid", baseline=2.0, up_price=0.1),)),
    "negative prices": connected(
        with_port(PLAIN, charging_efficiency=0.9),
        tariffs=(EnergyTariff(consumption_price=-0.1, production_price=-0.2),),
    ),
    "inverted prices": connected(PLAIN, tariffs=(EnergyTariff(consumption_price=0.1, production_price=0.2),)),
}


@pytest.mark.parametrize("why", OTHERS)
def test_another_kind_of_site_is_left_to_the_linear_problem(why):
    here = OTHERS[why]
    assert storage_dp.plan_one_store(PLAIN, KERNEL) is not None
    assert storage_dp.plan_one_store(here, KERNEL) is None
    plan, linear = COMPILED.compute(here), LINEAR.compute(here)
    assert plan.costs == linear.costs
    for name, power in plan.power.items():
        np.testing.assert_array_equal(power, linear.power[name])


def test_a_site_without_a_plan_is_refused_in_the_same_words():
    here = site(store(), load=bumped(200.0, 3, 3))
    refusals = []
    for scheduler in (COMPILED, LINEAR):
        with pytest.raises(NoPlan) as refused:
            scheduler.compute(here)
        refusals.append((str(refused.value), refused.value.clashing, refused.value.report.repairs[0].text))
    assert refusals[0] == refusals[1]


def test_many_sites_are_planned_without_a_solver_and_few_are_not(monkeypatch):
    sites = [draw(seed) for seed in range(12)] + list(OTHERS.values())
    suiting = sum(storage_dp.has_one_store(here) for here in sites)
    used = []
    planned = storage_dp.plan_one_store
    monkeypatch.setattr(storage_scheduler, "plan_one_store", lambda *given: used.append(1) or planned(*given))
    few = fleet.schedule_many(sites, workers=1)
    assert not used
    monkeypatch.setattr(fleet, "COMPILED_FROM", suiting)
    lot = fleet.schedule_many(sites, workers=1)
    assert len(used) == len(sites)
    for one, other in zip(few, lot, strict=True):
        assert type(one) is type(other)
        if not isinstance(one, Exception):
            assert one.cost == pytest.approx(other.cost, rel=1e-9, abs=1e-9)
