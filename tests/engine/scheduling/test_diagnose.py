"""No plan: what clashes is named exactly, and each repair that is told works."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import Moments
from engine.devices.port import Port
from engine.diagnosis.conflicts import limits_in_conflict
from engine.diagnosis.infeasibility import NoPlan, diagnose
from engine.diagnosis.relaxation import ElasticProblem
from engine.errors import Infeasible
from engine.formulation import build_problem
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.solve.budget import Budget
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.conflicting import (
    CASES,
    CAUSES,
    load_too_large,
    no_room_for_work,
    out_of_reach,
    stays_off_too_long,
    stays_on_too_long,
    target_behind_the_connection,
    too_few_hours_for_work,
    too_much_is_left,
    too_slow,
    used_up,
    work_meets_the_load,
)
from tests.engine.scheduling.samples import at, bumped, site, store

IDS = [f"{make.__name__}-{k}" for make, k in CASES]


@pytest.mark.parametrize(("make", "k"), CASES, ids=IDS)
def test_a_conflict_is_named_with_its_time_and_amount(make, k):
    here, names, tick, amount = make(k)
    with pytest.raises(NoPlan) as raised:
        StorageScheduler().compute(here)
    assert set(raised.value.clashing) == {name if "." in name else f"car.{name}" for name in names}
    report = raised.value.report
    assert {cause.name for cause in report.causes} == CAUSES.get(make, set())
    if tick is not None:
        first = report.conflicts[0]
        assert (first.step, first.amount) == (tick, pytest.approx(amount, abs=1e-5))


@pytest.mark.parametrize(("make", "k"), CASES, ids=IDS)
def test_every_repair_gives_a_plan(make, k):
    here, *_ = make(k)
    repairs = diagnose(here).repairs
    assert repairs
    for repair in repairs:
        schedule = StorageScheduler().compute(repair.site)
        assert check(repair.site, schedule) == pytest.approx(repair.cost, abs=1e-5)


@pytest.mark.parametrize("make", [out_of_reach, target_behind_the_connection, too_much_is_left, too_slow])
def test_each_limit_of_the_smallest_conflict_is_needed_for_it(make):
    problem = build_problem(make(0)[0]).problem
    part = limits_in_conflict(problem, problem.arrays(), Budget())
    elastic = ElasticProblem(problem, problem.arrays(), problem.limits, Budget())
    assert len(part) > 1
    assert all(elastic.least_slack([limit.name], uniform=False) for limit in part)


def test_repairs_are_the_smallest_that_work():
    # 30 kWh at 04:00 from 2 kWh takes 28 kWh in four hours: 3 kW more, or three hours more, or 12 kWh less.
    here = site(store(soc_targets=at(4, 30.0)))
    told = {repair.text.split()[0]: repair.amount for repair in diagnose(here).repairs}
    assert told == {"raise": pytest.approx(3.0), "reach": pytest.approx(3.0), "aim": pytest.approx(12.0)}


def test_a_repair_by_power_is_the_least_power_spread_over_the_day():
    # A load of 0.5 kW behind 0.3 kW; the store, 0.2 kWh at 95 %, helps with 0.19 kWh in all.
    behind = store(soc_at_start=0.2, soc_max=0.2, charger=5.0, discharger=5.0)
    port = replace(behind.ports[0], charging_efficiency=0.95, discharging_efficiency=0.95)
    here = site(replace(behind, ports=(port,)), load=np.full(24, 0.5), capacity=np.full(24, 0.3))
    report = diagnose(here)
    assert report.conflicts[0].amount == pytest.approx(0.2 - 0.19 / 24, abs=1e-5)
    assert [repair.limits for repair in report.repairs] == [("electricity.consumption-capacity",)]
    assert report.repairs[0].amount == pytest.approx(0.2 - 0.19 / 24, abs=1e-5)
    assert report.text.count("either") == report.text.count("; or ") == 0


def test_a_repair_by_power_lasts_no_longer_than_it_has_to():
    # The car may take what the fuse leaves from 05:00 on; only before that 1 kW is not enough.
    limit = np.where(np.arange(24) < 5, 1.0, 4.0)
    port = Port(name="car", consumption_limit=limit, production_limit=0.0)
    report = diagnose(site(store(ports=(port,), soc_targets=at(5, 12.0))))
    (wider,) = (repair for repair in report.repairs if repair.limits == ("car.consumption-capacity",))
    assert wider.amount == pytest.approx(1.0)
    text = "raise car.consumption-capacity by 1 kW at most, between 2026-03-04T00:00:00Z and 2026-03-04T05:00:00Z"
    assert wider.text == text


HALF_PAST = Moments(at=np.array([4.5]), minima=np.array([8.96]), maxima=np.array([np.nan]), targets=np.array([7.71]))


@pytest.mark.parametrize(
    ("bounds", "ways"),
    [
        ({"soc_targets": at(6, 7.71), "soc_minima": at(6, 8.96)}, {"lower car.soc-minima by 1.25", "aim for 8.96"}),
        ({"soc_targets": at(6, 7.71), "soc_maxima": at(6, 5.0)}, {"raise car.soc-maxima by 2.71", "aim for 5 kWh"}),
        ({"soc_maxima": at(6, 8.0), "soc_minima": at(6, 9.0)}, {"lower car.soc-minima by", "raise car.soc-maxima"}),
        ({"moments": HALF_PAST}, {"lower car.soc-minima by 1.25", "aim for 8.96"}),
    ],
)  # fmt: skip
def test_bounds_that_clash_at_one_moment_give_way_either_way(bounds, ways):
    repairs = diagnose(site(store(**bounds))).repairs
    assert all(any(way in repair.text for repair in repairs) for way in ways)
    assert all(StorageScheduler().compute(repair.site) for repair in repairs)


def test_a_limit_behind_another_gives_way_as_well():
    # Once the maximum gives way, the target between it and the minimum is in the way.
    bounds = {"soc_minima": at(8, 9.0), "soc_maxima": at(8, 4.0), "soc_targets": at(8, 6.0)}
    (repair,) = diagnose(site(store(**bounds))).repairs
    assert repair.cost == pytest.approx(check(repair.site, StorageScheduler().compute(repair.site)), abs=1e-5)


def test_two_conflicts_are_repaired_together():
    here = site(store(soc_targets=at(7, 36.0)), load=bumped(12, 5, 7), capacity=10.0)
    (repair,) = diagnose(here).repairs
    assert repair.limits == ("car.consumption-capacity", "electricity.consumption-capacity")


def test_the_report_is_a_sentence_with_a_way_out():
    here, *_ = load_too_large(0)
    with pytest.raises(Infeasible, match=r"cannot be kept at 2026-03-04T05:00:00Z.*raise .* by 2 kW to 12 kW"):
        StorageScheduler().compute(here)


def test_nothing_holds_less_than_nothing():
    here, *_ = CASES[18][0](0)
    assert all("soc-min" not in repair.limits[0] for repair in diagnose(here).repairs)


def test_energy_is_not_burnt_to_keep_a_limit():
    # The store is full; only charging and discharging at once would take the last half kW of the sun.
    full = store(soc_at_start=40.0, discharger=4.0)
    port = replace(full.ports[0], charging_efficiency=0.9, discharging_efficiency=0.9)
    here = site(replace(full, ports=(port,)), load=bumped(-12.5, 0, 0), capacity=12.0)
    report = diagnose(here)
    told = {repair.limits[0]: repair.amount for repair in report.repairs}
    assert told["electricity.production-capacity"] == pytest.approx(0.5, abs=1e-5)
    assert told["car.soc-max"] == pytest.approx(0.45, abs=1e-5)


def test_an_efficiency_of_nothing_is_told():
    pump = Port(name="car", consumption_limit=4.0, production_limit=0.0, charging_efficiency=np.repeat([0.0, 1.0], 12))
    causes = diagnose(site(store(ports=(pump,), soc_targets=at(10, 20.0)))).causes
    assert ("car.charging-efficiency", "charging-efficiency of car is 0 % in 12 of 24 steps") in [
        (cause.name, cause.text) for cause in causes
    ]
    leaking = store(storage_efficiency=np.where(np.arange(24) == 8, 0.0, 1.0), soc_targets=at(10, 20.0))
    assert "car.storage-efficiency" in [cause.name for cause in diagnose(site(leaking)).causes]


def test_what_takes_part_is_told_with_its_amount():
    here, *_ = used_up(0)
    assert [cause.text for cause in diagnose(here).causes] == [
        "soc-usage of car takes 15 kWh until 2026-03-04T03:00:00Z",
        "car starts with 2 kWh",
    ]


@pytest.mark.parametrize(
    ("make", "ways"),
    [
        (stays_on_too_long, {"shorten car.min-on to 2 h", "leave out car.operation-modes"}),
        (stays_off_too_long, {"shorten car.min-off to 3 h", "leave out car.operation-modes"}),
        (no_room_for_work, {"shorten work to 3 h", "lift work.time-restrictions", "make work BREAKABLE"}),
        (too_few_hours_for_work, {"shorten work to 2 h", "lift work.time-restrictions"}),
        (work_meets_the_load, {"shorten work to 1 h", "make work SHIFTABLE", "make work BREAKABLE"}),
    ],
)
def test_a_rule_gives_no_more_than_it_has_to(make, ways):
    here, *_ = make(0)
    assert ways <= {repair.text for repair in diagnose(here).repairs}
