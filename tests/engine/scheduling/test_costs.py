"""Costs worked out by hand: energy, peaks, breaches, wear, worth at the end; and preferences that cost nothing."""

from dataclasses import replace

import numpy as np
import pytest

from engine.devices.energy.bounds import SoftBound
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.errors import InputError
from engine.model.limits import SoftLimit
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.site import Connection
from engine.tariffs import Commitment, EnergyTariff, PeakTariff
from tests.engine.scheduling.samples import at, bumped, site, store

plan = StorageScheduler().compute
SPREAD = np.where(np.arange(24) < 12, 0.10, 0.30)


def with_tariffs(here, *tariffs, **limits):
    own = here.connections[0]
    return replace(here, connections=(replace(own, tariffs=(*own.tariffs, *tariffs), **limits),))


def changed_port(device, **fields):
    return replace(device, ports=(replace(device.ports[0], **fields),))


@pytest.mark.parametrize(("efficiency", "worth_it"), [(1.0, True), (0.6, True), (0.5, False)])
def test_a_store_cycles_only_when_the_spread_pays_its_losses(efficiency, worth_it):
    # Energy costs 0.10 and saves 0.30, so a round trip pays while efficiency² > 1/3.
    car = changed_port(
        store(soc_at_start=0.0, discharger=4.0), charging_efficiency=efficiency, discharging_efficiency=efficiency
    )
    assert bool((np.abs(plan(site(car, buy=SPREAD, sell=0.0)).power["car"]) > 1e-6).any()) == worth_it


@pytest.mark.parametrize(("wear", "worth_it"), [(0.09, True), (0.11, False)])
def test_wear_is_paid_both_ways(wear, worth_it):
    # A kWh is charged and discharged: twice the wear against a spread of 0.20.
    car = changed_port(store(soc_at_start=0.0, discharger=4.0), wear_price=wear)
    schedule = plan(site(car, buy=SPREAD, sell=0.0))
    moved = float(np.abs(schedule.power["car"]).sum())
    assert (moved > 1) == worth_it
    assert schedule.costs["car wear"] == pytest.approx(moved * wear)


def test_each_month_has_a_peak_of_its_own():
    # The load peaks at 9 kW in the first month and at 5 kW in the second; 4 kW of the first are paid already.
    load = bumped(9.0, 3, 3) + bumped(3.0, 20, 20)
    billing = (np.arange(24) >= 12).astype(np.int32)
    tariff = PeakTariff(direction="consumption", price=2.0, reached=np.where(billing == 0, 4.0, 0.0), billing=billing)
    here = with_tariffs(site(load=load), tariff)
    assert plan(here).costs["electricity consumption peak"] == pytest.approx(2.0 * (11 - 4) + 2.0 * 5)


def test_months_of_equal_terms_are_still_billed_each():
    billing = (np.arange(24) >= 12).astype(np.int32)
    here = with_tariffs(site(load=bumped(9.0, 3, 3)), PeakTariff(direction="consumption", price=2.0, billing=billing))
    assert plan(here).costs["electricity consumption peak"] == pytest.approx(2.0 * 9 + 2.0 * 2)


def test_a_peak_price_that_changes_has_one_peak_per_price():
    price = np.where(np.arange(24) < 12, 1.0, 3.0)
    here = with_tariffs(
        site(load=bumped(7.0, 3, 3) + bumped(2.0, 20, 20)), PeakTariff(direction="consumption", price=price)
    )
    assert plan(here).costs["electricity consumption peak"] == pytest.approx(1.0 * 9 + 3.0 * 4)


def test_rounding_noise_makes_no_peak_of_its_own():
    noisy = np.where(np.arange(24) % 2 == 0, 1.0, np.nextafter(1.0, 2.0))
    tariff = PeakTariff(direction="consumption", price=noisy)
    bid = Commitment(name="bid", baseline=noisy, up_price=2.0, on="peak")
    schedule = plan(replace(with_tariffs(site(load=bumped(7.0, 3, 3)), tariff), commitments=(bid,)))
    assert schedule.costs["electricity consumption peak"] == pytest.approx(7.0)
    assert schedule.costs["bid"] == pytest.approx(2.0 * 6.0)


def test_a_breach_of_the_site_is_paid_at_its_highest_and_in_each_step():
    soft = SoftLimit(limit=5.0, highest_price=10.0, hourly_price=2.0)
    schedule = plan(with_tariffs(site(load=bumped(8.0, 5, 6)), soft_consumption=soft))
    assert schedule.costs["any electricity.consumption breach"] == pytest.approx(3 * 10)
    assert schedule.costs["all electricity.consumption breaches"] == pytest.approx(3 * 2 * 2)
    assert [(b.limit, b.step, b.amount) for b in schedule.breaches] == [
        ("electricity.consumption-capacity", 5, pytest.approx(3.0)),
        ("electricity.consumption-capacity", 6, pytest.approx(3.0)),
    ]


