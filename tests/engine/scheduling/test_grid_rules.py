"""What may come from the grid or go to it, and peaks as grid operators meter them."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.running import OperatingRange
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection
from engine.tariffs import EnergyTariff, MeanPeakTariff, PeakTariff
from tests.engine.scheduling.samples import START, site, store

HOURS = Window.of_length(START, timedelta(hours=4), timedelta(hours=1))
QUARTERS = Window.of_length(START, timedelta(hours=2), timedelta(minutes=15))
DEAR_LATER = np.array([0.1, 0.1, 0.5, 0.5])


def battery(name="battery", **rules):
    port = Port(name=name, consumption_limit=4.0, production_limit=4.0, **rules)
    return store(name, ports=(port,), soc_at_start=0.0)


def plan(*devices, load=None, sell=None):
    sell = DEAR_LATER - 0.01 if sell is None else sell
    own = site(*devices, window=HOURS, load=np.zeros(4) if load is None else load, buy=DEAR_LATER, sell=sell)
    return StorageScheduler().compute(own)


def test_a_battery_that_may_not_charge_from_the_grid_takes_what_the_sun_gives():
    sun = Inflexible(name="sun", power=np.array([0.0, -3.0, 0.0, -1.0]))
    power = plan(battery(charging_from_grid=False), sun).power
    assert power["battery"].tolist() == pytest.approx([0, 3, -3, 0]) or power["battery"].sum() == pytest.approx(0)
    assert (power["battery"] <= np.array([0, 3, 0, 1]) + 1e-9).all() and power["battery"].max() == pytest.approx(3)
    assert plan(battery(), sun).power["battery"].max() == pytest.approx(4)


def test_sun_that_is_turned_down_charges_nothing():
    panels = Port(name="panels", consumption_limit=0.0, production_limit=np.array([0.0, 3.0, 0.0, 0.0]))
    power = plan(battery(charging_from_grid=False), Adjustable(name="panels", ports=(panels,))).power
    assert (power["battery"] <= -power["panels"] + 1e-9).all() and power["battery"].max() == pytest.approx(3)


def test_a_battery_that_may_not_discharge_to_the_grid_serves_the_load_only():
    load = np.array([0.0, 0.0, 3.0, 1.0])
    power = plan(battery(discharging_to_grid=False), load=load).power
    assert power["battery"].tolist() == pytest.approx([4, 0, -3, -1])
    assert (power["electricity"] >= -1e-9).all()


def test_another_battery_may_still_sell():
    power = plan(battery(discharging_to_grid=False), battery("free")).power
    assert power["free"].min() == pytest.approx(-4)
    assert (-np.minimum(power["electricity"], 0) <= np.maximum(-power["free"], 0) + 1e-9).all()


def test_a_generator_is_local_whether_it_is_coupled_or_runs_in_modes():
    coupled = Port(name="chp", consumption_limit=0.0, production_limit=2.0, coupling="chp", coefficient=0.4)
    off, on = OperatingRange(low=0.0, high=0.0), OperatingRange(low=-2.0, high=-2.0)
    switched = Port(name="chp", consumption_limit=1.0, production_limit=2.0, bands=(off, on))
    for port in (coupled, switched):
        generator = Adjustable(name="chp", ports=(port,))
        power = plan(battery(charging_from_grid=False), generator).power
        assert power["battery"].max() == pytest.approx(2)


def test_flows_of_a_lossless_battery_that_run_together_sell_nothing_of_another_one():
    free = Port(name="free", consumption_limit=4.0, production_limit=4.0)
    empty = store("free", ports=(free,), soc_at_start=0.0, soc_max=0.0)
    held = replace(battery(discharging_to_grid=False), soc_at_start=4.0)
    power = plan(held, empty).power
    assert (power["electricity"] >= -1e-9).all()


def peaks(tariff, load, **fields):
    """The cost of the peak of a plan of two hours in quarters, and all it costs."""
    energy = EnergyTariff(consumption_price=0.2, production_price=0.1)
    own = site(window=QUARTERS, load=load, **fields)
    schedule = StorageScheduler().compute(replace(own, connections=(Connection(tariffs=(energy, tariff)),)))
    return schedule.costs["electricity consumption peak"]


def test_a_peak_is_the_highest_mean_of_an_interval_and_not_of_a_step():
    load = np.array([0, 8, 0, 0, 3, 3, 3, 3.0])
    hours = np.repeat([0, 1], 4).astype(np.int32)
    assert peaks(PeakTariff(direction="consumption", price=2.0), load) == pytest.approx(16)
    assert peaks(MeanPeakTariff(direction="consumption", price=2.0, interval=hours), load) == pytest.approx(6)
    reached = MeanPeakTariff(direction="consumption", price=2.0, interval=hours, reached=2.5)
    assert peaks(reached, load) == pytest.approx(1)
    by_month = MeanPeakTariff(direction="consumption", price=2.0, interval=hours, billing=hours)
    assert peaks(by_month, load) == pytest.approx(2 * (2 + 3))


def test_a_battery_is_spared_where_only_the_mean_counts():
    hours, load = np.repeat([0, 1], 4).astype(np.int32), np.array([0, 8, 0, 0, 2, 2, 2, 2.0])
    energy = EnergyTariff(consumption_price=0.2, production_price=0.2)
    mean = MeanPeakTariff(direction="consumption", price=2.0, interval=hours)
    own = site(battery(wear_price=0.01), window=QUARTERS, load=load)
    schedule = StorageScheduler().compute(replace(own, connections=(Connection(tariffs=(energy, mean)),)))
    assert np.abs(schedule.power["battery"]).max() == pytest.approx(0, abs=1e-6)
