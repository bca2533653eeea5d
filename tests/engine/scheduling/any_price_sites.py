"""Sites of one store at prices of any kind, drawn at random: negative, selling above buying, flat, mixed."""

from dataclasses import replace
from datetime import timedelta

import numpy as np

from engine.devices.curves import Polyline, PortCurves
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.ported import Adjustable
from engine.devices.running import OperatingRange
from engine.devices.storage import Storage
from engine.model.limits import SoftLimit
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff, PeakTariff
from tests.engine.scheduling.random_sites import START


def draw(seed, *, peak=False, steps=None):
    """Return one site; every number comes from the seed.

    Args:
        seed: Any.
        peak: Whether its highest import, or a breach of a soft limit, is paid for.
        steps: Number of steps; by the seed without.
    """
    rng = np.random.default_rng([91, seed, peak])
    n = steps or int(rng.integers(6, 15))
    step = timedelta(minutes=int(rng.choice([15, 30, 60])))
    devices = [store(rng, n), Inflexible(name="load", power=rng.uniform(-3, 5, n).round(1))]
    if rng.random() < 0.35:
        sun = Port(name="sun", consumption_limit=0.0, production_limit=rng.uniform(0, 5, n).round(1))
        devices.append(Adjustable(name="sun", ports=(sun,)))
    window = Window.of_length(START, step * n, step)
    return Site(window=window, devices=tuple(devices), connections=(connection(rng, n, peak=peak),))


def store(rng, n):
    capacity, kind = float(rng.uniform(4, 12)), rng.random()
    bands = ()
    if kind < 0.2:
        bands = (OperatingRange(low=0.0, high=0.0), OperatingRange(low=float(rng.uniform(1.5, 2.5)), high=4.0))
    lossless = rng.random() < 0.2
    port = Port(
        name="battery",
        consumption_limit=rng.uniform(2, 5, n).round(2) if not bands and rng.random() < 0.3 else 4.0,
        production_limit=0.0 if kind < 0.3 else float(rng.uniform(2, 5)),
        charging_efficiency=1.0 if lossless else float(rng.uniform(0.8, 0.99)),
        discharging_efficiency=1.0 if lossless else float(rng.uniform(0.8, 0.99)),
        wear_price=float(rng.choice([0.0, 0.01])),
        bands=bands,
    )
    target = np.full(n + 1, np.nan)
    target[int(rng.integers(n // 2, n + 1))] = capacity * rng.uniform(0.3, 0.7)
    return Storage(
        name="battery",
        ports=(port,),
        soc_at_start=float(rng.uniform(0.1, 0.8) * capacity),
        soc_max=capacity,
        soc_targets=target if rng.random() < 0.3 else None,
        storage_efficiency=float(rng.choice([1.0, 0.99])),
        gain=rng.uniform(-0.4, 0.2, n).round(2) if rng.random() < 0.3 else 0.0,
        end_value=float(rng.choice([0.0, 0.15])),
    )


def connection(rng, n, *, peak):
    buy = prices(rng, n)
    sell = [buy + 0.05, buy - 0.02, prices(rng, n), np.full(n, 0.3)][rng.integers(4)]
    tariffs = [EnergyTariff(consumption_price=buy, production_price=sell)]
    soft = None
    if peak:
        billing = (np.arange(n) >= n // 2).astype(np.int32) if rng.random() < 0.3 else None
        price = float(rng.choice([0.02, 0.2, 1.0]))
        tariffs.append(
            PeakTariff(direction="consumption", price=price, reached=float(rng.uniform(0, 3)), billing=billing)
        )
        if rng.random() < 0.5:
            soft = SoftLimit(
                limit=float(rng.uniform(2, 6)), highest_price=100.0, hourly_price=float(rng.choice([0.0, 10.0]))
            )
    return Connection(
        consumption_limit=float(rng.uniform(7, 14)),
        production_limit=float(rng.uniform(5, 14)),
        soft_consumption=soft,
        tariffs=tuple(tariffs),
    )


def prices(rng, n):
    """Return prices of one of several kinds [currency/kWh], shape (n,)."""
    kind = rng.integers(4)
    if kind == 0:
        return np.full(n, float(rng.choice([-0.05, 0.0, 0.2])))
    if kind == 1:
        return rng.choice([-0.1, 0.0, 0.1, 0.2], n)
    noisy = rng.uniform(-0.2, 0.4, n).round(3)
    return noisy if kind == 2 else np.abs(noisy)


def bent(site, seed):
    """Return the site in which power and losses of the store follow curves of any shape."""
    rng = np.random.default_rng([92, seed])
    device = site.devices[0]
    (port,), given = device.ports, bool(np.any(device.ports[0].production_limit))

    def losses(turned):
        at, share = np.array([0.0, 0.8, 2.0, 4.0]), np.array([1.0, *rng.uniform(0.6, 0.98, 3)])
        values = at / share if turned else at * share
        return Polyline(at=tuple(at), values=tuple(np.maximum.accumulate(values + np.arange(4) * 0.01)))

    def limit():
        count = int(rng.integers(2, 5))
        at = np.sort(rng.uniform(0, device.soc_max, count)) + 0.5 * np.arange(count)
        return Polyline(at=tuple(at), values=tuple(rng.uniform(0.4, 4.0, count)))

    curves = PortCurves(
        stored=losses(False) if rng.random() < 0.5 else None,
        drawn=losses(True) if given and rng.random() < 0.5 else None,
        charging=limit() if rng.random() < 0.5 else None,
        discharging=limit() if given and rng.random() < 0.5 else None,
    )
    charging = 1.0 if curves.stored is not None else port.charging_efficiency
    discharging = 1.0 if curves.drawn is not None else port.discharging_efficiency
    changed = replace(port, curves=curves, charging_efficiency=charging, discharging_efficiency=discharging)
    return site.with_device(device, replace(device, ports=(changed,)))