def test_an_unmet_target_is_told_with_its_time_and_amount():
    soft = SoftBound(at=at(3, 20.0), highest_price=1000.0, hourly_price=1000.0)
    schedule = plan(site(store(soft_minima=soft)))
    (breach,) = schedule.breaches
    assert (breach.limit, breach.step, breach.amount) == ("car.soc-minima", 3, pytest.approx(20 - 2 - 12))
    assert schedule.costs["any car.soc-minima breach"] == pytest.approx(6000.0)


@pytest.mark.parametrize(("up", "bought"), [(0.05, 4.0), (0.25, 1.0)])
def test_a_commitment_holds_power_while_breaking_it_costs_more_than_it_earns(up, bought):
    # Charging at 0.10 for 0.30 later earns 0.20 a kWh; the promise is 1 kW.
    here = site(store(soc_at_start=0.0, discharger=4.0), load=np.zeros(24), buy=SPREAD, sell=SPREAD - 0.001)
    promise = Commitment(name="bid", baseline=1.0, up_price=np.where(np.arange(24) < 12, up, 0.0), down_price=-1e-3)
    power = plan(replace(here, commitments=(promise,))).power["car"]
    assert power[:12].max() == pytest.approx(bought, abs=1e-6)


def test_a_peak_commitment_that_pays_for_deviating_is_refused():
    promise = Commitment(name="odd", baseline=1.0, up_price=-1.0, on="peak")
    with pytest.raises(InputError, match="odd: a price on the peak"):
        plan(site(commitments=(promise,)))


def test_energy_left_over_is_worth_something_when_told_so():
    assert plan(site(store(), buy=0.2)).soc["car"][-1] == pytest.approx(2.0)
    assert plan(site(store(end_value=0.21), buy=0.2)).soc["car"][-1] == pytest.approx(40.0)


def test_a_learned_worth_keeps_energy_for_the_day_after():
    car = store(soc_at_start=20.0, soc_max=20.0, discharger=4.0)
    buy = np.where(np.isin(np.arange(24), [2, 3, 20, 21]), 0.4, 0.2)
    emptied = plan(site(car, buy=buy, sell=0.15)).soc["car"][-1]
    kept = plan(site(replace(car, end_value="learned"), buy=buy, sell=0.15)).soc["car"][-1]
    assert kept > emptied + 1


def test_charging_sooner_costs_nothing():
    car = store(soc_targets=at(24, 22.0))
    buy = np.where(np.isin(np.arange(24), [4, 5, 10, 11, 12, 13, 14]), 0.1, 0.3)
    sooner, whenever = plan(site(car, buy=buy)), plan(site(replace(car, prefer_charging_sooner=False), buy=buy))
    assert np.flatnonzero(sooner.power["car"] > 1e-6).tolist() == [4, 5, 10, 11, 12]
    assert sooner.cost == pytest.approx(whenever.cost, abs=1e-9)


def test_curtailment_comes_later():
    # Of 5 kW of sun the load takes 2 kW; 6 kWh more fit into the store at any time, and nothing can be sold.
    sun = Port(name="sun", consumption_limit=0.0, production_limit=5.0, prefer_sooner=True)
    car = store(soc_max=8.0, end_value=0.01, prefer_charging_sooner=False)
    here = with_tariffs(site(car, Adjustable(name="sun", ports=(sun,)), sell=0.0), production_limit=0.0)
    np.testing.assert_allclose(-plan(here).power["sun"], [5.0, 5.0, *[2.0] * 22], atol=1e-6)


def test_costs_add_up_and_are_told_by_name():
    soft = SoftLimit(limit=1.0, highest_price=0.1, hourly_price=0.0)
    schedule = plan(with_tariffs(site(store()), soft_consumption=soft))
    assert schedule.cost == pytest.approx(sum(schedule.costs.values()))
    assert schedule.costs["electricity net energy"] == pytest.approx(2.0 * 24 * 0.2)


def test_a_price_that_earns_without_end_is_refused():
    tariff = EnergyTariff(consumption_price=0.1, production_price=0.3)
    with pytest.raises(InputError, match=r"^site-power-capacity: .* add this or power-capacity"):
        plan(replace(site(), connections=(Connection(tariffs=(tariff,)),), devices=(endless(),)))


def endless():
    port = Port(name="line", consumption_limit=np.inf, production_limit=np.inf)
    return Adjustable(name="line", ports=(port,))
