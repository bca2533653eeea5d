"""Bounds at moments between two ticks: met at their time by the plan that is carried out, and no sooner than needed."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.devices.energy.bounds import Moments, SoftBound
from engine.devices.port import Port
from engine.diagnosis.infeasibility import NoPlan, diagnose
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from tests.engine.scheduling.samples import START, site, store

QUARTERS = Window.of_length(START, timedelta(hours=8), timedelta(minutes=15))
TEN_PAST_SEVEN = 28 + 2 / 3
"""07:10 in quarter-hours."""
FALLING = np.linspace(0.4, 0.1, 32)
plan = StorageScheduler().compute


def moments(at, **bounds):
    free = Moments.free(np.atleast_1d(np.asarray(at, dtype=float)))
    values = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in bounds.items()}
    return Moments(**{**vars(free), **values})


def here(car, buy=FALLING, window=QUARTERS, **fields):
    return site(car, load=np.full(window.n, 2.0), window=window, buy=buy, **{"sell": 0.0, **fields})


def level_at(store, soc, power, tick, hours):
    """Return the energy at a moment, by the differential equation of the store with the power of its step."""
    step, share = int(tick), tick - int(tick)
    port = store.ports[0]
    inflow = power[step] * port.charging_efficiency if power[step] > 0 else power[step] / port.discharging_efficiency
    kept = store.storage_efficiency
    if kept == 1.0:
        return soc[step] + inflow * share * hours
    rate = np.log(kept) / hours
    return soc[step] * kept**share + inflow * (kept**share - 1) / rate


def test_a_target_is_met_at_its_time_as_late_as_can_be():
    # Of 3 kWh, ten minutes at 4 kW give 2/3 before 07:10; energy is so cheap then that five minutes too many pay.
    buy = np.where(np.arange(32) == 28, 0.05, FALLING)
    schedule = plan(here(store(moments=moments(TEN_PAST_SEVEN, targets=5.0)), buy=buy))
    assert schedule.soc["car"][28] == pytest.approx(5 - 2 / 3)
    assert schedule.power["car"][28] == pytest.approx(4.0)


def test_a_minimum_over_a_time_is_kept_from_its_first_to_its_last_moment():
    # From 06:50 to 07:20 at least 5 kWh, all there is; of the good hours from 06:30 to 07:45
    # the last quarter is left.
    car = store(
        soc_at_start=5.0,
        discharger=4.0,
        soc_minima=np.where(np.isin(np.arange(33), [28, 29]), 5.0, np.nan),
        moments=moments([27 + 1 / 3, 29 + 1 / 3], minima=[5.0, 5.0]),
    )
    sell = np.where(np.isin(np.arange(32), [26, 27, 28, 29, 30]), 0.3, 0.0)
    power = plan(site(car, load=np.zeros(32), window=QUARTERS, buy=1.0, sell=sell)).power["car"]
    np.testing.assert_allclose(power, np.where(np.arange(32) == 30, -4.0, 0.0), atol=1e-6)


@pytest.mark.parametrize(("wanted", "short"), [(30.66, 0.0), (30.7, 1 / 30)])
def test_what_can_be_reached_by_then_counts_the_part_of_the_step(wanted, short):
    site_ = here(store(moments=moments(TEN_PAST_SEVEN, targets=wanted)))
    if not short:
        assert plan(site_).soc["car"][28] == pytest.approx(30.0, abs=0.01)
        return
    with pytest.raises(NoPlan, match=r"soc-targets asks for 30.7 kWh at 2026-03-04T07:10:00Z") as refused:
        plan(site_)
    (conflict,) = refused.value.report.conflicts
    assert (conflict.step, conflict.amount) == (pytest.approx(TEN_PAST_SEVEN), pytest.approx(short))


def test_repairs_of_a_target_between_ticks_work():
    repairs = diagnose(here(store(moments=moments(TEN_PAST_SEVEN, targets=30.7)))).repairs
    assert [plan(repair.site).cost == pytest.approx(repair.cost) for repair in repairs] == [True] * 3
    told = " ".join(repair.text for repair in repairs)
    assert "reach 30.7 kWh in car at 2026-03-04T07:15:00Z instead of 2026-03-04T07:10:00Z" in told
    assert "aim for 30.6667 kWh instead of 30.7 kWh in car at 2026-03-04T07:10:00Z" in told


def test_a_soft_target_says_when_and_by_how_much_it_is_missed():
    ticks, between = np.full(33, np.nan), np.array([30.7])
    soft = SoftBound(at=ticks, between=between, highest_price=1000.0, hourly_price=1000.0)
    schedule = plan(here(store(moments=moments(TEN_PAST_SEVEN), soft_targets=(soft, soft))))
    (breach,) = schedule.breaches
    assert (breach.limit, breach.amount) == ("car.soc-targets", pytest.approx(1 / 30))
    assert schedule.window.moment(breach.step).isoformat() == "2026-03-04T07:10:00+00:00"
    assert schedule.costs["any car.soc-targets breach"] == pytest.approx(1000 / 30)
    assert schedule.costs["all car.soc-targets breaches"] == pytest.approx(250 / 30)


def test_a_price_of_breaches_may_change_over_time():
    ticks = np.where(np.isin(np.arange(33), [4, 8]), 12.0, np.nan)
    price = np.where(np.arange(32) < 4, 10.0, 20.0)
    schedule = plan(here(store(soft_minima=SoftBound(at=ticks, hourly_price=price, highest_price=price))))
    assert [breach.amount for breach in schedule.breaches] == [pytest.approx(6.0), pytest.approx(2.0)]
    assert schedule.costs["any car.soc-minima breach"] == pytest.approx(10 * 6 + 20 * 2)


@settings(max_examples=40)
@given(
    st.floats(0.05, 31.95).filter(lambda at: abs(at - round(at)) > 0.01),
    st.floats(3.0, 20.0),
    st.sampled_from([1.0, 0.999, 0.9]),
    st.booleans(),
)
def test_the_plan_carried_out_meets_the_bound_wherever_it_is(at, wanted, kept, exact):
    port = Port(name="car", consumption_limit=5000.0, production_limit=8.0, charging_efficiency=0.9)
    bound = {"targets" if exact else "minima": wanted}
    car = store(ports=(port,), soc_max=1e6, storage_efficiency=kept, moments=moments(at, **bound))
    schedule = plan(here(car, capacity=9000.0))
    found = level_at(car, schedule.soc["car"], schedule.power["car"], at, 0.25)
    assert found == pytest.approx(wanted) if exact else found >= wanted - 1e-6
