"""No plan: what clashes is named exactly, and each repair that is told works."""

from dataclasses import replace

import pytest

from engine.errors import Infeasible
from engine.scheduling.diagnose import NoPlan, diagnose
from engine.scheduling.storage_scheduler import StorageScheduler
from tests.engine.scheduling.checker import check
from tests.engine.scheduling.conflicting import CASES, load_too_large
from tests.engine.scheduling.samples import at, bumped, site, store

IDS = [f"{make.__name__}-{k}" for make, k in CASES]


@pytest.mark.parametrize(("make", "k"), CASES, ids=IDS)
def test_a_conflict_is_named_with_its_time_and_amount(make, k):
    here, names, tick, amount = make(k)
    with pytest.raises(NoPlan) as raised:
        StorageScheduler().compute(here)
    assert set(raised.value.clashing) == {name if "." in name else f"car.{name}" for name in names}
    first = raised.value.report.conflicts[0]
    assert (first.step, first.amount) == (tick, pytest.approx(amount, abs=1e-5))


@pytest.mark.parametrize(("make", "k"), CASES, ids=IDS)
def test_every_repair_gives_a_plan(make, k):
    here, *_ = make(k)
    repairs = diagnose(here).repairs
    assert repairs
    for repair in repairs:
        schedule = StorageScheduler().compute(repair.site)
        assert check(repair.site, schedule) == pytest.approx(repair.cost, abs=1e-5)


def test_repairs_are_the_smallest_that_work():
    # 30 kWh at 04:00 from 2 kWh takes 28 kWh in four hours: 3 kW more, or three hours more, or 12 kWh less.
    here = site(store(soc_targets=at(4, 30.0)))
    told = {repair.text.split()[0]: repair.amount for repair in diagnose(here).repairs}
    assert told == {"raise": pytest.approx(3.0), "reach": pytest.approx(3.0), "aim": pytest.approx(12.0)}


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
