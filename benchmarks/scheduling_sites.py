"""Sites to measure with: ``arb`` (prices, hard limits), ``full`` (soft limits, peaks), ``neg`` and ``inv`` prices."""

from datetime import UTC, datetime, timedelta

import numpy as np

from engine.devices.energy.bounds import SoftBound
from engine.devices.inflexible import Inflexible
from engine.devices.port import Port
from engine.devices.storage import Storage
from engine.model.limits import SoftLimit
from engine.series.window import Window
from engine.site import Connection, Site
from engine.tariffs import EnergyTariff, PeakTariff

START = datetime(2026, 3, 4, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def draw(kind: str, devices: int, steps: int, seed: int = 0) -> Site:
    """Return one site; every number comes from the seed."""
    rng = np.random.default_rng([seed, devices, steps])
    time = np.arange(steps)
    load = 2.0 * devices * (1 + 0.5 * np.sin(time / 12)) + rng.normal(0, 0.3 * devices, steps)
    stores = tuple(battery(rng, steps, f"battery {at}", soft=kind == "full") for at in range(devices))
    return Site(
        window=Window.of_length(START, QUARTER * steps, QUARTER),
        devices=(*stores, Inflexible(name="load", power=load)),
        connections=(connection(rng, kind, devices, steps),),
    )


def battery(rng: np.random.Generator, steps: int, name: str, *, soft: bool) -> Storage:
    """Return a battery of 8-14 kWh and 3-6 kW with 90 % round trip and a target every 12 hours."""
    port = Port(
        name=name,
        consumption_limit=float(rng.uniform(3, 6)),
        production_limit=float(rng.uniform(3, 6)),
        charging_efficiency=0.9**0.5,
        discharging_efficiency=0.9**0.5,
    )
    at = np.full(steps + 1, np.nan)
    at[48::48] = rng.uniform(4, 7, len(at[48::48]))
    at[steps] = 5.0
    return Storage(
        name=name,
        ports=(port,),
        soc_at_start=5.0,
        soc_max=float(rng.uniform(8, 14)),
        soc_targets=None if soft else at,
        soft_minima=SoftBound(at=at, highest_price=1.0, hourly_price=1.0) if soft else None,
    )


def connection(rng: np.random.Generator, kind: str, devices: int, steps: int) -> Connection:
    """Return a connection with noisy prices, and for ``full`` soft limits and a peak price."""
    buy = np.maximum(0.2 + 0.1 * np.sin(np.arange(steps) / 10) + rng.normal(0, 0.03, steps), 0.02)
    if kind == "neg":
        sunny = np.isin(np.arange(steps) % 96, np.arange(48, 58))  # two and a half hours around noon
        buy = np.where(sunny, -buy, buy)
    sell = buy - 0.02
    if kind == "inv":
        sell = np.where(rng.random(steps) < 0.2, buy + 0.05, sell)
    tariffs = [EnergyTariff(consumption_price=buy, production_price=sell)]
    soft = SoftLimit(limit=4.0 * devices, highest_price=1.0, hourly_price=0.1) if kind == "full" else None
    if kind == "full":
        tariffs.append(PeakTariff(direction="consumption", price=0.5, reached=1.0 * devices))
    return Connection(
        consumption_limit=8.0 * devices,
        production_limit=6.0 * devices,
        soft_consumption=soft,
        soft_production=soft,
        tariffs=tuple(tariffs),
    )
