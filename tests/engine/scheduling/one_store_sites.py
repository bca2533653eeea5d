"""Sites of one store drawn at random: one-way and two-way, lossy, with usage, bounds, targets and equal prices."""

from datetime import datetime, timedelta

import numpy as np

from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.series.iso_time import zone
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff

AMSTERDAM = zone("Europe/Amsterdam")
DAYS = ("2026-03-28", "2026-03-29", "2026-10-25")


def draw(seed):
    """Return one site; every number comes from the seed."""
    rng = np.random.default_rng([77, seed])
    start = datetime.fromisoformat(str(rng.choice(DAYS))).replace(tzinfo=AMSTERDAM)
    step = timedelta(minutes=int(rng.choice([15, 30, 60])))
    end = (start + timedelta(days=1)).astimezone(zone("UTC"))
    window = Window(start, end, step)
    devices = [store(rng, window), Inflexible(name="load", power=rng.uniform(-3, 6, window.n).round(1))]
    if rng.random() < 0.3:
        devices.insert(0, Inflexible(name="sun", power=-rng.uniform(0, 4, window.n).round(1)))
    return Site(window=window, devices=tuple(devices), connections=(connection(rng, window.n),))


def store(rng, window):
    n, capacity = window.n, float(rng.uniform(4, 12))
    lossless, one_way = rng.random() < 0.3, rng.random() < 0.25
    port = Port(
        name="battery",
        consumption_limit=varying(rng, n, 2, 5, zeros=True),
        production_limit=0.0 if one_way else varying(rng, n, 2, 5, zeros=True),
        charging_efficiency=1.0 if lossless else varying(rng, n, 0.8, 3.0 if one_way else 1.0),
        discharging_efficiency=1.0 if lossless else varying(rng, n, 0.8, 0.99),
        wear_price=float(rng.choice([0.0, 0.0, 0.01])),
    )
    return Storage(
        name=str(rng.choice(["battery", "cells"])),
        ports=(port,),
        soc_at_start=float(rng.uniform(0.1, 0.8) * capacity),
        soc_min=varying(rng, n + 1, 0, 0.1 * capacity),
        soc_max=np.inf if rng.random() < 0.1 else varying(rng, n + 1, 0.8 * capacity, capacity),
        soc_targets=few(rng, n, capacity) if rng.random() < 0.5 else None,
        soc_minima=0.5 * few(rng, n, capacity) if rng.random() < 0.3 else None,
        soc_maxima=0.3 * capacity + few(rng, n, capacity) if rng.random() < 0.3 else None,
        storage_efficiency=1.0 if rng.random() < 0.5 else varying(rng, n, 0.97, 1.0),
        gain=varying(rng, n, -0.4, 0.2) if rng.random() < 0.4 else 0.0,
        end_value=[None, 0.0, 0.15][rng.integers(3)],
    )


def connection(rng, n):
    """Return a connection whose prices are noisy, of a few levels, or one."""
    levels = rng.choice([0.0, 0.1, 0.2, 0.3], n)
    buy = [rng.uniform(0.05, 0.4, n), levels, np.full(n, 0.2)][rng.integers(3)]
    sell = buy if rng.random() < 0.2 else buy * rng.choice([0.0, 0.4, 0.9])
    tariffs = [EnergyTariff(consumption_price=buy, production_price=sell)]
    if rng.random() < 0.3:
        tariffs.append(EnergyTariff(consumption_price=0.05, production_price=0.0))
    return Connection(
        consumption_limit=np.inf if rng.random() < 0.2 else varying(rng, n, 7, 12),
        production_limit=np.inf if rng.random() < 0.2 else varying(rng, n, 4, 12),
        tariffs=tuple(tariffs),
    )


def varying(rng, size, low, high, *, zeros=False):
    """Return one number, or one per step, some of them 0 if wanted."""
    if rng.random() < 0.6:
        return float(rng.uniform(low, high))
    values = rng.uniform(low, high, size)
    return np.where(rng.random(size) < 0.1, 0.0, values) if zeros else values


def few(rng, n, capacity):
    """Return an energy at one to three ticks, NaN elsewhere."""
    values = np.full(n + 1, np.nan)
    values[rng.integers(1, n + 1, 3)] = rng.uniform(0.1, 0.8, 3) * capacity
    return values
