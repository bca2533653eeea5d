"""The documented tutorials, from what users write to what they are promised to see."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.flex.storage import StorageModel
from engine.flex.values import Scale, per_tick
from engine.schedulers.storage_scheduler import StorageScheduler
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff
from tests.engine.scheduling.checker import check

MORNING = [9, 9.5, 9, 8.5, 10, 8, 5, 4, 4, 5.5, 8, 12]
"""Prices from 7:00 to 19:00 in the first tutorial [EUR/MWh]."""


def site_of(device, window, price):
    tariff = EnergyTariff(consumption_price=price, production_price=price)
    return Site(window=window, devices=(device,), connections=(Connection(tariffs=(tariff,)),))


def planned(device, window, price):
    site = site_of(device, window, price)
    schedule = StorageScheduler().compute(site)
    assert check(site, schedule) == pytest.approx(schedule.cost, abs=1e-6)
    return schedule


def test_the_toy_battery_buys_at_the_lowest_price_and_sells_at_the_highest():
    start = datetime.fromisoformat("2022-03-04T07:00:00+01:00")
    window = Window.of_length(start, timedelta(hours=12), timedelta(minutes=15))
    one_way = 0.9**0.5
    port = Port(
        name="battery", consumption_limit=500.0, production_limit=500.0,
        charging_efficiency=one_way, discharging_efficiency=one_way,
    )  # fmt: skip
    battery = Storage(name="battery", ports=(port,), soc_at_start=225.0, soc_min=50.0, soc_max=450.0)
    power = planned(battery, window, np.repeat(MORNING, 4) / 1000).power["battery"]
    hour = 7 + np.arange(48) // 4
    assert set(hour[power > 1]) == {10, 14}
    assert set(hour[power < -1]) == {8, 11, 18}
    assert power[hour == 14].sum() == pytest.approx(400 / one_way * 4)


V2G = {
    "soc-at-start": 30, "soc-unit": "kWh", "soc-min": 15, "soc-max": 60,
    "soc-maxima": [{"value": 51, "start": "2024-02-04T10:35:00+01:00", "end": "2024-02-05T04:25:00+01:00"}],
    "soc-minima": [{"value": 57, "start": "2024-02-05T08:00:00+01:00", "end": "2024-02-05T08:15:00+01:00"}],
}  # fmt: skip


def ticks(model, field, window, overlap):
    read = getattr(model, field.replace("-", "_"))
    return per_tick(read, window, field=field, resolve=None, overlap=overlap, scale=Scale("kWh"))


def test_a_car_stays_between_its_limits_and_is_full_for_its_reservation():
    start = datetime.fromisoformat("2024-02-04T10:35:00+01:00")
    window = Window.of_length(start, timedelta(hours=24), timedelta(minutes=5))
    model = StorageModel.read(V2G)
    low = np.fmax(15.0, ticks(model, "soc-minima", window, "most"))
    high = np.fmin(60.0, ticks(model, "soc-maxima", window, "least"))
    port = Port(name="car", consumption_limit=11.0, production_limit=11.0, charging_efficiency=0.95)
    car = Storage(name="car", ports=(port,), soc_at_start=30.0, soc_min=low, soc_max=high)
    price = 0.1 + 0.05 * np.sin(np.arange(288) / 20)
    soc = planned(car, window, price).soc["car"]
    reserved = (window.ticks >= window.ticks[257]) & (window.ticks <= window.ticks[260])
    assert soc[reserved].min() >= 57 - 1e-6  # from 8:00 to 8:15
    assert soc[:215].max() <= 51 + 1e-6  # until 4:25
    assert soc.min() >= 15 - 1e-6
    assert np.abs(np.diff(soc)).sum() > 100  # it earns by cycling meanwhile


@pytest.mark.parametrize("start", [5.0, 58.0])
def test_a_start_outside_the_limits_is_brought_back_at_once(start):
    window = Window.of_length(
        datetime.fromisoformat("2024-02-04T10:35:00+01:00"), timedelta(hours=6), timedelta(minutes=5)
    )
    port = Port(name="car", consumption_limit=6.0, production_limit=6.0)
    car = Storage(name="car", ports=(port,), soc_at_start=start, soc_min=15.0, soc_max=51.0)
    site = site_of(car, window, np.linspace(0.3, 0.1, 72) if start < 15 else np.linspace(0.1, 0.3, 72))
    power = StorageScheduler().compute(site).power["car"]
    steps = int(np.ceil((15 - start if start < 15 else start - 51) / 0.5))
    np.testing.assert_allclose(np.abs(power[:steps]), 6.0, atol=1e-6)
