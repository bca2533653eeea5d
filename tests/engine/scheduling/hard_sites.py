"""Sites that a search with whole numbers plans slowly or without end: prices turned round, least powers, peaks."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from engine.devices.curves import Polyline, PortCurves
from engine.devices.energy.bounds import SoftBound
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.process import Process, ProcessType
from engine.devices.running import OperatingRange
from engine.devices.storage import Storage
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff, PeakTariff
from tests.engine.scheduling.random_sites import START

QUARTER = timedelta(minutes=15)


def site(devices, buy, sell, load, *, capacity=np.inf, peak=0.0):
    """Return a site of devices beside a load [kW], shape (n,)."""
    tariffs = [EnergyTariff(consumption_price=buy, production_price=sell)]
    if peak:
        tariffs.append(PeakTariff(direction="consumption", price=peak))
    connection = Connection(consumption_limit=capacity, production_limit=capacity, tariffs=tuple(tariffs))
    window = Window.of_length(START, QUARTER * len(load), QUARTER)
    return Site(window=window, devices=(*devices, Inflexible(name="load", power=load)), connections=(connection,))


def hourly(steps, low, high):
    """Return a price that differs from hour to hour."""
    return np.repeat(np.random.default_rng(1).uniform(low, high, -(-steps // 4)), 4)[:steps]


def batteries(count, steps, buy, sell, *, alike=True, peak=0.0):
    """Return a site of batteries of 10 kWh and 5 kW, or of about that size."""
    rng = np.random.default_rng(0)
    stores = []
    for at in range(count):
        capacity, power = (10.0, 5.0) if alike else rng.uniform(0.5, 1.5, 2) * (10.0, 5.0)
        efficiency = (0.9 if alike else rng.uniform(0.85, 0.95)) ** 0.5
        port = Port(
            name=f"battery {at}",
            consumption_limit=power,
            production_limit=power,
            charging_efficiency=efficiency,
            discharging_efficiency=efficiency,
        )
        stores.append(Storage(name=port.name, ports=(port,), soc_at_start=0.5 * capacity, soc_max=capacity))
    load = np.random.default_rng(3).uniform(0, 4, steps)
    return site(stores, buy, sell, load, peak=peak)


def bent_batteries(count, steps, buy, sell, *, peak=0.0):
    """Return a site of unlike batteries whose losses depend on power, and whose power depends on what they store."""

    def bent(device):
        if not device.energy_bounds:
            return device
        port, size = device.ports[0], device.soc_max
        at = np.array([0.0, 0.05, 0.2, 0.5, 1.0]) * port.consumption_limit
        share = np.array([1.0, 0.6, 0.88, 0.95, 0.93])
        dip = np.array([1.0, 0.6, 0.9, 0.5, 0.1]) * port.consumption_limit
        curves = PortCurves(
            stored=Polyline(at=tuple(at), values=tuple(at * share)),
            drawn=Polyline(at=tuple(at), values=tuple(at / share)),
            charging=Polyline(at=tuple(np.array([0.0, 0.3, 0.5, 0.8, 1.0]) * size), values=tuple(dip)),
        )
        return replace(
            device, ports=(replace(port, curves=curves, charging_efficiency=1.0, discharging_efficiency=1.0),)
        )

    return batteries(count, steps, buy, sell, alike=False, peak=peak).with_devices(bent)


def day(steps):
    """Return a noisy price [currency/kWh] and a load with sun at noon [kW], each shape (n,)."""
    rng = np.random.default_rng(2)
    price = 0.1 + 0.2 * rng.random(steps)
    return price, 2 * rng.random(steps) - 3 * np.maximum(0.0, np.sin(np.arange(steps) / 96 * 2 * np.pi))


def cars(count, steps, *, alike=True):
    """Return a site of cars that charge with 4.1 to 11 kW or not at all, and a price of its peak."""
    (price, load), rng = day(steps), np.random.default_rng(5)
    bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=4.1, high=11.0))
    stores = []
    for at in range(count):
        arrival, ready, need = 0, steps // 2, 20.0
        if not alike:
            arrival, ready = int(rng.integers(0, steps // 5)), int(rng.integers(2 * steps // 5, steps))
            need = rng.uniform(8, 35)
        there = np.zeros(steps)
        there[arrival:ready] = 11.0
        least = np.full(steps + 1, np.nan)
        least[ready] = need
        port = Port(
            name=f"car {at}", consumption_limit=there, production_limit=0.0, charging_efficiency=0.92, bands=bands
        )
        soft = SoftBound(at=least, highest_price=1000.0)
        stores.append(Storage(name=port.name, ports=(port,), soc_at_start=0.0, soc_max=40.0, soft_minima=soft))
    return site(stores, price, 0.05, load, capacity=8.0 + (3 if alike else 11) * count, peak=1.0)


def machines(count, steps):
    """Return a site of processes in one piece and a price of its peak."""
    (price, load), rng = day(steps), np.random.default_rng(7)
    works = [
        Process(
            name=f"machine {at}",
            power=float(rng.choice([1, 2, 3])),
            steps=int(rng.integers(4, 12)),
            kind=ProcessType.SHIFTABLE,
        )
        for at in range(count)
    ]
    return site(works, price, 0.05, load, capacity=8.0 + 3 * count, peak=1.0)
